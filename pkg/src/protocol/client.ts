// The confidential client: begins and finishes flows, asks for tokens by every grant, calls APIs with them.

import { ClientAuthentication, heldBy, none } from "./authentication.js";
import { type Names, assertConfigured, assertGiven, isObject, isRequest, only, present } from "../core/check.js";
import { type DeviceAuthorization, deviceAuthorization, devicePoll } from "./device.js";
import { Nonces } from "./dpop.js";
import { type Value, call } from "../core/wasm.js";
import { hostError } from "../core/error.js";
import { hideSecrets } from "../core/hidden.js";
import { type AuthorizationCode, type AuthorizationRequest, type ConsentRequest, type FormPost, type Login, begin, finish } from "./flow.js";
import { TRANSPORT, type Transport, checkTransport, read } from "../core/http.js";
import { type IdTokenExpectations, type LogoutClaims, type TokenExpectations, verifyIdToken, verifyLogoutToken } from "./id_token.js";
import { type Introspection, type TokenCallOptions, introspect } from "./introspection.js";
import { finishJarm } from "./jarm.js";
import { JwksCache, type Jwks, type KeySource, KeySet } from "./jwks.js";
import { SigningKey } from "../crypto/keys.js";
import { type LogoutRequest, type LogoutUrl, logoutUrl } from "./logout.js";
import { type Asked, type Encryption, LENIENCIES, type Leniencies, type Party, ask, parties } from "./party.js";
import { TARGET, type TokenTarget, targetLines } from "./target.js";
import type { Provider } from "./page_provider.js";
import { type AssertionRules, RULES } from "./profile.js";
import { renew } from "./refresh.js";
import { type ResourceFetch, type ResourceOptions, resourceFetch } from "./resource.js";
import { revoke } from "./revocation.js";
import { json, keyLines, ruleLines } from "./signing.js";
import { type StartOptions, bound, checkMode, start } from "./start.js";
import { type Tokens, tokensOf } from "./tokens.js";
import { type UserinfoClaims, type UserinfoOptions, userinfo } from "./userinfo.js";

/** How a client works, beside its authentication. */
export interface ClientOptions extends Transport, Leniencies, Encryption {
  /** Binds every token to this key (RFC 9449): requests carry proofs, and a token that is not bound is refused. */
  readonly dpop?: SigningKey;
  /** Where the server's keys are: a cache that fetches and keeps them, or the keys themselves. A cache of its own unless given. */
  readonly jwks?: JwksCache | KeySource | Jwks;
  /** What every id_token must say beside the usual: audiences to trust, `skew`. */
  readonly idToken?: Pick<IdTokenExpectations, "trustedAudiences" | "skew">;
  /** Seconds to add to this machine's clock in what is signed, where the clock is known to be wrong. */
  readonly clockOffset?: number;
}

/** Options of an exchange. */
export interface ExchangeOptions extends TokenTarget {
  /** The `acr` values of which the id_token must have one; those that the login asked for unless given. */
  readonly acrValues?: readonly string[];
}

/** Options of a refresh. */
export interface RefreshOptions extends TokenTarget {
  /** Part of the granted scope; all of it unless given. */
  readonly scope?: string;
  /**
   * Stores the refresh token of the answer, before anything else of it is looked at: the one it replaces is spent, and what
   * follows (fetching keys, verifying an id_token) can fail.
   */
  readonly store?: (refreshToken: string) => void | Promise<void>;
  /** The `sub` that a new id_token must have, where the tokens come without the login's claims. */
  readonly subject?: string;
  /** Takes an id_token though nobody knows whose login it was: for whoever compares it, or needs none. */
  readonly unchecked?: boolean;
}

/** A signed statement as a grant (RFC 7523 section 2.1): one that someone else signed, or one signed here for each request. */
export type JwtBearerOptions = TokenTarget & {
  /** The scope as a form parameter; a provider that wants it inside gets it by `claims`. */
  readonly scope?: string;
} & (
    | { readonly assertion: string }
    | {
        /** Signs the statement. */
        readonly key: SigningKey;
        /** `iss`; the client id unless given. */
        readonly issuer?: string;
        /** `sub`; none unless given. */
        readonly subject?: string;
        /** How the statement looks, its further claims included; `typ` and `clientId` of a client assertion do not matter here. */
        readonly rules?: AssertionRules;
      }
  );

/** A token exchange (RFC 8693 section 2.1). */
export interface TokenExchangeOptions extends TokenTarget {
  readonly subjectToken: string;
  /** `urn:ietf:params:oauth:token-type:access_token` unless given. */
  readonly subjectTokenType?: string;
  /** Who acts for the subject. */
  readonly actor?: { readonly token: string; readonly type: string };
  readonly requestedTokenType?: string;
  readonly scope?: string;
}

/** @internal The store in which those who share a session take turns: the session's name there, and what carries out the machine's steps. */
export interface Turns {
  readonly name: string;
  readonly carry: NonNullable<Asked["carry"]>;
}

const CLIENT: Names<ClientOptions> = {
  ...TRANSPORT,
  ...LENIENCIES,
  dpop: 1,
  jwks: 1,
  idToken: 1,
  clockOffset: 1,
  decrypt: 1,
  encryptionAlgorithms: 1,
  contentEncryption: 1,
};
const SCOPED: Names<TokenTarget & { scope?: string }> = { ...TARGET, scope: 1 };
const EXCHANGE: Names<ExchangeOptions> = { ...TARGET, acrValues: 1 };
const REFRESH: Names<RefreshOptions> = { ...SCOPED, store: 1, subject: 1, unchecked: 1 };
const BEARER: Names<JwtBearerOptions> = { ...SCOPED, assertion: 1, key: 1, issuer: 1, subject: 1, rules: 1 };
const TOKEN_EXCHANGE: Names<TokenExchangeOptions> = { ...SCOPED, subjectToken: 1, subjectTokenType: 1, actor: 1, requestedTokenType: 1 };

/** What came back by a request: its address, or what was posted to it. */
async function readFormPost(request: Request): Promise<string | FormPost> {
  if (request.method !== "POST") return request.url;
  const body = await read(request, 32 * 1024);
  if (body === undefined) throw hostError("callback_too_large");
  return { contentType: request.headers.get("content-type") ?? "", body };
}

/** A login where its transaction belongs, or an answer without its parts, would only be misread. */
function checkCallback(transaction: unknown, callback: unknown): void {
  assertGiven(transaction === null || transaction === undefined || typeof transaction === "string", "callback", "login.transaction: a text");
  const { contentType, body } = (callback ?? {}) as Partial<FormPost>;
  const isUrl = typeof callback === "string" || (isObject(callback) && typeof callback["href"] === "string");
  assertGiven(isUrl || (typeof contentType === "string" && typeof body === "string"), "callback", "a URL, a Request, or { contentType, body } of a POST");
}

/**
 * A client with its secret or key: for workers and servers.
 *
 * @example
 * ```ts
 * const client = new Client(norskgjeld({ environment: "preprod", clientId, redirectUri }), clientSecretBasic(env.CLIENT_SECRET));
 * const tokens = await client.exchange(code);
 * ```
 */
export class Client {
  readonly #party: Party;
  readonly #options: ClientOptions;
  readonly #keys: KeySource | undefined;

  constructor(
    readonly provider: Provider,
    authentication: ClientAuthentication = none(),
    options: ClientOptions = {},
  ) {
    const wrong = (expected: string) => hostError("invalid_configuration", { expected });
    assertConfigured(isObject(provider), "a provider: norskgjeld(…), provider(…), discover(…)");
    if (!heldBy(authentication)) throw wrong("a ClientAuthentication");
    // A second method has no place to go; one passed all the same is a mistake worth hearing of.
    if (options instanceof ClientAuthentication) throw wrong("one client authentication method");
    only(options, CLIENT);
    checkTransport(options);
    const { dpop, jwks, clockOffset: offset = 0, defaultTokenType, decrypt } = options;
    if (![undefined, "Bearer", "DPoP"].includes(defaultTokenType)) throw wrong("defaultTokenType: Bearer or DPoP");
    if (dpop !== undefined && !(dpop instanceof SigningKey)) throw wrong("dpop: a SigningKey");
    // Told here, where it can be put right, and not by the server's refusal.
    if (dpop && provider.server?.dpopAlgorithms) call(["offered", dpop.alg, provider.server.dpopAlgorithms.join(" ")]);
    if (decrypt !== undefined && typeof decrypt !== "function") throw wrong("decrypt: a function");
    if (!Number.isSafeInteger(offset)) throw wrong("clockOffset: whole seconds");
    this.#options = options;
    only(options.idToken, { trustedAudiences: 1, skew: 1 } satisfies Names<NonNullable<ClientOptions["idToken"]>>);
    const { trustedAudiences, skew } = options.idToken ?? {};
    this.#keys = keysOf(provider, jwks, options);
    this.#party = {
      provider,
      authentication,
      transport: options,
      dpop,
      nonces: new Nonces(),
      offset,
      keys: this.#keys,
      trustedAudiences,
      skew,
      lenient: options,
      encryption: options,
    };
    parties.set(this, this.#party);
  }

  /** The thumbprint of the DPoP key that tokens are bound to (RFC 7638, RFC 9449 section 6); none where they are bound to none. */
  get thumbprint(): string | undefined {
    return this.#party.dpop?.thumbprint;
  }

  /**
   * As the function {@link begin}, for this client's provider.
   *
   * @throws {SamtykkeError} Also `invalid_configuration` where the provider takes pushed or signed requests: use {@link start}.
   */
  begin(request: ConsentRequest | AuthorizationRequest): Login {
    const { requirePushedRequests, requireRequestObject, requireDpop } = this.provider.server ?? {};
    if (requirePushedRequests || requireRequestObject) {
      throw hostError("invalid_configuration", { phase: "authorization", expected: "client.start(…)" });
    }
    if (requireDpop && !this.#party.dpop) throw hostError("invalid_configuration", { phase: "authorization", expected: "dpop: a key" });
    checkMode(this.provider, request);
    return hideSecrets(begin(this.provider, bound(request, this.#party.dpop)), "Login");
  }

  /**
   * Begins a flow as the provider asks: pushed to the server first where it takes that (RFC 9126), signed where it or you ask
   * for it (RFC 9101), bound to the DPoP key where there is one.
   *
   * @throws {SamtykkeError} As {@link begin}; `oauth_error` with `oauth`, `par_response_malformed`, `network_error`, `timeout`, …
   */
  start(request: ConsentRequest | AuthorizationRequest, options: StartOptions = {}): Promise<Login> {
    return start(this.#party, request, options);
  }

  /** As the function {@link finish}, for this client's provider. */
  finish(transaction: string | null | undefined, callback: string | URL | FormPost): AuthorizationCode;
  /** For a `Request`, such as the POST of `form_post`, whose body is read first: 32 KiB at most. */
  finish(transaction: string | null | undefined, callback: Request): Promise<AuthorizationCode>;
  finish(transaction: string | null | undefined, callback: string | URL | FormPost | Request): AuthorizationCode | Promise<AuthorizationCode> {
    if (isRequest(callback)) return readFormPost(callback).then((answer) => this.finish(transaction, answer));
    checkCallback(transaction, callback);
    return finish(this.provider, transaction, callback);
  }

  /**
   * As {@link finish}, for an answer that the server signed (`responseMode` `jwt` and its kin, JARM).
   *
   * @throws {SamtykkeError} As {@link finish}; `jws_malformed`, `algorithm_refused`, `claim_refused`, `jwt_expired`,
   * `key_not_found`, `signature_invalid`.
   */
  async finishJarm(transaction: string | null | undefined, callback: string | URL | FormPost | Request): Promise<AuthorizationCode> {
    if (isRequest(callback)) return this.finishJarm(transaction, await readFormPost(callback));
    checkCallback(transaction, callback);
    return finishJarm(this.#party, transaction, callback);
  }

  /**
   * Exchanges a checked code for tokens. `code` is what `finish` gave, or its text as a page posted it. Sent once, ever (but
   * for the one repetition that a DPoP nonce challenge asks for).
   *
   * @throws {SamtykkeError} `token_error` with `oauth`; `transaction_used` for a second try; `transaction_mismatch` for a
   * code of another client; `network_error`, `timeout`, `aborted`: the code may have been used, so start a new flow.
   */
  async exchange(code: AuthorizationCode | string, options: ExchangeOptions = {}): Promise<Tokens> {
    only(options, EXCHANGE, "token");
    assertGiven(typeof code === "string" || (isObject(code) && typeof code.toString === "function"), "token", "a code that finish gave, or its text");
    const text = String(code);
    if (text.includes("\n")) throw hostError("code_malformed", { phase: "token" });
    return this.#tokens("code", [text, options.acrValues?.join(" ")], options);
  }

  /**
   * Asks for a token of the client's own.
   *
   * @throws {SamtykkeError} `token_error` with `oauth`, `invalid_scope`, `network_error`, `timeout`, `aborted`, …
   */
  async clientCredentials(options: TokenTarget & { readonly scope?: string } = {}): Promise<Tokens> {
    only(options, SCOPED, "token");
    const [audience, ...others] = [options.audience ?? []].flat();
    return this.#tokens("credentials", [audience, options.scope], { ...options, audience: others });
  }

  /**
   * Asks for new tokens with a refresh token, or with the tokens it came with: then the new scope is no wider than theirs, and
   * a new id_token must be of the same person. A text knows no login: an id_token that comes is `claim_refused`, unless `subject`
   * or `unchecked` says otherwise. Store the new refresh token before you use the new access token. Calls for the
   * same refresh token share one request, and one that was replaced is not sent again.
   *
   * @throws {SamtykkeError} `session_ended` where the provider has words for it (`sessionEnd`); `token_error` with `oauth`
   * (`invalid_grant`: log in again), `invalid_scope`, `transaction_used`, …
   */
  async refresh(tokens: Tokens | string, options: RefreshOptions = {}): Promise<Tokens> {
    only(options, REFRESH, "token");
    assertGiven(typeof tokens === "string" || isObject(tokens), "token", "a refresh token, or the tokens that it came with");
    const before = typeof tokens === "string" ? undefined : tokens;
    const refreshToken = typeof tokens === "string" ? tokens : tokens.refreshToken;
    if (!refreshToken) throw hostError("invalid_parameter", { phase: "token", expected: "a refresh token" });
    const { scope = "", store, subject, unchecked } = options;
    const granted = before && (before.scope ?? before.requestedScope);
    const lines = [refreshToken, scope, granted, before ? 1 : "", before?.idToken, json(before?.claims), subject, unchecked ? 1 : ""];
    return renew(this.#party, refreshToken, options, (asked) => this.#tokens("refresh", lines, options, asked), store);
  }

  /**
   * @internal New tokens for a session that is kept: `kept` is what the core's machine is told of it. `store` hears of a new refresh
   * token before anything else of the answer is judged, and then of all that came. With `turns` it is renewed once for all who share it.
   */
  renewSession(kept: string, store: (came: Partial<Tokens>) => Promise<void>, turns?: Turns): Promise<unknown> {
    const came = (text: string) => store(text.startsWith('{"accessToken":') ? tokensOf(text) : { refreshToken: text });
    return ask(this.#party, "session", [turns?.name], { store: came, carry: turns?.carry }, kept);
  }

  /**
   * Asks for a token with a signed statement (RFC 7523 section 2.1). A client without authentication of its own sends nothing
   * beside it.
   */
  async jwtBearer(options: JwtBearerOptions): Promise<Tokens> {
    assertGiven(isObject(options), "token", "options as an object");
    only(options, BEARER, "token");
    const ready = "assertion" in options ? options.assertion : "";
    if (!("key" in options)) {
      if (!ready) throw hostError("invalid_parameter", { phase: "token", expected: "assertion or key" });
      return this.#tokens("bearer", [ready, options.scope], options);
    }
    const { key, issuer = this.provider.clientId, subject, rules = {} } = options;
    only(rules, RULES, "token");
    return this.#tokens("bearer", ["", options.scope, ...ruleLines({ typ: null, ...rules }), ...keyLines(key), issuer, subject], options, { key });
  }

  /** Exchanges one token for another (RFC 8693). */
  async tokenExchange(options: TokenExchangeOptions): Promise<Tokens> {
    assertGiven(isObject(options), "token", "options as an object");
    only(options, TOKEN_EXCHANGE, "token");
    const { subjectToken, subjectTokenType, actor, requestedTokenType, scope } = options;
    return this.#tokens("exchange", [subjectToken, subjectTokenType, actor?.token, actor?.type, requestedTokenType, scope], options);
  }

  /** Begins a login on another device (RFC 8628): show the person `userCode` and `verificationUri`, then {@link devicePoll}. */
  async deviceAuthorization(options: TokenTarget & { readonly scope?: string } = {}): Promise<DeviceAuthorization> {
    only(options, SCOPED, "token");
    return deviceAuthorization(this.#party, options.scope ?? "", options);
  }

  /**
   * Waits until the person is done on the other device, polling at the pace the server asks for.
   *
   * @throws {SamtykkeError} `token_error` (`user_declined` when the person refused), `device_code_expired`, `aborted`.
   */
  async devicePoll(device: DeviceAuthorization, options: TokenTarget = {}): Promise<Tokens> {
    only(options, TARGET, "token");
    return devicePoll(this.#party, device, options);
  }

  /**
   * A function like `fetch` that calls APIs with these tokens: `Authorization`, and a DPoP proof where the token is bound.
   * It sends the token to the named origins alone, follows no redirect, and repeats a request once when the API asks for its
   * nonce.
   *
   * @example
   * ```ts
   * const api = client.fetch(tokens, { origins: ["https://api.example"] });
   * const response = await api("https://api.example/v1/things");
   * ```
   */
  fetch(tokens: Tokens, options: ResourceOptions): ResourceFetch {
    const { transport, dpop, nonces, offset } = this.#party;
    return resourceFetch({ transport, dpop, nonces, offset, development: this.provider.flags }, tokens, options);
  }

  /**
   * Fetches the claims about the person (OIDC Core section 5.3), with a proof where the token is bound. They are compared with
   * the `sub` of `tokens.claims`, or with `subject`.
   *
   * @throws {SamtykkeError} `endpoint_missing` where the provider has none; `subject_mismatch`, `userinfo_malformed`;
   * `token_invalid` or `unauthorized` when the token was refused; for a signed answer as {@link verifyIdToken}; `network_error`, …
   */
  async userinfo(tokens: Tokens, options: UserinfoOptions = {}): Promise<UserinfoClaims> {
    return userinfo(this.#party, tokens, options, this.#expected());
  }

  /**
   * Asks the server about a token (RFC 7662).
   *
   * @throws {SamtykkeError} `endpoint_missing` where the provider has none; `oauth_error` with `oauth`; `network_error`, …
   */
  async introspect(token: string, options: TokenCallOptions = {}): Promise<Introspection> {
    return introspect(this.#party, token, options);
  }

  /**
   * Revokes a token (RFC 7009); one the server does not know counts as revoked. It withdraws no consent: that is a provider's
   * own call.
   *
   * @throws {SamtykkeError} `endpoint_missing` where the provider has none; `oauth_error` with `oauth`; `revocation_failed`,
   * `network_error`, …: the token may still be valid.
   */
  async revoke(token: string, options: TokenCallOptions = {}): Promise<void> {
    return revoke(this.#party, token, options);
  }

  /** As the function {@link logoutUrl}, for this client's provider. */
  logoutUrl(request: LogoutRequest = {}): LogoutUrl {
    return logoutUrl(this.provider, request);
  }

  /** As the function {@link verifyLogoutToken}, with this client's provider and keys: for the back-channel logout endpoint. */
  async logoutToken(token: string): Promise<LogoutClaims> {
    return verifyLogoutToken(token, { ...this.#expected(), ...present(this.#options, LOGOUT_TOKEN) }, this.#keys ?? throwUnkeyed());
  }

  /** What every token of the server's must say. */
  #expected(): TokenExpectations {
    const { issuer, clientId, server } = this.provider;
    const { trustedAudiences, skew } = this.#options.idToken ?? {};
    return { issuer, clientId, algorithms: server?.signingAlgorithms, trustedAudiences, skew };
  }

  async #tokens(operation: string, lines: readonly Value[], target: TokenTarget, asked: Asked = {}): Promise<Tokens> {
    assertGiven(isObject(target), "token", "options as an object");
    const { signal } = target;
    return tokensOf(await ask(this.#party, operation, [...lines, ...targetLines(target)], { ...(signal && { signal }), ...asked }));
  }
}

/** What of a client's options a logout token is judged by. */
const LOGOUT_TOKEN = ["logoutTokenWithoutExp", "decrypt", "encryptionAlgorithms", "contentEncryption"] as const;

function keysOf({ server, flags }: Provider, jwks: ClientOptions["jwks"], transport: Transport): KeySource | undefined {
  if (jwks && "keys" in jwks) return new KeySet(jwks);
  if (jwks && "find" in jwks) return jwks;
  if (!server?.jwksUri) return undefined;
  const { fetch, timeout } = transport;
  const cache = jwks ?? new JwksCache({ fetch, timeout });
  // A cache of the caller's is told of its server's settings, or it would refuse the address when the code is spent.
  return (cache as JwksCache).at(server.jwksUri, flags);
}

function throwUnkeyed(): never {
  throw hostError("invalid_configuration", { phase: "session", expected: "jwksUri or jwks" });
}
