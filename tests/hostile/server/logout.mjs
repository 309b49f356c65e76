// RP-initiated logout (the end_session endpoint), and the logout token of a back-channel logout.
// OpenID Connect RP-Initiated Logout section 2, Back-Channel Logout sections 2.4 and 2.5.
// Misbehaves by `change.logout` (what comes back with the person) and `change.logout_token`.

import { randomBytes } from "node:crypto";
import { changed } from "./change.mjs";
import { parameters } from "./judge/request.mjs";
import { holds, now } from "./judge/rules.mjs";
import { issue } from "./sign.mjs";

export function endSession(world, { search, response }) {
  const { id_token_hint: hint, post_logout_redirect_uri: back, client_id: id, state } = parameters(world, search);
  holds(world, "logout_hint", hint === undefined || world.idTokens.has(hint));
  if (id !== undefined) holds(world, "client_unknown", id === world.client.id, id);
  if (!holds(world, "logout_uri", world.client.postLogoutUris.includes(back), back)) return response.answer(400, { error: "invalid_request" });
  const sent = changed({ ...(state !== undefined && { state }) }, world.change.logout);
  const query = new URLSearchParams(sent).toString();
  response.answer(303, undefined, { location: query ? `${back}?${query}` : back });
}

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** A logout token, and its POST to the client. */
export function logoutToken(world) {
  const at = Math.floor(now());
  const claims = {
    iss: world.issuer,
    sub: "person-1",
    aud: world.client.id,
    iat: at,
    exp: at + 120,
    jti: randomBytes(9).toString("base64url"),
    events: { [EVENT]: {} },
  };
  return issue(world, claims, world.change.logout_token, { typ: "logout+jwt" });
}

export const postLogoutToken = async (world, url) => fetch(url, { method: "POST", body: new URLSearchParams({ logout_token: await logoutToken(world) }) });
