// The one error class. Its facts come from the core; the host adds only what it alone can see (network, wasm).

import { call } from "./engine.js";

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

const HINTS: Record<Action, string> = {
  fix_configuration: "Correct the client's settings or this request.",
  restart: "Start a new flow.",
  try_later: "Try again later.",
  user_declined: "Say that nothing was shared; offer to try again or go on without.",
  user_cancelled: "Say that it was cancelled; offer to try again.",
  none: "Nothing to do.",
};

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
  /** The server's OAuth error (RFC 6749 sections 4.1.2.1 and 5.2). Untrusted text: show it as text only. */
  declare readonly oauth?: { readonly error: string; readonly description?: string; readonly uri?: string };
  /** The HTTP status, and seconds to wait when the server said so. */
  declare readonly http?: { readonly status: number; readonly retryAfter?: number };
  /** The provider's own code and the id to quote to its support. Untrusted text. */
  declare readonly provider?: { readonly code?: string; readonly traceId?: string };
  /** What was expected. */
  declare readonly expected?: string;
  /** What was found. */
  declare readonly actual?: string;
  /** What to do now, for a developer. */
  declare readonly hint: string;
  /** The section behind the check, or the README's part on errors. */
  declare readonly doc: string;

  constructor(facts: ErrorFacts, options?: { cause?: unknown }) {
    const { code, phase, action, oauth, expected, actual } = facts;
    const hint = facts.hint || HINTS[action];
    super(
      `${code} in the ${phase} phase${oauth ? `: the server answered "${oauth.error}"` : ""}${expected ? `; expected ${expected}` : ""}${actual ? `; found "${actual}"` : ""}. ${hint}`,
      options,
    );
    Object.assign(this, { retryable: false }, facts, { hint, doc: facts.doc || "README, Errors", message: this.message });
    for (const name in this) if (this[name as "code"] === undefined) delete (this as { code?: string })[name as "code"];
  }

  /** The facts, without cause and stack: safe to log or send. */
  toJSON(): ErrorFacts & { name: string; message: string } {
    return { ...this, message: this.message };
  }
}

/** The error of a failed call's answer. Empty lines are left out. */
export function thrown(answer: string): SamtykkeError {
  const [code, phase, action, expected, actual, error, description, uri, retryable, hint, doc, status, retryAfter, own, traceId] = answer
    .slice(1)
    .split("\n")
    .map((line) => line || undefined);
  return new SamtykkeError({
    code,
    phase,
    action,
    retryable: !!retryable,
    hint,
    doc,
    expected,
    actual,
    oauth: error && { error, description, uri },
    http: status && { status: +status, retryAfter: retryAfter && +retryAfter },
    provider: (own || traceId) && { code: own, traceId },
  } as ErrorFacts);
}

/** An error that only the host can see, worded by the core's table. */
export function hostError(code: string, more?: Partial<ErrorFacts>, cause?: unknown): SamtykkeError {
  try {
    call(["error", code]);
  } catch (error) {
    // Without wasm there is no table: then that is the error.
    more = { ...(error as SamtykkeError).toJSON(), ...more };
  }
  return new SamtykkeError(more as ErrorFacts, cause === undefined ? undefined : { cause });
}
