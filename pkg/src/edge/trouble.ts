// Errors of the edge's own: all of the session's phase, with what to do by their code.

import { type ErrorFacts, type SamtykkeError, hostError } from "../core/error.js";

const TO_FIX = "session_too_large origin_refused method_refused return_to_refused invalid_parameter";

/** @internal */
export function trouble(code: string, more: Partial<ErrorFacts> = {}, cause?: unknown): SamtykkeError {
  const later = code === "session_unavailable";
  return hostError(
    code,
    { phase: "session", action: later ? "try_later" : TO_FIX.includes(code) ? "fix_configuration" : "restart", retryable: later, ...more },
    cause,
  );
}

/** @internal What is too large to be kept. */
export const tooLarge = (expected: string, actual: number): SamtykkeError => trouble("session_too_large", { expected, actual: `${actual}` });

/** @internal What one response's cookies may take, and what helps where that is too little. */
export const cookiesOf = (most: number): string => `at most ${most} octets of cookies in a response: a larger cookieBudget, smaller tokens, or a store`;
