// Waiting for a lock that others hold. Whoever waits looks again when something may have changed, and not for ever.

/** @internal Milliseconds until the next look, where a store does not tell of changes: longer from look to look, and never the same for all. */
export const pause = (looks: number): number => Math.min(20 * 1.5 ** looks, 250) * (0.75 + Math.random() / 2);

/**
 * @internal The lock, as soon as nobody else has it; nothing when `patience`, in milliseconds, is over. `changed` waits until something may
 * have changed; what it answers is what the lock was wanted for, so that it is needed no more.
 */
export async function withLock<Lock, Needless = never>(
  lock: () => Promise<Lock | undefined>,
  changed: (looks: number) => Promise<Needless | undefined>,
  patience: number,
): Promise<Lock | Needless | undefined> {
  const until = performance.now() + patience;
  for (let looks = 0; ; looks++) {
    const held = await lock();
    if (held !== undefined) return held;
    if (performance.now() > until) return undefined;
    const needless = await changed(looks);
    if (needless) return needless;
  }
}
