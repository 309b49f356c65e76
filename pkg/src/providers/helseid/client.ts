// HelseID's client: metadata fetched and kept, the profile over it, two keys, and no switch by which a rule could be lost.

import { privateKeyJwt } from "../../protocol/authentication.js";
import { call } from "../../core/wasm.js";
import { assertConfigured, assertGiven, isObject, only, present } from "../../core/check.js";
import { Client, type ExchangeOptions, type RefreshOptions, type TokenExchangeOptions } from "../../protocol/client.js";
import { type ServerMetadata, serverMetadata } from "../../protocol/discovery.js";
import { hostError } from "../../core/error.js";
import { hideSecrets } from "../../core/hidden.js";
import { type AuthorizationCode, type FormPost, type Login, loginOf } from "../../protocol/flow.js";
import { type Party, ask, endpointOf, parties, snake } from "../../protocol/party.js";
import { json } from "../../protocol/signing.js";
import { now } from "../../core/clock.js";
import { ASKING, PATIENCE, Shared } from "../../core/wait.js";
import { type Fetch, checkTransport } from "../../core/http.js";
import { ASSERTION_DETAILS, ENVIRONMENTS, METADATA, SERVER } from "./data.js";
import { claimOf, detailLines } from "./details.js";
import { SharedSessions } from "./shared.js";
import { HelseIdSession, type SessionClient } from "./session.js";
import { type HelseIdTarget, Kept, MARGIN, TARGET, keyOf } from "./cache.js";
import { FINISH, type HelseIdFinish, type HelseIdLogin, type HelseIdMachine, type HelseIdOptions, KEEPING, LOGIN, OPTIONS } from "./options.js";
import { type HelseIdTokens, grantedOf, withProviderCodes } from "./granted.js";
import { SigningKey } from "../../crypto/keys.js";
import type { TokenTarget } from "../../protocol/target.js";
import { type ProviderOptions, provider } from "../../protocol/provider.js";
import { ORIGINS, type ResourceFetch, type ResourceOptions } from "../../protocol/resource.js";
import type { Target } from "../../tokens/clock.js";
import type { RequestAsk } from "../../tokens/grant.js";
import type { TokenSourceSettings } from "../../tokens/settings.js";
import type { Tokens } from "../../protocol/tokens.js";

/** Details in the client assertion. */
const detailed = ({ assertionClaims }: TokenTarget = {}) => assertionClaims !== undefined && Object.hasOwn(assertionClaims, ASSERTION_DETAILS);

/** Details stand in the assertion or in the request, never in both. */
const inOnePlace = (options?: TokenTarget) =>
  assertGiven(options?.authorizationDetails === undefined || !detailed(options), "token", "details in the assertion or in the request, never in both");

/** The protocol's client, but for what HelseID refuses: details with a code (HID-1009), and in two places. */
class HelseIdClient extends Client {
  override async exchange(code: AuthorizationCode | string, options: ExchangeOptions = {}) {
    assertGiven(!detailed(options), "token", "details with a token or the login, never with a code (HID-1009)");
    return super.exchange(code, options);
  }

  override async clientCredentials(options?: TokenTarget & { readonly scope?: string }) {
    inOnePlace(options);
    return super.clientCredentials(options);
  }

  override async refresh(tokens: Tokens | string, options?: RefreshOptions) {
    inOnePlace(options);
    return super.refresh(tokens, options);
  }

  override async tokenExchange(options: TokenExchangeOptions) {
    inOnePlace(options);
    return super.tokenExchange(options);
  }
}

const DAY = 86_400;

/** Metadata by issuer, for a day (FK2). */
interface Metadata {
  readonly documents: Map<string, { readonly until: number; readonly document: ServerMetadata }>;
  readonly fetching: Shared<ServerMetadata>;
}

/** By whom it is fetched with: what one tenant's network says is not told to another. */
const known = new WeakMap<Fetch, Metadata>();

/** Addresses that are taken of it. */
const ENDPOINTS = [
  "tokenEndpoint",
  "pushedAuthorizationRequestEndpoint",
  "jwksUri",
  "userinfoEndpoint",
  "endSessionEndpoint",
  "revocationEndpoint",
  "introspectionEndpoint",
] as const satisfies readonly (keyof ProviderOptions)[];

async function metadataOf(issuer: string, development: boolean, { fetch = globalThis.fetch as Fetch, timeout = 30 }: HelseIdOptions): Promise<ServerMetadata> {
  let own = known.get(fetch);
  if (!own) known.set(fetch, (own = { documents: new Map(), fetching: new Shared(PATIENCE) }));
  const { documents, fetching } = own;
  const name = `${issuer} ${development}`;
  const kept = documents.get(name);
  if (kept && kept.until > now()) return kept.document;
  const load = async () => {
    // HelseID's endpoints are where it is itself.
    const document = await serverMetadata(issuer, { wellKnown: "openid", metadata: METADATA, development, origins: [], fetch, timeout });
    documents.set(name, { until: now() + DAY, document });
    return document;
  };
  return fetching.run(name, load, { timeout: timeout + 1 }, "configuration");
}

/**
 * A client of HelseID's, by its security profile: pushed requests, S256, `private_key_jwt`, DPoP, `iss`, RS256; whatever its
 * metadata calls optional.
 *
 * @example
 * ```ts
 * const helseid = await HelseId.connect({ environment: "test", clientId, redirectUri, key });
 * const { url, transaction } = await helseid.login({ scope: "openid offline_access helseid://scopes/identity/security_level nhn:phr/mhd/read" });
 * ```
 */
export class HelseId {
  readonly #options: HelseIdOptions;
  readonly #issuer: string;
  readonly #development: boolean;
  readonly #dpop: SigningKey;
  readonly #kept = new Kept();
  readonly #asking = new Shared<HelseIdTokens>(ASKING);
  readonly #shared: SharedSessions | undefined;
  #client: { readonly document: ServerMetadata; readonly client: Client } | undefined;

  private constructor(options: HelseIdOptions, issuer: string, development: boolean) {
    this.#options = options;
    this.#issuer = issuer;
    this.#development = development;
    this.#dpop = options.dpop ?? options.key;
    const { sessionStore, timeout = 30, onStoreError, sessionStoreOptional = false } = options;
    this.#shared = sessionStore && new SharedSessions(sessionStore, timeout, onStoreError, sessionStoreOptional);
  }

  /**
   * Fetches the metadata (kept for a day) and checks every setting.
   *
   * @throws {SamtykkeError} `invalid_configuration`, `algorithm_refused`, `secret_in_browser` in a page;
   * `metadata_issuer_mismatch`, `metadata_malformed`, `endpoint_refused`; `network_error`, …
   */
  static async connect(options: HelseIdOptions): Promise<HelseId> {
    assertConfigured(isObject(options), "options: { environment, clientId, key }");
    only(options, OPTIONS);
    checkTransport(options);
    const { environment, key, dpop, securityLevel = 4, assertionLifetime = SERVER.assertion!.lifetime! } = options;
    if ("document" in globalThis && !options.inPage) throw hostError("secret_in_browser", { expected: "a server or a worker: a page can keep no private key" });
    const issuer = (isObject(environment) ? environment.issuer : ENVIRONMENTS.find(([name]) => name === environment)?.[1]) ?? "";
    // What else an issuer must be is judged with its metadata.
    assertConfigured(typeof issuer === "string" && !!issuer && !issuer.endsWith("/"), "environment: test, production, or an issuer without a slash at its end");
    assertConfigured(key instanceof SigningKey && (dpop === undefined || dpop instanceof SigningKey), "key and dpop: SigningKeys");
    for (const one of [key, dpop ?? key]) call(["helseid", "algorithm", one.alg]);
    assertConfigured([2, 3, 4, "any"].includes(securityLevel), "securityLevel: 2, 3, 4 or any");
    assertConfigured(Number.isInteger(assertionLifetime) && assertionLifetime >= 1 && assertionLifetime <= 60, "assertionLifetime: 1 to 60 seconds");
    const { sessionStore: store, sessionStoreOptional: optional, onStoreError } = options;
    assertConfigured(
      store === undefined || (isObject(store) && ["read", "lock", "write", "unlock"].every((name) => typeof store[name as "read"] === "function")),
      "sessionStore: a TokenStore",
    );
    assertConfigured(optional === undefined || typeof optional === "boolean", "sessionStoreOptional: true or false");
    assertConfigured(onStoreError === undefined || typeof onStoreError === "function", "onStoreError: a function");
    const helseid = new HelseId(options, issuer as string, isObject(environment));
    await helseid.client();
    return helseid;
  }

  /** The client of the protocol, for what is not HelseID's alone: `introspect`, `revoke`, `tokenExchange`, `logoutToken`. */
  async client(): Promise<Client> {
    const { clientId, redirectUri, key, assertionLifetime: lifetime = SERVER.assertion!.lifetime!, fetch, timeout, jwks, clockOffset } = this.#options;
    const document = await metadataOf(this.#issuer, this.#development, this.#options);
    if (this.#client?.document !== document) {
      const endpoints = present(Object.fromEntries(ENDPOINTS.map((name) => [name, document[snake(name)]])));
      const server = provider({
        ...endpoints,
        issuer: this.#issuer,
        tokenEndpoint: document.token_endpoint,
        ...(redirectUri !== undefined && { redirectUri, authorizationEndpoint: document.authorization_endpoint! }),
        clientId,
        development: this.#development,
        ...SERVER,
        assertion: { ...SERVER.assertion, lifetime },
      });
      const client = new HelseIdClient(server, privateKeyJwt(key), {
        dpop: this.#dpop,
        ...(fetch && { fetch }),
        ...(timeout !== undefined && { timeout }),
        ...(jwks && { jwks }),
        ...(clockOffset !== undefined && { clockOffset }),
      });
      this.#client = { document, client };
    }
    return this.#client!.client;
  }

  async #party(): Promise<Party> {
    return parties.get(await this.client())!;
  }

  /** The level as the core takes it; 0 for none. */
  get #least(): number {
    const { securityLevel = 4 } = this.#options;
    return securityLevel === "any" ? 0 : securityLevel;
  }

  /**
   * Begins a login: pushed to HelseID, so that the URL carries a reference alone. Keep `transaction` with the browser's session.
   *
   * @throws {SamtykkeError} `invalid_scope` where the level could not be judged; `invalid_parameter`; `oauth_error` with
   * `oauth` and HelseID's number as `provider.code`; …
   */
  async login(request: HelseIdLogin): Promise<Login> {
    assertGiven(isObject(request) && typeof request.scope === "string", "authorization", "a login: { scope }");
    only(request, LOGIN, "authorization");
    const { scope, acrValues, prompt, onBehalfOf, uiLocales, resources, details, lifetime = 3600, signal } = request;
    assertGiven(resources === undefined || Array.isArray(resources), "authorization", "resources: a list of texts");
    const named = resources ? ["A", ...resources.map((resource) => `a${resource}`)] : [];
    const asked = Object.entries({ v: acrValues, p: prompt, o: onBehalfOf, u: uiLocales }).filter(([, value]) => value !== undefined);
    const lines = [
      this.#least,
      now(),
      scope,
      lifetime,
      ...named,
      ...asked.map(([mark, value]) => `${mark}${value}`),
      ...(details ? ["d", ...detailLines(details)] : []),
    ];
    const party = await this.#party();
    const at = endpointOf(party, "pushedAuthorizationRequestEndpoint");
    return hideSecrets(loginOf(await ask(party, "helseid_login", lines, { signal, key: this.#options.key, random: 96, ...(at && { at }) })), "Login");
  }

  /**
   * Finishes a login: checks what came back, exchanges the code for the first audience's token, verifies the id_token and
   * judges its level, stores the session. Works once.
   *
   * @throws {SamtykkeError} As `finish` and `exchange`; `claim_refused` for a lower level, or a token of another key or
   * audience; `invalid_parameter` for details, which HelseID refuses with a code (HID-1009).
   */
  async finish(transaction: string | null | undefined, callback: string | URL | FormPost, options: HelseIdFinish): Promise<HelseIdSession> {
    assertGiven(isObject(options) && typeof options.save === "function", "token", "{ save }: what stores the session");
    assertGiven(
      !("details" in options) && !("scope" in options),
      "token",
      "details with a token or the login, a scope with the login: neither with a code (HID-1009)",
    );
    only(options, FINISH, "token");
    const client = await this.client();
    const code = withProviderCodes(() => client.finish(transaction, callback));
    const { save, load, resource, signal } = options;
    return HelseIdSession.begun(this.#sessions(), { save, ...(load && { load }) }, String(code), resource, { signal });
  }

  /**
   * A session that was stored.
   *
   * @throws {SamtykkeError} `session_invalid`; `invalid_configuration` for one of another client or environment.
   */
  session(state: string, options: Pick<HelseIdFinish, "save" | "load">): HelseIdSession {
    assertGiven(isObject(options) && typeof options.save === "function", "token", "{ save }: what stores the session");
    only(options, KEEPING, "token");
    call(["helseid", "session", this.#issuer, this.#options.clientId], state);
    return new HelseIdSession(this.#sessions(), options, state);
  }

  #sessions(): SessionClient {
    const { timeout = 30, clockOffset: offset = 0 } = this.#options;
    return { client: () => this.client(), shared: this.#shared, least: this.#least, timeout, offset };
  }

  /**
   * A token of the client's own: the one that is still good (FK3), else a new one; the same request asked for at the same time
   * is sent once.
   *
   * @throws {SamtykkeError} `invalid_scope` for a person's scope; `token_error` with `oauth` and HelseID's number as
   * `provider.code`; `claim_refused` for a token of another key or audience; …
   */
  async machine(asked: HelseIdMachine = {}): Promise<HelseIdTokens> {
    only(asked, TARGET, "token");
    const { scope = "", resource, details, signal } = asked;
    const key = keyOf(asked);
    const kept = this.#kept.good(key);
    if (kept && !signal?.aborted) return kept;
    const ask = async () => {
      const tokens = await this.#own({ scope, resource, assertionClaims: details && { [ASSERTION_DETAILS]: claimOf(details) } });
      this.#kept.put(key, tokens);
      return tokens;
    };
    return this.#asking.run(key, ask, { signal, timeout: 2 * (this.#options.timeout ?? 30) + 1 }, "token");
  }

  async #own({
    scope,
    resource,
    assertionClaims,
    signal,
  }: { readonly scope: string } & Pick<TokenTarget, "assertionClaims" | "signal"> & Pick<HelseIdTarget, "resource">): Promise<HelseIdTokens> {
    const lines = [this.#least, resource, scope, json(assertionClaims)];
    return grantedOf(await ask(await this.#party(), "helseid_credentials", lines, { signal }));
  }

  /**
   * How a `TokenSource` of `samtykke/tokens` asks for the client's own tokens: for several processes that share them by its
   * store. A target has `scope`, one `resource`, and `assertionClaims: { assertion_details: claimOf(details) }`.
   *
   * @example
   * ```ts
   * const source = new TokenSource({ ...helseid.asking(), store });
   * const { accessToken } = await source.get({ scope: "nhn:kj/api" });
   * ```
   */
  asking(): RequestAsk & Required<Pick<TokenSourceSettings, "margin">> {
    const { clientId, key, fetch, timeout, clockOffset } = this.#options;
    const request = async ({ scope = "", resource, assertionClaims, ...others }: Target, signal: AbortSignal) => {
      const scopes = [scope].flat().join(" ");
      const [audience, ...more] = [resource ?? []].flat();
      // Details go in the assertion or in a request object, never in a form (FK5), and one token is for one audience.
      assertGiven(!more.length && !Object.values(others).some((value) => value !== undefined), "token", "a target of scope, one resource and assertionClaims");
      const tokens = await this.#own({ scope: scopes, resource: audience, assertionClaims, signal });
      // A source keeps what it gets, and would hand a token that lacks a scope to whoever asks next.
      if (tokens.missingScope.length)
        throw hostError("invalid_scope", { phase: "token", expected: "every scope granted that was asked for", actual: tokens.missingScope.join(" ") });
      return tokens;
    };
    return {
      request,
      issuer: this.#issuer,
      clientId,
      keyId: key.thumbprint,
      dpop: this.#dpop,
      development: this.#development,
      // HelseID wants no new token while one is good (FK3): replaced just before its end.
      margin: MARGIN,
      ...(fetch && { fetch }),
      ...(timeout !== undefined && { timeout }),
      ...(clockOffset !== undefined && { clockOffset }),
    };
  }

  /** A function like `fetch` that calls an API with a token of the client's own, got anew when it ends. */
  fetch(asked: HelseIdMachine, options: ResourceOptions): ResourceFetch {
    only(options, ORIGINS, "api");
    return async (input, init) => {
      const [client, tokens] = [await this.client(), await this.machine(asked)];
      return client.fetch(tokens, options)(input, init);
    };
  }

  /** Forgets the client's own tokens: after its key was changed. */
  forget(): void {
    this.#kept.clear();
  }
}
