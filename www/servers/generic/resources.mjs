// Userinfo, introspection, revocation and logout.
// OpenID Connect Core section 5.3, RFC 7662, RFC 7009, OpenID Connect RP-Initiated Logout.
// Refuses tokens that are over, unbound ones where a key is bound, and to send a browser to an address that is not registered.

import { decodeJwt } from "jose";

import { authenticate, proved } from "./authenticate.mjs";
import { endSessions } from "./backchannel.mjs";
import { words } from "./issue.mjs";
import { Refusal, told } from "./like.mjs";

const json = (value, status = 200) => ({ status, headers: { "content-type": "application/json", "cache-control": "no-store" }, body: JSON.stringify(value) });

/** What is known of an access token that still holds. */
function alive({ state }, text) {
  const found = state.access.get(text);
  return found && found.until > state.now() && !state.ended.has(found.family) ? found : undefined;
}

export async function userinfo(world, request) {
  const [, scheme, text] = /^(Bearer|DPoP) (\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  const found = text && alive(world, text);
  const bound = scheme?.toLowerCase() === "dpop";
  if (found?.person && bound === Boolean(found.jkt)) {
    const jkt = found.jkt && (await proved(world, request, `${world.issuer}${world.routes.userinfo}`, { token: text, at: "userinfo" }));
    if (jkt === found.jkt) {
      const { sub, name, claims } = found.person;
      return json({ sub, ...(words(found.scope).includes("profile") && name && !world.levels && { name }), ...claims });
    }
  }
  const own = told(world.like, "userinfo", "dead token", "revoked token; no WWW-Authenticate");
  return own ?? { status: 401, headers: { "www-authenticate": `${bound ? "DPoP" : "Bearer"} error="invalid_token"` }, body: "" };
}

export async function introspection(world, request, form) {
  const client = await authenticate(world, "introspection", request, form);
  if (client.method === "none") throw new Refusal("introspection", "invalid_client", "a public client asks nothing");
  const text = form.get("token");
  const found = alive(world, text);
  if (!found) return json({ active: false });
  const { iss, iat, exp, jti } = decodeJwt(text);
  return json({ active: true, iss, iat, exp, jti, token_type: found.jkt ? "DPoP" : "Bearer", ...found.claims });
}

export async function revocation(world, request, form) {
  const client = await authenticate(world, "revocation", request, form);
  const text = form.get("token");
  const { state } = world;
  const found = state.refresh.get(text) ?? state.access.get(text);
  if (found?.client === client.clientId) {
    if (state.refresh.has(text)) state.ended.add(found.family);
    state.refresh.delete(text);
    state.access.delete(text);
  }
  return { status: 200, headers: {}, body: "" };
}

/** Ends the session of the browser, and sends it back where that is registered. */
export async function logout(world, params) {
  const { state } = world;
  const hint = params.get("id_token_hint");
  let clientId = params.get("client_id");
  try {
    if (hint) {
      const { aud, sid } = decodeJwt(hint);
      clientId = aud;
      if (state.sessions.has(sid)) await endSessions(world, { sid });
    }
  } catch {
    throw new Refusal("logout", "invalid_request", "id_token_hint is no JWT");
  }
  const back = params.get("post_logout_redirect_uri");
  const gone = { "set-cookie": `${world.cookie}=; Path=${world.base || "/"}; HttpOnly; SameSite=Lax; Max-Age=0` };
  if (!back) return { status: 200, headers: { ...gone, "content-type": "text/plain" }, body: "logged out" };
  if (!state.clients.get(clientId)?.postLogoutRedirectUris?.includes(back))
    throw new Refusal("logout", "invalid_request", "post_logout_redirect_uri is not registered");
  const to = new URL(back);
  if (params.has("state")) to.searchParams.set("state", params.get("state"));
  return { status: 302, headers: { ...gone, location: to.href }, body: "" };
}
