// Introspection and revocation of the tokens that this server gave out.
// RFC 7662 section 2, RFC 7009 section 2.
// Misbehaves by `change.introspection` and `change.revocation`.

import { changed } from "./change.mjs";
import { judgeClient } from "./judge/authentication.mjs";
import { isPost } from "./server.mjs";

export async function introspect(world, exchange) {
  const { response, form } = exchange;
  if (!isPost(world, exchange)) return;
  if (!(await judgeClient(world, exchange))) return response.answer(401, { error: "invalid_client" });
  const kept = world.tokens.get(form.token);
  const { body, ...change } = world.change.introspection ?? {};
  response.answer(200, body ?? changed(kept ? { active: true, scope: kept.scope, client_id: world.client.id, sub: kept.sub } : { active: false }, change));
}

export async function revoke(world, exchange) {
  const { response, form } = exchange;
  if (!isPost(world, exchange)) return;
  if (!(await judgeClient(world, exchange))) return response.answer(401, { error: "invalid_client" });
  world.tokens.delete(form.token);
  world.refreshTokens.delete(form.token);
  const { status = 200, body } = world.change.revocation ?? {};
  response.answer(status, body);
}
