// The page's convenience: begin and go, come back and finish, with the transaction kept in session storage.

import { type AuthorizationCode, type AuthorizationRequest, type ConsentRequest, type Provider, begin, finish } from "./flow.js";

const PREFIX = "samtykke.";

/** Where a page keeps its transactions; `sessionStorage` fits, and is the default. */
export type TransactionStorage = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

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
  const { storage = sessionStorage, navigate = (url: string) => location.assign(url) } = options;
  const login = begin(provider, request);
  storage.setItem(PREFIX + login.state, login.transaction);
  navigate(login.url);
}

/** Whether a URL is an answer of an authorization server: it has a `state`, and a `code` or an `error`. */
export function isCallback(url: string | URL = location.href): boolean {
  const { searchParams } = new URL(url);
  return searchParams.has("state") && (searchParams.has("code") || searchParams.has("error"));
}

/**
 * Finishes the flow that this page's {@link redirect} began: takes the kept transaction (reading deletes it), strips the
 * answer from the address bar and the history, then judges it. Call it before anything else runs on the page.
 *
 * @throws {SamtykkeError} As {@link finish}; `transaction_missing` when this tab began no such flow, or has used it.
 */
export function callback(
  provider: Provider,
  options: { readonly url?: string | URL; readonly storage?: TransactionStorage; readonly history?: Pick<History, "replaceState"> } = {},
): AuthorizationCode {
  const { url = location.href, storage = sessionStorage, history = globalThis.history } = options;
  const { searchParams, pathname } = new URL(url);
  const key = PREFIX + searchParams.get("state");
  let transaction = storage.getItem(key);
  storage.removeItem(key);
  history.replaceState(null, "", pathname);
  if (!transaction) {
    // Another flow of this tab may wait: then the answer's state is wrong, and saying so helps more than "missing".
    for (let at = 0; at < storage.length && !transaction; at++) {
      const other = storage.key(at);
      if (other?.startsWith(PREFIX)) transaction = storage.getItem(other);
    }
  }
  return finish(provider, transaction, url);
}

