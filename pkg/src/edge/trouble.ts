// Errors of the edge's own: all of the session's phase, with what to do by their code.

import { type ErrorFacts, type SamtykkeError, hostError } from "../core/error.js";

const TO_FIX = "session_too_large origin_refused method_refused return_to_refused invalid_parameter";

/** @internal */
export function trouble(code: string, expected?: string, actual?: string | number, more?: Partial<ErrorFacts>, cause?: unknown): SamtykkeError {
  const action = code === "session_unavailable" ? "try_later" : TO_FIX.includes(code) ? "fix_configuration" : "restart";
  const found = actual === undefined ? undefined : `${actual}`;
  return hostError(
    code,
    { phase: "session", action, retryable: action === "try_later", ...(expected && { expected }), ...(found && { actual: found }), ...more },
    cause,
  );
}

/** @internal A session, or what a request asks for, that cookies cannot hold. */
export const tooLarge = (most: number, found: number): SamtykkeError =>
  trouble("session_too_large", `cookies of at most ${most} octets in a response: a larger cookieBudget, smaller tokens, or a store`, found);
