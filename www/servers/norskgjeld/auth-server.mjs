// The authorization server: oidc-provider with Hydra's manners put in front of it and behind it.
// Routes, order of checks, callback form and headers as Norsk Gjeldsinformasjon documents and Hydra does.
// Refuses other paths, other methods, CORS, and cookies left over from an earlier login.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

import { judgeAuthorization, providerQuery } from "./authorize.mjs";
import { callbackUrl, errorParams, successParams } from "./callback.mjs";
import { Refusal } from "./client-auth.mjs";
import { discoveryDocument } from "./discovery.mjs";
import { createIdTokens } from "./id-tokens.mjs";
import { createInteractions, isInteraction } from "./interactions.mjs";
import { maskAuthorization, maskParams, maskPath } from "./mask.mjs";
import { errorPage, messagePage, tongue } from "./pages.mjs";
import { createProvider } from "./provider.mjs";
import { createTokenEndpoints } from "./token.mjs";

const ASSETS = {
  "/assets/norskgjeld.css": ["text/css; charset=utf-8", readFileSync(new URL("norskgjeld.css", import.meta.url))],
  "/assets/parts.css": ["text/css; charset=utf-8", readFileSync(new URL("parts.css", import.meta.url))],
  "/assets/mark.svg": ["image/svg+xml", readFileSync(new URL("mark.svg", import.meta.url))],
};

const ROUTES = [
  ["GET", /^\/oauth2\/auth$/, "auth"],
  ["GET", /^\/oauth2\/auth\/[A-Za-z0-9_-]+$/, "resume"],
  ["POST", /^\/oauth2\/token$/, "token"],
  ["POST", /^\/oauth2\/revoke$/, "revoke"],
  ["GET", /^\/oauth2\/sessions\/logout$/, "logout"],
  ["GET POST", /^\/userinfo$/, "userinfo"],
  ["GET", /^\/\.well-known\/openid-configuration$/, "discovery"],
  ["GET", /^\/\.well-known\/jwks\.json$/, "jwks"],
  ["GET POST", /^\/login\//, "login"],
  ["GET POST", /^\/consent\//, "consent"],
  ["GET", /^\/assets\//, "assets"],
];
const BACK_CHANNEL = new Set(["token", "revoke", "userinfo", "jwks", "discovery"]);
const JSON_TYPE = "application/json;charset=UTF-8";

/** Sends one of the server's own pages; a form may lead on to the client, which CSP counts as its target. */
function page(ctx, status, body, redirectUri) {
  const target = redirectUri === undefined ? "" : ` ${new URL(redirectUri).origin}`;
  ctx.status = status;
  ctx.type = "text/html; charset=utf-8";
  ctx.set({
    "cache-control": "no-store",
    "content-security-policy": `default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'${target}; base-uri 'none'; frame-ancestors 'none'`,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  });
  ctx.body = body;
}

function json(ctx, status, body) {
  ctx.status = status;
  ctx.body = JSON.stringify(body);
  ctx.set({ "content-type": JSON_TYPE, "cache-control": "no-store", pragma: "no-cache" });
}

class Flows {
  #byId = new Map();
  #byUid = new Map();

  add(flow) {
    const kept = { ...flow, id: randomUUID(), done: false };
    this.#byId.set(kept.id, kept);
    return kept;
  }

  get(id) {
    return this.#byId.get(id);
  }

  link(uid, id) {
    this.#byUid.set(uid, id);
  }

  byUid(uid) {
    return this.get(this.#byUid.get(uid));
  }
}

export async function createAuthServer({ issuer, clock, store, clients, consents, audiences, handles, faults, journal, log }) {
  let provider;
  const idTokens = await createIdTokens({ clock, consents, findToken: (id) => provider.AccessToken.find(id) });
  provider = await createProvider({ issuer, store, clients, consents, jwks: idTokens.jwks, page });
  const flows = new Flows();

  /** Not ctx.redirect, which would normalise a registered redirect_uri. */
  function leave(ctx, { redirectUri, mode }, params) {
    ctx.set("location", callbackUrl(redirectUri, params, mode));
    ctx.status = 302;
    ctx.body = "";
  }

  function sendBack(ctx, flow, { error, description = "" }) {
    flow.done = true;
    leave(ctx, flow, errorParams({ error, description, state: flow.state }));
  }

  const interactions = createInteractions({ provider, clock, flows, consents, page, sendBack });
  const endpoints = createTokenEndpoints({ provider, handles, clients, audiences, journal, idTokens, json });

  async function auth(ctx, next) {
    const query = new URLSearchParams(ctx.querystring);
    ctx.state.params = query;
    const verdict = judgeAuthorization({ query, headers: ctx.request.headers, clients, audiences, journal });
    if (verdict.kind === "page") return page(ctx, verdict.status, errorPage({ ...verdict, language: tongue(ctx) }));
    if (verdict.kind === "callback") return sendBack(ctx, verdict, verdict);
    const flow = flows.add({ ...verdict.flow, locales: query.get("ui_locales") });
    interactions.tie(ctx, flow);
    // Every flow starts with a login, so that a person can pick another test user each time.
    ctx.request.headers.cookie = ctx.get("cookie").replace(/(?:^|; *)nogi_session(?:\.sig)?=[^;]*/g, "");
    endSession(ctx);
    ctx.query = providerQuery(flow, flow.id);
    return proceed(ctx, next);
  }

  /** Lets oidc-provider work, then rewrites the way back to the client as Hydra writes it. */
  async function proceed(ctx, next) {
    await next();
    const { Interaction: interaction } = ctx.oidc?.entities ?? {};
    const flow = flows.get(ctx.oidc?.params?.nogi_flow);
    const location = ctx.response.get("location");
    if (!flow || !location) return undefined;
    if (location.startsWith("/") && interaction) {
      flows.link(interaction.uid, flow.id);
      return undefined;
    }
    const answer = new URL(location);
    const given = new URLSearchParams(flow.mode === "fragment" ? answer.hash.slice(1) : answer.search);
    if (!given.has("code")) {
      return sendBack(ctx, flow, {
        error: flow.outcome ?? given.get("error") ?? "server_error",
        description: flow.outcome ? "" : (given.get("error_description") ?? ""),
      });
    }
    flow.done = true;
    const params = successParams({ code: handles.seal(given.get("code")), scope: flow.scope.granted, state: flow.state });
    leave(ctx, flow, params);
    return undefined;
  }

  async function userinfo(ctx, next) {
    const [, handle] = /^bearer +(\S+)$/i.exec(ctx.get("authorization")) ?? [];
    if (new URLSearchParams(ctx.querystring).has("access_token")) {
      journal.violation("secret_in_url", "userinfo", "an access token stood in the URL");
    }
    const id = handles.open(handle);
    if (id === undefined) throw new Refusal(401, "request_unauthorized", "The access token is missing or not valid.");
    ctx.request.headers.authorization = `Bearer ${id}`;
    delete ctx.request.headers.origin; // as in token.mjs
    await next();
    if (ctx.status !== 200) throw new Refusal(401, "request_unauthorized", "The access token is missing or not valid.");
    const { clientId } = await provider.AccessToken.find(id);
    json(ctx, 200, { ...ctx.body, sub: idTokens.subject(clientId, ctx.body.sub) });
  }

  function endSession(ctx) {
    for (const name of ["nogi_session", "nogi_session.sig"]) ctx.cookies.set(name, null, { signed: false });
  }

  function logout(ctx) {
    endSession(ctx);
    page(ctx, 200, messagePage(tongue(ctx), "logout"));
  }

  function assets(ctx) {
    const [type, body] = ASSETS[ctx.path] ?? [];
    if (!body) return page(ctx, 404, errorPage({ language: tongue(ctx), error: "not_found", description: "" }));
    ctx.set({ "content-type": type, "cache-control": "no-cache", "x-content-type-options": "nosniff" });
    ctx.status = 200;
    ctx.body = body;
    return undefined;
  }

  const HANDLERS = {
    auth,
    resume: proceed,
    token: endpoints.token,
    revoke: endpoints.revoke,
    userinfo,
    logout,
    assets,
    login: interactions.handle,
    consent: interactions.handle,
    discovery: (ctx) => json(ctx, 200, discoveryDocument(issuer)),
    jwks: async (ctx, next) => {
      await next();
      json(ctx, 200, ctx.body);
    },
  };

  /** Runs one endpoint and turns every refusal into the answer Hydra would give. */
  async function run(endpoint, ctx, next) {
    try {
      await HANDLERS[endpoint](ctx, next);
    } catch (error) {
      if (!(error instanceof Refusal)) log(`${endpoint} failed: ${error.stack}`);
      const { status = 500, error: code = "server_error", description = "" } = error instanceof Refusal ? error : {};
      ctx.remove("www-authenticate");
      if (BACK_CHANNEL.has(endpoint)) json(ctx, status, { error: code, error_description: description });
      else page(ctx, status, errorPage({ language: tongue(ctx), error: code, description }));
    }
    for (const name of Object.keys(ctx.response.headers)) if (name === "vary" || name.startsWith("access-control-")) ctx.remove(name);
  }

  function record(ctx, endpoint, authorization, status) {
    const location = ctx.response.get("location");
    const answer = { status };
    if (location && URL.canParse(location, issuer)) {
      const { origin, pathname, search, hash } = new URL(location, issuer);
      const params = new URLSearchParams(search || hash.slice(1));
      Object.assign(answer, { location: `${origin}${maskPath(pathname)}`, params: maskParams(params) });
    } else if (endpoint === "token" && typeof ctx.body === "string" && ctx.body.startsWith("{")) {
      answer.params = maskParams(JSON.parse(ctx.body));
    }
    const back = BACK_CHANNEL.has(endpoint);
    journal.exchange({
      from: back ? "worker" : "browser",
      to: "auth",
      method: ctx.method,
      path: endpoint === "resume" ? "/oauth2/auth/…" : ctx.path,
      params: ctx.state.params ?? {},
      authorization: authorization ? maskAuthorization(authorization) : undefined,
      status,
      answer,
    });
  }

  async function front(ctx, next) {
    const route = ROUTES.find(([, path]) => path.test(ctx.path));
    const method = ctx.method === "HEAD" ? "GET" : ctx.method;
    if (ctx.path === "/oauth2/introspect") journal.violation("introspection", "auth", "clients can not introspect tokens");
    if (!route || ((route[2] === "login" || route[2] === "consent") && !isInteraction(ctx.path))) {
      return page(ctx, 404, errorPage({ language: tongue(ctx), error: "not_found", description: "" }));
    }
    const [methods, , endpoint] = route;
    if (!methods.split(" ").includes(method)) {
      ctx.set("allow", methods.replace(" ", ", "));
      return json(ctx, 405, { error: "invalid_request", error_description: "The method is not allowed here." });
    }
    journal.count(endpoint);
    const { authorization } = ctx.request.headers;
    const fault = faults.take(endpoint);
    if (!fault) {
      await run(endpoint, ctx, next);
    } else {
      const answer = await faults.spoil(fault, ctx.res, async () => {
        await run(endpoint, ctx, next);
        const text = typeof ctx.body === "string" ? ctx.body : String(ctx.body ?? "");
        const body = fault.fault === "change" ? JSON.parse(text) : text;
        return { status: ctx.status, headers: { ...ctx.response.headers }, body };
      });
      if (!answer) {
        ctx.respond = false;
        if (endpoint !== "assets") record(ctx, endpoint, authorization, 0);
        return undefined;
      }
      for (const name of Object.keys(ctx.response.headers)) ctx.remove(name);
      ctx.status = answer.status;
      ctx.body = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
      for (const [name, value] of Object.entries(answer.headers)) {
        if (name.toLowerCase() !== "content-length") ctx.set(name, value);
      }
    }
    if (endpoint !== "assets") record(ctx, endpoint, authorization, ctx.status);
    return undefined;
  }

  provider.use(front);
  // Koa prints what it could not send; a line the test has cut is not worth a message.
  provider.on("error", (error) => log(`auth server: ${error.message}`));
  provider.on("server_error", (ctx, error) => log(`oidc-provider: ${error.stack}`));
  return { handler: provider.callback(), provider };
}
