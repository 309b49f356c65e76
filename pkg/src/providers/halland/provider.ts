// Region Halland: an AD FS by certificates alone, and the gateway's Subscriber Key before its APIs.

import { call } from "../../core/wasm.js";
import type { HttpAnswer } from "../../protocol/answer.js";
import { type Names, assertConfigured, assertGiven, isObject, only } from "../../core/check.js";
import { SamtykkeError } from "../../core/error.js";
import { type Development, developmentMarks } from "../../core/development.js";
import type { Provider } from "../../protocol/page_provider.js";
import { SUBSCRIBER_KEY_HEADER } from "./data.js";
import { TRANSPORT, type Transport } from "../../core/http.js";
import type { ServerRules } from "../../protocol/profile.js";
import { type AdfsOptions, REQUEST_ID, adfsBy, adfsRules, withTraceId } from "../adfs/provider.js";
import { type Guard, type RefusableToken, checkToken, guardedFetch, refusal } from "../guarded_fetch.js";
import type { ResourceInit } from "../../protocol/resource.js";

/** How requests to the region's AD FS look: for `discover`, where its addresses are to come from its metadata. */
export const hallandRules: ServerRules = /* @__PURE__ */ Object.freeze({ ...adfsRules(), rules: "halland" });

/** Your registration with Region Halland: the issuer as the region tells it, and the GUID from AD FS. */
export type HallandOptions = Omit<AdfsOptions, "keyName">;

/**
 * Region Halland's AD FS, with your client id. Sign with a key that has its certificate.
 *
 * @throws {SamtykkeError} `invalid_configuration` naming the setting; `secret_in_browser`.
 * @example
 * ```ts
 * const adfs = halland({ issuer: env.ADFS, clientId: env.CLIENT_ID });
 * const key = await SigningKey.fromPem(env.KEY, { alg: "RS256", certificates: env.CERTIFICATE });
 * const client = new Client(adfs, privateKeyJwt(key));
 * const tokens = await client.clientCredentials(adfsTarget("hsainfoapi.regionhalland.se", "hsainfoapi.read"));
 * ```
 */
export function halland(options: HallandOptions): Provider {
  assertConfigured(isObject(options), "options as an object");
  return adfsBy(hallandRules, options);
}

/** Errors of a request that was sent and had no answer, or one that leads elsewhere. */
const SENT: ReadonlySet<string> = new Set(["network_error", "timeout", "redirect_refused"]);

/** How the APIs are called. */
export interface HallandApiOptions extends Transport {
  /** Origins of the API, such as `https://api.example.se`: token and key go there and nowhere else. */
  readonly origins: readonly string[];
  /** A token for this API's resource. */
  readonly token: RefusableToken;
  /** The Subscriber Key; or two, of which the second is tried when the gateway refuses the first. */
  readonly subscriberKey: string | readonly [primary: string, secondary: string];
  /** The header's name; `Ocp-Apim-Subscription-Key` unless given. */
  readonly subscriberKeyHeader?: string;
  /** Allows http to this machine, and to the origins named. */
  readonly development?: Development;
}

const API: Names<HallandApiOptions> = { ...TRANSPORT, origins: 1, token: 1, subscriberKey: 1, subscriberKeyHeader: 1, development: 1 };

/** One API behind the gateway, with its token and Subscriber Key. Printing one shows neither. */
export class HallandApi {
  readonly #guard: Guard;

  /** @throws {SamtykkeError} `invalid_configuration` naming the setting. */
  constructor(options: HallandApiOptions) {
    assertConfigured(isObject(options), "options as an object");
    only(options, API);
    const { origins, token, subscriberKey, subscriberKeyHeader = SUBSCRIBER_KEY_HEADER, development, fetch, timeout } = options;
    const transport = { ...(fetch && { fetch }), ...(timeout !== undefined && { timeout }) };
    checkToken(token, transport);
    assertConfigured(Array.isArray(origins) && origins.length > 0, "origins: at least one that the API is at");
    const keys = [subscriberKey].flat();
    assertConfigured(
      keys.length > 0 && keys.length < 3 && keys.every((key) => typeof key === "string" && /^[\x21-\x7e]+$/.test(key)),
      "subscriberKey: one or two texts of visible ASCII",
    );
    assertConfigured(typeof subscriberKeyHeader === "string", "subscriberKeyHeader: a text");
    call(["halland", subscriberKeyHeader]);
    let at = 0;
    this.#guard = {
      origins,
      development: developmentMarks(development),
      transport,
      token,
      headers: () => ({ [subscriberKeyHeader]: keys[at]! }),
      // The other of the two serves from now on, unless another call has found that out meanwhile.
      otherwise: (sent) => {
        if (sent[subscriberKeyHeader] === keys[at]) at = keys.length - 1 - at;
        return keys.length > 1;
      },
    };
  }

  /**
   * Calls the API like `fetch`. A gateway that refuses the Subscriber Key gets no second token, and a token that is refused is
   * renewed at most once. All answers but a 401 are yours. Each call has an id, `client-request-id`, a UUID unless you give one:
   * errors have it as `provider.traceId`.
   *
   * @throws {SamtykkeError} `subscription_key_refused` with `missing` or `invalid` as `provider.code`; `token_invalid`;
   * `resource_refused`, `redirect_refused`, `network_error`, …
   */
  async fetch(input: string | URL, init?: ResourceInit): Promise<Response> {
    const given = new Headers(init?.headers).get(REQUEST_ID);
    const id = given ?? crypto.randomUUID();
    const guard = this.#guard;
    const headers = () => ({ ...guard.headers(), ...(given === null && { [REQUEST_ID]: id }) });
    return guardedFetch({ ...guard, headers }, input, init).catch((error) => {
      // One of getting the token has an id of its own, and what was never sent has none.
      throw error instanceof SamtykkeError && error.phase === "api" && (error.http || SENT.has(error.code)) ? withTraceId(error, id) : error;
    });
  }
}

/** What a 401 of the gateway or an API is about, for callers with an HTTP client of their own: `subscription_key_refused` or `token_invalid`. */
export function judgeRefusal(answer: HttpAnswer): SamtykkeError {
  assertGiven(isObject(answer) && answer.status === 401 && typeof answer.body === "string", "api", "an answer with status 401");
  return refusal(401, answer.contentType ?? null, answer.wwwAuthenticate ?? null, answer.body);
}
