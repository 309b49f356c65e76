// Waiting for what others may wait for too.

import { hostError } from "./error.js";

/**
 * @internal Waits for what several may wait for. A caller's signal ends its own waiting alone: a refresh that is broken off
 * would lose the refresh token that is on its way.
 */
export async function waited<T>(signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
  const aborted = () => hostError("aborted", { phase: "token" }, signal!.reason);
  if (signal?.aborted) throw aborted();
  const running = run();
  if (!signal) return running;
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => signal.addEventListener("abort", (stop = () => reject(aborted()))));
  try {
    return await Promise.race([running, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
