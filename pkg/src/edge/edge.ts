// Ready-made handlers for a worker or server: login, callback, exchange for a page, session, refresh, logout. Web-standard Request
// and Response. Neither token nor verifier reaches a page (RFC 9700, OAuth 2.0 for Browser-Based Applications section 6.1).

import { assertConfigured, assertGiven, isObject, only } from "../core/check.js";
import { SamtykkeError, hostError } from "../core/error.js";
import { now } from "../core/clock.js";
import { tell } from "../core/wait.js";
import { octetsOf } from "../crypto/base64url.js";
import { encoded } from "../crypto/seal.js";
import type { ResourceFetch, ResourceOptions } from "../protocol/resource.js";
import { cookieKeeper } from "./keeper.js";
import { type LoginOptions, callback, exchange, login } from "./login.js";
import { type LogoutOptions, loggedOut, logout } from "./logout.js";
import { type EdgeOptions, type Site, type WaitUntil, checkOptions, placesOf } from "./options.js";
import { type Refreshed, refreshSession } from "./refresh.js";
import { refuse, respond, withCookies } from "./respond.js";
import { returnTo } from "./return_to.js";
import { checkData, toSession } from "./session.js";
import { runtimeWaitUntil } from "./wait_until.js";
import { trouble } from "./trouble.js";
import type { Data, Held, Keeper, LoginRequest, Session } from "./model.js";

/** The handlers. Each answers a Response to send on, with `private, no-store` and `no-referrer`. */
export interface Edge {
  /** Starts a flow, pushed or signed first where the server wants that: 303 to it, with the transaction sealed in a cookie of its own. */
  login(request: Request, what: LoginRequest, options?: LoginOptions): Promise<Response>;
  /** Ends a flow: checks, exchanges, keeps the session, 303 to a clean path. Failures go to `errorPage`, `errorPath` or a page. */
  callback(request: Request): Promise<Response>;
  /** Takes the code that a page of this origin checked and posts (`String(code)`): 204 with the session, or JSON. */
  exchange(request: Request, options?: LoginOptions["exchange"]): Promise<Response>;
  /**
   * The session of a request; null when there is none, or it is over, or its cookie is not ours. It changes nothing.
   *
   * @throws {SamtykkeError} `session_unavailable` when the store does not answer: no reason to log in again.
   */
  session(request: Request): Promise<Session | null>;
  /**
   * The session, its tokens renewed where they end within a minute, its idle life prolonged. Send the cookies on with whatever you
   * answer: {@link Edge.answer} does. `always` renews tokens that are good as well.
   *
   * @throws {SamtykkeError} `session_unavailable` when the store does not answer.
   */
  refresh(request: Request, options?: { readonly always?: boolean }): Promise<Refreshed>;
  /**
   * Remembers data of the application's with the session, in place of what there was: `Set-Cookie` lines for the response.
   *
   * @throws {SamtykkeError} `session_missing`; `session_too_large`; `session_unavailable`.
   */
  keep(request: Request, data: Data | null): Promise<readonly string[]>;
  /** A response of the application's with these cookie lines, kept from caches then. */
  answer(response: Response, cookies: readonly string[]): Response;
  /**
   * A function like `fetch` that calls APIs with a session's token, at the named origins alone.
   *
   * @throws {SamtykkeError} From each call: `token_expired` for a token that has ended; as {@link Client.fetch}.
   */
  fetch(session: Session, options: ResourceOptions): ResourceFetch;
  /** Ends the session: 303 to the server where it logs people out, else to a clean path. Only for a POST of this origin. */
  logout(request: Request, options?: LogoutOptions): Promise<Response>;
  /** The browser's return from the server's logout, at `postLogoutRedirectUri`: 303 home. */
  loggedOut(request: Request): Promise<Response>;
  /** Takes a logout token of the server's, and ends the session, or all of the person's, in every isolate. */
  backchannelLogout(request: Request): Promise<Response>;
  /** Answers a request to one of the handlers' own paths; nothing for any other. */
  route(request: Request): Promise<Response | undefined>;
  /**
   * The entry of an application: answers the handlers' paths, and others by `next`, which gets the session as {@link Edge.refresh}
   * left it and why it could not be renewed, with the cookies on what it answers.
   *
   * @example
   * ```ts
   * const edge = createEdge({ client, keys: env.COOKIE_KEYS, login: { purpose: "presentation", days: 100 } });
   * const response = await edge.handle(request, (session) => new Response(session ? "logged in" : "log in first"));
   * ```
   */
  handle(request: Request, next: (session: Session | null, error?: SamtykkeError) => Response | Promise<Response>): Promise<Response>;
  /** Names what keeps the worker alive for one request's work, where the runtime tells it with the request. */
  keepAlive(request: Request, waitUntil: WaitUntil): void;
}

/** Cookies' names, by what they derive from: an edge may be made anew for each request. */
const names = new Map<string, string>();

async function nameFor(binding: string): Promise<string> {
  let name = names.get(binding);
  if (!name) {
    name = `samtykke-${encoded(new Uint8Array(await crypto.subtle.digest("SHA-256", octetsOf(binding)), 0, 6))}`;
    names.set(binding, name);
  }
  return name;
}

function siteOf(options: EdgeOptions): Site {
  checkOptions(options);
  const { client, basePath = "/", onError = () => {} } = options;
  const { issuer, clientId, redirectUri } = client.provider;
  assertConfigured(!!redirectUri, "client: one with a redirectUri");
  const { origin } = new URL(redirectUri);
  const places = placesOf(options);
  const where = { basePath, handlers: Object.values(places).filter(Boolean) };
  const home = returnTo(options.returnTo ?? basePath, where);
  if (options.errorPath !== undefined) returnTo(options.errorPath, where);
  const secure = !(options.insecureLocalhost && /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(origin));
  const binding = `${issuer} ${clientId} ${basePath}`;
  const waiters = new WeakMap<Request, WaitUntil>();
  return {
    maxAge: 43_200,
    idle: 3_600,
    cookieBudget: 3_800,
    ...(Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as unknown as EdgeOptions),
    basePath,
    places,
    home,
    origin,
    secure,
    binding,
    waiters,
    name: async () => `${secure ? "__Host-" : ""}${await nameFor(binding)}`,
    problem(cause) {
      const error = cause instanceof SamtykkeError ? cause : hostError("api_error", { phase: "session", action: "try_later" }, cause);
      // A listener's trouble is not the person's.
      tell(onError, error);
      return error;
    },
    outlive(request, work) {
      const settled = work.then(
        () => {},
        () => {},
      );
      try {
        (waiters.get(request) ?? options.waitUntil ?? runtimeWaitUntil())?.(settled);
      } catch {
        // Outside a request there is nothing to keep alive.
      }
    },
  };
}

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
  const site = siteOf(options);
  const kept: Keeper = site.store?.keeper(site) ?? cookieKeeper(site);
  /** Sessions that the server has not ended. */
  const keeper: Keeper = { ...kept, read: async (request) => stillIn(site, kept, request) };
  const edge: Edge = {
    login: judged((request, what, more) => login(site, request, what, more)),
    callback: judged((request) => callback(site, keeper, request)),
    exchange: judged((request, more) => exchange(site, keeper, request, more)),
    session: judged(async (request) => {
      const held = await keeper.read(request);
      return held ? toSession(held.kept) : null;
    }),
    refresh: judged(async (request, options = {}) => {
      only(options, { always: 1 }, "session");
      return refreshSession(site, keeper, request, options.always ?? false);
    }),
    keep: judged(async (request, data) => {
      const checked = checkData(data, 32 * 1024, "data");
      const held = await keeper.read(request);
      const changed = held && (await keeper.change(request, held, ({ data: _, ...rest }) => ({ ...rest, ...(checked && { data: checked }) })));
      if (!changed?.kept) throw trouble("session_missing");
      return changed.cookies;
    }),
    answer: withCookies,
    fetch(session, where) {
      assertGiven(isObject(session) && isObject(session.tokens), "api", "a session");
      const { tokens } = session;
      const call = site.client.fetch(tokens, where);
      return async (input, init) => {
        if (tokens.expiresAt !== undefined && tokens.expiresAt <= now()) throw trouble("token_expired", { phase: "api" });
        return call(input, init);
      };
    },
    logout: judged((request, more) => logout(site, keeper, request, more)),
    loggedOut: judged((request) => loggedOut(site, request)),
    backchannelLogout: judged(async (request) => (site.backchannelLogout ? site.store!.logout(site, request) : respond(404))),
    route: judged((request) => route(site, edge, request)),
    handle: judged(async (request, next) => {
      const own = await route(site, edge, request);
      if (own) return own;
      let found: Refreshed;
      try {
        found = await refreshSession(site, keeper, request, false);
      } catch (cause) {
        return refuse(site, request, cause);
      }
      return withCookies(await next(found.session, found.error), found.cookies);
    }),
    keepAlive: (request, waitUntil) => void site.waiters.set(request, waitUntil),
  };
  return edge;
}

/** A handler that says so when it gets no request. */
const judged =
  <Rest extends unknown[], T>(work: (request: Request, ...rest: Rest) => Promise<T>) =>
  async (request: Request, ...rest: Rest): Promise<T> => {
    assertGiven(isObject(request) && typeof request.headers?.get === "function" && typeof request.url === "string", "session", "a Request");
    return work(request, ...rest);
  };

async function stillIn(site: Site, keeper: Keeper, request: Request): Promise<Held | undefined> {
  const held = await keeper.read(request);
  const claims = site.backchannelLogout && held?.kept.tokens.claims;
  return claims && (await site.store!.isOver(site, claims, held.kept.begun)) ? undefined : held;
}

async function route(site: Site, edge: Edge, request: Request): Promise<Response | undefined> {
  const { pathname, searchParams } = new URL(request.url);
  const { places } = site;
  for (const name of ["callback", "loggedOut", "logout", "exchange", "backchannelLogout"] as const) {
    if (places[name] === pathname && (name !== "backchannelLogout" || site.backchannelLogout)) return edge[name](request);
  }
  if (pathname !== places.login || site.login === undefined) return undefined;
  try {
    const what = typeof site.login === "function" ? await site.login(request) : site.login;
    const target = searchParams.get("returnTo");
    return await edge.login(request, what, target === null ? {} : { returnTo: target });
  } catch (cause) {
    return refuse(site, request, cause);
  }
}
