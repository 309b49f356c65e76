// norskgjeld's APIs: debt, status, revocation, agreements, event feed (api-docs reference/openapi.json).
// The core decides what is sent, when it is sent again and what an answer means; here stand the names and shapes of it all.

import { call, joined } from "../../core/wasm.js";
import { type Names, SIGNAL, assertConfigured, assertGiven, isObject, only } from "../../core/check.js";
import { calls } from "../calls.js";
import type { Provider } from "../../protocol/page_provider.js";
import { TRANSPORT, type Transport, checkTransport } from "../../core/http.js";

/**
 * An access token, or a function that gets one: it is asked for each call, and once more, given the token, when the API refused
 * that one; another token is tried once. `tokens.bearer(target)` of a token source is such a function.
 */
export type TokenInput = string | ((refused?: string) => string | Promise<string>);

/** How the APIs are called. */
export interface ApiOptions extends Transport {
  readonly token: TokenInput;
  /** Sent as `X-Trace-ID`; the debt API returns it in its errors. Visible ASCII, at most 128 characters; drawn anew unless given. */
  readonly traceId?: string;
  /** How often a repeatable call is tried again after a network failure, 429 or 5xx; 2 unless given. */
  readonly retries?: number;
}

/** Options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** One token against one environment's API origin; the token is sent nowhere else. */
class Api {
  readonly #provider: Provider;
  readonly #options: ApiOptions;

  constructor(provider: Provider, options: ApiOptions) {
    environmentOf(provider);
    assertConfigured(isObject(options), "options: { token }");
    only(options, { ...TRANSPORT, token: 1, traceId: 1, retries: 1 } satisfies Names<ApiOptions>);
    checkTransport(options);
    const { token, traceId, retries } = options;
    assertConfigured(typeof token === "string" || typeof token === "function", "token: an access token, or a function that gets one");
    assertConfigured(traceId === undefined || typeof traceId === "string", "traceId: a text");
    assertConfigured(retries === undefined || typeof retries === "number", "retries: a number");
    this.#provider = provider;
    this.#options = options;
  }

  /** A call, or a page of the feed; its values as lines. */
  async run(machine: string, values: readonly (string | number)[], options?: CallOptions): Promise<string> {
    only(options, SIGNAL, "api");
    const { token, traceId = "", retries = 2 } = this.#options;
    return calls(machine, joined([this.#provider.environment, traceId, Math.min(Math.ceil(retries), 1e6), ...values]), {
      transport: this.#options,
      signal: options?.signal,
      token: typeof token === "function" ? (refused) => token(refused) : token,
    });
  }

  async call<T>(operation: string, args: readonly (string | number)[], options?: CallOptions): Promise<T> {
    return JSON.parse(await this.run("norskgjeld", [operation, ...args], options)) as T;
  }
}

/** The environment of a provider that has norskgjeld's APIs. */
function environmentOf(provider: Provider): string {
  const environment = isObject(provider) ? provider.environment : undefined;
  assertConfigured(!!environment && typeof environment === "string", "a provider made by norskgjeld(…)");
  return environment as string;
}

/** A consent's id as one argument. The core checks its letters; a number or null would become letters on the way. */
function idOf(consentId: string): [string] {
  assertGiven(typeof consentId === "string", "api", "a consent id: a text");
  return [consentId];
}

/** A loan. Money in hundredths of NOK, interest in hundredths of a per cent (1020 = 10.20 %). Any field may be absent. */
export interface Loan {
  /** `creditFacility`, `repaymentLoan`, `chargeCard`, or a kind yet unknown. */
  readonly type?: string;
  /** When the creditor stated it, ISO 8601. */
  readonly timestamp?: string;
  /** 0 none, 1 is a co-borrower, 2 has one. */
  readonly coBorrower?: number;
  readonly creditLimit?: number;
  readonly interestBearingBalance?: number;
  readonly nonInterestBearingBalance?: number;
  readonly originalBalance?: number;
  readonly balance?: number;
  readonly terms?: number;
  readonly nominalInterestRate?: number;
  readonly installmentCharges?: number;
  /** `MONTHLY`, `QUARTERLY`, `HALF-YEARLY` or `YEARLY`. */
  readonly installmentChargePeriod?: string;
}

/** A person's unsecured debt, as documented; field names are the provider's. */
export interface DebtInformation {
  /** National identity number. Personal data: keep it from logs. */
  readonly ssn?: string;
  /** One entry for each creditor and loan; `loan` is null when the creditor did not answer. */
  readonly loans?: readonly { readonly creditorName?: string; readonly loan?: Loan | null }[];
  readonly numberOfCreditorsAnswered?: number;
  /** Above 0, some loans are null. (The lower-case `c` is the provider's.) */
  readonly numberOfcreditorsMissing?: number;
  /** The consent behind the lookup; `exp` in seconds since 1970, `scope` without days. */
  readonly consent?: { readonly id: string; readonly exp?: number; readonly scope?: string };
}

/** Whether a consent can be used, and until when (seconds since 1970). */
export interface ConsentStatus {
  readonly active: boolean;
  readonly expiresAt?: number;
}

/** Debt lookup, consent status and revocation. */
export class DebtApi {
  readonly #api: Api;

  constructor(provider: Provider, options: ApiOptions) {
    this.#api = new Api(provider, options);
  }

  /**
   * `GET /v1/debt`, with the token of a code: the debt of the person who consented. Never repeated by the library.
   *
   * @throws {SamtykkeError} `consent_inactive`, `token_invalid`, `unauthorized`, `api_error`, `network_error`, `timeout`, …
   */
  async debt(options?: CallOptions): Promise<DebtInformation> {
    return this.#api.call("debt", [], options);
  }

  /** `GET /v1/debt/{id}`, with a client credentials token: the debt behind a consent. Never repeated by the library. */
  async debtById(consentId: string, options?: CallOptions): Promise<DebtInformation> {
    return this.#api.call("debtById", idOf(consentId), options);
  }

  /** `GET /v1/debt/{id}/status`: whether a consent is active. */
  async status(consentId: string, options?: CallOptions): Promise<ConsentStatus> {
    return this.#api.call("status", idOf(consentId), options);
  }

  /** `DELETE /v1/debt/{id}`: withdraws a consent. `withdrawn` is false when it was inactive already. */
  async revoke(consentId: string, options?: CallOptions): Promise<{ readonly withdrawn: boolean }> {
    return this.#api.call("revoke", idOf(consentId), options);
  }
}

/** A consent you collected yourself. */
export interface Agreement {
  /** National identity number: 11 digits. */
  readonly nin: string;
  readonly purpose: "presentation" | "processing";
  /** 1 to 365 for presentation, 1 to 28 for processing. */
  readonly days: number;
  /** Your own id of the consent: unique on your side, 1 to 255 characters. */
  readonly clientConsentId: string;
}

/** A registered consent; `expiresAt` in seconds since 1970. */
export interface RegisteredConsent {
  readonly clientConsentId: string;
  readonly id: string;
  readonly expiresAt?: number;
  readonly scope?: string;
}

/** Integrated consent. */
export class AgreementApi {
  readonly #api: Api;

  constructor(provider: Provider, options: ApiOptions) {
    this.#api = new Api(provider, options);
  }

  /**
   * `PUT /v1/consent/agreement`. Repeatable with the same data.
   *
   * @throws {SamtykkeError} `conflict` when `clientConsentId` is registered with other data; `invalid_parameter`; …
   */
  async register(agreement: Agreement, options?: CallOptions): Promise<RegisteredConsent> {
    assertGiven(isObject(agreement), "api", "an agreement: { nin, purpose, days, clientConsentId }");
    only(agreement, { nin: 1, purpose: 1, days: 1, clientConsentId: 1 } satisfies Names<Agreement>, "api");
    const { nin, purpose, days, clientConsentId } = agreement;
    // A number has lost the zero that many identity numbers begin with.
    assertGiven(
      [nin, purpose, clientConsentId].every((value) => typeof value === "string"),
      "api",
      "nin, purpose and clientConsentId: texts",
    );
    assertGiven(typeof days === "number", "api", "days: a number");
    return this.#api.call("register", [nin, purpose, days, clientConsentId], options);
  }
}

/** What happened to a consent. Key on `consentId`; order by `timestamp`; an event can come twice. */
export interface ConsentEvent {
  readonly sequenceNumber: number;
  readonly eventId: string;
  readonly consentId: string;
  /** ISO 8601. */
  readonly timestamp: string;
  /** `SAMTYKKE_OPPRETTET`, `SAMTYKKE_ARKIVERT`, or a type yet unknown. */
  readonly eventType: string;
  readonly clientId?: string;
  readonly scope?: string;
  readonly externalConsentId?: string;
}

/** What a reading of the feed brought. */
export interface EventBatch {
  /** New events, each once. */
  readonly events: readonly ConsentEvent[];
  /** Store it when the events are handled; the next reading starts after it. */
  readonly cursor: number;
  /** Events older than seven days may have been dropped since the cursor: ask every stored consent for its status. */
  readonly lost: boolean;
}

/** The feed of consent events. Keep the cursor; it moves only by numbers of events that were handed out. */
export class ConsentFeed {
  readonly #api: Api;

  constructor(provider: Provider, options: ApiOptions) {
    this.#api = new Api(provider, options);
  }

  /**
   * Reads from after `cursor` (0 for the start) to the end of the feed, or until 10,000 events are read, in pages of `limit`
   * (500 unless given).
   */
  async read(options: { readonly cursor?: number; readonly limit?: number } & CallOptions = {}): Promise<EventBatch> {
    only(options, { cursor: 1, limit: 1, signal: 1 }, "api");
    const { cursor = 0, limit = 500, signal } = options;
    // A cursor out of a store is easily a text or NaN; adding to it would read from anywhere.
    assertGiven([cursor, limit].every(Number.isSafeInteger), "api", "cursor and limit: whole numbers, limit at least 1");
    const events: ConsentEvent[] = [];
    for (let turn: readonly [string | number, string | number] = [cursor, limit]; ; ) {
      const text = await this.#api.run("norskgjeld_feed", turn, { signal });
      const [page, reached, lost, next] = text.split("\n") as [string, string, string, string];
      events.push(...(JSON.parse(page) as ConsentEvent[]));
      if (!next) return { events, cursor: Number(reached), lost: lost === "1" };
      turn = ["", next];
    }
  }
}

/** The audiences that tokens for norskgjeld's services need, in the provider's environment. */
export function audiences(provider: Provider): { readonly debt: string; readonly agreement: string; readonly consentEvents: string } {
  const [debt, agreement, consentEvents] = call(["norskgjeld", environmentOf(provider)]).split("\n") as [string, string, string];
  return { debt, agreement, consentEvents };
}
