// A local ID-porten: logins by code flow with PKCE, PAR, levels of assurance, `onbehalfof`, refresh and logout.
// docs.digdir.no: oidc_protocol_authorize, _token, _id_token, _endsession, oidc_func_par, oidc_func_onbehalfof.
// Refuses what ID-porten does: no PKCE, a level that it has not, a person below it, and every grant but code and refresh token.

import { createGeneric } from "../generic/index.mjs";
import { HIGH, PEOPLE, SUBSTANTIAL } from "./people.mjs";

export { HIGH, PEOPLE, SUBSTANTIAL };

const ROUTES = {
  authorization: "/authorize",
  token: "/token",
  par: "/par",
  jwks: "/jwks.json",
  userinfo: "/userinfo",
  introspection: "/token/introspect",
  revocation: "/token/revoke",
  logout: "/logout",
};
/** The customer for whom a supplier's client logs in, as the id_token repeats it; the documentation has either name. */
const customer = ({ params }) => (params.get("onbehalfof") ? { client_onbehalfof: params.get("onbehalfof") } : undefined);
const ORGANISATION = { authority: "iso6523-actorid-upis", ID: "0192:991825827" };

/** `more` says what Ansattporten has otherwise. */
export const createIdPorten = ({ name = "ID-porten", owner = "Digitaliseringsdirektoratet", people = PEOPLE, ...more }) =>
  createGeneric({
    name,
    owner,
    // Userinfo says no more than the id_token (oidc_protocol_userinfo).
    people: people.map((person) => ({ claims: { pid: person.pid, locale: "nb" }, ...person })),
    routes: ROUTES,
    levels: [SUBSTANTIAL, HIGH],
    pkce: true,
    grants: ["authorization_code", "refresh_token"],
    refreshAlways: true,
    refreshLife: "refresh_token_expires_in",
    rotation: false,
    audience: "unspecified",
    idClaims: ({ person, acr }) => ({ pid: person.pid, amr: person.amr, acr, locale: "nb" }),
    codeClaims: customer,
    accessClaims: ({ client, person, grant }) => ({
      client_amr: client.method === "private_key_jwt" ? "private_key_jwt" : client.method === "none" ? "none" : "client_secret_basic",
      client_orgno: ORGANISATION.ID.slice(5),
      ...(person && { pid: person.pid, acr: grant.acr, amr: person.amr }),
    }),
    more: { ui_locales_supported: ["nb", "nn", "en", "se"], prompts_supported: ["login", "none"] },
    ...more,
  });
