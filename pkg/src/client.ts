// The confidential client: begins and finishes flows, exchanges codes, asks for tokens of its own.

import { configured, given, isObject } from "./check.js";
import { call } from "./engine.js";
import { hostError } from "./error.js";
import {
  type AuthorizationCode,
  type AuthorizationRequest,
  type ConsentRequest,
  type FormPost,
  type Login,
  type Provider,
  begin,
  clientLines,
  finish,
  now,
} from "./flow.js";
import { type Transport, checkTransport, request, send } from "./http.js";

const secrets = new WeakMap<ClientAuthentication, string>();

/** How a client proves who it is. Printing or serialising one shows the method alone. */
export class ClientAuthentication {
  /** Keeps a look-alike object from passing for one at compile time. */
  declare protected readonly kind: "ClientAuthentication";

  /** @internal */
  constructor(
    /** The method's registered name. */
    readonly method: "none" | "client_secret_basic" | "client_secret_post",
    secret: string,
  ) {
    secrets.set(this, secret);
    Object.freeze(this);
  }
}

function withSecret(method: "client_secret_basic" | "client_secret_post", secret: string): ClientAuthentication {
  // A line end mostly comes with a secret read from a file or a pipe; half a surrogate pair would be sent as something else.
  if (typeof secret !== "string" || !secret || /[\u0000-\u001f\u007f\ud800-\udfff]/u.test(secret)) {
    throw hostError("invalid_configuration", { expected: "a client secret, not empty, without line ends and control characters" });
  }
  return new ClientAuthentication(method, secret);
}

/** HTTP Basic; id and secret are form-encoded first (RFC 6749 section 2.3.1). */
export const clientSecretBasic = (secret: string): ClientAuthentication => withSecret("client_secret_basic", secret);

/** The secret in the body; only where a server takes nothing better. */
export const clientSecretPost = (secret: string): ClientAuthentication => withSecret("client_secret_post", secret);

/** A public client: no proof but PKCE. */
export const none = (): ClientAuthentication => new ClientAuthentication("none", "");

/** Tokens that passed every check. Keep them on the server; seal them before they go into a cookie. */
export interface Tokens {
  /** Opaque; never parse it. */
  readonly accessToken: string;
  readonly tokenType: "Bearer" | "DPoP";
  /** Seconds it lives from the answer on, when the server says so. Says nothing of how long a consent lasts. */
  readonly expiresIn?: number;
  /** When it ends, in seconds since 1970. */
  readonly expiresAt?: number;
  /** The scope the server named; absent means: as asked for. */
  readonly scope?: string;
  /** The scope that was asked for; the granted one may differ. */
  readonly requestedScope: string;
  readonly refreshToken?: string;
  /** Well formed; its signature and claims are **not** checked here. Verify it before you believe it. */
  readonly idToken?: string;
  /** Other members of the answer. An object without a prototype. */
  readonly others: Readonly<Record<string, unknown>>;
}

/** What a token answer is judged against. */
export interface TokenExpectation {
  /** `DPoP` exactly when a proof was sent; `Bearer` unless given. */
  readonly tokenType?: "Bearer" | "DPoP";
  /** Whether an id_token must be there. */
  readonly idToken?: boolean;
  /** The scope that was asked for. */
  readonly scope?: string;
  /** Accepts `expires_in` as a string of digits, for servers that break the standard there. */
  readonly expiresInString?: boolean;
}

/** A token answer, for callers with an HTTP client of their own. */
export interface TokenAnswer {
  readonly status: number;
  readonly contentType?: string | null;
  readonly retryAfter?: string | null;
  readonly body: string;
}

/**
 * Judges an answer of a token endpoint (RFC 6749 sections 5.1 and 5.2) that you fetched yourself.
 *
 * @throws {SamtykkeError} `token_error` with `oauth` for an OAuth error; otherwise what is wrong with the answer.
 */
export function judgeTokens(answer: TokenAnswer, expectation: TokenExpectation = {}): Tokens {
  given(isObject(answer) && typeof answer.body === "string" && isObject(expectation), "token", "an answer: { status, contentType, body }");
  const { tokenType = "Bearer", idToken, scope = "", expiresInString } = expectation;
  const oneLine = (text?: string | null) => text?.replace(/\s+/g, " ");
  const head = ["tokens", answer.status, oneLine(answer.contentType), oneLine(answer.retryAfter)];
  const json = call([...head, tokenType, idToken ? 1 : "", expiresInString ? 1 : "", scope], answer.body);
  const tokens = JSON.parse(json) as Tokens;
  const others = Object.assign(Object.create(null), tokens.others) as Record<string, unknown>;
  const expiresAt = tokens.expiresIn === undefined ? undefined : now() + tokens.expiresIn;
  return hidden({ ...tokens, expiresAt, others });
}

/** Makes `console.log` of a value show that it is there, and no more. */
function hidden<T extends object>(value: T): Readonly<T> {
  Object.defineProperty(value, Symbol.for("nodejs.util.inspect.custom"), { value: () => "Tokens { … }" });
  return Object.freeze(value);
}

// A code that may have been sent is never sent again by this realm, whatever came of it. Bounded: the oldest go first.
const sent = new Set<string>();

/**
 * The code in the text of an {@link AuthorizationCode}, decoded: encoded, one code has many spellings.
 *
 * @internal
 * @throws {SamtykkeError} `code_malformed`
 */
export function codeIn(text: string): string {
  try {
    return decodeURIComponent(text.split(" ")[5]!.replace(/\+/g, " "));
  } catch {
    throw hostError("code_malformed");
  }
}

/**
 * A client with its secret: for workers and servers.
 *
 * @example
 * ```ts
 * const client = new Client(norskgjeld({ environment: "preprod", clientId, redirectUri }), clientSecretBasic(env.CLIENT_SECRET));
 * const tokens = await client.exchange(code);
 * ```
 */
export class Client {
  readonly #authentication: ClientAuthentication;
  readonly #transport: Transport;

  constructor(
    readonly provider: Provider,
    authentication: ClientAuthentication = none(),
    transport: Transport = {},
  ) {
    configured(isObject(provider), "a provider made by norskgjeld(…) or provider(…)");
    if (!secrets.has(authentication)) {
      throw hostError("invalid_configuration", { expected: "one of clientSecretBasic(…), clientSecretPost(…), none()" });
    }
    // A second method has no place to go; one passed all the same is a mistake worth hearing of.
    if (transport instanceof ClientAuthentication) throw hostError("invalid_configuration", { expected: "one client authentication method" });
    checkTransport(transport);
    this.#authentication = authentication;
    this.#transport = transport;
  }

  /** As the function {@link begin}, for this client's provider. */
  begin(request: ConsentRequest | AuthorizationRequest): Login {
    return begin(this.provider, request);
  }

  /** As the function {@link finish}, for this client's provider. */
  finish(transaction: string | null | undefined, callback: string | URL | FormPost): AuthorizationCode {
    return finish(this.provider, transaction, callback);
  }

  #proof(): string[] {
    return [this.#authentication.method, secrets.get(this.#authentication)!];
  }

  /**
   * Exchanges a checked code for tokens. `code` is what `finish` gave, or its text as a page posted it. Sent once, ever.
   *
   * @throws {SamtykkeError} `token_error` with `oauth`; `transaction_used` for a second try; `transaction_mismatch` for a
   * code of another client; `network_error`, `timeout`, `aborted`: the code may have been used, so start a new flow.
   */
  async exchange(code: AuthorizationCode | string, options: { readonly signal?: AbortSignal } = {}): Promise<Tokens> {
    given(isObject(options), "token", "options as an object");
    given(typeof code === "string" || (isObject(code) && typeof code.toString === "function"), "token", "a code that finish gave, or its text");
    const text = String(code);
    const answer = call(["exchange", clientLines(this.provider), ...this.#proof()], text);
    const fields = text.split(" ");
    const key = `${this.provider.issuer} ${codeIn(text)}`;
    if (sent.has(key)) throw hostError("transaction_used", { phase: "token" });
    sent.add(key);
    if (sent.size > 1000) sent.delete(sent.values().next().value!);
    return this.#tokens(answer, fields.slice(7).join(" "), options.signal);
  }

  /**
   * Asks for a token of the client's own.
   *
   * @throws {SamtykkeError} `token_error` with `oauth`, `invalid_scope`, `network_error`, `timeout`, `aborted`, …
   */
  async clientCredentials(
    options: { readonly scope?: string; readonly audience?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Tokens> {
    given(isObject(options), "token", "options as an object");
    const { scope = "", audience, signal } = options;
    const answer = call(["credentials", clientLines(this.provider), ...this.#proof(), audience, scope]);
    return this.#tokens(answer, scope, signal);
  }

  async #tokens(answer: string, scope: string, signal?: AbortSignal): Promise<Tokens> {
    const end = answer.indexOf("\n");
    const { head, body } = await send(request(answer.slice(end + 1)), "token", this.#transport, signal);
    return judgeTokens({ status: +head[0]!, contentType: head[1], retryAfter: head[2], body }, { idToken: end > 0, scope });
  }
}
