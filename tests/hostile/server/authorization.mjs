// The authorization endpoint: judges the request, consents at once, and answers by query, form_post or JARM.
// RFC 6749 section 4.1.2, RFC 9207, Form Post Response Mode, JARM. Also the browser of these tests, `browse`.
// Misbehaves by `change.callback` (the plain answer) and `change.jarm` (the claims and the signature of its JWT).

import { randomBytes } from "node:crypto";
import { changed } from "./change.mjs";
import { leftHalf } from "./keys.mjs";
import { judgeRequest, parameters } from "./judge/request.mjs";
import { holds, now, violate } from "./judge/rules.mjs";
import { issue } from "./sign.mjs";

export async function authorize(world, { search, response }) {
  const outer = parameters(world, search);
  const values = await requestOf(world, outer);
  if (!world.client.redirectUris.includes(values.redirect_uri)) return response.answer(400, { error: "invalid_request" });
  const code = randomBytes(16).toString("base64url");
  world.codes.set(code, { ...values, used: false });
  const right = { code, state: values.state, ...(world.profile.iss && { iss: world.issuer }) };
  const { error, ...change } = world.change.callback ?? {};
  if (error) {
    delete right.code;
    Object.assign(right, error);
  }
  if (change.hybrid) Object.assign(right, await frontChannelTokens(world, values, code, change.hybrid));
  const plain = changed(right, change);
  const { responseMode } = world.profile;
  if (responseMode === "form_post") return formPost(response, values.redirect_uri, plain);
  const answer = responseMode === "jwt" ? { response: await jarm(world, plain) } : plain;
  const query = typeof change.text === "string" ? change.text : new URLSearchParams(answer).toString();
  response.answer(303, undefined, { location: `${values.redirect_uri}?${query}` });
}

/** The parameters, looked up where they were pushed. */
async function requestOf(world, outer) {
  if (outer.request_uri === undefined) {
    if (world.profile.par) violate(world, "par_required");
    return judgeRequest(world, outer, { pushed: false });
  }
  const stray = Object.keys(outer).filter((name) => !["client_id", "request_uri"].includes(name));
  holds(world, "par_front_channel", stray.length === 0, stray);
  holds(world, "client_unknown", outer.client_id === world.client.id, outer.client_id);
  const values = world.pushed.get(outer.request_uri);
  world.pushed.delete(outer.request_uri);
  return values ?? violate(world, "request_uri_unknown") ?? {};
}

/** What a hybrid flow adds to its answer: an access token, and an id_token that covers code, state and token. */
async function frontChannelTokens(world, { nonce, state }, code, change) {
  const token = randomBytes(16).toString("base64url");
  const at = Math.floor(now());
  const hashes = { at_hash: leftHalf(token), c_hash: leftHalf(code), s_hash: leftHalf(state) };
  const claims = { iss: world.issuer, sub: "person-1", aud: world.client.id, exp: at + 300, iat: at, nonce, ...hashes };
  return { access_token: token, token_type: "Bearer", id_token: await issue(world, claims, change) };
}

/** The answer as the claims of a JWT. `iss` within it is the JWT's own. */
function jarm(world, plain) {
  const claims = { ...plain, iss: world.issuer, aud: world.client.id, exp: Math.floor(now()) + 300 };
  return issue(world, claims, world.change.jarm);
}

const escaped = (text) => String(text).replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);

function formPost(response, action, values) {
  const inputs = Object.entries(values).map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`);
  response.answer(200, `<!doctype html><body onload="document.forms[0].submit()"><form method="post" action="${escaped(action)}">${inputs.join("")}</form>`, {
    "content-type": "text/html",
  });
}

/** The browser: goes to a login's URL and tells what arrives at the redirect URI, a URL or a form's POST. */
export async function browse(url) {
  const answer = await fetch(url, { redirect: "manual" });
  const location = answer.headers.get("location");
  if (location) return location;
  if (answer.status !== 200) throw new Error(`the authorization endpoint answered ${answer.status}`);
  const page = await answer.text();
  const plain = (text) => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
  const values = [...page.matchAll(/name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [plain(name), plain(value)]);
  return { url: plain(/action="([^"]*)"/.exec(page)[1]), contentType: "application/x-www-form-urlencoded", body: new URLSearchParams(values).toString() };
}
