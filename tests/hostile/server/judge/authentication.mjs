// Judges how the client proves who it is: Basic, post, assertion or mutual TLS.
// RFC 6749 section 2.3.1, RFC 7523 section 3, FAPI 2.0 section 5.3.2.1; assertions are verified by npm `jose`.
// Refuses by answering false; the breach is recorded by name.

import { compactVerify, decodeJwt, decodeProtectedHeader } from "jose";
import { key } from "../keys.mjs";
import { DAY, fresh, holds, isNumber, now, violate } from "./rules.mjs";

const URN = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** RFC 6749 appendix B, then base64. Compared in the encoded form, so that an encoding that decodes alike is caught too. */
function basic({ id, secret }) {
  const form = (text) => new URLSearchParams({ "": text }).toString().slice(1);
  return `${form(id)}:${form(secret)}`;
}

const METHODS = {
  client_secret_basic: (world, { headers }) => {
    const given = Buffer.from(headers.authorization.slice(6), "base64").toString();
    return holds(
      world,
      "auth_secret",
      decodeURIComponent(given) === decodeURIComponent(basic(world.client)),
      "Basic credentials that decode to something else",
    );
  },
  client_secret_post: (world, { form }) => holds(world, "auth_secret", form.client_id === world.client.id && form.client_secret === world.client.secret),
  private_key_jwt: (world, { form }) => judgeAssertion(world, form),
  tls_client_auth: (world, { form }) => holds(world, "client_unknown", form.client_id === world.client.id, form.client_id),
};

/** Which method a request uses; several at once are a breach. */
function methodsOf({ headers, form }) {
  const found = [];
  if (/^basic /i.test(headers.authorization ?? "")) found.push("client_secret_basic");
  if ("client_secret" in form) found.push("client_secret_post");
  if ("client_assertion" in form) found.push("private_key_jwt");
  return found;
}

/** Whether the client is who it says it is. */
export async function judgeClient(world, request) {
  const found = methodsOf(request);
  if (found.length > 1) violate(world, "auth_twice", found);
  const { method } = world.profile;
  const used = found[0] ?? (method === "tls_client_auth" ? method : undefined);
  if (used !== method) {
    violate(world, "auth_missing", used ?? "none");
    return false;
  }
  if (method !== "private_key_jwt" && request.form.client_id !== undefined)
    holds(world, "token_client_id", request.form.client_id === world.client.id, request.form.client_id);
  return METHODS[method](world, request);
}

async function judgeAssertion(world, { client_assertion: assertion, client_assertion_type: type, client_id: outer }) {
  const registered = await key(world.profile.clientKey);
  holds(world, "assertion_type", type === URN, type);
  if (outer !== undefined) holds(world, "token_client_id", outer === world.client.id, outer);
  try {
    await compactVerify(assertion, registered.publicKey, { algorithms: [registered.alg] });
  } catch (error) {
    let alg;
    try {
      ({ alg } = decodeProtectedHeader(assertion));
    } catch {
      alg = "no JWS";
    }
    violate(world, "assertion_alg", `${alg}: ${error.message}`);
    return false;
  }
  const { iss, sub, aud, exp, iat, nbf, jti } = decodeJwt(assertion);
  return [
    holds(world, "assertion_iss", iss === world.client.id && sub === world.client.id, { iss, sub }),
    holds(world, "assertion_aud", aud === world.issuer, aud),
    holds(world, "assertion_exp", isNumber(exp) && exp > now() && exp <= now() + DAY, exp),
    holds(world, "assertion_iat", isNumber(iat) && iat <= now() + 5, iat),
    holds(world, "assertion_nbf", nbf === undefined || (isNumber(nbf) && Math.abs(nbf - now()) <= 300), nbf),
    holds(world, "assertion_jti", typeof jti === "string" && jti && fresh("assertion jti", jti), "missing, no text, or used before"),
  ].every(Boolean);
}
