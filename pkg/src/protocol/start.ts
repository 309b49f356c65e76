// The beginning of a flow that needs the network or a key: pushed requests (RFC 9126), signed requests (RFC 9101), DPoP binding.

import { heldBy } from "./authentication.js";
import type { Provider } from "./page_provider.js";
import { call } from "../core/wasm.js";
import { type AuthorizationRequest, type ConsentRequest, type Login, begin, loginOf, requestLines } from "./flow.js";
import { type Names, only } from "../core/check.js";
import { hideSecrets } from "../core/hidden.js";
import type { SigningKey } from "../crypto/keys.js";
import { type Party, ask, endpointOf } from "./party.js";
import { json, keyLines } from "./signing.js";

/** How an authorization request is signed. */
export interface RequestObjectOptions {
  /** The key; that of the client authentication unless given. */
  readonly key?: SigningKey;
  /** `oauth-authz-req+jwt` unless given. */
  readonly typ?: string;
  /** Seconds from `nbf` to `exp`: 1 to 600; 60 unless given. */
  readonly lifetime?: number;
  /** Further claims. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /**
   * Leaves the parameters outside, beside the object, which then holds the client id and further claims alone: for servers
   * that read both, which RFC 9101 does not ask for. Only for pushed requests.
   */
  readonly beside?: boolean;
  /**
   * Repeats `response_type` and `scope` beside the object, for servers that want them there as OpenID Connect Core section 6.1 has it
   * and RFC 9101 does not.
   */
  readonly outerParameters?: boolean;
}

/** What a flow is begun with, beside the request. */
export interface StartOptions {
  /** Signs the request; `true` for the usual. */
  readonly requestObject?: boolean | RequestObjectOptions;
  /** Whether this request is pushed (RFC 9126) where the server takes it; as the client's option says unless given. One that must be is. */
  readonly pushedRequests?: boolean;
  readonly signal?: AbortSignal;
}

const START: Names<StartOptions> = { requestObject: 1, pushedRequests: 1, signal: 1 };
const OBJECT: Names<RequestObjectOptions> = { key: 1, typ: 1, lifetime: 1, claims: 1, beside: 1, outerParameters: 1 };

/** @internal Begins a flow as the provider asks. */
export async function start(client: Party, asked: ConsentRequest | AuthorizationRequest, more: StartOptions): Promise<Login> {
  only(more, START, "authorization");
  const { requestObject, pushedRequests, signal } = more;
  const { pushedRequests: _, ...lenient } = client.lenient ?? {};
  const party = pushedRequests === undefined ? client : { ...client, lenient: pushedRequests ? lenient : { ...lenient, pushedRequests } };
  const wanted = requestObject ?? party.provider.server?.requireRequestObject ?? false;
  const options: RequestObjectOptions = typeof wanted === "object" ? wanted : {};
  only(options, OBJECT, "authorization");
  const { key = heldBy(party.authentication)!.key, typ = "oauth-authz-req+jwt", lifetime = 60, claims, beside, outerParameters } = options;
  checkMode(party.provider, asked);
  const at = endpointOf(party, "pushedAuthorizationRequestEndpoint");
  const { requirePushedRequests, requireDpop } = party.provider.server ?? {};
  // Nothing is signed or sent.
  if (!wanted && !at && !party.dpop && !requirePushedRequests && !requireDpop) return hideSecrets(begin(party.provider, asked), "Login");
  const [begun, parameters] = requestLines(asked);
  const object = wanted ? [1, typ, lifetime, beside ? 1 : outerParameters ? "o" : "", json(claims), ...keyLines(key)] : ["", "", "", "", "", ...keyLines()];
  return hideSecrets(loginOf(await ask(party, "login", [...object, ...begun, ...parameters], { signal, key, random: 96, ...(at && { at }) })), "Login");
}

/** @internal Refuses a response mode that the server has not, before anything is sent. */
export function checkMode({ server }: Provider, asked: AuthorizationRequest): void {
  const { responseMode } = Object(asked) as AuthorizationRequest;
  if (responseMode && server?.responseModes) call(["offered", "", "", responseMode, server.responseModes.join(" ")]);
}

/** @internal A request that binds its code to a key (RFC 9449 section 10). */
export function bound(asked: ConsentRequest | AuthorizationRequest, key?: SigningKey): ConsentRequest | AuthorizationRequest {
  if (!key) return asked;
  return { ...asked, extra: { ...(asked as AuthorizationRequest).extra, dpop_jkt: key.thumbprint } };
}
