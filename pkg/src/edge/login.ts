// Login and callback: what a flow asked for travels sealed in a cookie of its own, and comes back with the answer.
// Refuses prefetches, other methods, other sites and origins; nothing of an exchange hangs on the visitor's connection.

import { type Names, assertGiven, isObject, only } from "../core/check.js";
import { SamtykkeError } from "../core/error.js";
import { read } from "../core/http.js";
import { octetsOf } from "../crypto/base64url.js";
import { open, seal } from "../crypto/seal.js";
import type { ExchangeOptions } from "../protocol/client.js";
import { type AuthorizationCode, type AuthorizationRequest, type ConsentRequest, type FormPost, codeIn } from "../protocol/flow.js";
import type { StartOptions } from "../protocol/start.js";
import type { Tokens } from "../protocol/tokens.js";
import { MAX_COOKIE, cookies, setCookie } from "./cookies.js";
import { MOST, sessionNames } from "./keeper.js";
import type { Site } from "./options.js";
import { refuse, respond } from "./respond.js";
import { returnTo } from "./return_to.js";
import { begun, checkData, toSession } from "./session.js";
import { cookiesOf, tooLarge, trouble } from "./trouble.js";
import type { Keeper, LoginRequest, LoginSettings } from "./model.js";

/** How one login goes. */
export interface LoginOptions extends Omit<StartOptions, "signal"> {
  /** Where the person goes afterwards. */
  readonly returnTo?: string;
  /** What the code's exchange is told. */
  readonly exchange?: Omit<ExchangeOptions, "signal">;
  /** The application's own, for `onSession`: JSON, at most 1,024 octets. */
  readonly state?: unknown;
}

const LOGIN: Names<LoginOptions> = { returnTo: 1, exchange: 1, state: 1, requestObject: 1, pushedRequests: 1 };

interface Carried extends LoginSettings {
  readonly transaction: string;
}

const MAX_BODY = 32 * 1024;
const MAX_STATE = 1_024;
const MOST_FLOWS = 5;
const NAMED = ["acrValues", "claims", "prompt", "maxAge", "resource"] as const;

/** A browser that fetches ahead asks for nothing: a code it spent would be gone when the person comes. */
const isPrefetch = ({ headers }: Request) => /\bprefetch\b/i.test(`${headers.get("sec-purpose")} ${headers.get("purpose")}`);

/** @internal An answer for a request that is none of this handler's. */
export async function unfit(site: Site, request: Request, methods: readonly string[]): Promise<Response | undefined> {
  if (isPrefetch(request)) return respond(204);
  if (methods.includes(request.method)) return undefined;
  const allow = methods.join(", ");
  return refuse(site, request, trouble("method_refused", { expected: allow, actual: request.method }), { headers: { allow } });
}

/** @internal A request that came by another origin than people see would lose its cookies there. */
export function checkOrigin(site: Site, request: Request): void {
  const { origin } = new URL(request.url);
  if (site.behindProxy || origin === site.origin) return;
  throw trouble("origin_refused", {
    expected: `${site.origin}, as redirectUri says; or behindProxy: true, where a proxy rewrites the request's URL`,
    actual: origin,
  });
}

/** @internal A form or fetch of this origin: the browser says so, and a page of another site cannot make it say so. */
export function checkOwnOrigin(site: Site, request: Request): void {
  const from = request.headers.get("sec-fetch-site");
  if (from ? from !== "same-origin" : request.headers.get("origin") !== site.origin) {
    throw trouble("origin_refused", { expected: `a page of ${site.origin}` });
  }
}

/** @internal A request's body as text. */
export async function bodyOf(request: Request): Promise<string> {
  const body = await read(request, MAX_BODY);
  if (body === undefined) throw trouble("callback_too_large", { phase: "callback" });
  return body;
}

/** The request with its named parameters as the wire has them. */
function asWire(what: LoginRequest): ConsentRequest | AuthorizationRequest {
  const rest: Record<string, unknown> = { ...what };
  const extra: Record<string, string | number | readonly string[]> = { ...(rest["extra"] as object) };
  for (const name of NAMED) {
    const value = rest[name];
    delete rest[name];
    if (value === undefined) continue;
    const wire = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    assertGiven(extra[wire] === undefined, "authorization", `${name}, or ${wire} in extra`);
    extra[wire] = name === "claims" ? JSON.stringify(value) : name === "acrValues" ? [value].flat().join(" ") : (value as string);
  }
  return { ...rest, ...(Object.keys(extra).length && { extra }) } as ConsentRequest | AuthorizationRequest;
}

const loginName = async (site: Site, state: string) => `${await site.name()}-login-${state.slice(0, 16)}`;
const loginNames = async (site: Site, request: Request) => {
  const prefix = await loginName(site, "");
  return [...cookies(request).keys()].filter((name) => name.startsWith(prefix));
};
const purpose = (site: Site) => `login ${site.binding}`;

/** Cookies to drop, the oldest first, so that all that are left, with `added` octets, stay few and small. */
async function dropOldLogins(site: Site, request: Request, added: number, most: number, but?: string): Promise<string[]> {
  const all = cookies(request);
  const size = (names: readonly string[]) => names.reduce((sum, name) => sum + name.length + (all.get(name)?.length ?? 0) + 3, 0);
  const left = (await loginNames(site, request)).filter((name) => name !== but);
  const other = added + (but === undefined ? size(await sessionNames(site)) : 0);
  const gone: string[] = [];
  while (left.length && (left.length > most || size(left) + other > MOST)) gone.push(left.shift()!);
  return gone.map((name) => setCookie(name, "", 0, "Lax", site.secure));
}

/** @internal Starts a flow: 303 to the server, with the transaction sealed in a cookie of its own. */
export async function login(site: Site, request: Request, what: LoginRequest, options: LoginOptions = {}): Promise<Response> {
  const no = await unfit(site, request, ["GET", "POST"]);
  if (no) return no;
  try {
    assertGiven(isObject(what), "session", "a consent or an authorization request");
    only(options, LOGIN, "session");
    const { returnTo: target = site.home, exchange, state, ...start } = options;
    const mode = `${("responseMode" in what && what.responseMode) || "query"}`;
    // A signed answer shows no state to find its cookie by: for `finishJarm` and a route of your own. A fragment reaches no server.
    assertGiven(mode === "query" || mode === "form_post", "authorization", "responseMode: query or form_post");
    assertGiven(mode === "query" || site.secure, "authorization", "responseMode: query, with insecureLocalhost; a cookie that crosses sites is Secure");
    checkOrigin(site, request);
    if (!site.crossSiteStart && request.headers.get("sec-fetch-site") === "cross-site")
      throw trouble("origin_refused", { expected: "a link of this site, or crossSiteStart: true" });
    returnTo(target, inside(site));
    const carried = checkData({ state, exchange }, MAX_STATE, "state and exchange") as Omit<Carried, "transaction" | "returnTo">;
    const begun = await site.client.start(asWire(what), start);
    const sealed = await seal(site.keys, purpose(site), JSON.stringify({ ...carried, transaction: begun.transaction, returnTo: target } satisfies Carried));
    // A POST from the server's origin carries no Lax cookie.
    const line = setCookie(await loginName(site, begun.state), sealed, what.lifetime ?? 3600, mode === "form_post" ? "None" : "Lax", site.secure);
    if (line.length > Math.min(MAX_COOKIE, site.cookieBudget)) {
      throw tooLarge(`a login cookie of at most ${MAX_COOKIE} octets: less state, a shorter returnTo or scope`, line.length);
    }
    // One cookie a flow, so that tabs do not disturb each other; a few, so that headers stay small.
    return respond(303, { location: begun.url }, [line, ...(await dropOldLogins(site, request, line.length, MOST_FLOWS - 1))]);
  } catch (cause) {
    return refuse(site, request, cause);
  }
}

/** @internal Where people may be sent. */
export const inside = ({ basePath, places }: Site) => ({ basePath, handlers: Object.values(places).filter(Boolean) });

/** Claims a flow for this callback alone. */
async function isFirst(site: Site, key: string): Promise<boolean> {
  if (site.claim) return site.claim(key);
  return site.store ? site.store.claim(site, key) : true;
}

/** @internal Ends a flow: checks, exchanges, keeps the session, 303 to a clean path. */
export async function callback(site: Site, keeper: Keeper, request: Request): Promise<Response> {
  const no = await unfit(site, request, ["GET", "POST"]);
  if (no) return no;
  const clean: string[] = [];
  try {
    const url = new URL(request.url);
    let answer: string | FormPost = site.behindProxy ? url.search || "?" : request.url;
    let parameters = url.searchParams;
    if (request.method === "POST") {
      const body = await bodyOf(request);
      answer = { contentType: request.headers.get("content-type") ?? "", body };
      parameters = new URLSearchParams(body);
    }
    // The state finds the cookie; whether it is the right one is the core's to say.
    const state = parameters.get("state") ?? "";
    const all = cookies(request);
    const mine = await loginName(site, state);
    // Without a cookie for this state, another flow's says more: the answer's state is wrong.
    const name = all.has(mine) && state ? mine : (await loginNames(site, request))[0];
    const sealed = name && all.get(name);
    const opened = sealed ? await open(site.keys, purpose(site), sealed) : undefined;
    if (sealed && !opened) throw trouble("session_invalid");
    const { transaction, ...settings } = (opened ? JSON.parse(opened) : {}) as Partial<Carried>;
    const used = () => clean.push(setCookie(name!, "", 0, "Lax", site.secure));
    const code = finishLogin(site, transaction, answer, used);
    if (!(await isFirst(site, state))) throw trouble("transaction_used", { phase: "callback" });
    const set = await outliveRequest(site, request, exchangeCode(site, keeper, request, code, settings as LoginSettings, clean, name!));
    return respond(303, { location: returnTo(settings.returnTo!, inside(site)) }, [...clean, ...set]);
  } catch (cause) {
    return refuse(site, request, cause, { set: clean, person: true });
  }
}

function finishLogin(site: Site, transaction: string | undefined, answer: string | FormPost, used: () => void): AuthorizationCode {
  try {
    const code = site.client.finish(transaction, answer);
    used();
    return code;
  } catch (error) {
    // The server's own answer ends the flow; a forged one does not.
    if (error instanceof SamtykkeError && (error.oauth || error.code === "transaction_expired")) used();
    throw error;
  }
}

function outliveRequest<T>(site: Site, request: Request, work: Promise<T>): Promise<T> {
  site.outlive(request, work);
  return work;
}

/** Exchanges a code and keeps the session. Not by the request's signal: a person who leaves shall not have spent the code for nothing. */
async function exchangeCode(
  site: Site,
  keeper: Keeper,
  request: Request,
  code: AuthorizationCode | string,
  settings: LoginSettings,
  clean: readonly string[],
  name?: string,
): Promise<string[]> {
  const tokens = await site.client.exchange(code, settings.exchange ?? {});
  try {
    const first = begun(site, tokens, undefined);
    const data = checkData(await site.onSession?.(toSession(first), settings), MAX_BODY, "data");
    const set = await keeper.begin(request, data ? { ...first, data } : first);
    const octets = [...clean, ...set].reduce((sum, line) => sum + line.length, 0);
    if (octets > site.cookieBudget) throw tooLarge(cookiesOf(site.cookieBudget), octets);
    const size = set.reduce((sum, line) => sum + line.split(";", 1)[0]!.length, 0);
    return [...set, ...(await dropOldLogins(site, request, size, MOST_FLOWS, name ?? ""))];
  } catch (cause) {
    // What cannot be kept is not left lying about.
    revoke(site, request, tokens);
    throw cause;
  }
}

/** @internal Whether the server hears of it or not, the tokens are over here. */
export function revoke(site: Site, request: Request, { refreshToken }: Tokens): void {
  if (refreshToken === undefined) return;
  const done = site.client.revoke(refreshToken, { hint: "refresh_token" }).catch((cause) => {
    // A server without the endpoint ends the token in its own time.
    if (cause?.code !== "endpoint_missing") site.problem(cause);
  });
  site.outlive(request, done);
}

/** @internal Takes the code that a page of this origin checked and posts. */
export async function exchange(site: Site, keeper: Keeper, request: Request, options: LoginOptions["exchange"]): Promise<Response> {
  const no = await unfit(site, request, ["POST"]);
  if (no) return no;
  try {
    checkOrigin(site, request);
    checkOwnOrigin(site, request);
    const body = await bodyOf(request);
    const code = body.startsWith('"') ? String(JSON.parse(body)) : body;
    if (!(await isFirst(site, await keyOf(codeIn(code))))) throw trouble("transaction_used", { phase: "token" });
    return respond(
      204,
      {},
      await outliveRequest(site, request, exchangeCode(site, keeper, request, code, { returnTo: site.home, ...(options && { exchange: options }) }, [])),
    );
  } catch (cause) {
    return refuse(site, request, cause instanceof SyntaxError ? trouble("code_malformed", { phase: "callback" }) : cause);
  }
}

/** A posted code as a claim's key: the store that keeps it learns no code. */
async function keyOf(code: string): Promise<string> {
  const octets = new Uint8Array(await crypto.subtle.digest("SHA-256", octetsOf(code)));
  return `code ${Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("")}`;
}
