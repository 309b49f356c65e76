// What a token is for: resources, audiences, details, and whatever else a provider lets a request say.

import type { Names } from "../core/check.js";
import type { Value } from "../core/wasm.js";

/** What goes with every token request, whatever the grant. */
export interface TokenTarget {
  /** Services the token is for, as URIs (RFC 8707); any text where the provider's profile says so. */
  readonly resource?: string | readonly string[];
  /** Services the token is for, by their names with the provider (RFC 8693 section 2.1). */
  readonly audience?: string | readonly string[];
  /** Rich authorization details (RFC 9396). */
  readonly authorizationDetails?: readonly { readonly type: string; readonly [name: string]: unknown }[];
  /** Further parameters of the provider's. */
  readonly extra?: Readonly<Record<string, string>>;
  /** Claims of this request's client assertion, where a provider reads some. */
  readonly assertionClaims?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

/** @internal */
export const TARGET: Names<TokenTarget> = { resource: 1, audience: 1, authorizationDetails: 1, extra: 1, assertionClaims: 1, signal: 1 };

/** @internal Lines of a target. */
export function targetLines({ resource = [], audience = [], authorizationDetails, extra, assertionClaims }: TokenTarget): Value[] {
  const lines: Value[] = [];
  for (const value of [resource].flat()) lines.push(`r${value}`);
  for (const value of [audience].flat()) lines.push(`a${value}`);
  if (authorizationDetails) lines.push(`d${JSON.stringify(authorizationDetails)}`);
  for (const name in extra) if (extra[name] !== undefined) lines.push(`p${name}=${extra[name]}`);
  if (assertionClaims) lines.push(`c${JSON.stringify(assertionClaims)}`);
  return lines;
}
