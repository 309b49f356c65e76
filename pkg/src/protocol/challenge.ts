// WWW-Authenticate as typed challenges: why a server refused a request, and what it asks for instead.

import { present } from "../core/check.js";
import { bare } from "./answer.js";
import { call } from "../core/wasm.js";

/** One way to authenticate that a server offers (RFC 9110 section 11.6.1). All of it is untrusted text. */
export interface Challenge {
  /** In lower case, such as `bearer` or `dpop`. */
  readonly scheme: string;
  /** The one value some schemes have in place of parameters. */
  readonly token68?: string;
  /** The OAuth error, such as `invalid_token`, `insufficient_scope` or `use_dpop_nonce` (RFC 6750 section 3.1). */
  readonly error?: string;
  readonly errorDescription?: string;
  /** Only when it is an https URL. */
  readonly errorUri?: string;
  /** The scope the request would have needed. */
  readonly scope?: string;
  readonly realm?: string;
  /** Algorithms for DPoP proofs (RFC 9449 section 7.1). */
  readonly algorithms?: readonly string[];
  /** Authentication the server asks for, best first (RFC 9470 section 3). */
  readonly acrValues?: readonly string[];
  /** Seconds since the person last authenticated that the server allows (RFC 9470 section 3). */
  readonly maxAge?: number;
  /** Where the API's metadata is (RFC 9728 section 5.1); `protectedResource` reads it. */
  readonly resourceMetadata?: string;
  /** All parameters, names in lower case. An object without a prototype. */
  readonly parameters: Readonly<Record<string, string>>;
}

const words = (text?: string) => text?.split(" ").filter(Boolean);

/**
 * Reads a `WWW-Authenticate` value: all challenges, in their order. Takes a time that grows with its length alone.
 *
 * @throws {SamtykkeError} `challenge_malformed`.
 * @example
 * ```ts
 * const [challenge] = challenges('DPoP error="use_dpop_nonce", algs="ES256"');
 * if (challenge.error === "use_dpop_nonce") retryOnce();
 * ```
 */
export function challenges(headerValue: string): [Challenge, ...Challenge[]] {
  const lines = call(["challenges"], headerValue).split("\n").slice(0, -1);
  const found: Challenge[] = [];
  for (let at = 0; at < lines.length; ) {
    const [scheme, token68, error, errorDescription, errorUri, count] = lines.slice(at, (at += 6)) as [string, string, string, string, string, string];
    const parameters = bare<Record<string, string>>({});
    for (let left = +count; left > 0; left--, at += 2) parameters[lines[at]!] = lines[at + 1]!;
    const { scope, realm, algs, acr_values, max_age, resource_metadata: resourceMetadata } = parameters;
    const maxAge = max_age && /^\d{1,15}$/.test(max_age) ? +max_age : undefined;
    const typed = {
      token68: token68 || undefined,
      error: error || undefined,
      errorDescription: errorDescription || undefined,
      errorUri: errorUri || undefined,
      scope,
      realm,
      algorithms: words(algs),
      acrValues: words(acr_values),
      maxAge,
      resourceMetadata,
    };
    found.push({ scheme, ...present(typed), parameters });
  }
  return found as [Challenge, ...Challenge[]];
}
