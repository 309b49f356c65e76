// Lets pauses between tries pass at once, and notes how long they would have been.
// Timers as long as a request's timeout are left alone, so that nothing times out early.
// Refuses nothing; the globals are put back whatever happens.

/** Runs `work` with quick timers; `work` gets the list of delays. */
export async function quickTimers(work) {
  const { setTimeout } = globalThis;
  const delays = [];
  globalThis.setTimeout = (run, delay = 0, ...rest) => {
    if (delay >= 30_000) return setTimeout(run, delay, ...rest);
    delays.push(delay);
    return setTimeout(run, 0, ...rest);
  };
  try {
    return await work(delays);
  } finally {
    globalThis.setTimeout = setTimeout;
  }
}
