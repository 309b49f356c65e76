// Judges a DPoP proof and keeps the nonces: those of the authorization server and those of resources apart.
// RFC 9449 sections 4.3, 8 and 9, and what the conformance suite checks beyond them. Verified by npm `jose`.
// Asks for a nonce by answering "nonce"; records every other breach by name.

import { randomBytes } from "node:crypto";
import { EmbeddedJWK, calculateJwkThumbprint, compactVerify, decodeProtectedHeader } from "jose";
import { sha256 } from "../keys.mjs";
import { YEARS_50, fresh, holds, isNumber, now, violate } from "./rules.mjs";

const ALGORITHMS = ["PS256", "ES256", "EdDSA", "Ed25519"];
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/**
 * @param {{ kind: "as" | "rs", url: string, method: string, headers: object, token?: string }} about
 * @returns {Promise<{ thumbprint?: string, nonce?: boolean }>} `nonce` when a proof with the nonce is to be sent again.
 */
export async function judgeProof(world, { at, kind, url, method, headers, token }) {
  if (headers.dpop === undefined) return violate(world, "dpop_missing", url) ?? {};
  // Node joins repeated headers with a comma, as HTTP has it.
  holds(world, "dpop_repeated", !headers.dpop.includes(","));
  let header;
  let claims;
  try {
    header = decodeProtectedHeader(headers.dpop);
    const { jwk } = header;
    holds(world, "dpop_jwk", !PRIVATE.some((name) => name in jwk) && (jwk.kty !== "OKP" || jwk.crv === "Ed25519"), Object.keys(jwk));
    claims = JSON.parse(Buffer.from((await compactVerify(headers.dpop, EmbeddedJWK)).payload));
  } catch (error) {
    violate(world, "dpop_signature", error.message);
    return {};
  }
  const { typ, alg, jwk } = header;
  holds(world, "dpop_typ", typ === "dpop+jwt", typ);
  holds(world, "dpop_alg", ALGORITHMS.includes(alg), alg);
  const { jti, htm, htu, iat, exp, ath, nonce } = claims;
  holds(world, "dpop_jti", typeof jti === "string" && jti && fresh("proof jti", jti), "missing, no text, or used before");
  holds(world, "dpop_htm", htm === method, htm);
  holds(world, "dpop_htu", htu === url, htu);
  holds(world, "dpop_iat", isNumber(iat) && Math.abs(iat - now()) <= 300, iat);
  holds(world, "dpop_exp", exp === undefined || (isNumber(exp) && exp < now() + YEARS_50), exp);
  if (token === undefined) holds(world, "dpop_ath_present", ath === undefined, ath);
  else holds(world, "dpop_ath", ath === sha256(token), ath);
  const thumbprint = await calculateJwkThumbprint(jwk);
  if (!world.profile.nonces) return { thumbprint };
  const newest = world.nonces[kind];
  holds(world, "dpop_nonce", nonce === newest, nonce === undefined ? "none, though one was given" : "not the newest of this server");
  // Asked for once at each endpoint, also of a proof that has the newest: a server may drop a nonce whenever it likes.
  const asked = world.challenged.has(url);
  world.challenged.add(url);
  if (world.change.nonces?.at === at) return { nonce: true };
  return asked && nonce !== undefined && nonce === newest ? { thumbprint } : { nonce: true };
}

/** Sends a new nonce of a kind ("as" or "rs") with an answer; the one before it is spent. */
export function giveNonce(world, kind, response, at) {
  const { at: where, set } = world.change.nonces ?? {};
  if (!world.profile.nonces || (set === "unsaid" && where === at)) return;
  world.nonces[kind] = randomBytes(12).toString("base64url");
  response.setHeader("dpop-nonce", world.nonces[kind]);
}
