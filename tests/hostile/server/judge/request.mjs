// Judges an authorization request: as query, as pushed form, or as the claims of a signed request object.
// RFC 6749 section 4.1.1, RFC 7636, OIDC Core section 3.1.2.1, RFC 9101, RFC 9126 section 2.1.
// Records every breach by name; the caller decides whether to go on.

import { compactVerify, decodeProtectedHeader } from "jose";
import { key } from "../keys.mjs";
import { DAY, YEARS_50, bits, fresh, holds, isNumber, now, violate } from "./rules.mjs";

const SHAPE = /^[A-Za-z0-9\-_.~]+$/;

/** A form or query as an object; repetitions and empty values are recorded. */
export function parameters(world, text) {
  const out = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const known = Object.hasOwn(out, name);
    if (known && name !== "resource" && name !== "audience") violate(world, "parameter_repeated", name);
    if (value === "") violate(world, "parameter_empty", name);
    out[name] = known && (name === "resource" || name === "audience") ? [out[name], value].flat() : value;
  }
  return out;
}

const AUTHENTICATION = ["client_id", "client_secret", "client_assertion", "client_assertion_type"];

/** The parameters of a request, taken out of its request object where it has one, and judged. */
export async function judgeRequest(world, outer, { pushed }) {
  const { profile } = world;
  holds(world, "client_unknown", outer.client_id === world.client.id, outer.client_id);
  if (pushed && "request_uri" in outer) violate(world, "par_request_uri");
  let values = outer;
  if ("request" in outer) {
    const outside = Object.keys(outer).filter((name) => name !== "request" && !AUTHENTICATION.includes(name));
    // OIDC wants response_type and scope outside too, but only without PAR.
    holds(
      world,
      "object_outside",
      outside.every((name) => !pushed && ["response_type", "scope"].includes(name)),
      outside,
    );
    values = await judgeObject(world, outer);
  } else if (profile.requestObject) violate(world, "object_required");
  judgeValues(world, values);
  return values;
}

function judgeValues(world, values) {
  const { profile } = world;
  const { state, nonce, code_challenge: challenge, response_mode: mode } = values;
  holds(world, "redirect_uri_other", world.client.redirectUris.includes(values.redirect_uri), values.redirect_uri);
  holds(world, "response_type_other", values.response_type === "code", values.response_type);
  holds(world, "response_mode_other", (mode ?? "query") === profile.responseMode || mode === `query.${profile.responseMode}`, mode);
  if (profile.openid) holds(world, "scope_without_openid", values.scope?.split(" ").includes("openid"), values.scope);
  if (holds(world, "state_shape", typeof state === "string" && state.length <= 128 && SHAPE.test(state), state)) {
    holds(world, "state_reused", fresh("state", state));
  }
  const nonceFits = typeof nonce === "string" && nonce.length >= 16 && nonce.length <= 43 && SHAPE.test(nonce) && bits(nonce) >= 96;
  if (profile.openid && holds(world, "nonce_shape", nonceFits, nonce)) holds(world, "nonce_reused", fresh("nonce", nonce));
  holds(world, "challenge_method", values.code_challenge_method === "S256", values.code_challenge_method);
  if (holds(world, "challenge_shape", /^[A-Za-z0-9_-]{43}$/.test(challenge ?? ""), challenge)) {
    holds(world, "challenge_reused", fresh("challenge", challenge));
  }
}

async function judgeObject(world, outer) {
  const registered = await key(world.profile.clientKey ?? "client ES256");
  let claims;
  try {
    const { typ } = decodeProtectedHeader(outer.request);
    holds(world, "object_typ", typ === "oauth-authz-req+jwt", typ);
    claims = JSON.parse(Buffer.from((await compactVerify(outer.request, registered.publicKey, { algorithms: [registered.alg] })).payload));
  } catch (error) {
    violate(world, "object_alg", error.message);
    return {};
  }
  const { iss, aud, exp, nbf, iat, jti, sub, client_id: inner } = claims;
  holds(world, "object_iss", iss === world.client.id, iss);
  holds(world, "object_aud", aud === world.issuer, aud);
  const nbfFits = isNumber(nbf) && nbf <= now() + 5 && nbf > now() - 3600;
  holds(world, "object_nbf", nbfFits, nbf);
  holds(world, "object_exp", isNumber(exp) && exp > now() && exp < now() + YEARS_50 && exp - nbf <= 3600, exp);
  holds(world, "object_iat", iat === undefined || (isNumber(iat) && iat > now() - DAY), iat);
  holds(world, "object_jti", jti === undefined || (typeof jti === "string" && jti && fresh("object jti", jti)), jti);
  holds(world, "object_sub", sub !== world.client.id);
  holds(world, "object_nested", !("request" in claims) && !("request_uri" in claims));
  holds(world, "object_client_id", inner === outer.client_id, inner);
  return claims;
}
