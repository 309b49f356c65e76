// The authorization endpoint: judges a request (its own, pushed, or signed), asks a person, and sends the browser back.
// RFC 6749 section 4.1.1, RFC 7636, RFC 9126, RFC 9101, RFC 9207, OpenID Connect Core section 3.1.2, JARM.
// Refuses to send a browser anywhere that the client has not registered; a pushed request or a login page counts once.

import { CompactSign, SignJWT } from "jose";

import { authenticate, verified } from "./authenticate.mjs";
import { words } from "./issue.mjs";
import { Refusal, told } from "./like.mjs";
import { errorPage, loginPage } from "../shared/login.mjs";
import { secretText } from "./state.mjs";

/** Without addresses of its own a client may come back to this machine, whatever the port. */
const LOOPBACK = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:\/|$)/;
const registered = ({ redirectUris }, uri) => (redirectUris ? redirectUris.includes(uri) : LOOPBACK.test(uri ?? ""));

/** An error for the person: there is nobody to send it to. */
class Shown extends Error {}

export async function push(world, request, form) {
  const client = await authenticate(world, "par", request, form);
  if (client.method === "none") {
    const own = told(world.like, "par", "public client");
    if (own) return own;
  }
  if (form.has("request_uri")) throw new Refusal("par", "invalid_request", "request_uri is not pushed");
  const params = await opened(world, client, form);
  if (!registered(client, params.get("redirect_uri"))) throw new Refusal("par", "invalid_request", "redirect_uri is not registered");
  for (const name of ["client_secret", "client_assertion", "client_assertion_type"]) params.delete(name);
  params.set("client_id", client.clientId);
  const id = world.state.keep("pushed", { params });
  const body = JSON.stringify({ request_uri: `urn:ietf:params:oauth:request_uri:${id}`, expires_in: world.state.lives.pushed });
  return { status: 201, headers: { "content-type": "application/json", "cache-control": "no-store" }, body };
}

/** What a signed request object says counts alone (RFC 9101 section 6.3). */
async function opened({ issuer, state }, client, params) {
  const jwt = params.get("request");
  if (!jwt) return new URLSearchParams(params);
  try {
    const { payload } = await verified(jwt, client, {
      audience: issuer,
      issuer: client.clientId,
      currentDate: new Date(state.clock.now()),
      clockTolerance: 10,
    });
    const { iss, aud, exp, nbf, iat, jti, ...rest } = payload;
    return new URLSearchParams(Object.entries(rest).map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)]));
  } catch (error) {
    throw new Refusal("par", "invalid_request_object", error.message);
  }
}

async function requested(world, query) {
  const { state, parRequired } = world;
  const uri = query.get("request_uri");
  const client = state.clients.get(query.get("client_id"));
  if (!client) throw new Shown("client_id");
  if (uri) {
    const id = uri.replace("urn:ietf:params:oauth:request_uri:", "");
    const found = state.pushed.get(id);
    state.pushed.delete(id);
    if (!found || found.until < state.now() || found.params.get("client_id") !== client.clientId) throw new Shown("request_uri");
    return { client, params: found.params };
  }
  if (parRequired) throw new Shown("a request is pushed first");
  const params = await opened(world, client, query).catch((error) => {
    throw new Shown(error.message);
  });
  return { client, params };
}

/** What is wrong with a request whose client and address are right; nothing if it is right. */
function wrong(world, client, params) {
  const refused = client.scopes && words(params.get("scope")).find((scope) => !client.scopes.includes(scope));
  if (params.get("response_type") !== "code") return ["unsupported_response_type", "only code"];
  if (refused) return ["invalid_scope", `the client has no scope ${refused}`];
  const method = params.get("code_challenge_method");
  if (!params.has("code_challenge") && (world.pkce || client.method === "none")) return ["invalid_request", "code_challenge is missing"];
  if (params.has("code_challenge") && method !== "S256") return ["invalid_request", "code_challenge_method is S256"];
  for (const name of world.demands ?? []) if (!params.has(name)) return ["invalid_request", `${name} is missing`];
  const acr = words(params.get("acr_values"));
  if (world.levels && acr.length && !acr.some((one) => world.levels.includes(one))) return ["invalid_request", "acr_values"];
  if (params.get("prompt") === "none") return ["login_required", "nobody is logged in"];
  return undefined;
}

/** Sends the browser back, by the mode that was asked for. */
async function back(world, params, answer) {
  const { issuer, like, signing, state } = world;
  const to = new URL(params.get("redirect_uri"));
  const said = { ...answer, ...(params.has("state") && { state: params.get("state") }), iss: issuer };
  const mode = params.get("response_mode") ?? "query";
  if (mode === "form_post") return posted(to.href, said);
  let members = Object.entries(said);
  if (/^(query\.)?jwt$/.test(mode)) {
    const times = { iss: issuer, aud: params.get("client_id"), exp: state.now() + 600 };
    const { iss, ...rest } = said;
    const header = { alg: signing.alg, kid: signing.kid };
    // Keycloak writes `iss` twice, with the same value.
    const text = JSON.stringify({ ...times, ...rest }).replace(/\}$/, `,"iss":${JSON.stringify(iss)}}`);
    const jwt =
      like === "keycloak"
        ? await new CompactSign(new TextEncoder().encode(text)).setProtectedHeader(header).sign(signing.privateKey)
        : await new SignJWT({ ...times, ...rest }).setProtectedHeader(header).sign(signing.privateKey);
    members = [["response", jwt]];
  }
  const text = new URLSearchParams(members).toString();
  if (mode === "fragment") to.hash = text;
  else to.search = to.search ? `${to.search.slice(1)}&${text}` : text;
  return { status: 303, headers: { location: to.href, "cache-control": "no-store" }, body: "" };
}

const escaped = (text) => String(text).replace(/[&"<>]/g, (one) => `&#${one.charCodeAt(0)};`);

/** A form that a person sends: there is no script here. */
function posted(address, said) {
  const fields = Object.entries(said).map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`);
  const body = `<!doctype html><html lang="en"><title>Back</title><form method="post" action="${escaped(address)}">${fields.join("")}<button>Continue</button></form></html>`;
  return { status: 200, headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" }, body };
}

const shown = (world, language, error) =>
  errorPage({ service: world.service, owner: world.owner, language, base: world.base, error: "invalid_request", description: error.message });

/** `GET /authorize`: a page, or the way back with an error. */
export async function authorize(world, query, languageOf) {
  let found;
  try {
    found = await requested(world, query);
    if (!registered(found.client, found.params.get("redirect_uri"))) throw new Shown("redirect_uri is not registered");
  } catch (error) {
    if (error instanceof Shown) return shown(world, languageOf(query), error);
    throw error;
  }
  const { client, params } = found;
  const refusal = wrong(world, client, params);
  if (refusal) return back(world, params, { error: refusal[0], error_description: refusal[1] });
  const id = secretText();
  world.logins.set(id, { client, params, until: world.state.now() + 600 });
  return { status: 303, headers: { location: `${world.base}/login/${id}`, "cache-control": "no-store" }, body: "" };
}

/** The login page, and what the person chose there. */
export async function login(world, id, method, form, languageOf) {
  const found = world.logins.get(id);
  if (!found || found.until < world.state.now()) return shown(world, languageOf(form), new Shown("this login is over"));
  const { client, params } = found;
  const { people } = world.state;
  const acr = words(params.get("acr_values"))[0];
  if (method !== "POST") {
    const { service, owner, base } = world;
    const about = (one, say) => (one.acr ? `${say("level")}: ${one.acr}` : one.sub);
    return loginPage({
      service,
      owner,
      base,
      people,
      about,
      fails: true,
      language: languageOf(params),
      clientId: client.clientId,
      scope: words(params.get("scope")),
      acr,
    });
  }
  world.logins.delete(id);
  const person = people[Number(form.get("person"))];
  if (form.get("decision") === "error") return back(world, params, { error: "server_error", error_description: "as the person asked" });
  if (form.get("decision") !== "login" || !person) return back(world, params, { error: "access_denied", error_description: "the person broke off the login" });
  const { state } = world;
  const code = state.keep("code", {
    client: client.clientId,
    person,
    scope: params.get("scope") ?? "",
    nonce: params.get("nonce") ?? undefined,
    redirectUri: params.get("redirect_uri"),
    challenge: params.get("code_challenge") ?? undefined,
    acr: person.acr ?? acr ?? world.levels?.[0],
    authTime: state.now(),
    family: secretText(),
    sid: secretText(),
    extra: world.codeClaims?.({ client, person, params }),
  });
  return back(world, params, { code });
}
