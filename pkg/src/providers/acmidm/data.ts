// ACM/IDM Vlaanderen: generated from src/provider/acmidm/provider.json by `npm run generate`; edit that file.

import type { ServerRules } from "../../protocol/profile.js";

/** A server's addresses by its issuer. */
export const addresses = (issuer: string) => ({
  authorizationEndpoint: `${issuer}/v1/auth`,
  tokenEndpoint: `${issuer}/v1/token`,
  jwksUri: `${issuer}/v1/keys`,
  introspectionEndpoint: `${issuer}/v1/introspect`,
  userinfoEndpoint: `${issuer}/v1/userinfo`,
  endSessionEndpoint: `${issuer}/v1/logout`,
});
/** How requests look. */
export const SERVER: ServerRules = { assertion: { lifetime: 300, algorithms: ["RS256"] }, sessionEnd: ["invalid_request", "invalid_grant"], unknownLife: 0 };
/** Name, issuer. */
export const ENVIRONMENTS: readonly (readonly [name: string, issuer: string])[] = [
  ["ti", "https://authenticatie-ti.vlaanderen.be/op"],
  ["production", "https://authenticatie.vlaanderen.be/op"],
];
/** Actors of eLys: name, scope, scope before the renaming of 2025 (none for those that came later). */
export const ACTORS: readonly (readonly [name: string, scope: string, dao: string])[] = [
  ["uitvaartondernemer", "elys_uitvaartondernemer", "dao_uitvaartondernemer"],
  ["crematorium", "elys_crematorium", "dao_crematorium"],
  ["depzorg", "elys_depzorg", "dao_depzorg"],
  ["lbbs", "elys_lbbs", "dao_lbbs"],
  ["begraafplaats", "elys_begraafplaats", "dao_begraafplaats"],
  ["arts", "elys_arts", ""],
];
/** Environments of eLys: name, environment of ACM/IDM, origin, reference in the portal, client id of the API where it is known, prefix of its scopes. */
export const ELYS: readonly (readonly [name: string, acm: string, origin: string, reference: string, clientId: string, prefix: string])[] = [
  ["beta", "ti", "https://elys.api.beta-athumi.eu", "eLys (Digitale Aangifte Overlijden) API beta", "", "elys_"],
  ["acceptance", "ti", "https://elys.api.acc-athumi.eu", "eLys (Digitale Aangifte Overlijden) API acc", "", "elys_"],
  ["production", "production", "https://elys.api.athumi.eu", "eLys (Digitale Aangifte Overlijden) API", "", "elys_"],
  ["dao-beta", "ti", "https://dao.api.beta-athumi.eu", "DAO (Digitale Aangifte Overlijden) API T&I", "b3f43c85-53a5-443d-838c-7c2d0359897b", "dao_"],
];
