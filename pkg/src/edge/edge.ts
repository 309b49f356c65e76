// Ready-made handlers for a worker: login, callback, exchange for a page, session, logout. Web-standard Request and Response.
// What must be remembered lies sealed in `__Host-` cookies; neither token nor verifier reaches a page (RFC 9700, BBA 6.1).

import { configured, given, isObject, isOptions } from "../core/check.js";
import { type Client, codeIn } from "../protocol/client.js";
import { MAX_COOKIE, cookies, setCookie } from "./cookies.js";
import { SamtykkeError, hostError } from "../core/error.js";
import type { AuthorizationCode, AuthorizationRequest, ConsentRequest, FormPost } from "../protocol/flow.js";
import { read } from "../core/http.js";
import { returnTo } from "./return_to.js";
import { type SealKeys, checkKeys, open, seal } from "../crypto/seal.js";
import type { Tokens } from "../protocol/tokens.js";

/** What a session remembers, on the server's side only. */
export interface Session {
  readonly tokens: Omit<Tokens, "others">;
  /** The caller's own data: small, JSON. */
  readonly data?: Record<string, unknown>;
  /** When the session ends, in seconds since 1970. */
  readonly expiresAt: number;
}

/** How the handlers behave. */
export interface EdgeOptions {
  readonly client: Client;
  /** Keys that seal the cookies: 32 octets each as base64url, newest first. A text may hold several, comma-separated. */
  readonly keys: SealKeys;
  /** Where a person goes after a flow; `/` unless given. */
  readonly returnTo?: string;
  /** Where a person goes after a failed flow, with `?error=<code>&action=<action>` added; `/` unless given. */
  readonly errorPath?: string;
  /** Part of the cookies' names; `samtykke` unless given. */
  readonly cookieName?: string;
  /** Seconds a session lasts; as long as the access token unless given. */
  readonly sessionSeconds?: number;
  /**
   * Claims a flow once, across all isolates and machines: answers true the first time it is called with a key, and false ever
   * after. Without it, each isolate remembers only the codes that it sent itself, and the login cookie is deleted by the first
   * callback; two callbacks at the same moment in two isolates then send one code twice, and norskgjeld kills the token of
   * the first. One process needs no claim. Cloudflare Workers always run in several isolates: give one there.
   *
   * It must test and set in one step: a Durable Object, Redis `SET key 1 NX EX 3600`, Deno KV's `atomic().check(…)`, D1's
   * `INSERT OR IGNORE`. Workers KV can not: it has no such step, and a write is seen elsewhere up to a minute later. Keep a
   * key as long as a flow lasts (`lifetime`, an hour unless given). The key is the flow's state, or for a posted code a digest
   * of it: no secret, at most 135 characters.
   *
   * @example
   * ```ts
   * createEdge({ client, keys: env.COOKIE_KEYS, claim: (key) => env.CLAIMS.get(env.CLAIMS.idFromName(key)).claim() });
   *
   * export class Claims extends DurableObject {
   *   async claim() {
   *     if (await this.ctx.storage.get("claimed")) return false;
   *     await this.ctx.storage.put("claimed", true);
   *     await this.ctx.storage.setAlarm(Date.now() + 3_600_000);
   *     return true;
   *   }
   *   alarm = () => this.ctx.storage.deleteAll();
   * }
   * ```
   */
  readonly claim?: (key: string) => boolean | Promise<boolean>;
  /** Allows other sites to link straight to the login handler. */
  readonly crossSiteStart?: boolean;
  /** Takes the public origin from the redirect URI: for servers behind a proxy that rewrites the request's URL. */
  readonly behindProxy?: boolean;
  /** Cookies without `Secure` and `__Host-` on http://localhost, for browsers that refuse those there (Safari). */
  readonly insecureLocalhost?: boolean;
  /** Hears of every failure, with its cause; nothing of it holds a secret. */
  readonly onError?: (error: SamtykkeError) => void;
}

/** The handlers. Each answers a Response to send on, with `no-store` and `no-referrer`. */
export interface Edge {
  /** Starts a flow, pushed or signed first where the provider wants that: 303 to it, with the transaction sealed in a cookie of its own. */
  login(request: Request, what: ConsentRequest | AuthorizationRequest, options?: { readonly returnTo?: string }): Promise<Response>;
  /** Ends a flow: checks, exchanges, seals the session, 303 to a clean path. Failures go to `errorPath`. */
  callback(request: Request): Promise<Response>;
  /** Takes the code that a page of this origin checked and posts (`String(code)`): 204 with the session, or JSON. */
  exchange(request: Request): Promise<Response>;
  /** The session of a request; null when there is none, or it is over, or its cookie is not ours. */
  session(request: Request): Promise<Session | null>;
  /** A `Set-Cookie` value that replaces the session, for instance to remember data. */
  keep(session: Session, request: Request): Promise<string>;
  /** Ends the session: 303 to a clean path. Only for a POST of this origin. */
  logout(request: Request): Promise<Response>;
}

const now = () => Math.floor(Date.now() / 1000);
const HEADERS = { "cache-control": "no-store", "referrer-policy": "no-referrer", vary: "Cookie" } as const;
const MAX_BODY = 32 * 1024;
const MOST_FLOWS = 5;

/**
 * Makes the handlers.
 *
 * @throws {SamtykkeError} `invalid_configuration`, `return_to_refused`.
 * @example
 * ```ts
 * const edge = createEdge({ client, keys: env.COOKIE_KEYS });
 * switch (new URL(request.url).pathname) {
 *   case "/login": return edge.login(request, { purpose: "presentation" });
 *   case "/callback": return edge.callback(request);
 * }
 * ```
 */
export function createEdge(options: EdgeOptions): Edge {
  configured(isObject(options), "options: { client, keys }");
  const { client, keys, cookieName = "samtykke", claim, sessionSeconds, onError = () => {} } = options;
  // Told by what it does: the class may be there twice in a bundle.
  configured(typeof client?.exchange === "function" && isObject(client.provider), "client: a Client");
  configured(claim === undefined || typeof claim === "function", "claim: a function");
  configured(typeof onError === "function", "onError: a function");
  configured(sessionSeconds === undefined || (Number.isSafeInteger(sessionSeconds) && sessionSeconds > 0), "sessionSeconds: a whole number, more than 0");
  const home = returnTo(options.returnTo ?? "/");
  const errorPath = returnTo(options.errorPath ?? "/");
  checkKeys(keys);
  configured(typeof cookieName === "string" && /^[\w-]{1,40}$/.test(cookieName), "cookieName: letters, digits, - and _");

  const origin = (request: Request) => new URL(options.behindProxy ? client.provider.redirectUri : request.url).origin;
  const secure = (request: Request) => !(options.insecureLocalhost && /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(origin(request)));
  const cookie = (request: Request, part: string) => `${secure(request) ? "__Host-" : ""}${cookieName}-${part}`;

  const respond = (status: number, headers: Record<string, string>, set: readonly string[] = [], body: string | null = null) => {
    const response = new Response(body, { status, headers: { ...HEADERS, ...headers } });
    for (const value of set) response.headers.append("set-cookie", value);
    return response;
  };
  const problem = (cause: unknown): SamtykkeError => {
    const error = cause instanceof SamtykkeError ? cause : hostError("api_error", { phase: "session" }, cause);
    try {
      onError(error);
    } catch {
      // A listener's trouble is not the person's.
    }
    return error;
  };
  /** To `errorPath`, with the code and what to do; never anything secret. */
  const away = ({ code, action }: SamtykkeError, set: readonly string[] = []) => {
    const [path, fragment] = errorPath.split("#", 2);
    const mark = path!.includes("?") ? "&" : "?";
    return respond(303, { location: `${path}${mark}error=${code}&action=${action}${fragment ? `#${fragment}` : ""}` }, set);
  };
  // What is sealed is bound to this place and client: a cookie of another, under the same keys, does not open here.
  const sealedFor = (part: string) => `${part} ${cookieName} ${client.provider.clientId}`;
  const json = (error: SamtykkeError) => {
    const { code, phase, action, retryable, oauth } = error;
    const status = action === "try_later" ? 502 : code === "origin_refused" ? 403 : 400;
    return respond(status, { "content-type": "application/json" }, [], JSON.stringify({ code, phase, action, retryable, oauth: oauth?.error }));
  };

  const needRequest = (request: Request) => given(isObject(request) && typeof request.headers?.get === "function", "session", "a Request");

  /** A form or fetch of this origin: the browser says so, and a page of another site cannot make it say so. */
  const requireOwnOrigin = (request: Request) => {
    const site = request.headers.get("sec-fetch-site");
    const fits = site ? site === "same-origin" : request.headers.get("origin") === origin(request);
    if (request.method !== "POST" || !fits) throw hostError("origin_refused", { expected: "a POST of this origin" });
  };

  const keep = async (session: Session, request: Request) => {
    needRequest(request);
    const fits = isObject(session) && isObject(session.tokens) && typeof session.tokens.accessToken === "string" && Number.isSafeInteger(session.expiresAt);
    given(fits, "session", "a session: { tokens, data, expiresAt }");
    const { data, expiresAt } = session;
    // Other members of the answer are the provider's; a cookie has no room for what nobody asked to keep.
    const { accessToken, tokenType, scope, requestedScope, refreshToken, idToken, expiresAt: ends } = session.tokens;
    const tokens = { accessToken, tokenType, scope, requestedScope, refreshToken, idToken, expiresAt: ends };
    const name = cookie(request, "session");
    const value = await seal(keys, sealedFor("session"), JSON.stringify({ tokens, data, expiresAt }));
    const set = setCookie(name, value, Math.max(0, expiresAt - now()), "Lax", secure(request));
    if (set.length > MAX_COOKIE) throw hostError("session_too_large", { expected: `at most ${MAX_COOKIE} octets`, actual: String(set.length) });
    return set;
  };

  const begun = async (request: Request, code: AuthorizationCode | string) => {
    const tokens = await client.exchange(code, { signal: request.signal });
    const seconds = sessionSeconds ?? tokens.expiresIn ?? 3600;
    return keep({ tokens, expiresAt: now() + seconds }, request);
  };

  return {
    async login(request, what, more) {
      needRequest(request);
      try {
        given(isObject(what) && isOptions(more), "session", "a consent or an authorization request, and options");
        // A signed answer shows no state to find its cookie by: for `finishJarm` and a route of your own.
        given(!("responseMode" in what) || !`${what.responseMode}`.endsWith("jwt"), "authorization", "responseMode: query, fragment or form_post");
        const { returnTo: target = home } = more ?? {};
        if (!options.crossSiteStart && request.headers.get("sec-fetch-site") === "cross-site") throw hostError("origin_refused");
        returnTo(target);
        const { url, state, transaction } = await client.start(what, { signal: request.signal });
        // A POST from the provider's origin carries no Lax cookie.
        const sameSite = "responseMode" in what && what.responseMode === "form_post" ? "None" : "Lax";
        const name = cookie(request, `login-${state.slice(0, 16)}`);
        const value = await seal(keys, sealedFor("login"), JSON.stringify({ transaction, returnTo: target }));
        const set = [setCookie(name, value, what.lifetime ?? 3600, sameSite, secure(request))];
        // One cookie a flow, so that tabs do not disturb each other; a few, so that headers stay small.
        const open = [...cookies(request).keys()].filter((known) => known.startsWith(cookie(request, "login-")));
        for (const old of open.slice(0, Math.max(0, open.length - MOST_FLOWS + 1))) set.push(setCookie(old, "", 0, "Lax", secure(request)));
        return respond(303, { location: url }, set);
      } catch (cause) {
        const error = problem(cause);
        // A person who followed a link sees a page, not JSON.
        return request.headers.get("sec-fetch-mode") === "navigate" ? away(error) : json(error);
      }
    },

    async callback(request) {
      needRequest(request);
      const clean: string[] = [];
      try {
        const url = new URL(request.url);
        let answer: string | FormPost = options.behindProxy ? url.search || "?" : request.url;
        let parameters = url.searchParams;
        if (request.method === "POST") {
          const body = await text(request);
          answer = { contentType: request.headers.get("content-type") ?? "", body };
          parameters = new URLSearchParams(body);
        }
        const state = parameters.get("state") ?? "";
        const all = cookies(request);
        const mine = cookie(request, `login-${state.slice(0, 16)}`);
        const prefix = cookie(request, "login-");
        // Without a cookie for this state, another flow's says more: the answer's state is wrong.
        const name = all.has(mine) && state ? mine : [...all.keys()].find((known) => known.startsWith(prefix));
        const sealed = name && all.get(name);
        const opened = sealed ? await open(keys, sealedFor("login"), sealed) : undefined;
        if (sealed && !opened) throw hostError("session_invalid");
        const login = opened ? (JSON.parse(opened) as { transaction: string; returnTo: string }) : undefined;
        const checked = finishing(login?.transaction, answer, () => clean.push(setCookie(name!, "", 0, "Lax", secure(request))));
        if (claim && !(await claim(state))) throw hostError("transaction_used");
        const session = await begun(request, checked);
        return respond(303, { location: returnTo(login!.returnTo) }, [...clean, session]);
      } catch (cause) {
        return away(problem(cause), clean);
      }

      function finishing(transaction: string | undefined, answer: string | FormPost, used: () => void): AuthorizationCode {
        try {
          const code = client.finish(transaction, answer);
          used();
          return code;
        } catch (error) {
          // The server's own answer ends the flow; a forged one does not.
          if (error instanceof SamtykkeError && (error.oauth || error.code === "transaction_expired")) used();
          throw error;
        }
      }
    },

    async exchange(request) {
      needRequest(request);
      try {
        requireOwnOrigin(request);
        const body = await text(request);
        const code = body.startsWith('"') ? String(JSON.parse(body)) : body;
        if (claim && !(await claim(await keyOf(codeIn(code))))) throw hostError("transaction_used", { phase: "token" });
        return respond(204, {}, [await begun(request, code)]);
      } catch (cause) {
        return json(problem(cause instanceof SyntaxError ? hostError("code_malformed") : cause));
      }
    },

    async session(request) {
      needRequest(request);
      const sealed = cookies(request).get(cookie(request, "session"));
      const opened = sealed && (await open(keys, sealedFor("session"), sealed));
      const session = opened ? (JSON.parse(opened) as Session) : null;
      return session && session.expiresAt > now() ? session : null;
    },

    keep,

    async logout(request) {
      needRequest(request);
      try {
        requireOwnOrigin(request);
        return respond(303, { location: home }, [setCookie(cookie(request, "session"), "", 0, "Lax", secure(request))]);
      } catch (cause) {
        return json(problem(cause));
      }
    },
  };
}

/** A posted code as a claim's key: the store that keeps it learns no code. */
async function keyOf(code: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code)));
  return `code ${Array.from(digest, (octet) => octet.toString(16).padStart(2, "0")).join("")}`;
}

async function text(request: Request): Promise<string> {
  const body = await read(request, MAX_BODY);
  if (body === undefined) throw hostError("callback_too_large");
  return body;
}
