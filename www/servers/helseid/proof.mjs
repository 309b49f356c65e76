// Judges a call to an API as strictly as NHN's template for resource servers does, by npm `jose`.
// RFC 9449 sections 4.3 and 7; HelseID "Formatering av DPoP-bevis": an `iat` window of 6 seconds, exact `htu`, `ath`, no replay.
// Refuses by throwing a text that says which rule was broken; no rule is left out for a reason of ease.

import { createHash } from "node:crypto";
import { EmbeddedJWK, calculateJwkThumbprint, decodeProtectedHeader, jwtVerify } from "jose";

const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/** Seconds a proof may lie in the past or the future. */
const AGE = 1;
const CLOCK = 5;

const check = (holds, rule) => {
  if (!holds) throw new Error(rule);
};

/**
 * A judge of requests for one audience. `keys` verifies the server's tokens; `audience` unset takes any.
 * @returns {(request: import("node:http").IncomingMessage, origin: string) => Promise<object>} the token's claims
 */
export function validator({ issuer, audience, keys, now = () => Date.now() / 1000 }) {
  const seen = new Map();
  return async function judge(request, origin) {
    const proofs = request.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === "dpop");
    check(proofs.length === 1, "exactly one DPoP header");
    const [scheme, token, ...more] = (request.headers.authorization ?? "").split(" ");
    check(scheme === "DPoP" && token && !more.length, "the scheme DPoP");
    const proof = request.headers.dpop;
    const { payload: claims } = await jwtVerify(token, keys, { issuer, ...(audience && { audience }), typ: "at+jwt", algorithms: ["RS256"] });
    check(!audience || claims.aud === audience, "aud: this API alone, a text");
    const header = decodeProtectedHeader(proof);
    check(header.typ === "dpop+jwt", "typ dpop+jwt");
    check(ALGORITHMS.includes(header.alg), "alg of the profile");
    check(header.jwk && !PRIVATE.some((name) => name in header.jwk), "jwk: public members alone");
    const { payload } = await jwtVerify(proof, EmbeddedJWK, { algorithms: ALGORITHMS, currentDate: new Date(now() * 1000) });
    const { htm, htu, iat, jti, ath } = payload;
    check(htm === request.method, "htm: the method");
    check(htu === `${origin}${request.url.split("?")[0]}`, "htu: this address, without query, character by character");
    check(typeof iat === "number" && iat <= now() + CLOCK && iat + AGE + CLOCK >= now(), "iat: within six seconds");
    check(typeof jti === "string" && jti, "jti");
    check(!seen.has(jti), "jti: never used before");
    seen.set(jti, now());
    check(ath === createHash("sha256").update(token).digest("base64url"), "ath: the hash of the token");
    check(claims.cnf?.jkt === (await calculateJwkThumbprint(header.jwk)), "cnf.jkt: the proof's key");
    return claims;
  };
}
