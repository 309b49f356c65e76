// Logging a person out at the server too (OIDC RP-Initiated Logout 1.0): where to send the browser, and its return.

import { base64url } from "../crypto/webcrypto.js";
import { type Names, only } from "../core/check.js";
import { call } from "../core/wasm.js";
import { hostError } from "../core/error.js";
import { type Provider, clientLines } from "./page_provider.js";

/** A logout to ask for. Without a hint the server asks the person whom to log out. */
export interface LogoutRequest {
  /** The id_token of the session. The standard puts it in the URL; {@link logoutForm} keeps it out of there. */
  readonly idTokenHint?: string;
  /** Where the server sends the browser afterwards; registered there. */
  readonly postLogoutRedirectUri?: string;
  /** Your own state: 22 to 128 unreserved characters, unguessable, used once. Made by the library unless given. */
  readonly state?: string;
  /** Whom to log out, in the server's own words. */
  readonly logoutHint?: string;
  /** Languages for the server's pages, best first, single spaces between them. */
  readonly uiLocales?: string;
  /** A provider's own parameters; `null` for one that has no value. */
  readonly extra?: Readonly<Record<string, string | null>>;
}

/** A logout that is ready: keep `state` until the browser comes back. */
export interface LogoutUrl {
  /** Where to send the browser, by a top-level navigation. */
  readonly url: string;
  /** What {@link logoutReturn} compares with; absent without `postLogoutRedirectUri`. */
  readonly state?: string;
}

/** A logout as a form that a page posts, so that the id_token stays out of URLs, logs and `Referer`. */
export interface LogoutForm {
  /** The form's `action`; its method is `post`. */
  readonly action: string;
  /** Name and value of each hidden field. */
  readonly fields: readonly (readonly [string, string])[];
  /** As in {@link LogoutUrl}. */
  readonly state?: string;
}

const REQUEST: Names<LogoutRequest> = { idTokenHint: 1, postLogoutRedirectUri: 1, state: 1, logoutHint: 1, uiLocales: 1, extra: 1 };

const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

function build(provider: Provider, asked: LogoutRequest) {
  only(asked, REQUEST, "session");
  const { idTokenHint, postLogoutRedirectUri, logoutHint, uiLocales, extra = {} } = asked;
  const state = asked.state ?? (postLogoutRedirectUri === undefined ? undefined : random());
  const names = Object.keys(extra).filter((name) => extra[name] !== undefined);
  if (names.some((name) => name.includes("="))) throw hostError("invalid_parameter", { phase: "session", expected: "names without =" });
  const parameters = names.map((name) => (extra[name] === null ? name : `${name}=${extra[name]}`));
  const head = ["logout", clientLines(provider), provider.server?.endSessionEndpoint, idTokenHint, postLogoutRedirectUri, state, logoutHint, uiLocales];
  const text = call([...head, ...parameters]);
  const end = text.indexOf("\n");
  return { action: text.slice(0, end), form: text.slice(end + 1), state };
}

/**
 * The URL that logs a person out at the server.
 *
 * @throws {SamtykkeError} `endpoint_missing` where the provider has none; `invalid_parameter`, `reserved_parameter`.
 */
export function logoutUrl(provider: Provider, asked: LogoutRequest = {}): LogoutUrl {
  const { action, form, state } = build(provider, asked);
  return { url: `${action}${action.includes("?") ? "&" : "?"}${form}`, state };
}

/**
 * As {@link logoutUrl}, as a form to post.
 *
 * @throws {SamtykkeError} As {@link logoutUrl}.
 */
export function logoutForm(provider: Provider, asked: LogoutRequest = {}): LogoutForm {
  const { action, form, state } = build(provider, asked);
  return { action, fields: [...new URLSearchParams(form)], state };
}

/**
 * Judges the browser's return to `postLogoutRedirectUri`. Show the page either way; only believe a logout that fits.
 *
 * @throws {SamtykkeError} `logout_state_mismatch` when the state is missing, another, or there twice.
 */
export function logoutReturn(callback: string | URL, state: string | null | undefined): void {
  call(["logout_return", state ?? ""], String(callback));
}
