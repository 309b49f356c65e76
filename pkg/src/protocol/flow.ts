// Begin and finish: what page and worker share. No secret has a place here.

import { known, type Provider } from "./page_provider.js";
import { now } from "../core/clock.js";
import { line, run } from "../core/wasm.js";
import { hostError, assertNothingElse } from "../core/error.js";

/** A consent to ask norskgjeld for. */
export interface ConsentRequest {
  /** `presentation`: shown to the person only; `processing`: credit processing. */
  readonly purpose: "presentation" | "processing";
  /** Days it lasts: 1 to 365 for presentation, 1 to 28 for processing. Without: ten minutes and one lookup. */
  readonly days?: number;
  /** Also ask for an id_token, where norskgjeld has enabled it for you. */
  readonly openid?: boolean;
  /** Seconds until the transaction expires; 3600 unless given. */
  readonly lifetime?: number;
}

/** An authorization request to any server. State, nonce and PKCE verifier are made by the library. */
export interface AuthorizationRequest {
  /** Scope tokens, single spaces between them. */
  readonly scope?: string;
  /**
   * Further parameters, such as `ui_locales`. Those with a grammar of their own (`prompt`, `max_age`, `resource`, which an
   * array repeats, `claims`, `authorization_details`) take the full core: any entry but `samtykke/browser`.
   */
  readonly extra?: Readonly<Record<string, string | number | readonly string[]>>;
  /** Seconds until the transaction expires; 3600 unless given. */
  readonly lifetime?: number;
  /**
   * How the answer travels; `query` unless given. All others but `fragment` take the full core: a page cannot read a POST, and
   * signed answers (`jwt` and its kin) are finished with `client.finishJarm`.
   */
  readonly responseMode?: "query" | "fragment" | "form_post" | "jwt" | "query.jwt" | "fragment.jwt" | "form_post.jwt";
  /**
   * Makes the level of assurance a wish. Otherwise the id_token's `acr` must be one of those that `acr_values` in `extra`, or an
   * essential `acr` in `claims`, named (OpenID Connect Core section 3.1.3.7). Takes the full core.
   */
  readonly acrOptional?: true;
  /** Your own state: 22 to 128 unreserved characters, unguessable, used once. Takes the full core. */
  readonly state?: string;
  /** Your own nonce: 16 to 128 unreserved characters, unguessable, used once. Takes the full core. */
  readonly nonce?: string;
  /** Your own PKCE verifier: 43 to 128 unreserved characters, unguessable, used once. Takes the full core. */
  readonly codeVerifier?: string;
}

/** A flow that has begun. */
export interface Login {
  /** Where to send the browser, by a top-level navigation. */
  readonly url: string;
  /** The `state`, a good key to keep the transaction under. */
  readonly state: string;
  /** What to keep until the browser comes back: in session storage, or sealed in a cookie. Holds the PKCE verifier. */
  readonly transaction: string;
}

/**
 * A code that passed every check. `String(code)` or `JSON.stringify(code)` is what a page posts to its worker: everything
 * the exchange needs, as one text. It holds code and verifier, so POST it once, over https, to your own worker.
 */
// Kept as the transaction and the core's answer, and read on demand: making one costs nothing, printing one shows nothing.
export class AuthorizationCode {
  readonly #kept: string;
  readonly #answer: string;

  /** @internal */
  constructor(transaction: string, answer: string) {
    this.#kept = transaction;
    this.#answer = answer;
  }

  get issuer(): string {
    return words(this.#kept, 1, 2);
  }

  get clientId(): string {
    return decoded(words(this.#kept, 2, 3));
  }

  get redirectUri(): string {
    return words(this.#kept, 3, 4);
  }

  /** The code itself. */
  get code(): string {
    return decoded(words(this.#answer, 0, 1));
  }

  /** The scope the callback named as granted, if it did. */
  get grantedScope(): string | undefined {
    return decoded(words(this.#answer, 1)) || undefined;
  }

  /** The scope that was asked for. */
  get scope(): string {
    return words(this.#kept, 9);
  }

  toString(): string {
    return `${words(this.#kept, 1, 6)} ${this.#answer} ${this.scope}`;
  }

  toJSON(): string {
    return `${this}`;
  }
}

const words = (text: string, from: number, to?: number) => text.split(" ").slice(from, to).join(" ");

/** @internal */
export const decoded = (form: string) => decodeURIComponent(form.replace(/\+/g, " "));

/**
 * The code in the text of an {@link AuthorizationCode}, decoded: encoded, one code has many spellings.
 *
 * @internal
 * @throws {SamtykkeError} `code_malformed`
 */
export function codeIn(text: string): string {
  try {
    return decoded(text.split(" ")[5]!);
  } catch {
    throw hostError("code_malformed", { phase: "token" });
  }
}

/** A POST to the redirect URI, for `responseMode: "form_post"`. */
export interface FormPost {
  readonly contentType: string;
  readonly body: string;
}

/** @internal The lines of a request: what every one says, then its parameters. */
export function requestLines(request: ConsentRequest | AuthorizationRequest): [(string | number | undefined)[], string[]] {
  const {
    purpose,
    days,
    openid,
    scope,
    lifetime = 3600,
    responseMode = "query",
    state,
    nonce,
    codeVerifier,
    acrOptional,
    extra,
    ...rest
  } = Object(request) as ConsentRequest & AuthorizationRequest;
  assertNothingElse(rest);
  // The core judges it, by the provider's grammar.
  const wanted = purpose === undefined ? scope : `debt.unsecured.${purpose}${days === undefined ? "" : `.${days}`}${openid ? " openid" : ""}`;
  const parameters: string[] = [];
  for (const name in extra) {
    for (const value of [extra[name] ?? []].flat()) parameters.push(`${name}=${value}`);
  }
  return [[now(), wanted, lifetime, responseMode, state, nonce, codeVerifier, acrOptional && 1], parameters];
}

/** @internal A flow that has begun, as the core words it. */
export function loginOf(text: string): Login {
  const [url, transaction] = text.split("\n") as [string, string];
  return { state: words(transaction, 0, 1), url, transaction };
}

/**
 * Begins a flow: the URL to send the browser to, and the transaction to keep.
 *
 * @throws {SamtykkeError} `invalid_scope`, `invalid_parameter` or `reserved_parameter`, naming the parameter.
 * @example
 * ```ts
 * const login = begin(consent, { purpose: "presentation", days: 100 });
 * sessionStorage.setItem(login.state, login.transaction);
 * location.assign(login.url);
 * ```
 */
export const begin = (provider: Provider, request: ConsentRequest | AuthorizationRequest): Login =>
  loginOf(run(["B", known(provider), ...requestLines(request).flat().map(line), ""].join("\n"), crypto.getRandomValues(new Uint8Array(96))));

// One use of an answer in this realm, whatever store the caller keeps transactions in. Bounded: the oldest go first.
let used = new Set<string>();
let older = used;

/**
 * Judges what came back to the redirect URI and, when all is well, gives the code. Works once for each flow.
 *
 * `callback` is the URL the browser arrived at; behind a proxy that rewrites it, only its query (`"?code=…"`); or,
 * for `form_post`, the POST's content type and body.
 *
 * @throws {SamtykkeError} With `oauth` set when the server answered with an error of its own, such as `consent_denied`.
 */
export function finish(provider: Provider, transaction: string | null | undefined, callback: string | URL | FormPost): AuthorizationCode {
  if (!transaction) throw hostError("transaction_missing");
  if (used.has(transaction) || older.has(transaction)) throw hostError("transaction_used");
  const { contentType, body } = Object(callback) as FormPost;
  const mediaType = body === undefined ? "" : `${contentType}`.replace(/\s+/g, " ") || " ";
  const kept = `${transaction}`.includes("\n") ? "?" : transaction;
  let answer: string;
  try {
    answer = run(`F\n${known(provider)}\n${now()}\n${kept}\n${mediaType}\n${body ?? callback}`);
  } catch (error) {
    // An answer of the server's uses the transaction up; a forged one, which anyone could send, does not.
    if ((error as { oauth?: unknown }).oauth) use(transaction);
    throw error;
  }
  use(transaction);
  return new AuthorizationCode(transaction, answer);
}

/** @internal Whether an answer to this transaction was taken. */
export const isUsed = (transaction: string): boolean => used.has(transaction) || older.has(transaction);

/** @internal Uses a transaction up. */
export function use(transaction: string): void {
  if (used.size > 999) {
    older = used;
    used = new Set();
  }
  used.add(transaction);
}
