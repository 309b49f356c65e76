// Names of targets and lengths of time for the token source: pure functions, the crate's (src/protocol/token_cache.rs) once more.
// They stand here because the call of a kept token must not cost a crossing into wasm; one table tests both.

import type { TokenTarget } from "../protocol/target.js";

/** What a token is for. Callers with equal targets share one token; whatever differs keeps them apart. */
export interface Target extends Omit<TokenTarget, "signal"> {
  /** Scope tokens in any order: a text with spaces between them, or a list. */
  readonly scope?: string | readonly string[];
  /** On whose behalf: an organisation. */
  readonly organisation?: string;
  /** On whose behalf: a person. Personal data; in a store it is part of a hash alone. */
  readonly subject?: string;
}

/** @internal No pause is longer, whatever a server asks for: ten minutes. */
export const LONGEST = 600_000;
/** @internal A token that an API refused is replaced at most once in this time. */
export const BETWEEN_REFUSALS = 30_000;

const share = (whole: number, random: number) => Math.floor((whole * random) / 65536);

/** @internal Milliseconds before its end at which a token is replaced. `random` has 16 bits. */
export function early(life: number, margin: number, random: number): number {
  const least = Math.min(margin, Math.floor(life / 2));
  return least + share(Math.floor(least / 5), random);
}

/** @internal `trouble`: no answer, 429, 5xx, or one that is none. `refused`: understood, and refused. */
export type Fault = "trouble" | "refused";

/** @internal Milliseconds to leave a server alone after so many failures in a row. `retryAfter` is in seconds. */
export function pause(fault: Fault, failures: number, retryAfter: number | undefined, random: number): number {
  const longest = Math.min((fault === "trouble" ? 500 : 4_000) * 2 ** Math.min(Math.max(failures - 1, 0), 7), 60_000);
  const half = Math.floor(longest / 2);
  return Math.min(Math.max(half + share(half, random), (retryAfter ?? 0) * 1000), LONGEST);
}

/** @internal One line of a name; a line end inside is written as another text, so that no value can pass for two. */
export function line(tag: string, value: string): string {
  const plain = !value.includes("\n") && !value.includes("\\");
  return `${tag}${plain ? value : value.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")}\n`;
}

/** The order of their octets, as the crate has it: that of code points, where JavaScript's own is that of halves of pairs. */
function inOrder(one: string, other: string): number {
  const [left, right] = [Array.from(one), Array.from(other)];
  const at = left.findIndex((letter, place) => letter !== right[place]);
  return at < 0 ? left.length - right.length : left[at]!.codePointAt(0)! - (right[at]?.codePointAt(0) ?? -1);
}

function set(tag: string, values: readonly string[]): string {
  let name = "";
  for (const value of [...new Set(values)].sort(inOrder)) if (value) name += line(tag, value);
  return name;
}

const list = (value: string | readonly string[]) => (typeof value === "string" ? [value] : value);

/** JSON with members in one order, so that equal values have equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}

/** @internal The text under which a target's token is kept; `base` holds the lines of issuer, client and key. */
export function nameOf(base: string, target: Target): string {
  const { scope, resource, audience, organisation, subject, authorizationDetails, extra, assertionClaims } = target;
  let name = base;
  if (organisation) name += line("o", organisation);
  if (subject) name += line("u", subject);
  if (scope) name += typeof scope === "string" && !scope.includes(" ") ? line("s", scope) : set("s", list(scope).join(" ").split(" "));
  if (resource) name += typeof resource === "string" ? line("r", resource) : set("r", resource);
  if (audience) name += typeof audience === "string" ? line("a", audience) : set("a", audience);
  if (authorizationDetails || extra || assertionClaims) {
    const more: [string, string][] = Object.entries(extra ?? {})
      .filter(([, value]) => value !== undefined)
      .map(([member, value]) => [`p.${member}`, value]);
    if (assertionClaims) more.push(["claims", canonical(assertionClaims)]);
    if (authorizationDetails) more.push(["details", canonical(authorizationDetails)]);
    more.sort(([one], [other]) => inOrder(one, other));
    for (const [member, value] of more) name += line("n", member) + line("v", value);
  }
  return name;
}
