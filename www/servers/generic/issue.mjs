// What a generic server says in its tokens: access tokens as JWT (RFC 9068), id_tokens, and what the mappings add.
// OpenID Connect Core section 2; a mapping puts claims into tokens by what the request held, as tests of an API want them.
// Refuses nothing: who may ask was judged before.

import { createHash, randomUUID } from "node:crypto";
import { SignJWT } from "jose";

export const words = (text) => (text ?? "").split(" ").filter(Boolean);

/** `${name}` in a mapping's text is the request's member of that name. */
const filled = (value, form) =>
  typeof value === "string"
    ? value.replace(/\$\{([\w.-]+)\}/g, (_, name) => form.get(name) ?? "")
    : Array.isArray(value)
      ? value.map((one) => filled(one, form))
      : value;

/** The claims that mappings give: `{ member, value?, claims }`; `value` is a text, `*`, or one word of a list such as scope. */
export function mapped(mappings, form) {
  const fits = ({ member, value = "*" }) => form.has(member) && (value === "*" || form.get(member) === value || words(form.get(member)).includes(value));
  return Object.fromEntries(mappings.filter(fits).flatMap(({ claims }) => Object.entries(claims).map(([name, value]) => [name, filled(value, form)])));
}

export const signed = ({ signing, issuer, state }, claims, { life, typ = "JWT" }) =>
  new SignJWT({ iss: issuer, iat: state.now(), exp: state.now() + life, jti: randomUUID(), ...claims })
    .setProtectedHeader({ alg: signing.alg, kid: signing.kid, typ })
    .sign(signing.privateKey);

/** An access token, and what is kept about it. */
export async function accessToken(world, client, grant, form = new URLSearchParams()) {
  const { state, audience } = world;
  const { person, subject = person?.sub, scope, jkt, acr, family, extra } = grant;
  const asked = form.getAll("resource").concat(form.getAll("audience"));
  const claims = {
    sub: subject,
    aud: asked.length > 1 ? asked : (asked[0] ?? audience ?? client.clientId),
    client_id: client.clientId,
    ...(scope && { scope }),
    ...(acr && { acr }),
    ...(jkt && { cnf: { jkt } }),
    ...world.accessClaims?.({ client, person, grant, form }),
    ...extra,
    ...mapped(world.mappings, form),
  };
  const text = await signed(world, claims, { life: state.lives.access, typ: world.accessTyp ?? "at+jwt" });
  state.access.set(text, { claims, client: client.clientId, person, scope, jkt, family, until: state.now() + state.lives.access });
  return { text, claims };
}

/** RS256 and ES256 hash by SHA-256, of which the left half is told. */
const half = (text) => createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");

export function idToken(world, client, { person, nonce, acr, authTime, sid, refreshed, extra }, access) {
  const claims = {
    sub: person.sub,
    aud: client.clientId,
    auth_time: authTime,
    at_hash: half(access),
    sid,
    ...(nonce && !refreshed && { nonce }),
    ...(acr && { acr }),
    ...world.idClaims?.({ client, person, acr }),
    ...extra,
  };
  return signed(world, claims, { life: world.state.lives.id });
}
