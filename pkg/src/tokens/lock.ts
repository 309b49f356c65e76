// Waiting for what others have the lock of. Whoever waits looks again when something may have changed.

/** @internal Milliseconds until the next look, where a store does not tell of changes: longer from look to look, and never the same for all. */
export const pause = (looks: number): number => Math.min(20 * 1.5 ** looks, 250) * (0.75 + Math.random() / 2);
