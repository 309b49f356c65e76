// DPoP proofs and client assertions, verified by npm `jose`, as strictly as NHN's own validator and HelseID do.
// Refuses proofs of other algorithms, methods and addresses (exact text), older than 6 seconds, used before, with private members.

import { EmbeddedJWK, calculateJwkThumbprint, compactVerify, decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import { createHash } from "node:crypto";

const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const seconds = () => Date.now() / 1000;

/** Why a proof is refused. */
export class Refused extends Error {}
const holds = (condition, why) => {
  if (!condition) throw new Refused(why);
};

/** One use of each id. */
export class Replays {
  #seen = new Set();
  once(id) {
    if (typeof id !== "string" || !id || this.#seen.has(id)) return false;
    this.#seen.add(id);
    return true;
  }
}

/** @returns {Promise<{ thumbprint: string, nonce?: string }>} */
export async function judgeProof(headers, { method, url, token, replays }) {
  const given = headers.dpop;
  holds(typeof given === "string" && !given.includes(","), "exactly one DPoP header");
  const { typ, alg, jwk } = decodeProtectedHeader(given);
  holds(typ === "dpop+jwt" && ALGORITHMS.includes(alg), "typ dpop+jwt and an algorithm of the list");
  holds(jwk && !PRIVATE.some((name) => name in jwk), "a public jwk");
  let claims;
  try {
    claims = JSON.parse(Buffer.from((await compactVerify(given, EmbeddedJWK, { algorithms: ALGORITHMS })).payload));
  } catch (error) {
    throw new Refused(error.message);
  }
  const { jti, htm, htu, iat, ath, nonce } = claims;
  holds(htm === method && htu === url, `htm ${method}, htu ${url}`);
  holds(typeof iat === "number" && iat <= seconds() + 5 && iat >= seconds() - 6, "iat within 6 seconds");
  holds(replays.once(jti), "a jti that is new");
  if (token !== undefined) holds(ath === createHash("sha256").update(token).digest("base64url"), "ath of the token");
  return { thumbprint: await calculateJwkThumbprint(jwk), nonce };
}

/** @returns {Promise<object | undefined>} The client's key that signed; nothing when none that is usable did. */
export async function judgeAssertion(form, client, { issuer, replays, violations }) {
  for (const key of client.keys) {
    if (key.usableAt > Date.now()) continue;
    try {
      const { payload, protectedHeader } = await jwtVerify(form.client_assertion, await importJWK(key.jwk, key.jwk.alg), { issuer: client.id, subject: client.id, algorithms: [key.jwk.alg] });
      if (protectedHeader.typ !== "client-authentication+jwt") violations.push(`assertion typ ${protectedHeader.typ}`);
      if (protectedHeader.kid !== key.kid) violations.push(`assertion kid ${protectedHeader.kid}`);
      const { aud, exp, iat, nbf, jti } = payload;
      const fits = aud === issuer && [exp, iat, nbf].every((time) => Number.isInteger(time)) && exp - seconds() <= 60 && replays.once(jti);
      return fits ? key : undefined;
    } catch {
      // Another key may fit.
    }
  }
  return undefined;
}
