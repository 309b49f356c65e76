// ID-porten and Ansattporten: generated from src/provider/idporten/provider.json by `npm run generate`; edit that file.

import type { ServerRules } from "../../protocol/profile.js";

/** A server's addresses by its issuer and login. */
export const addresses = (issuer: string, login: string) => ({
  authorizationEndpoint: `${login}/authorize`,
  tokenEndpoint: `${issuer}/token`,
  pushedAuthorizationRequestEndpoint: `${issuer}/par`,
  jwksUri: `${issuer}/jwks.json`,
  userinfoEndpoint: `${issuer}/userinfo`,
  revocationEndpoint: `${issuer}/token/revoke`,
  introspectionEndpoint: `${issuer}/token/introspect`,
  endSessionEndpoint: `${login}/logout`,
});
/** How requests look. */
export const SERVER: ServerRules = { assertion: { algorithms: ["RS256"] }, signingAlgorithms: ["RS256"], issParameterSupported: true };
/** What a login asks for unless it says otherwise. */
export const DEFAULT_SCOPE: string = "openid profile";
/** Name, issuer, origin of logins. */
export const ENVIRONMENTS: readonly (readonly [name: string, issuer: string, login: string])[] = [
  ["test", "https://test.idporten.no", "https://login.test.idporten.no"],
  ["production", "https://idporten.no", "https://login.idporten.no"],
  ["ansattporten-test", "https://test.ansattporten.no", "https://login.test.ansattporten.no"],
  ["ansattporten-production", "https://ansattporten.no", "https://login.ansattporten.no"],
];
