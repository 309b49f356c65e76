// The page's convenience: begin and go, come back and finish, with the transaction kept in session storage.

import { now } from "../core/clock.js";
import { hostError, assertNothingElse } from "../core/error.js";
import { type AuthorizationCode, type AuthorizationRequest, type ConsentRequest, begin, finish } from "../protocol/flow.js";
import { type Provider, resolveUrl } from "../protocol/page_provider.js";

const PREFIX = "samtykke.";

/** Where a page keeps its transactions; `sessionStorage` fits, and is the default. */
// Written out, so that the types also serve projects without the DOM's.
export interface TransactionStorage {
  readonly length: number;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
  key(index: number): string | null;
}

/** The part of `history` that cleans the address bar. */
export interface AddressBar {
  /** The router's own, which passes on. */
  readonly state?: unknown;
  replaceState(data: unknown, unused: string, url?: string): void;
}

/** What a page finds again when the person is back. */
export interface Kept {
  /** The page's own, small, as JSON holds it. It stays in this tab. */
  readonly state?: unknown;
  /** Where the person was: an address of the redirect URI's origin, whole. */
  readonly returnTo: string;
}

/**
 * Begins a flow, keeps its transaction and sends the browser away. {@link callback} gives `state` and `returnTo` back, which is the
 * page's own address unless given; one that leads to another origin becomes the start page. Flows whose time is over are swept.
 *
 * @throws {SamtykkeError} As {@link begin}.
 */
export function redirect(
  provider: Provider,
  request: ConsentRequest | AuthorizationRequest,
  options: { readonly storage?: TransactionStorage; readonly navigate?: (url: string) => void } & Partial<Kept> = {},
): void {
  const { navigate = (url: string) => location.assign(url), storage, state, returnTo = globalThis.location?.href ?? "", ...rest } = options;
  assertNothingElse(rest);
  const login = begin(provider, request);
  const home = new URL("/", provider.redirectUri);
  const { origin, href } = resolveUrl(returnTo, home);
  const kept = JSON.stringify([login.transaction, { state, returnTo: origin === home.origin ? href : home }]);
  withStorage(storage, (store) => store.setItem(PREFIX + login.state, kept));
  navigate(login.url);
}

/** Whether a URL is an answer of an authorization server: it has a `state`, and a `code` or an `error`. False where there is no page. */
export function isCallback(url: string | URL = globalThis.location?.href): boolean {
  return /^(?=.*[?&#]state=).*[?&#](code|error)=/.test(`${url}`);
}

/**
 * Finishes the flow that this page's {@link redirect} began: takes the answer out of the address bar and of what a router keeps in
 * the history, takes the kept transaction (reading deletes it), then judges the answer. Call it before anything else runs on the page.
 * What was kept for the page is on the code, and on the error where the flow was known: `error.kept`.
 *
 * @throws {SamtykkeError} As {@link finish}; `transaction_missing` when this tab began no such flow, whichever else it
 * did begin, has used it, or may not read its storage.
 */
export function callback(
  provider: Provider,
  options: { readonly url?: string | URL; readonly storage?: TransactionStorage; readonly history?: AddressBar } = {},
): AuthorizationCode & { readonly kept: Kept } {
  const { url = location.href, history = globalThis.history, storage, ...rest } = options;
  assertNothingElse(rest);
  const address = `${url}`;
  const state = new URLSearchParams(address.replace(/[?#]/g, "&")).get("state") ?? "";
  // First of all: whatever fails below, the answer is out of sight of scripts, of the history and of a reload.
  history.replaceState(without(history.state, state), "", without(address, state && "state="));
  const [transaction, value] = withStorage(storage, (store) => {
    const key = PREFIX + state;
    const kept = store.getItem(key);
    store.removeItem(key);
    return JSON.parse(kept ?? "[]");
  });
  const give = (to: unknown) => Object.defineProperty(to, "kept", { value });
  try {
    return give(finish(provider, transaction, url)) as never;
  } catch (error) {
    throw give(error);
  }
}

const ANSWER = /(?:&|([?#]))(?:code|state|iss|error(?:_\w+)?|scope|response|\w+_(?:state|token))=[^&#]*/g;

/** Addresses without the answer that has this `state`, wherever they stand in what a router keeps. */
function without<T>(kept: T, state: string, depth = 9): T {
  if (typeof kept === "string") {
    const clean = (part: string) => (part.includes(state) ? part.replace(ANSWER, "$1").replace(/^(.)&|^.$/, "$1") : part);
    return kept.replace(/[?#][^#]*/g, clean) as T;
  }
  if (depth) for (const name in kept) kept[name] = without(kept[name], state, depth - 1);
  return kept;
}

/** Uses the storage, once swept. Browsers that keep cookies off keep storage off too, and throw. */
function withStorage<T>(storage: TransactionStorage | undefined, use: (store: TransactionStorage) => T): T {
  try {
    const store = storage ?? sessionStorage;
    for (let at = store.length; at--; ) {
      const key = store.key(at)!;
      const [, , , , , , begun, lifetime] = key.startsWith(PREFIX) ? store.getItem(key)!.split(" ") : [];
      if (+begun! + +lifetime! < now()) store.removeItem(key);
    }
    return use(store);
  } catch (cause) {
    throw hostError("transaction_missing", { expected: "storage" }, cause);
  }
}
