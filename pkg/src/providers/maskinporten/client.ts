// Maskinporten: tokens for machines by a grant that is signed anew for every attempt. The core words the grant, exactly the
// documented claims; the key signs; what an answer means is a row of the core's table.

import { none } from "../../protocol/authentication.js";
import { type Value, call } from "../../core/wasm.js";
import { type Names, assertConfigured, assertGiven, isObject, only } from "../../core/check.js";
import type { ClientOptions } from "../../protocol/client.js";
import { TRANSPORT, checkTransport } from "../../core/http.js";
import { SamtykkeError, hostError } from "../../core/error.js";
import { type Provider, made } from "../../protocol/page_provider.js";
import { now } from "../../core/clock.js";
import { SigningKey, inTime } from "../../crypto/keys.js";
import { provider as server } from "../../protocol/provider.js";
import { pause } from "../calls.js";
import type { RequestAsk } from "../../tokens/grant.js";
import { Nonces } from "../../protocol/dpop.js";
import { type Party, ask } from "../../protocol/party.js";
import { keyLines } from "../../protocol/signing.js";
import { targetLines } from "../../protocol/target.js";
import { type Tokens, tokensOf } from "../../protocol/tokens.js";
import { base64url } from "../../crypto/webcrypto.js";

/** Maskinporten's environments, or your own server's addresses for development: issuer, token endpoint, self-service API. */
export type MaskinportenEnvironment =
  | "test"
  | "production"
  | {
      readonly issuer: string;
      /** `token` beneath the issuer unless given. */
      readonly tokenEndpoint?: string;
      /** Needed for the self-service API alone. */
      readonly selfService?: string;
    };

const ADDRESSES: Names<Exclude<MaskinportenEnvironment, string>> = { issuer: 1, tokenEndpoint: 1, selfService: 1 };

/** The settings of {@link maskinporten}. */
export interface MaskinportenSettings {
  readonly environment: MaskinportenEnvironment;
  /** Your client id. A European business with an eSeal has none, and Maskinporten does not read it: name yourself. */
  readonly clientId: string;
  /**
   * The base of the self-service API: `current` (`…/api/v1`), the default; `unversioned` (the same host without that path);
   * `guide` (`integrasjon-ver2.difi.no` and `integrasjon.difi.no`, as the original guide has it); or an address. A server of
   * your own takes the form of the name at its own origin.
   */
  readonly selfService?: "current" | "unversioned" | "guide" | (string & {});
}

const MARK = "maskinporten ";

/**
 * Maskinporten, with your client id.
 *
 * @throws {SamtykkeError} `invalid_configuration` naming the setting.
 * @example
 * ```ts
 * const mp = maskinporten({ environment: "test", clientId: "238259d7-f0ab-4bd5-b253-0f0159375096" });
 * ```
 */
export function maskinporten(settings: MaskinportenSettings): Provider {
  assertConfigured(isObject(settings), "settings as an object");
  only(settings, { environment: 1, clientId: 1, selfService: 1 } satisfies Names<MaskinportenSettings>);
  const { environment, clientId, selfService } = settings;
  const own = isObject(environment);
  assertConfigured(own || environment === "test" || environment === "production", "environment: test, production, or addresses of your own server");
  if (own) only(environment, ADDRESSES);
  const words = own ? [environment.issuer, environment.tokenEndpoint ?? "", environment.selfService ?? ""] : [environment];
  const name = [...words, ...(selfService === undefined ? [] : [selfService])].join(" ");
  const [issuer, tokenEndpoint, api] = call(["maskinporten", "environment", name]).split("\n") as [string, string, string];
  const base = server({ issuer, tokenEndpoint, clientId, development: own });
  // Marked, so that no other provider's API takes it for an environment of its own.
  const whole = Object.freeze({ ...base, api, environment: MARK + name });
  made.set(whole, made.get(base)!);
  return whole;
}

/** @internal The core's name of a provider's environment. */
export function environmentOf(provider: Provider): string {
  const name = isObject(provider) && typeof provider.environment === "string" ? provider.environment : "";
  assertConfigured(name.startsWith(MARK), "a provider made by maskinporten(…)");
  return name.slice(MARK.length);
}

/** Rich authorization details as Maskinporten takes them: one entry. Made by {@link systemUser} or {@link consent}. */
export interface MaskinportenDetails {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** A customer's system user. `externalReference` where the request for it had one. `organisation` is nine digits. */
export const systemUser = (organisation: string, externalReference?: string): MaskinportenDetails => ({
  type: "urn:altinn:systemuser",
  systemuser_org: { authority: "iso6523-actorid-upis", ID: `0192:${organisation}` },
  ...(externalReference !== undefined && { externalRef: externalReference }),
});

/** A consent in Altinn: its id, and the person (11 digits) or organisation (9 digits) who gave it. */
export const consent = (id: string, from: { readonly person: string } | { readonly organisation: string }): MaskinportenDetails => ({
  type: "urn:altinn:consent",
  id,
  from: "person" in from ? `urn:altinn:person:identifier-no:${from.person}` : `urn:altinn:organization:identifier-no:${from.organisation}`,
});

/** What a token is asked for. There are no other claims: Maskinporten refuses assertions that have some. */
export interface MaskinportenRequest {
  /** Scope tokens, single spaces between them; one for each token is advised. */
  readonly scope: string;
  /** The service the token is for: its `aud`. A text is sent in an array, as documented; `{ text }` sends it as it is. */
  readonly resource?: string | readonly string[] | { readonly text: string };
  /** The customer who delegated the scope to you in Altinn: nine digits. */
  readonly consumerOrg?: string;
  /** One on whose behalf the client acts (`iss_onbehalfof`), by the id that the self-service API knows; not beside a customer. */
  readonly onBehalfOf?: string;
  /** The person the token is about: 11 digits. The person has not logged in. */
  readonly pid?: string;
  /** A system user or a consent. */
  readonly authorizationDetails?: MaskinportenDetails | readonly MaskinportenDetails[];
  /** Further form parameters, for a server that stands in for Maskinporten: some want the `client_id` there. */
  readonly extra?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const REQUEST: Names<MaskinportenRequest> = {
  scope: 1,
  resource: 1,
  consumerOrg: 1,
  onBehalfOf: 1,
  pid: 1,
  authorizationDetails: 1,
  extra: 1,
  signal: 1,
};

/** How a {@link MaskinportenClient} works. */
export interface MaskinportenOptions extends Pick<ClientOptions, "fetch" | "timeout" | "clockOffset"> {
  /** Your organisation number: a customer is never you. */
  readonly organisation?: string;
  /** How often a token is asked for again when server or network have trouble; 2 unless given. Each time with a new assertion. */
  readonly retries?: number;
  /** Seconds the assertion lives: 1 to 120, 120 unless given. The token's own life does not follow it. */
  readonly lifetime?: number;
  /**
   * Seconds for which what was just registered (client, key, scope) is waited for when it is not known yet: up to 120; none
   * unless given.
   */
  readonly patience?: number;
  /** Takes any nine digits as an organisation number, whatever the check digit: for numbers made up for documentation. */
  readonly uncheckedOrganisationNumbers?: boolean;
  /** Allows the key in a page, where everybody who can run a script in it can use it. Maskinporten is for servers. */
  readonly dangerouslyAllowBrowser?: boolean;
}

const OPTIONS: Names<MaskinportenOptions> = {
  ...TRANSPORT,
  clockOffset: 1,
  organisation: 1,
  retries: 1,
  lifetime: 1,
  patience: 1,
  uncheckedOrganisationNumbers: 1,
  dangerouslyAllowBrowser: 1,
};

/** What an error of a token request means. */
export interface MaskinportenProblem {
  /** Maskinporten's id, such as `MP-110`, when it gave one. */
  readonly id?: string;
  readonly kind:
    | "assertion"
    | "reused"
    | "client"
    | "audience"
    | "certificate"
    | "key_expired"
    | "organisation"
    | "header"
    | "signature"
    | "clock"
    | "scope"
    | "access"
    | "delegation"
    | "details"
    | "consumer_org"
    | "server"
    | "unknown";
  /** Whether asking again helps: `registration` for up to two minutes after something was registered. */
  readonly again: "never" | "once" | "registration" | "later";
  /** What to do, in a sentence for a developer. */
  readonly advice: string;
}

/** What an error of a token request means, and what to do. */
export function problem(error: unknown): MaskinportenProblem {
  const { code, http, oauth, provider } = error instanceof SamtykkeError ? error : ({} as Partial<SamtykkeError>);
  const description = oauth?.description?.replace(/\s+/g, " ");
  const [id, kind, again, advice] = call(["maskinporten", "problem", code, http?.status, provider?.code, description]).split("\n");
  return { ...(id && { id }), kind, again, advice } as MaskinportenProblem;
}

/** A number of repetitions that is as good as any larger one. */
const MOST = 1e6;
const LONGEST_PATIENCE = 120;

/**
 * A client of Maskinporten's: asks for tokens with its registered key, or with the organisation's certificate: a key from PEM with
 * `certificates`, the organisation's own first and then those that lead to a root. A European eSeal needs all of them.
 *
 * @example
 * ```ts
 * const key = await SigningKey.fromJwk(JSON.parse(env.CLIENT_JWK), { alg: "RS256" });
 * const client = new MaskinportenClient(maskinporten({ environment: "test", clientId: env.CLIENT_ID }), key);
 * const { accessToken } = await client.token({ scope: "difitest:api3" });
 * ```
 */
export class MaskinportenClient {
  readonly #key: SigningKey;
  readonly #options: MaskinportenOptions;
  readonly #party: Party;

  constructor(
    readonly provider: Provider,
    key: SigningKey,
    options: MaskinportenOptions = {},
  ) {
    environmentOf(provider);
    assertConfigured(key instanceof SigningKey, "a SigningKey");
    only(options, OPTIONS);
    const { retries = 2, patience = 0, fetch, timeout = 10, clockOffset = 0, dangerouslyAllowBrowser } = options;
    if ("document" in globalThis && dangerouslyAllowBrowser !== true) throw hostError("secret_in_browser");
    assertConfigured(Number.isSafeInteger(retries) && retries >= 0, "retries: a whole number");
    assertConfigured(typeof patience === "number" && patience >= 0 && patience <= LONGEST_PATIENCE, "patience: 0 to 120 seconds");
    this.#key = key;
    this.#options = options;
    const transport = { ...(fetch && { fetch }), timeout };
    checkTransport(transport);
    assertConfigured(Number.isSafeInteger(clockOffset), "clockOffset: whole seconds");
    this.#party = { provider, authentication: none(), transport, dpop: undefined, nonces: new Nonces(), offset: clockOffset };
    // What is wrong with the key shows here, and not at the first token.
    this.#input({ scope: "-" });
  }

  /**
   * Asks for a token. Every attempt has an assertion of its own: after trouble of server or network it is asked for again, at
   * most `retries` times, ever more slowly; after `MP-012` once; after `MP-100`, `MP-124` and `MP-200` within `patience`.
   *
   * @throws {SamtykkeError} `token_error` with `oauth`: see {@link problem}; `invalid_scope`, `invalid_parameter`,
   * `network_error`, `timeout`, `aborted`, …
   */
  async token(request: MaskinportenRequest): Promise<Tokens> {
    return this.#token(checkRequest(request), this.#options.retries ?? 2);
  }

  async #token(request: MaskinportenRequest, retries: number): Promise<Tokens> {
    const { patience = 0 } = this.#options;
    const { signal, extra } = request;
    const key = this.#key;
    const lines = [Math.min(retries, MOST), Math.ceil(patience * 1000), ...this.#lines(request), ...keyLines(key), ...targetLines({ ...(extra && { extra }) })];
    return tokensOf(await ask(this.#party, "maskinporten_token", lines, { signal, key, carry: (_, milliseconds) => pause(milliseconds, signal) }));
  }

  /**
   * How a token source asks this client, with a new assertion each time. Trouble of server or network is the source's to repeat;
   * after `MP-012`, and within `patience` after `MP-100`, `MP-124` and `MP-200`, this client asks again within the source's
   * `requestTimeout`. The target's `organisation` is the customer (`consumerOrg`), its `subject` the person (`pid`).
   *
   * @example
   * ```ts
   * const tokens = new TokenSource(client.asked);
   * const { accessToken } = await tokens.get({ scope: "difitest:api3", organisation: "889640782" });
   * ```
   */
  get asked(): RequestAsk {
    const { issuer, clientId, flags } = this.provider;
    const { fetch, timeout = 10 } = this.#options;
    return {
      issuer,
      clientId,
      keyId: this.#key.thumbprint,
      development: flags.includes("d"),
      timeout,
      ...(fetch && { fetch }),
      request: async (target, signal) => {
        const { scope = "", organisation, subject, ...rest } = target;
        const text = typeof scope === "string" ? scope : scope.join(" ");
        const wanted = {
          ...rest,
          scope: text,
          ...(organisation !== undefined && { consumerOrg: organisation }),
          ...(subject !== undefined && { pid: subject }),
          signal,
        };
        return this.#token(checkRequest(wanted), 0);
      },
    };
  }

  /** A signed assertion, for one use: to be looked at, or to be sent by a client of your own. Never log it. */
  async assertion(request: MaskinportenRequest): Promise<string> {
    const input = this.#input(checkRequest(request));
    return `${input}.${base64url(await this.#key.sign(input))}`;
  }

  #input(request: MaskinportenRequest): string {
    const { issuer, clientId } = this.provider;
    const { alg, kid, certificate } = this.#key;
    const time = now() + this.#party.offset;
    inTime(this.#key, time);
    return call(["maskinporten", "grant", issuer, clientId, ...this.#lines(request), alg, kid, certificate?.x5c.join(","), crypto.randomUUID(), time]);
  }

  /** What a token is asked for, as the core reads it. */
  #lines({ scope, resource = [], consumerOrg, onBehalfOf, pid, authorizationDetails }: MaskinportenRequest): Value[] {
    const { organisation, lifetime = 120, uncheckedOrganisationNumbers } = this.#options;
    const text = isObject(resource) && !Array.isArray(resource) ? (resource as { text: string }).text : undefined;
    const resources = text === undefined ? [resource as string | string[]].flat() : [text];
    const marks = `${uncheckedOrganisationNumbers === true ? "u" : ""}${text === undefined ? "" : "t"}`;
    const details = authorizationDetails && JSON.stringify(Array.isArray(authorizationDetails) ? authorizationDetails : [authorizationDetails]);
    return [marks, lifetime, scope, consumerOrg, organisation, onBehalfOf, pid, details, resources.length, ...resources];
  }

  /** Public facts alone. */
  toJSON(): { readonly provider: Provider; readonly key: SigningKey } {
    return { provider: this.provider, key: this.#key };
  }
}

/** Texts where texts belong, and nothing that has no place in an assertion. */
function checkRequest(request: MaskinportenRequest): MaskinportenRequest {
  assertGiven(isObject(request), "token", "a request as an object: { scope }");
  only(request, REQUEST, "token");
  const { scope, resource, consumerOrg, onBehalfOf, pid, authorizationDetails } = request;
  assertGiven(typeof scope === "string", "token", "scope: a text");
  for (const [name, value] of Object.entries({ consumerOrg, onBehalfOf, pid })) {
    // Nothing would be sent for an empty one, and the token be for someone else than was meant.
    assertGiven(value === undefined || (typeof value === "string" && value !== ""), "token", `${name}: a text, not empty`);
  }
  const texts = isObject(resource) && !Array.isArray(resource) ? [(resource as { text: unknown }).text] : [resource ?? []].flat();
  assertGiven(
    texts.every((text) => typeof text === "string" && text !== ""),
    "token",
    "resource: texts, not empty",
  );
  assertGiven(authorizationDetails === undefined || isObject(authorizationDetails), "token", "authorizationDetails: systemUser(…) or consent(…)");
  return request;
}
