// Norsk Gjeldsinformasjon: generated from src/provider/norskgjeld/provider.json by `npm run generate`; edit that file.

/** A server's addresses by its origin. */
export const addresses = (origin: string) => ({
  issuer: `${origin}/`,
  authorizationEndpoint: `${origin}/oauth2/auth`,
  tokenEndpoint: `${origin}/oauth2/token`,
});
/** Those that a page has no use for, by its origin. */
export const serverAddresses = (origin: string) => ({ jwksUri: `${origin}/.well-known/jwks.json` });
/** Name, origin for logins, origin for APIs. */
export const ENVIRONMENTS: readonly (readonly [name: string, auth: string, api: string])[] = [
  ["preprod", "https://access-preprod.norskgjeld.no", "https://api-preprod.norskgjeld.no"],
  ["production", "https://access.norskgjeld.no", "https://api.norskgjeld.no"],
];
