// Provider settings, begin and finish: what page and worker share. No secret has a place here.

import type { ServerData } from "./provider.js";
import { Lines, line, run } from "../core/wasm.js";
import { hostError } from "../core/error.js";
import { ENVIRONMENTS, PATHS } from "../generated/norskgjeld.js";

/** A provider and your registration with it. Plain frozen data; holds no secret. */
export interface Provider {
  /** The profile's name; empty for a server without one. */
  readonly id: string;
  /** Issuer identifier, byte for byte. */
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Your client id. */
  readonly clientId: string;
  /** The redirect URI as registered; sent byte for byte. */
  readonly redirectUri: string;
  /** Marks of the profile, for the core. */
  readonly flags: string;
  /** Origin of the provider's APIs, where it has any. */
  readonly api?: string;
  /** The environment's name, where the provider has several. */
  readonly environment?: string;
  /** Further addresses and how requests look; read by the full client alone. */
  readonly server?: ServerData;
}

/** norskgjeld's environments, or your own server's origins for development. */
export type NorskgjeldEnvironment = "preprod" | "production" | { readonly auth: string; readonly api: string };

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
    return words(this.#kept, 2, 3);
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

/** A POST to the redirect URI, for `responseMode: "form_post"`. */
export interface FormPost {
  readonly contentType: string;
  readonly body: string;
}

const WRONG = { phase: "configuration", action: "fix_configuration" } as const;

/** The time in seconds since 1970. */
export const now = (): number => Math.floor(Date.now() / 1000);

/** Where an address lets the browser arrive, as the browser itself writes it: without query, in its own spelling. */
function place(address: string): string {
  try {
    const { origin, pathname } = new URL(address);
    return origin + pathname;
  } catch {
    return "";
  }
}

// The lines of providers made here: checked once, frozen, so that no later step need check them again.
/** @internal */
export const made = new WeakMap<Provider, string>();

const lines = ({ id, issuer, authorizationEndpoint, tokenEndpoint, clientId, redirectUri, flags }: Provider) =>
  [id, issuer, authorizationEndpoint, tokenEndpoint, clientId, redirectUri, place(redirectUri), flags, ""].map(line).join("\n");

/** The lines by which the core knows a client. One that was not made here (copied, sent as JSON) is checked each time. */
const known = (provider: Provider): string => made.get(provider) ?? lines(provider);

/** As lines of a call. */
export const clientLines = (provider: Provider): Lines => new Lines(known(provider));

function checked(provider: Provider, options: object): Provider {
  // A provider can be read by anyone who reads the page; a secret in it is a leak, whatever it is called.
  if (Object.keys(options).some((name) => /secret|private_?key/i.test(name))) throw hostError("secret_in_browser", WRONG);
  const text = lines(provider);
  run(`C\n${text}\n`);
  // The last line says "checked here", so it is written here alone.
  made.set(provider, `${text}c`);
  return Object.freeze(provider);
}

/**
 * Norsk Gjeldsinformasjon, with your client id and redirect URI.
 *
 * @throws {SamtykkeError} `invalid_configuration` naming the setting; `secret_in_browser`.
 * @example
 * ```ts
 * const consent = norskgjeld({ environment: "preprod", clientId: "eksempelbank-client", redirectUri: "https://app.example.no/callback" });
 * ```
 */
export function norskgjeld(options: { readonly environment: NorskgjeldEnvironment; readonly clientId: string; readonly redirectUri: string }): Provider {
  const { environment, clientId, redirectUri } = options;
  const own = typeof environment === "object" && environment;
  const [, auth = "", api = ""] = own ? ["", own.auth, own.api] : (ENVIRONMENTS.find(([name]) => name === environment) ?? []);
  // An origin is all that its address comes to.
  if (place(auth) !== `${auth}/` || place(api) !== `${api}/`) {
    throw hostError("invalid_configuration", { ...WRONG, expected: "environment: preprod, production, or two origins" });
  }
  const [issuer, authorizationEndpoint, tokenEndpoint] = PATHS.map((path) => auth + path) as [string, string, string];
  const name = own ? `${auth} ${api}` : environment;
  return checked(
    { id: "norskgjeld", issuer, authorizationEndpoint, tokenEndpoint, clientId, redirectUri, flags: own ? "d" : "", api, environment: name as string },
    options,
  );
}

/**
 * Any server that keeps to the standards.
 *
 * @throws {SamtykkeError} `invalid_configuration` naming the setting; `secret_in_browser`.
 */
export function provider(options: {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint?: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** Whether the server names itself in every callback (RFC 9207). */
  readonly issParameterSupported?: boolean;
  /** Allows http to loopback, for a server on your own machine. */
  readonly development?: boolean;
}): Provider {
  const { issuer, authorizationEndpoint, tokenEndpoint = "", clientId, redirectUri } = options;
  const flags = `${options.issParameterSupported ? "i" : ""}${options.development ? "d" : ""}`;
  return checked({ id: "", issuer, authorizationEndpoint, tokenEndpoint, clientId, redirectUri, flags }, options);
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
export function begin(provider: Provider, request: ConsentRequest | AuthorizationRequest): Login {
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
  } = request as ConsentRequest & AuthorizationRequest;
  // The core judges it, by the provider's grammar.
  const wanted = purpose === undefined ? scope : `debt.unsecured.${purpose}${days === undefined ? "" : `.${days}`}${openid ? " openid" : ""}`;
  const values: (string | number | undefined)[] = [now(), wanted, lifetime, responseMode, state, nonce, codeVerifier, acrOptional && 1];
  for (const name in extra) {
    for (const value of [extra[name]!].flat()) values.push(`${name}=${value}`);
  }
  const text = ["B", known(provider), ...values.map(line), ""].join("\n");
  const [url, transaction] = run(text, crypto.getRandomValues(new Uint8Array(96))).split("\n") as [string, string];
  return { state: words(transaction, 0, 1), url, transaction };
}

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
  const { contentType, body } = callback as FormPost;
  const mediaType = body === undefined ? "" : contentType.replace(/\s+/g, " ") || " ";
  const kept = transaction.includes("\n") ? "?" : transaction;
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
