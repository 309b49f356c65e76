// Server metadata and the JWKS, at a path that is new in each run.
// OpenID Connect Discovery section 4, RFC 8414 section 3, RFC 7517; decoys as in the suite's AugmentRealJwksWithDecoys.
// Misbehaves by `change.metadata` and `change.jwks`.

import { changed } from "./change.mjs";
import { KEYS, key } from "./keys.mjs";

export function discovery(world, { response }) {
  const { issuer, profile, jwksPath } = world;
  const document = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}${jwksPath}`,
    device_authorization_endpoint: `${issuer}/device_authorization`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    end_session_endpoint: `${issuer}/end_session`,
    pushed_authorization_request_endpoint: `${issuer}/par`,
    require_pushed_authorization_requests: profile.par,
    require_signed_request_object: profile.requestObject,
    authorization_response_iss_parameter_supported: profile.iss,
    response_types_supported: ["code"],
    response_modes_supported: ["query", "form_post", "jwt"],
    grant_types_supported: ["authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"],
    subject_types_supported: ["public"],
    scopes_supported: ["openid", "profile", "offline_access"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: [profile.method],
    token_endpoint_auth_signing_alg_values_supported: ["PS256", "ES256"],
    request_object_signing_alg_values_supported: ["PS256", "ES256"],
    id_token_signing_alg_values_supported: [profile.alg],
    userinfo_signing_alg_values_supported: [profile.alg],
    authorization_signing_alg_values_supported: [profile.alg],
    dpop_signing_alg_values_supported: ["PS256", "ES256", "EdDSA"],
    backchannel_logout_supported: true,
    claims_supported: ["sub", "iss", "name"],
  };
  if (profile.mtlsAliases) document.mtls_endpoint_aliases = { token_endpoint: `${issuer}/mtls/token` };
  const { body, status = 200, redirect, headers, ...change } = world.change.metadata ?? {};
  if (redirect) return response.answer(302, undefined, { location: `${world.api}/metadata` });
  const sent = changed(document, resolved(change, world));
  response.answer(status, body ?? sent, headers);
}

/** `{api}` and `{issuer}` in a change stand for this run's origins. */
function resolved(change, world) {
  return JSON.parse(JSON.stringify(change).replaceAll("{api}", world.api).replaceAll("{issuer}", world.issuer));
}

const DECOYS = ["decoy PS256", "decoy ES256", "decoy EdDSA"];

/** Which keys lie in the JWKS now: decoys before the real one, the alternate after it. */
function names(world) {
  const real = world.signing();
  const list = world.change.jwks?.keys ?? [];
  const decoys = world.profile.decoys ? DECOYS.filter((name) => KEYS[name].alg !== KEYS[real].alg) : [];
  return [...decoys, real, ...list];
}

export async function jwks(world, { response }) {
  const { member, remove, redirect, body, onlyAfter } = world.change.jwks ?? {};
  if (redirect) return response.answer(302, undefined, { location: `${world.api}/jwks` });
  if (body) return response.answer(200, body);
  const keys = [];
  for (const name of onlyAfter && world.count("jwks") < onlyAfter ? [] : names(world)) {
    const jwk = { ...(await key(name)).publicJwk, ...member };
    for (const gone of remove ?? []) delete jwk[gone];
    keys.push(jwk);
  }
  response.answer(200, { keys });
}
