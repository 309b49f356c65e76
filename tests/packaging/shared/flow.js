// The page's part of a consent: start, come back, and a callback that somebody has tampered with.
import { begin, finish, norskgjeld, SamtykkeError } from "samtykke/browser";

const redirectUri = "http://localhost:4402/callback";
const provider = norskgjeld({ environment: "preprod", clientId: "eksempelbank-client", redirectUri });

const comeBack = (state) => `${redirectUri}?code=made-up.code&scope=debt.unsecured.presentation&state=${encodeURIComponent(state)}`;

function refusal() {
  const login = begin(provider, { purpose: "presentation", days: 100 });
  try {
    finish(provider, login.transaction, comeBack("someone-elses-state-0123456789abcdefghijklm"));
    return "accepted";
  } catch (error) {
    return error instanceof SamtykkeError ? error.code : String(error);
  }
}

export function flow() {
  const login = begin(provider, { purpose: "presentation", days: 100 });
  const { code } = finish(provider, login.transaction, comeBack(login.state));
  return `${new URL(login.url).host} ${code} ${refusal()}`;
}
