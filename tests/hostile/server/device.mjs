// The device authorization endpoint; the token endpoint then says "pending", "slow down" and at last yes.
// RFC 8628 sections 3.1, 3.2 and 3.5.
// Misbehaves by `change.device`.

import { randomBytes } from "node:crypto";
import { changed } from "./change.mjs";
import { judgeClient } from "./judge/authentication.mjs";
import { isPost } from "./server.mjs";

export async function device(world, exchange) {
  const { response, form } = exchange;
  if (!isPost(world, exchange)) return;
  if (!(await judgeClient(world, exchange))) return response.answer(401, { error: "invalid_client" });
  const code = randomBytes(16).toString("base64url");
  const { answers = ["authorization_pending"], ...change } = world.change.device ?? {};
  world.devices.set(code, { scope: form.scope ?? "", answers: [...answers] });
  const document = { device_code: code, user_code: "WDJB-MJHT", verification_uri: `${world.issuer}/device`, expires_in: 600, interval: 1 };
  response.answer(200, changed(document, change));
}
