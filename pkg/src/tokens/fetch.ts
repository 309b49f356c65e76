// API calls with tokens of a source: the provider's headers, the named origins alone, one repetition with a new token when the
// API refused the first. A gateway's own refusal is told from the token's by a rule, since no new token would help there.

import type { Tokens } from "../protocol/tokens.js";
import { type Names, assertConfigured, isObject, isRequest, isStream, only } from "../core/check.js";
import { type Transport, readWithin } from "../core/http.js";
import { type Bearer, type ResourceFetch, type ResourceInit, type ResourceOptions, replayable, resourceFetch } from "../protocol/resource.js";
import type { Target } from "./clock.js";

/** An answer that may be a refusal of the token. */
export interface Refusal {
  readonly status: number;
  /** `WWW-Authenticate`; empty where there is none. */
  readonly challenge: string;
  /** The first 64 KiB of text; empty for a longer one. */
  readonly body: string;
}

/** Which answers mean that the token was refused: data for a provider's profile. Texts are compared without case. */
export interface RefusalRule {
  /** `[401]` unless given. */
  readonly statuses?: readonly number[];
  /** Texts in the body of a gateway's own refusal, such as `subscription key`. Then no new token is asked for. */
  readonly gateway?: readonly string[];
  /** Texts of which the body must have one, where a status alone says too little, such as `invalid access token` beside 403. */
  readonly token?: readonly string[];
}

/** How APIs are called. */
export interface ApiFetchOptions extends ResourceOptions {
  /** Headers of every call, such as a subscription key; a function is asked for each call. They go where the token goes. */
  readonly headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);
  /** Which answers mean that the token was refused: a rule, or a judge. Every 401 but for `insufficient_scope` unless given. */
  readonly refusal?: RefusalRule | ((answer: Refusal) => boolean | Promise<boolean>);
}

const OPTIONS: Names<ApiFetchOptions> = { origins: 1, headers: 1, refusal: 1 };
const RULE: Names<RefusalRule> = { statuses: 1, gateway: 1, token: 1 };
const INIT: Names<ResourceInit> = { method: 1, headers: 1, body: 1, signal: 1 };

const MOST_READ = 1 << 16;

/** What gives a call its tokens. */
interface Tokened {
  get(target: Target, options?: { readonly signal?: AbortSignal }): Promise<Tokens>;
  /** Another one than that which was refused. */
  renew(target: Target, tokens: Tokens, options?: { readonly signal?: AbortSignal }): Promise<Tokens>;
}

/** @internal */
export function tokenFetch(source: Tokened, bearer: Bearer, target: Target, options: ApiFetchOptions): ResourceFetch {
  assertConfigured(isObject(options) && Array.isArray(options.origins) && options.origins.length > 0, "origins: at least one that the token is for");
  const { origins, headers, refusal = {} } = options;
  assertConfigured(headers === undefined || isObject(headers) || typeof headers === "function", "headers: an object, or a function that gives one");
  assertConfigured(isObject(refusal) || typeof refusal === "function", "refusal: a rule, or a function");
  only(options, OPTIONS);
  if (typeof refusal === "object") only(refusal, RULE);
  return async (input, init = {}) => {
    only(init, INIT, "api");
    const request = isRequest(input) ? input : undefined;
    const sent = new Headers(init.headers ?? request?.headers);
    for (const [name, value] of Object.entries((typeof headers === "function" ? await headers() : headers) ?? {})) sent.set(name, value);
    const given = init.body === undefined ? request?.body : init.body;
    const once = !request && isStream(given);
    const { body } = once ? { body: given } : await replayable(given, sent, true, !!request);
    const signal = init.signal ?? request?.signal;
    const all: ResourceInit = {
      method: init.method ?? request?.method ?? "GET",
      headers: sent,
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
    };
    const waiting = signal ? { signal } : undefined;
    const address = request ? request.url : (input as string | URL);
    const tokens = await source.get(target, waiting);
    const call = resourceFetch(bearer, tokens, { origins });
    const response = await call(address, all);
    if (once || !(await refuses(refusal, response, bearer.transport, signal))) return response;
    const next = await source.renew(target, tokens, waiting);
    if (next.accessToken === tokens.accessToken) return response;
    // Let go of the refusal, so that its connection can be used again; nobody waits for that.
    response.body?.cancel().catch(() => {});
    return resourceFetch(bearer, next, { origins })(address, all);
  };
}

/** Whether an answer says that the token is no good. */
async function refuses(
  refusal: NonNullable<ApiFetchOptions["refusal"]>,
  response: Response,
  transport: Transport,
  signal: AbortSignal | null | undefined,
): Promise<boolean> {
  const rule = typeof refusal === "function" ? undefined : refusal;
  const statuses = rule?.statuses ?? [401];
  // A judge of yours sees every answer of the kinds that refuse.
  if (rule ? !statuses.includes(response.status) : response.status !== 401 && response.status !== 403) return false;
  const challenge = response.headers.get("www-authenticate") ?? "";
  // A token that is good for less than was wanted: another one would be no better.
  if (rule && /error="?insufficient_scope/i.test(challenge)) return false;
  const asks = typeof refusal === "function" || rule?.gateway || rule?.token;
  const body = asks ? await text(response, transport, signal) : "";
  if (typeof refusal === "function") return refusal({ status: response.status, challenge, body });
  const has = (texts: readonly string[] | undefined) => texts?.some((one) => body.toLowerCase().includes(one.toLowerCase()));
  return !has(rule?.gateway) && (!rule?.token || !!has(rule.token));
}

async function text(response: Response, transport: Transport, signal: AbortSignal | null | undefined): Promise<string> {
  try {
    return (await readWithin(response.clone(), MOST_READ, transport, signal)) ?? "";
  } catch (error) {
    // The caller gets no answer, so nobody else lets go of it.
    response.body?.cancel().catch(() => {});
    throw error;
  }
}
