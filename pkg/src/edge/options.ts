// What the edge handlers are made with: judged once, when a worker starts; a name that is none of theirs is refused.

import { type Names, assertConfigured, isObject, only } from "../core/check.js";
import type { SamtykkeError } from "../core/error.js";
import { type SealKeys, checkKeys } from "../crypto/seal.js";
import type { Client } from "../protocol/client.js";
import type { IdTokenClaims } from "../protocol/id_token.js";
import type { Data, Keeper, LoginRequest, LoginSettings, Session } from "./model.js";
import { pathOf, returnTo } from "./return_to.js";

/** What outlives a response: `ctx.waitUntil` of a worker, `after` of Next. */
export type WaitUntil = (work: Promise<unknown>) => void;

/** Where the handlers of {@link Edge.route} are; paths of this origin. The callback's is the redirect URI's own. */
export interface EdgePaths {
  /** `login` under `basePath` unless given. */
  readonly login?: string;
  /** `logout` under `basePath` unless given. */
  readonly logout?: string;
  /** Takes a page's code; `exchange` under `basePath` unless given. */
  readonly exchange?: string;
  /** Takes the server's logout tokens; `backchannel-logout` under `basePath` unless given. */
  readonly backchannelLogout?: string;
}

/** Sessions in a store; made by `storedSessions` of `samtykke/edge/store`. */
export interface StoredSessions {
  readonly kind: "storedSessions";
  /** @internal */
  keeper(site: Site): Keeper;
  /** @internal Whether a flow is claimed for the first time. */
  claim(site: Site, key: string): Promise<boolean>;
  /** @internal Takes a logout token of the server's. */
  logout(site: Site, request: Request): Promise<Response>;
  /** @internal Whether the server ended the session of these claims. */
  isOver(site: Site, claims: IdTokenClaims, begun: number): Promise<boolean>;
}

/** How the handlers behave. */
export interface EdgeOptions {
  readonly client: Client;
  /** Keys that seal cookies and records: 32 octets each as base64url, newest first. A text may hold several, comma-separated. */
  readonly keys: SealKeys;
  /** Where the application lives on its origin: no one is sent outside it, and another edge has other cookies. `/` unless given. */
  readonly basePath?: string;
  /** Where a person goes after a flow and after a logout; `basePath` unless given. */
  readonly returnTo?: string;
  /** Where a person goes after a failed flow, with `?error=<code>&action=<action>` added. A page of the library's unless given. */
  readonly errorPath?: string;
  /** Answers a person whose flow failed, in place of the library's page. */
  readonly errorPage?: (error: SamtykkeError, request: Request) => Response | Promise<Response>;
  /** Seconds a session lasts at most; 43,200 (12 hours) unless given. */
  readonly maxAge?: number;
  /** Seconds a session lasts without use; 3,600 (an hour) unless given. */
  readonly idle?: number;
  /** Keeps sessions, so that the browser has no more than their number: `storedSessions(…)`. Without it they lie sealed in cookies. */
  readonly store?: StoredSessions;
  /**
   * Without a store: `best-effort` renews tokens that end within 60 seconds in {@link Edge.refresh} and {@link Edge.handle}, once
   * for each isolate; `off`, the default, never. A server that revokes a login when a refresh token comes twice can end one so.
   * With a store they are always renewed, exactly once.
   */
  readonly refresh?: "best-effort" | "off";
  /** What one response's `Set-Cookie` lines may take, in octets; 3,800 unless given, which every proxy takes. */
  readonly cookieBudget?: number;
  /** What {@link Edge.route} asks for at a login. */
  readonly login?: LoginRequest | ((request: Request) => LoginRequest | Promise<LoginRequest>);
  /** Hears of each new session; what it answers is the session's `data`. `login.state` is the application's own. */
  readonly onSession?: (session: Session, login: LoginSettings) => Data | undefined | Promise<Data | undefined>;
  /** The paths of {@link Edge.route}. */
  readonly paths?: EdgePaths;
  /** Where the server sends a browser that it logged out; registered there. Without it a logout ends the session here alone. */
  readonly postLogoutRedirectUri?: string;
  /** Takes logout tokens of the server's (OpenID Connect Back-Channel Logout). It needs a `store`. */
  readonly backchannelLogout?: boolean;
  /**
   * Claims a flow once, across all isolates and machines: answers true the first time it is called with a key, and false ever
   * after. A `store` does that unasked. Without either, each isolate remembers only the codes that it sent itself, and the login
   * cookie is deleted by the first callback; two callbacks at the same moment in two isolates then send one code twice, and
   * norskgjeld kills the token of the first. One process needs no claim. Cloudflare Workers always run in several isolates.
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
  /** Keeps a worker alive for what a response does not wait for. Cloudflare's workers have their own. */
  readonly waitUntil?: WaitUntil;
  /** Allows other sites to link straight to the login handler. */
  readonly crossSiteStart?: boolean;
  /** For servers behind a proxy that rewrites the request's URL: its origin is not compared with the redirect URI's. */
  readonly behindProxy?: boolean;
  /** Cookies without `Secure` and `__Host-` on http://localhost, for browsers that refuse those there (Safari). */
  readonly insecureLocalhost?: boolean;
  /** Hears of every failure, with its cause; nothing of it holds a secret. */
  readonly onError?: (error: SamtykkeError) => void;
}

/** @internal Options with what is derived from them. */
export interface Site extends EdgeOptions {
  readonly maxAge: number;
  readonly idle: number;
  readonly cookieBudget: number;
  readonly basePath: string;
  readonly home: string;
  readonly places: Required<EdgePaths> & { readonly callback: string; readonly loggedOut?: string };
  /** The origin that people see. */
  readonly origin: string;
  readonly secure: boolean;
  /** What is sealed is bound to this: a cookie of another client or application, under the same keys, does not open here. */
  readonly binding: string;
  /** What cookies' names begin with. */
  name(): Promise<string>;
  /** Tells `onError`; answers the error as one of the library's. */
  problem(cause: unknown): SamtykkeError;
  /** Lets work go on after the response. */
  outlive(request: Request, work: Promise<unknown>): void;
  readonly waiters: WeakMap<Request, WaitUntil>;
}

const isFunction = (value: unknown) => typeof value === "function";

/** Each option, by what it must be. */
const KINDS: readonly (readonly [kind: string, names: string, holds: (value: unknown) => boolean])[] = [
  ["a Client", "client", (value) => isObject(value) && isFunction(value["exchange"]) && isObject(value["provider"])],
  ["storedSessions(…) of samtykke/edge/store", "store", (value) => isObject(value) && isFunction(value["keeper"])],
  ["best-effort or off", "refresh", (value) => value === "best-effort" || value === "off"],
  ["a function", "errorPage onSession claim waitUntil onError", isFunction],
  ["a whole number, more than 0", "maxAge idle cookieBudget", (value) => Number.isSafeInteger(value) && (value as number) > 0],
  ["true or false", "backchannelLogout crossSiteStart behindProxy insecureLocalhost", (value) => typeof value === "boolean"],
  ["a text", "basePath postLogoutRedirectUri", (value) => typeof value === "string"],
  ["an object", "paths", isObject],
  ["a request, or a function that answers one", "login", (value) => isObject(value) || isFunction(value)],
  // Judged elsewhere.
  ["", "keys returnTo errorPath", () => true],
];

/** @internal Judges options. */
export function checkOptions(options: EdgeOptions): void {
  assertConfigured(isObject(options), "options: { client, keys }");
  only(options, Object.fromEntries(KINDS.flatMap(([, names]) => names.split(" ")).map((name) => [name, 1])));
  for (const [kind, names, holds] of KINDS) {
    for (const name of names.split(" ")) {
      const value = options[name as keyof EdgeOptions];
      assertConfigured((value === undefined && name !== "client") || holds(value), `${name}: ${kind}`);
    }
  }
  checkKeys(options.keys);
  assertConfigured(!options.backchannelLogout || !!options.store, "backchannelLogout with a store, which all isolates share");
}

/** @internal Paths that an edge answers itself. */
export function placesOf({ client, basePath = "/", paths = {}, postLogoutRedirectUri }: EdgeOptions): Site["places"] {
  only(paths, { login: 1, logout: 1, exchange: 1, backchannelLogout: 1 } satisfies Names<EdgePaths>);
  const under = (name: string) => `${basePath.replace(/\/$/, "")}/${name}`;
  const { login = under("login"), logout = under("logout"), exchange = under("exchange"), backchannelLogout = under("backchannel-logout") } = paths;
  for (const path of [basePath, login, logout, exchange, backchannelLogout]) returnTo(path);
  return {
    login,
    logout,
    exchange,
    backchannelLogout,
    callback: pathOf(client.provider.redirectUri),
    ...(postLogoutRedirectUri !== undefined && { loggedOut: pathOf(postLogoutRedirectUri) }),
  };
}
