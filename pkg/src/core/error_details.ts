// What the full core says of an error beyond the browser one: retry, advice, the response.

import { call } from "./wasm.js";
import type { Details } from "./error.js";
import { SamtykkeError } from "./error.js";

/** @internal By whichever core was brought. */
export const details: Details = {
  more([, retryable, hint, status, retryAfter, own, traceId]) {
    return {
      retryable: !!retryable,
      hint,
      http: status ? { status: +status, retryAfter: retryAfter ? +retryAfter : undefined } : undefined,
      provider: own || traceId ? { ...(own && { code: own }), ...(traceId && { traceId }) } : undefined,
    };
  },
  known(code, { phase, action } = {}) {
    try {
      call(["error", code, phase, action]);
    } catch (error) {
      // Without wasm there is no table: then that is the error. A code of another table is the caller's to word.
      if (error instanceof SamtykkeError && (error.code === code || error.code === "wasm_unavailable")) return error.toJSON();
    }
    return {};
  },
};
