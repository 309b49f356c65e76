// The one error class. Its facts come from the core; the host adds only what it alone can see (network, wasm).

import { DOCS } from "./docs.js";

/** Where in the flow an error arose. */
export type Phase = "configuration" | "authorization" | "callback" | "token" | "api" | "session" | "runtime";

/** What to do about an error. */
export type Action =
  /** Settings or a request are wrong; no retry helps until they are changed. */
  | "fix_configuration"
  /** Start a new flow. */
  | "restart"
  /** The other side has trouble; try later. */
  | "try_later"
  /** The person chose not to share. Not an alert. */
  | "user_declined"
  /** The person broke off; offer to start again. */
  | "user_cancelled"
  /** Nothing to do. */
  | "none";

/** The facts of a {@link SamtykkeError}. */
export interface ErrorFacts {
  code: string;
  phase: Phase;
  action: Action;
  retryable?: boolean;
  oauth?: { error: string; description?: string; uri?: string };
  http?: { status: number; retryAfter?: number };
  provider?: { code?: string; traceId?: string };
  expected?: string;
  actual?: string;
  hint?: string;
  doc?: string;
}

/**
 * Everything that can go wrong, as data. Never holds a token, code, verifier or secret.
 *
 * @example
 * ```ts
 * try {
 *   finish(provider, transaction, location.href);
 * } catch (error) {
 *   if (error instanceof SamtykkeError && error.action === "user_declined") showDeclined();
 *   else throw error;
 * }
 * ```
 */
export class SamtykkeError extends Error {
  override readonly name = "SamtykkeError";
  /** Stable code, such as `state_mismatch`. */
  declare readonly code: string;
  /** Where in the flow it arose. */
  declare readonly phase: Phase;
  /** What to do about it. */
  declare readonly action: Action;
  /** Whether the same step may be tried again as it is. */
  declare readonly retryable: boolean;
  /** The server's OAuth error (RFC 6749 sections 4.1.2.1 and 5.2). Untrusted text: show it as text only. `samtykke/browser` gives no `uri`. */
  declare readonly oauth?: { readonly error: string; readonly description?: string; readonly uri?: string };
  /** The HTTP status, and seconds to wait when the server said so. */
  declare readonly http?: { readonly status: number; readonly retryAfter?: number };
  /** The provider's own code and the id to quote to its support. Untrusted text. */
  declare readonly provider?: { readonly code?: string; readonly traceId?: string };
  /** What was expected. */
  declare readonly expected?: string;
  /** What was found. */
  declare readonly actual?: string;
  /**
   * The body of a successful answer that cannot be asked for again and was refused all the same, such as a refresh's: nothing of it
   * was checked, and it may hold tokens. A function, so that nothing shows it unasked; `samtykke/browser`, which asks nothing, has none.
   */
  declare raw?: () => string | undefined;
  /** What a page gave at the start of the flow that failed, and the way back: on errors of `callback`; no log shows it. */
  declare readonly kept?: { readonly state?: unknown; readonly returnTo: string };
  /** What to do now, for a developer. */
  declare readonly hint: string;
  /** Where the documentation says what leads to this error, and what to do. */
  declare readonly doc: string;

  constructor(facts: ErrorFacts, options?: { cause?: unknown }) {
    const { code, phase, action, oauth, expected, actual } = facts;
    const hint = facts.hint || `Next: ${action}`;
    super(
      `${code} in the ${phase} phase${oauth ? `: the server answered "${oauth.error}"${oauth.description ? `, "${oauth.description}"` : ""}` : ""}${expected ? `; expected ${expected}` : ""}${actual ? `; found "${actual}"` : ""}. ${hint}`,
      options,
    );
    Object.assign(this, { retryable: false, ...facts, hint, doc: DOCS + code, message: this.message });
    for (const name in this) if (this[name as "code"] === undefined) delete (this as { code?: string })[name as "code"];
  }

  /** The facts, without cause and stack: safe to log or send. */
  toJSON(): ErrorFacts & { name: string; message: string } {
    return { ...this, message: this.message };
  }
}

/** Foreign text fit to be shown: controls and invisible direction marks replaced, 512 characters at most. */
const shown = (text?: string) => text?.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, "\ufffd").slice(0, 512);

/** The error of a failed call's answer. Empty lines are left out. */
export function parseError(answer: string): SamtykkeError {
  const [code, phase, action, expected, actual, error, description, ...more] = answer
    .slice(1)
    .split("\n")
    .map((line) => line || undefined);
  return new SamtykkeError({
    code,
    phase,
    action,
    expected,
    actual: shown(actual),
    oauth: error && { error, description: shown(description), uri: more[0] },
    ...details?.more(more),
  } as ErrorFacts);
}

/** An error that only the host can see: worded by the full core's table, or by what a page's caller says. */
export function hostError(code: string, more?: Partial<ErrorFacts>, cause?: unknown): SamtykkeError {
  const facts = { code, phase: "callback", action: "restart", ...details?.known(code, more), ...more } as ErrorFacts;
  return new SamtykkeError(facts, cause ? { cause } : undefined);
}

/** @internal What all errors of settings say. */
export const WRONG = { phase: "configuration", action: "fix_configuration" } as const;

/** @internal Refuses what is left of options when all that are known were taken; one that is `undefined` is not there. */
export function assertNothingElse(rest: object): void {
  for (const name in rest) {
    // What a page is given can be read by anyone who reads the page; a secret in it is a leak, whatever it is called.
    const code = /secret|private_?key/i.test(name) ? "secret_in_browser" : "invalid_configuration";
    if (rest[name as never] !== undefined) throw hostError(code, { ...WRONG, actual: name });
  }
}

/** What the full core can say of an error beyond what a page needs. */
export interface Details {
  /** The facts in an error's further lines. */
  more(lines: readonly (string | undefined)[]): Partial<ErrorFacts>;
  /** The facts of a code that the host found, where and with what action, from the core's table. */
  known(code: string, more?: Partial<ErrorFacts>): Partial<ErrorFacts>;
}

/** @internal */
export let details: Details | undefined;

/** @internal Whoever knows more of errors says so. */
export function describe(full: Details): void {
  details = full;
}
