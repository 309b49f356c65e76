// The beginning of a flow that needs the network or a key: pushed requests (RFC 9126), signed requests (RFC 9101), DPoP binding.

import { heldBy } from "./authentication.js";
import { type AuthorizationRequest, type ConsentRequest, type Login, loginOf, requestLines } from "./flow.js";
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
}

/** What a flow is begun with, beside the request. */
export interface StartOptions {
  /** Signs the request; `true` for the usual. */
  readonly requestObject?: boolean | RequestObjectOptions;
  readonly signal?: AbortSignal;
}

/** @internal Begins a flow as the provider asks. */
export async function start(party: Party, asked: ConsentRequest | AuthorizationRequest, { requestObject, signal }: StartOptions): Promise<Login> {
  const wanted = requestObject ?? party.provider.server?.requireRequestObject ?? false;
  const options: RequestObjectOptions = typeof wanted === "object" ? wanted : {};
  const { key = heldBy(party.authentication)!.key, typ = "oauth-authz-req+jwt", lifetime = 60, claims, beside } = options;
  const [begun, parameters] = requestLines(asked);
  const object = wanted ? [1, typ, lifetime, beside ? 1 : "", json(claims), ...keyLines(key)] : ["", "", "", "", "", ...keyLines()];
  const at = endpointOf(party, "pushedAuthorizationRequestEndpoint");
  return loginOf(await ask(party, "login", [...object, ...begun, ...parameters], { signal, key, random: 96, ...(at && { at }) }));
}

/** @internal A request that binds its code to a key (RFC 9449 section 10). */
export function bound(asked: ConsentRequest | AuthorizationRequest, key?: SigningKey): ConsentRequest | AuthorizationRequest {
  if (!key) return asked;
  return { ...asked, extra: { ...(asked as AuthorizationRequest).extra, dpop_jkt: key.thumbprint } };
}
