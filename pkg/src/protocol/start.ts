// The beginning of a flow that needs the network or a key: pushed requests (RFC 9126), signed requests (RFC 9101), DPoP binding.

import { heldBy } from "./authentication.js";
import { call } from "../core/wasm.js";
import { hostError } from "../core/error.js";
import { type AuthorizationRequest, type ConsentRequest, type Login, begin } from "./flow.js";
import { clientLines } from "./page_provider.js";
import { now } from "../core/clock.js";
import type { SigningKey } from "../crypto/keys.js";
import { type Party, endpointOf, post } from "./post.js";
import { json, keyLines, signed } from "./signing.js";

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
export async function start(party: Party, asked: ConsentRequest | AuthorizationRequest, options: StartOptions): Promise<Login> {
  const { provider, authentication, dpop, offset } = party;
  const server = provider.server;
  const request = bound(asked, dpop);
  const login = begin(provider, request);
  const wanted = options.requestObject ?? server?.requireRequestObject ?? false;
  const pushed = server?.requirePushedRequests || endpointOf(party, "pushedAuthorizationRequestEndpoint");
  if (server?.requireDpop && !dpop) throw missing("dpop: a key");
  let object: (() => Promise<string>) | undefined;
  const { key = heldBy(authentication)!.key, typ = "oauth-authz-req+jwt", lifetime = 60, claims, beside } = typeof wanted === "object" ? wanted : {};
  if (wanted) {
    if (!key) throw missing("requestObject.key: a key to sign with");
    if (beside && !pushed) throw missing("a pushed request: parameters beside a request object are read there alone");
    object = () =>
      signed(
        key,
        call(
          ["request_object", clientLines(provider), ...keyLines(key), typ, lifetime, beside ? 1 : "", login.url, crypto.randomUUID(), now() + offset],
          json(claims),
        ),
      );
  }
  if (!pushed) return object ? { ...login, url: call(["pushed", clientLines(provider), await object()]) } : login;
  const { head, body } = await post(party, {
    endpoint: "pushedAuthorizationRequestEndpoint",
    grant: ["push", login.url, object && !beside ? 1 : ""],
    phase: "authorization",
    ...(options.signal && { target: { signal: options.signal } }),
    ...(object && { more: async () => `request=${await object()}` }),
  });
  return { ...login, url: call(["pushed", clientLines(provider), "", ...head], body) };
}

const missing = (expected: string) => hostError("invalid_configuration", { phase: "authorization", expected });

/** @internal A request that binds its code to a key (RFC 9449 section 10). */
export function bound(asked: ConsentRequest | AuthorizationRequest, key?: SigningKey): ConsentRequest | AuthorizationRequest {
  if (!key) return asked;
  return { ...asked, extra: { ...(asked as AuthorizationRequest).extra, dpop_jkt: key.thumbprint } };
}
