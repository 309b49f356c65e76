// ACM/IDM Vlaanderen as data over the standard client, and eLys (formerly DAO) behind it.

import { call } from "../../core/wasm.js";
import { type Names, assertConfigured, assertGiven, isObject, only } from "../../core/check.js";
import type { Client } from "../../protocol/client.js";
import { SamtykkeError, hostError } from "../../core/error.js";
import { AuthorizationCode, type AuthorizationRequest } from "../../protocol/flow.js";
import { type Provider, clientLines } from "../../protocol/page_provider.js";
import { now } from "../../core/clock.js";
import { ACTORS, ELYS, ENVIRONMENTS, SERVER, addresses } from "./data.js";
import { TRANSPORT, type Transport, request, send } from "../../core/http.js";
import type { Introspection } from "../../protocol/introspection.js";
import type { LogoutRequest } from "../../protocol/logout.js";
import { parties } from "../../protocol/party.js";
import { provider } from "../../protocol/provider.js";
import { type Guard, type RefusableToken, checkToken, guardedFetch, tokenOf } from "../guarded_fetch.js";
import type { ResourceInit } from "../../protocol/resource.js";
import type { Tokens } from "../../protocol/tokens.js";

/** ACM/IDM's environments (`ti` is test and integration), or a server of your own by its issuer. */
export type AcmIdmEnvironment = "ti" | "production" | { readonly issuer: string };

/** Your registration with ACM/IDM. */
export interface AcmIdmOptions {
  readonly environment: AcmIdmEnvironment;
  /** Your own Client-ID; never the ClientID API. */
  readonly clientId: string;
  /** May be left out where no person logs in. */
  readonly redirectUri?: string;
}

/**
 * ACM/IDM Vlaanderen, with your client id. All addresses are known, so that no discovery is needed; it omits what the server does.
 *
 * @throws {SamtykkeError} `invalid_configuration` naming the setting; `secret_in_browser`.
 * @example
 * ```ts
 * const acm = acmidm({ environment: "ti", clientId: env.CLIENT_ID });
 * const client = new Client(acm, privateKeyJwt(await SigningKey.fromJwk(JSON.parse(env.CLIENT_JWK), { alg: "RS256" })));
 * const tokens = await client.clientCredentials({ scope: "vo_info elys_depzorg" });
 * ```
 */
export function acmidm(options: AcmIdmOptions): Provider {
  assertConfigured(isObject(options), "options as an object");
  const { environment, clientId, redirectUri, ...rest } = options;
  const own = isObject(environment) && typeof environment.issuer === "string" && environment.issuer;
  const issuer = own || ENVIRONMENTS.find(([name]) => name === environment)?.[1];
  if (!issuer || issuer.endsWith("/")) {
    throw hostError("invalid_configuration", { expected: "environment: ti, production, or an issuer without a slash at its end" });
  }
  const { authorizationEndpoint, ...endpoints } = addresses(issuer);
  const made = provider({
    ...rest,
    ...SERVER,
    ...endpoints,
    issuer,
    clientId,
    ...(redirectUri !== undefined && { authorizationEndpoint, redirectUri }),
    rules: "acmidm",
    development: !!own,
  });
  only(rest, {});
  return made;
}

/** Means by which a person logs in, as `acr_values`. Only when one is asked for does the id_token have an `acr`. */
export const loginMeans = Object.freeze({
  eid: "urn:be:vlaanderen:authmech:eid",
  itsme: "urn:be:vlaanderen:authmech:itsme",
  csamtotp: "urn:be:vlaanderen:authmech:csamtotp",
});

/** A login. Finish and exchange it at once: the code lives 30 seconds. */
export interface AcmIdmLogin {
  /** `openid vo profile` unless given; `offline_access` for a refresh token, which works once and is replaced by each refresh. */
  readonly scope?: string;
  /** Means to choose from; all that the client has unless given. */
  readonly means?: readonly (keyof typeof loginMeans)[];
  readonly loginHint?: string;
  /** How the answer comes back; `query` unless given. */
  readonly responseMode?: "query" | "fragment" | "form_post";
}

const LOGIN: Names<AcmIdmLogin> = { scope: 1, means: 1, loginHint: 1, responseMode: 1 };

/** An authorization request for `client.start`. */
export function acmIdmLogin(options: AcmIdmLogin = {}): AuthorizationRequest {
  only(options, LOGIN, "authorization");
  const { scope = "openid vo profile", means, loginHint, responseMode } = options;
  const urns = means?.map((name) => loginMeans[name]);
  assertGiven(!urns?.includes(undefined as never), "authorization", "means: eid, itsme or csamtotp");
  return {
    scope,
    ...(responseMode && { responseMode }),
    extra: { ...(urns?.length && { acr_values: urns.join(" ") }), ...(loginHint && { login_hint: loginHint }) },
  };
}

/** A logout after which the person chooses another identity, for `client.logoutUrl`: the parameter `switch`, without a value. */
export function switchIdentity(postLogoutRedirectUri: string): LogoutRequest {
  return { postLogoutRedirectUri, extra: { switch: null } };
}

/** What a delegated token is for. */
export interface Delegation {
  /** The API, by its ClientID API; never your own. */
  readonly api: string;
  /** What is wanted of it beside, single spaces between; nothing unless given. `offline_access` for a refresh token. */
  readonly scope?: string;
  readonly signal?: AbortSignal;
}

/**
 * A token for another API in the name of the person who logged in (the delegated variant, ACG): the access token of their login
 * asks for a code, which is exchanged at once, since it lives 30 seconds. The token goes to the issuer's origin alone, and no
 * redirect is followed. No person is asked anything, so this is for workers and servers.
 *
 * @param token - The tokens of the login, or their access token; never one of a machine.
 * @throws {SamtykkeError} `token_invalid` when the login's token was refused: refresh it, or log in again; `authorization_error`
 * with `oauth` when the server does not grant this; `redirect_refused` when it wants a login instead; `content_type_unexpected`,
 * `callback_malformed`, `state_mismatch`, `resource_refused`, `network_error`, …; and what `client.exchange` throws.
 * @example
 * ```ts
 * const forApi = await delegate(client, tokens, { api: "b3f43c85-53a5-443d-838c-7c2d0359897b" });
 * ```
 */
export async function delegate(client: Client, token: Tokens | string, asked: Delegation): Promise<Tokens> {
  const party = parties.get(client);
  assertConfigured(!!party, "a Client with the provider of acmidm(…)");
  only(asked, { api: 1, scope: 1, signal: 1 } satisfies Names<Delegation>, "authorization");
  const { api, scope, signal } = asked ?? {};
  const bearer = isObject(token) ? token["accessToken"] : token;
  assertGiven(typeof bearer === "string", "authorization", "the tokens of a login, or their access token");
  const { provider: acm, transport } = party!;
  assertGiven(
    typeof api === "string" && /^[\x21-\x7e]+$/.test(api) && api !== acm.clientId,
    "authorization",
    "api: the ClientID API, another than the client's own",
  );
  const login = client.begin({ scope: `audience:server:client_id:${api}${scope ? ` ${scope}` : ""}`, lifetime: 60 });
  const lines = clientLines(acm);
  const out = request(call(["acmidm", "delegation", lines, login.url, bearer as string]));
  const { head, body } = await send(out, "authorization", transport, signal);
  const code = call(["acmidm", "delegated", lines, now(), login.transaction, ...head], body);
  return client.exchange(new AuthorizationCode(login.transaction, code), signal ? { signal } : {});
}

/** Whom an opaque token is for. */
export interface GrantedAudience {
  /** `client`: the client itself, since the server takes a missing or unknown `audience` without a word. */
  readonly kind: "apis" | "client" | "unknown";
  /** The APIs' client ids. */
  readonly apis: readonly string[];
}

/** Whom a token is for, by what `client.introspect(token)` gave. */
export function grantedAudience(token: Pick<Introspection, "audience">, clientId: string): GrantedAudience {
  const found = token.audience.filter((one) => one !== clientId);
  return { kind: found.length ? "apis" : token.audience.length ? "client" : "unknown", apis: found };
}

/** Who the client is in a declaration of death. Each actor has a client and a scope of its own. */
export type ElysActor = "uitvaartondernemer" | "crematorium" | "depzorg" | "lbbs" | "begraafplaats" | "arts";
/** eLys' environments; `dao-beta` is the API under its old name; or a server of your own by its origin. */
export type ElysEnvironmentName = "beta" | "acceptance" | "production" | "dao-beta" | { readonly origin: string };

/** What is known of an environment of eLys. */
export interface ElysEnvironment {
  /** The environment of ACM/IDM whose tokens it takes. */
  readonly acm: string;
  readonly origin: string;
  /** The API's reference in the portal of ACM/IDM. */
  readonly reference: string;
  /** The API's client id, for `audience`, where it is known. */
  readonly apiClientId?: string;
  /** Scope for a token: `vo_info`, without which the API does not see the organisation, and the actor's. */
  scope(actor: ElysActor): string;
}

/**
 * An environment of eLys.
 *
 * @throws {SamtykkeError} `invalid_configuration` for an unknown one; `invalid_scope` by `scope` for an actor it does not have.
 */
export function elys(name: ElysEnvironmentName): ElysEnvironment {
  const own = isObject(name) && typeof name.origin === "string" && name.origin;
  const [, acm, origin, reference, apiClientId, prefix] = own ? ["", "", own, "", "", "elys_"] : (ELYS.find(([known]) => known === name) ?? []);
  if (!origin) throw hostError("invalid_configuration", { expected: "environment: beta, acceptance, production, dao-beta or an origin" });
  return Object.freeze({
    acm: acm!,
    origin,
    reference: reference!,
    ...(apiClientId && { apiClientId }),
    scope(actor: ElysActor) {
      const found = ACTORS.find(([known]) => known === actor)
        ?.slice(1)
        .find((scope) => scope?.startsWith(prefix!));
      if (!found) throw hostError("invalid_scope", { phase: "token", expected: "an actor that the API has in this environment" });
      return `vo_info ${found}`;
    },
  });
}

/** How eLys is called. */
export interface ElysOptions extends Transport {
  readonly environment: ElysEnvironmentName;
  readonly token: RefusableToken;
  /** `x-correlation-id`, a UUID: the business process. One for each `ElysApi` unless given. */
  readonly correlationId?: string;
  /** `x-tracing-id`, a UUID: the chain of calls. One for each `ElysApi` unless given. */
  readonly tracingId?: string;
}

/** What the client should be, for {@link ElysApi.ping}. */
export interface PingExpectation {
  /** A KBO number, with dots or without, or an `OVO` code. Not compared unless given. */
  readonly organisationCode?: string;
  /** Scopes that must have been granted; more may be. */
  readonly scope?: string;
  readonly signal?: AbortSignal;
}

/** Something that does not match. */
export interface PingMismatch {
  readonly point: "active" | "client_id" | "issuer" | "organisation_code" | "scope";
  readonly expected: string;
  /** What the API sees; empty for nothing. */
  readonly found: string;
  /** What to do, in a sentence for a developer. */
  readonly advice: string;
}

/** What the API sees of the token. Times in seconds since 1970. */
export interface PingReport {
  /** Whether all is as expected; otherwise see `mismatches`. */
  readonly matches: boolean;
  readonly organisationCode?: string;
  readonly organisationName?: string;
  readonly clientId?: string;
  /** The client's name in the portal. */
  readonly application?: string;
  readonly scopes: readonly string[];
  readonly audience: readonly string[];
  readonly issuer?: string;
  readonly expiresAt?: number;
  readonly issuedAt?: number;
  readonly mismatches: readonly PingMismatch[];
}

/** The eLys API of one environment; the token goes to its origin and nowhere else. */
export class ElysApi {
  readonly #provider: Provider;
  readonly #environment: string;
  readonly #guard: Guard;
  readonly #trace: readonly [correlation: string, tracing: string];

  /**
   * @throws {SamtykkeError} `invalid_configuration`, also where the provider is of another environment than the API: no token of
   * T&I reaches production.
   */
  constructor(provider: Provider, options: ElysOptions) {
    assertConfigured(isObject(provider) && isObject(options), "a provider made by acmidm(…), and options");
    only(options, { ...TRANSPORT, environment: 1, token: 1, correlationId: 1, tracingId: 1 } satisfies Names<ElysOptions>);
    const { environment, token, correlationId, tracingId, fetch, timeout } = options;
    const transport = { ...(fetch && { fetch }), ...(timeout !== undefined && { timeout }) };
    checkToken(token, transport);
    const { origin } = elys(environment);
    this.#environment = isObject(environment) ? origin : environment;
    call(["acmidm", "check", this.#environment, ENVIRONMENTS.find(([, issuer]) => issuer === provider.issuer)?.[0]]);
    this.#provider = provider;
    this.#trace = [correlationId ?? crypto.randomUUID(), tracingId ?? crypto.randomUUID()];
    const [correlation, tracing] = this.#trace;
    const headers = () => ({ "x-correlation-id": correlation, "x-tracing-id": tracing, "x-request-id": crypto.randomUUID() });
    this.#guard = { origins: [origin], development: provider.flags, transport, token, headers };
    // Ids are judged by the core as a call's would be.
    this.#ping("-");
  }

  #ping(token: string) {
    return request(call(["acmidm", "request", this.#environment, token, ...this.#trace, crypto.randomUUID()]));
  }

  /**
   * `GET /health/v1/ping`: what the API sees of the token, compared with this client and with what you expect. What does not
   * match is explained, not thrown.
   *
   * @throws {SamtykkeError} `token_invalid` and `unauthorized`, which say what to check of the token; `api_error`, `network_error`, …
   * @example
   * ```ts
   * const { matches, mismatches } = await api.ping({ organisationCode: "0123.456.789", scope: "vo_info elys_depzorg" });
   * ```
   */
  async ping(expected: PingExpectation = {}): Promise<PingReport> {
    only(expected, { organisationCode: 1, scope: 1, signal: 1 } satisfies Names<PingExpectation>, "api");
    const { organisationCode, scope, signal } = expected;
    const { clientId, issuer } = this.#provider;
    const { token, transport } = this.#guard;
    let current = await tokenOf(token);
    for (let again = typeof token === "function"; ; again = false) {
      const { head, body } = await send(this.#ping(current), "api", transport, signal);
      try {
        return JSON.parse(call(["acmidm", "ping", clientId, organisationCode, scope, issuer, ...head], body)) as PingReport;
      } catch (error) {
        if (!again || !(error instanceof SamtykkeError) || error.code !== "token_invalid") throw error;
        const next = await tokenOf(token, current);
        if (next === current) throw error;
        current = next;
      }
    }
  }

  /**
   * Calls the API like `fetch`, by a path such as `/v1/…`, with the token and the headers that every call must have. A 401
   * gets a new token at most once. All other answers are yours.
   *
   * @throws {SamtykkeError} `token_invalid`, `resource_refused`, `redirect_refused`, `network_error`, …
   */
  async fetch(path: string, init?: ResourceInit): Promise<Response> {
    assertGiven(typeof path === "string" && path.startsWith("/"), "api", "a path of the API that begins with a slash");
    return guardedFetch(this.#guard, this.#guard.origins[0] + path, init);
  }
}
