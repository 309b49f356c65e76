// A worker's own handlers, as the package brings them: to the provider, back from it, and the session that is kept in a sealed cookie.
import { Client, clientSecretBasic, norskgjeld } from "samtykke";
import { createEdge } from "samtykke/edge";

const origin = "https://app.example.com";
const answer = async () => Response.json({ access_token: "made-up-token", token_type: "bearer", expires_in: 3599, scope: "debt.unsecured.presentation" });

/** What a browser would send back: the cookies of an answer that have a value. */
const cookiesOf = (response) =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .filter((pair) => !pair.endsWith("="))
    .join("; ");

export async function edge() {
  const provider = norskgjeld({ environment: "preprod", clientId: "eksempelbank-client", redirectUri: `${origin}/auth/callback` });
  const client = new Client(provider, clientSecretBasic("a%b+c d:e/f~g"), { fetch: answer });
  const handlers = createEdge({ client, keys: ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"] });

  const login = await handlers.login(new Request(`${origin}/login`), { purpose: "presentation", days: 100 });
  const goto = new URL(login.headers.get("location"));
  const sealed = login.headers.getSetCookie().every((line) => /^__Host-/.test(line) && /; Secure/i.test(line) && /; HttpOnly/i.test(line));
  const callback = `${origin}/auth/callback?code=another.code&scope=debt.unsecured.presentation&state=${encodeURIComponent(goto.searchParams.get("state"))}`;
  const back = await handlers.callback(new Request(callback, { headers: { cookie: cookiesOf(login) } }));
  const session = await handlers.session(new Request(`${origin}/`, { headers: { cookie: cookiesOf(back) } }));
  const { pathname, search } = new URL(back.headers.get("location"), origin);
  return `${login.status} ${goto.host} ${sealed ? "sealed" : "open"} ${back.status} ${pathname}${search} ${session?.tokens.accessToken}`;
}
