// ID tokens as Hydra shapes them: oidc-provider's is verified and signed anew with the claims it lacks.
// OpenID Connect Core 2 and 3.1.3.6 (at_hash); Norsk Gjeldsinformasjon adds `pid` and `consent_id`.
// Refuses to pass on a token whose signature it did not make.

import { createHash, randomUUID } from "node:crypto";

import { SignJWT, compactVerify, exportJWK, generateKeyPair } from "jose";

export async function createIdTokens({ clock, consents, findToken }) {
  const { publicKey, privateKey } = await generateKeyPair("RS256", { modulusLength: 2048, extractable: true });
  const kid = randomUUID();
  const jwk = { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" };

  // Pairwise (OpenID Connect Core 8.1): the same person is another subject for each client.
  const salt = randomUUID();
  const subject = (clientId, nin) => createHash("sha256").update(`${salt}:${clientId}:${nin}`).digest("hex");

  const leftHalf = (text) => createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");

  async function rewrite(jwt, { id, accessToken }) {
    const { payload } = await compactVerify(jwt, publicKey, { algorithms: ["RS256"] });
    const claims = JSON.parse(new TextDecoder().decode(payload));
    const token = await findToken(id);
    const consent = consents.byGrant(token.grantId);
    const now = clock.seconds();
    return new SignJWT({
      at_hash: leftHalf(accessToken),
      aud: [claims.aud],
      auth_time: Math.floor(consent.loggedInAt / 1000),
      consent_id: consent.id,
      exp: now + 3600,
      iat: now,
      iss: claims.iss,
      jti: randomUUID(),
      ...(claims.nonce === undefined ? {} : { nonce: claims.nonce }),
      pid: consent.nin,
      rat: Math.floor(consent.createdAt / 1000),
      sid: claims.sid ?? randomUUID(),
      sub: subject(token.clientId, consent.nin),
    })
      .setProtectedHeader({ alg: "RS256", kid, typ: "JWT" })
      .sign(privateKey);
  }

  return { jwks: { keys: [jwk] }, rewrite, subject };
}
