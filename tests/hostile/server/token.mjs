// The token endpoint: code, refresh, client credentials and device code; judges each request and answers with tokens.
// RFC 6749 sections 4 to 6, RFC 7636 section 4.6, RFC 8628, RFC 9449 section 5, OIDC Core sections 2, 3.1.3.3 and 12.
// Misbehaves by `change.token` (the answer), `change.id_token`, and `change.refreshed` (the id_token of a refresh).

import { randomBytes } from "node:crypto";
import { changed } from "./change.mjs";
import { leftHalf, sha256 } from "./keys.mjs";
import { judgeClient } from "./judge/authentication.mjs";
import { giveNonce, judgeProof } from "./judge/dpop.mjs";
import { bits, fresh, holds, now, violate } from "./judge/rules.mjs";
import { isPost } from "./server.mjs";
import { issue } from "./sign.mjs";

const random = () => randomBytes(24).toString("base64url");

const GRANTS = {
  authorization_code: byCode,
  refresh_token: byRefreshToken,
  client_credentials: (world, { form }) => ({ scope: form.scope ?? "" }),
  "urn:ietf:params:oauth:grant-type:device_code": byDeviceCode,
};

export async function token(world, exchange) {
  const { response, form, url, method } = exchange;
  const { profile } = world;
  if (!isPost(world, exchange)) return;
  if (profile.mtlsAliases) holds(world, "mtls_alias", url === `${world.issuer}/mtls/token`, url);
  const proof = profile.dpop ? await judgeProof(world, { ...exchange, kind: "as", url, method }) : {};
  giveNonce(world, "as", response, exchange.at);
  const known = await judgeClient(world, exchange);
  if (proof.nonce) return response.answer(400, { error: "use_dpop_nonce", error_description: "A nonce is wanted." });
  if (!known) return response.answer(401, { error: "invalid_client" });
  const grant = GRANTS[form.grant_type];
  if (!grant) return violate(world, "grant_type_other", form.grant_type) ?? response.answer(400, { error: "unsupported_grant_type" });
  const granted = await grant(world, exchange, proof);
  if (granted.error) return response.answer(400, granted);
  const { status = 200, headers, redirect, body, ...change } = world.change.token ?? {};
  if (redirect) return response.answer(redirect, undefined, { location: `${world.api}/token` });
  if (world.change.rotate === "before signing" && world.count("token") > 1) world.rotate();
  response.answer(status, body ?? changed(await tokens(world, granted, proof), change), headers);
}

function byCode(world, { form }, proof) {
  const kept = world.codes.get(form.code);
  if (!holds(world, "code_unknown", kept)) return { error: "invalid_grant" };
  const first = holds(world, "code_reused", !kept.used);
  kept.used = true;
  const { code_verifier: verifier = "" } = form;
  const right = [
    first,
    holds(world, "verifier_shape", /^[A-Za-z0-9\-._~]{43,128}$/.test(verifier) && bits(verifier) >= 96, verifier.length),
    holds(world, "verifier_reused", fresh("verifier", verifier)),
    holds(world, "verifier_mismatch", sha256(verifier) === kept.code_challenge),
    holds(world, "token_redirect_uri", form.redirect_uri === kept.redirect_uri, form.redirect_uri),
    !kept.dpop_jkt || holds(world, "dpop_key", proof.thumbprint === kept.dpop_jkt),
  ].every(Boolean);
  return right
    ? { scope: kept.scope, sub: "person-1", nonce: kept.nonce, state: kept.state, code: form.code, signedInAt: Math.floor(now()) }
    : { error: "invalid_grant" };
}

function byRefreshToken(world, { form }, proof) {
  const kept = world.refreshTokens.get(form.refresh_token);
  if (!holds(world, "refresh_token_old", kept)) return { error: "invalid_grant" };
  if (form.scope !== undefined)
    holds(
      world,
      "refresh_scope_wider",
      form.scope.split(" ").every((one) => kept.scope.split(" ").includes(one)),
      form.scope,
    );
  if (kept.thumbprint && world.profile.method === "none") holds(world, "dpop_key", proof.thumbprint === kept.thumbprint);
  world.refreshTokens.delete(form.refresh_token);
  world.refreshes += 1;
  return { ...kept, refreshed: true, nonce: undefined, code: undefined, state: undefined };
}

function byDeviceCode(world, { form }) {
  const kept = world.devices.get(form.device_code);
  if (!kept) return { error: "invalid_grant" };
  const answer = kept.answers.shift();
  return answer ? { error: answer } : { scope: kept.scope, sub: "person-1", signedInAt: Math.floor(now()) };
}

async function tokens(world, granted, proof) {
  const { profile } = world;
  const accessToken = random();
  world.tokens.set(accessToken, { thumbprint: proof.thumbprint, sub: granted.sub, scope: granted.scope, generation: world.refreshes });
  const out = { access_token: accessToken, token_type: profile.dpop ? "DPoP" : "Bearer", expires_in: 300, scope: granted.scope };
  if (profile.refresh && granted.sub) {
    out.refresh_token = random();
    world.refreshTokens.set(out.refresh_token, { ...granted, thumbprint: proof.thumbprint });
  }
  if (granted.scope?.split(" ").includes("openid")) {
    out.id_token = await idToken(world, granted, accessToken);
    world.idTokens.add(out.id_token);
  }
  return out;
}

function idToken(world, { sub, nonce, code, state, signedInAt, refreshed }, accessToken) {
  const hashed = { at_hash: accessToken, c_hash: code, s_hash: state };
  const change = (refreshed ? world.change.refreshed : world.change.id_token) ?? {};
  const { hashes = world.profile.hashes, ...rest } = change;
  const claims = { iss: world.issuer, sub, aud: world.client.id, exp: Math.floor(now()) + 300, iat: Math.floor(now()), auth_time: signedInAt };
  if (nonce !== undefined) claims.nonce = nonce;
  for (const name of hashes) if (hashed[name] !== undefined) claims[name] = leftHalf(hashed[name]);
  return issue(world, claims, rest);
}
