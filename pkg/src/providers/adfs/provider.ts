// Any AD FS as data over the standard client: certificates named as the server wants it, one resource a token, its own error codes.

import { call } from "../../core/wasm.js";
import { answerLines } from "../../protocol/answer.js";
import { assertConfigured, assertGiven, isObject, only } from "../../core/check.js";
import { type Action, SamtykkeError, hostError } from "../../core/error.js";
import type { Development } from "../../core/development.js";
import type { Provider } from "../../protocol/page_provider.js";
import { now } from "../../core/clock.js";
import { ACCESS_TOKEN_ISSUER, KEY_NAMES, MSIS, SERVER, addresses } from "./data.js";
import { type Fetch, MAX_BODY, read } from "../../core/http.js";
import type { Jwks, JwksCache, KeySource, KnownKey } from "../../protocol/jwks.js";
import type { PublicJwk, SigningKey } from "../../crypto/keys.js";
import type { TokenTarget } from "../../protocol/target.js";
import { provider } from "../../protocol/provider.js";
import type { Presence, ServerRules } from "../../protocol/profile.js";
import type { Tokens } from "../../protocol/tokens.js";
import { base64url, parseJwtPart, octetsFrom, refuse, rowOf } from "../../crypto/webcrypto.js";

/**
 * How an assertion names the certificate it is signed with: by `x5t`, its SHA-1 in base64url; by `kid`, which is the key's own: give
 * the key the one that the server knows it by, such as the SHA-1 in capital hexadecimal; or by both.
 */
export type AdfsKeyName = "x5t" | "kid" | "x5t_kid";

/** Your registration with an AD FS. */
export interface AdfsOptions {
  /** The issuer, `https://…/adfs`, or its host alone. */
  readonly issuer: string;
  /** The client identifier: a GUID, unless it was chosen. */
  readonly clientId: string;
  /** May be left out where no person logs in. */
  readonly redirectUri?: string;
  /** Where the server wants another than `…/oauth2/token/`, such as one without the slash: it is the assertions' `aud` too. */
  readonly tokenEndpoint?: string;
  /** How an assertion names its certificate; `x5t` unless given. */
  readonly keyName?: AdfsKeyName;
  /** Allows http to this machine, and to the origins named. */
  readonly development?: Development;
}

/**
 * How requests to an AD FS look: for `discover`, where its addresses are to come from its metadata.
 *
 * @throws {SamtykkeError} `invalid_configuration` for another `keyName`.
 */
export function adfsRules(keyName?: AdfsKeyName): ServerRules {
  const row = KEY_NAMES.find(([name]) => keyName === undefined || name === keyName);
  assertConfigured(!!row, `keyName: ${KEY_NAMES.map(([name]) => name).join(", ")}`);
  const [, kid, x5t] = row as readonly [string, Presence, Presence];
  return Object.freeze({ ...SERVER, assertion: { ...SERVER.assertion, kid, x5t }, rules: "adfs" });
}

/** @internal An AD FS by rules of its own. */
export function adfsBy(rules: ServerRules, { issuer, redirectUri, tokenEndpoint, ...rest }: Omit<AdfsOptions, "keyName">): Provider {
  if (typeof issuer !== "string" || issuer.endsWith("/"))
    throw hostError("invalid_configuration", { expected: "issuer: https://…/adfs, without a slash at its end" });
  const { authorizationEndpoint, ...endpoints } = addresses(issuer);
  const made = provider({
    ...rest,
    ...rules,
    ...endpoints,
    issuer,
    ...(tokenEndpoint !== undefined && { tokenEndpoint }),
    ...(redirectUri !== undefined && { authorizationEndpoint, redirectUri }),
  });
  only(rest, { clientId: 1, development: 1 });
  return made;
}

/**
 * An AD FS, with your client id: sign with a key that has its certificate (`privateKeyJwt`), or use a secret. Its addresses are those
 * of every AD FS, so that no discovery is needed.
 *
 * @throws {SamtykkeError} `invalid_configuration` naming the setting; `secret_in_browser`.
 * @example
 * ```ts
 * const server = adfs({ issuer: "adfs.example.org", clientId: env.CLIENT_ID });
 * const key = await SigningKey.fromPem(env.KEY, { alg: "RS256", certificates: env.CERTIFICATE });
 * const client = new Client(server, privateKeyJwt(key));
 * const tokens = await client.clientCredentials(adfsTarget("urn:example:api", "read"));
 * ```
 */
export function adfs(options: AdfsOptions): Provider {
  assertConfigured(isObject(options), "options as an object");
  const { keyName, issuer, ...rest } = options;
  const host = typeof issuer === "string" && /^[^/?#@]+$/.test(issuer);
  return adfsBy(adfsRules(keyName), { issuer: host ? `https://${issuer}/adfs` : issuer, ...rest });
}

/** Whose name the server's access tokens bear: `http`, and not the issuer. Told for APIs; a client reads no access token. */
export const accessTokenIssuer = (issuer: string): string => issuer.replace(/^https/, "http") + ACCESS_TOKEN_ISSUER;

/**
 * What a token is for: one API, by the identifier it is registered with (at Region Halland, its resursid), byte for byte. Without one the token would be for AD FS' own userinfo.
 * `joined` writes the resource before each scope instead, as `resource/scope`, for servers of 2019 that are set up so.
 *
 * @throws {SamtykkeError} `invalid_parameter` for an empty resource, and for no scope where it is to bear the resource.
 */
export function adfsTarget(resource: string, scope?: string, options: { readonly joined?: boolean } = {}): TokenTarget & { readonly scope?: string } {
  assertGiven(typeof resource === "string" && resource !== "", "token", "resource: the identifier of the API");
  only(options, { joined: 1 }, "token");
  if (options.joined) {
    const scopes = (scope ?? "").split(" ").filter(Boolean);
    assertGiven(scopes.length > 0, "token", "scope: at least one, to write the resource before");
    return { scope: scopes.map((one) => `${resource}/${one}`).join(" ") };
  }
  return { resource, ...(scope !== undefined && { scope }) };
}

/** Seconds the refresh token of an answer lives from then on (`refresh_token_expires_in`), where AD FS says so. */
export function refreshExpiresIn({ others }: Tokens): number | undefined {
  const { refresh_token_expires_in: seconds } = others;
  return Number.isSafeInteger(seconds) && (seconds as number) >= 0 ? (seconds as number) : undefined;
}

/** The keys of an AD FS: found by `kid`, and without one by `x5t`. */
class CertifiedKeys implements KeySource {
  readonly #cached: KeySource | undefined;
  readonly #text: () => string;
  // Where no cache keeps them; bounded as a cache's are.
  readonly #known = new Map<string, KnownKey>();

  constructor(keys: JwksCache | Jwks | string, uri: string) {
    const cache = typeof keys === "object" && "at" in keys ? keys : undefined;
    this.#cached = cache?.at(uri);
    const fixed = typeof keys === "string" ? keys : JSON.stringify(keys);
    this.#text = () => (cache ? (cache.save()[uri]?.jwks ?? "") : fixed);
  }

  /** @internal */
  known(header: string): KnownKey | undefined {
    return this.#cached ? this.#cached.known(header) : this.#known.get(header);
  }

  /** @internal */
  remember(header: string, known: KnownKey): void {
    if (this.#cached) {
      this.#cached.remember(header, known);
      return;
    }
    if (this.#known.size > 99) this.#known.clear();
    this.#known.set(header, known);
  }

  /** @internal */
  async find(token: string, alg: string, kid: string): Promise<KnownKey> {
    const { x5t } = parseJwtPart(token, 0);
    if (x5t !== undefined && (typeof x5t !== "string" || !x5t)) throw hostError("jws_malformed", { expected: "x5t: a text, not empty" });
    // The cache fetches what it lacks, by the name that AD FS gives its keys, and not too often; which key it is, is decided below.
    const named = `${base64url(JSON.stringify({ alg, kid: kid || x5t }))}${token.slice(token.indexOf("."))}`;
    const found = await this.#cached?.find(x5t === undefined ? token : named, alg, kid || (x5t ?? "")).catch((error: SamtykkeError) => {
      if (x5t === undefined || error.code !== "key_not_found") throw error;
    });
    const [jwk, certificate] = call(["adfs", alg, kid, x5t], this.#text()).split("\n") as [string, string];
    if (certificate && base64url(new Uint8Array(await crypto.subtle.digest("SHA-1", octetsFrom(certificate)))) !== x5t) {
      throw hostError("key_refused", { phase: "token", expected: "x5t: the SHA-1 of the key's certificate" });
    }
    const key = await crypto.subtle.importKey("jwk", JSON.parse(jwk) as PublicJwk, rowOf(alg).key, true, ["verify"]).catch(refuse);
    // One that the cache does not know by name is looked up anew after a minute, when an unknown name may have the set fetched.
    return { alg, key, until: found?.until ?? now() + 60 };
  }
}

/**
 * The keys of an AD FS, for the option `jwks` of a client: found by `kid`, and without one by `x5t`, the SHA-1 of the key's
 * certificate, by which AD FS names its keys in either place. Names that contradict each other, and a certificate that is not the
 * key's or not the one named, are `key_refused`; an unknown name has the set fetched once more, as ever.
 *
 * @param keys - A cache, or the key set itself.
 * @throws {SamtykkeError} `invalid_configuration`.
 * @example
 * ```ts
 * const client = new Client(server, privateKeyJwt(key), { jwks: adfsKeys(server, new JwksCache()) });
 * ```
 */
export function adfsKeys(provider: Provider, keys: JwksCache | Jwks | string): KeySource {
  const uri = isObject(provider) ? provider.server?.jwksUri : undefined;
  assertConfigured(!!uri, "a provider with jwksUri");
  assertConfigured(typeof keys === "string" || isObject(keys), "keys: a JwksCache or a key set");
  return new CertifiedKeys(keys, uri!);
}

/** When a key's certificate is valid, in seconds since 1970. */
export interface CertificateTimes {
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * When the certificate of a signing key is valid.
 *
 * @throws {SamtykkeError} `key_refused` for a key without certificate.
 */
export function certificateTimes(key: SigningKey): CertificateTimes {
  const certificate = isObject(key) ? key.certificate : undefined;
  if (!certificate) throw hostError("key_refused", { expected: "a key with its certificate" });
  const { notBefore, notAfter } = certificate;
  return { notBefore, notAfter };
}

/** A key to sign with now. */
export interface CurrentKey extends CertificateTimes {
  readonly key: SigningKey;
  /** Whether less than `warn` seconds are left: time to renew the certificate and have the new one registered. */
  readonly expiresSoon: boolean;
}

/**
 * The first of your keys whose certificate is valid now. A server refuses a certificate that is not registered yet or out of its
 * time, so put a renewed one after the old one until it is registered, and first from then on.
 *
 * @param options - `warn`: seconds before the end that count as soon, 30 days unless given; `now`: seconds since 1970.
 * @throws {SamtykkeError} `key_refused` when none is valid.
 */
export function currentKey(keys: readonly SigningKey[], options: { readonly warn?: number; readonly now?: number } = {}): CurrentKey {
  assertConfigured(Array.isArray(keys), "keys: a list of signing keys");
  only(options, { warn: 1, now: 1 });
  const { warn = 30 * 86_400, now: time = now() } = options;
  for (const key of keys) {
    const times = certificateTimes(key);
    if (times.notBefore <= time && time <= times.notAfter) return { key, ...times, expiresSoon: times.notAfter - time < warn };
  }
  throw hostError("key_refused", { expected: "a key whose certificate is valid now" });
}

/** An error code of AD FS' own. */
export interface Msis {
  /** Such as `MSIS9602`. */
  readonly code: string;
  /** What to do; absent for a code that is not in the table. */
  readonly action?: Action;
  /** What it means and what to do, in a sentence for a developer. */
  readonly advice?: string;
}

/** AD FS' own code in an error, or in a text of its. */
export function msis(found: unknown): Msis | undefined {
  const text = typeof found === "string" ? found : found instanceof SamtykkeError ? found.oauth?.description : undefined;
  const code = text?.match(/MSIS\d{3,6}(?!\d)/)?.[0];
  if (!code) return undefined;
  const [, action, advice] = MSIS.find(([known]) => known === code) ?? [];
  return { code, ...(action && { action: action as Action }), ...(advice && { advice }) };
}

/** @internal The header by which AD FS logs a request (MS-OAPX section 3.2.5.2). */
export const REQUEST_ID = "client-request-id";

/** @internal The error, with AD FS' own code, what that asks for, and the id of the request that it answers. */
export function withTraceId(error: unknown, traceId: string): unknown {
  if (!(error instanceof SamtykkeError) || error.provider?.traceId) return error;
  const { name: _, message: __, ...facts } = error.toJSON();
  const own = msis(error);
  const code = facts.provider?.code ?? own?.code;
  return new SamtykkeError(
    { ...facts, action: own?.action ?? facts.action, provider: { ...(code && { code }), traceId } },
    error.cause === undefined ? undefined : { cause: error.cause },
  );
}

/**
 * A `fetch` for a client of AD FS: each request to it has an id of its own, a UUID as `client-request-id`, by which AD FS logs it.
 * An error of the token endpoint has it as `provider.traceId`, AD FS' own code as `provider.code`, and as `action` what that code
 * asks for; see {@link requestId}.
 *
 * @param fetch - Sends the requests; the global one unless given.
 * @throws {SamtykkeError} `invalid_configuration`.
 * @example
 * ```ts
 * const client = new Client(server, privateKeyJwt(key), { fetch: adfsFetch(server) });
 * ```
 */
export function adfsFetch(provider: Provider, fetch: Fetch = (url, init) => globalThis.fetch(url, init)): Fetch {
  assertConfigured(isObject(provider) && typeof provider.issuer === "string" && typeof fetch === "function", "a provider, and a fetch");
  const { tokenEndpoint, issuer } = provider;
  const { origin } = new URL(issuer);
  return async (url, init) => {
    if (new URL(url).origin !== origin) return fetch(url, init);
    const id = crypto.randomUUID();
    const asks = url === tokenEndpoint;
    const headers = new Headers(init.headers);
    headers.set(REQUEST_ID, id);
    const response = await fetch(url, { ...init, headers }).catch((cause) => {
      // What ended the request says the rest.
      throw asks && !init.signal?.aborted
        ? withTraceId(cause instanceof SamtykkeError ? cause : hostError("network_error", { phase: "token" }, cause), id)
        : cause;
    });
    const { status } = response;
    if (!asks || status < 400) return response;
    const body = await read(response, MAX_BODY);
    try {
      if (body === undefined) throw hostError("token_response_too_large", { http: { status } });
      // What an error asks of the caller follows from the grant.
      const grant = new URLSearchParams(String(init.body)).get("grant_type") ?? "";
      const head = answerLines({ status, contentType: response.headers.get("content-type"), retryAfter: response.headers.get("retry-after"), body });
      call(["token_error", ...head.slice(0, 3), grant], body);
    } catch (error) {
      throw withTraceId(error, id);
    }
    return response;
  };
}

/** The id by which AD FS or the gateway logged the request that an error answers, to quote to whoever runs it. */
export function requestId(error: unknown): string | undefined {
  if (!(error instanceof SamtykkeError)) return undefined;
  // The end of a session is told over the error it was.
  return error.provider?.traceId ?? requestId(error.cause);
}
