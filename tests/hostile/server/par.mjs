// Pushed authorization requests: judges the request and its sender, and gives a request_uri for it.
// RFC 9126 section 2, with DPoP as in RFC 9449 section 10.1.
// Misbehaves by `change.par`.

import { randomBytes } from "node:crypto";
import { changed } from "./change.mjs";
import { judgeClient } from "./judge/authentication.mjs";
import { giveNonce, judgeProof } from "./judge/dpop.mjs";
import { judgeRequest } from "./judge/request.mjs";
import { holds } from "./judge/rules.mjs";
import { isPost } from "./server.mjs";

export async function pushed(world, exchange) {
  const { response, form, url, method, headers } = exchange;
  if (!isPost(world, exchange)) return;
  const proof = headers.dpop === undefined ? {} : await judgeProof(world, { ...exchange, kind: "as", url, method });
  giveNonce(world, "as", response, exchange.at);
  const known = await judgeClient(world, exchange);
  if (proof.nonce) return response.answer(400, { error: "use_dpop_nonce", error_description: "A nonce is wanted." });
  if (!known) return response.answer(401, { error: "invalid_client" });
  const values = await judgeRequest(world, form, { pushed: true });
  if (values.dpop_jkt !== undefined && proof.thumbprint) holds(world, "dpop_jkt", values.dpop_jkt === proof.thumbprint);
  const uri = `urn:ietf:params:oauth:request_uri:${randomBytes(16).toString("base64url")}`;
  world.pushed.set(uri, { ...values, dpop_jkt: values.dpop_jkt ?? proof.thumbprint });
  const { status = 201, redirect, ...change } = world.change.par ?? {};
  if (redirect) return response.answer(307, undefined, { location: `${world.api}/par` });
  response.answer(status, changed({ request_uri: uri, expires_in: 60 }, change));
}
