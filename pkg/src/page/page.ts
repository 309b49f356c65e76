// The page's convenience: begin and go, come back and finish, with the transaction kept in session storage.

import { hostError, nothing } from "../core/error.js";
import { type AuthorizationCode, type AuthorizationRequest, type ConsentRequest, begin, finish } from "../protocol/flow.js";
import { type Provider, place } from "../protocol/page_provider.js";

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

/**
 * Begins a flow, keeps its transaction and sends the browser away.
 *
 * @throws {SamtykkeError} As {@link begin}.
 */
export function redirect(
  provider: Provider,
  request: ConsentRequest | AuthorizationRequest,
  options: { readonly storage?: TransactionStorage; readonly navigate?: (url: string) => void } = {},
): void {
  const { navigate = (url: string) => location.assign(url), storage, ...rest } = options;
  nothing(rest);
  const login = begin(provider, request);
  stored(() => (storage ?? sessionStorage).setItem(PREFIX + login.state, login.transaction));
  navigate(login.url);
}

/** Whether a URL is an answer of an authorization server: it has a `state`, and a `code` or an `error`. False where there is no page. */
export function isCallback(url: string | URL = globalThis.location?.href): boolean {
  return /^(?=.*[?&#]state=).*[?&#](code|error)=/.test(`${url}`);
}

/**
 * Finishes the flow that this page's {@link redirect} began: strips the answer from the address bar and the history, takes
 * the kept transaction (reading deletes it), then judges the answer. Call it before anything else runs on the page.
 *
 * @throws {SamtykkeError} As {@link finish}; `transaction_missing` when this tab began no such flow, whichever else it
 * did begin, has used it, or may not read its storage.
 */
export function callback(
  provider: Provider,
  options: { readonly url?: string | URL; readonly storage?: TransactionStorage; readonly history?: AddressBar } = {},
): AuthorizationCode {
  const { url = location.href, history = globalThis.history, storage, ...rest } = options;
  nothing(rest);
  const parsed = new URL(url);
  // First of all: whatever fails below, the answer is out of sight of scripts, of the history and of a reload.
  history.replaceState(history.state, "", place(url));
  const transaction = stored(() => {
    const store = storage ?? sessionStorage;
    const key = PREFIX + answerIn(parsed).get("state");
    const kept = store.getItem(key);
    store.removeItem(key);
    return kept;
  });
  return finish(provider, transaction, url);
}

/** The answer's parameters: in the query, or in the fragment where that was asked for. */
const answerIn = ({ search, hash }: URL) => new URLSearchParams(`${search}&${hash.slice(1)}`);

/** Browsers that keep cookies off keep storage off too, and throw. */
function stored<T>(use: () => T): T {
  try {
    return use();
  } catch (cause) {
    throw hostError("transaction_missing", { expected: "storage" }, cause);
  }
}
