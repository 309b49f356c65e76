// A pause that a signal can end.

import { type Phase, hostError } from "./error.js";

/** @internal Waits; throws `aborted` when the signal ends it. */
export function sleep(milliseconds: number, phase: Phase, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(hostError("aborted", { phase }, signal?.reason));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
