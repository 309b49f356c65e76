// A page's code. Each "expect-error" is a mistake that the types must catch.
import { begin, finish, norskgjeld, SamtykkeError, type AuthorizationCode, type Provider } from "samtykke/browser";

const provider: Provider = norskgjeld({ environment: "preprod", clientId: "eksempelbank-client", redirectUri: "http://localhost:4402/callback" });

export function start(): { url: string; state: string; transaction: string } {
  return begin(provider, { purpose: "presentation", days: 100 });
}

export function comeBack(transaction: string | null, callback: string | URL): AuthorizationCode | string {
  try {
    return finish(provider, transaction, callback);
  } catch (error) {
    if (error instanceof SamtykkeError) return error.code;
    throw error;
  }
}

// @ts-expect-error a purpose that does not exist
export const wrongPurpose = () => begin(provider, { purpose: "curiosity" });
// @ts-expect-error an environment that does not exist
export const wrongEnvironment = () => norskgjeld({ environment: "test", clientId: "a", redirectUri: "http://localhost/" });
// @ts-expect-error a page has no use for a secret
export const secret = () => norskgjeld({ environment: "preprod", clientId: "a", redirectUri: "http://localhost/", clientSecret: "b" });
// @ts-expect-error nothing that takes a secret can be had from the page's entry
export type None = typeof import("samtykke/browser").clientSecretBasic;
