// A store in this process's memory: for several token sources in one process, and for tests.

import type { Kept, SessionStore } from "../store.js";

interface Slot {
  text?: string;
  ends: number;
  fence?: string;
  locked: number;
  waiting: Set<() => void>;
}

/** Names after which those that ended are looked for. */
const SWEPT_AFTER = 256;

/**
 * A store in memory. A token source without a store keeps its own tokens anyway; this one is for several sources in one process, and
 * for sessions of one process. What has not ended stays, however much it is.
 *
 * @example
 * ```ts
 * const store = memoryStore();
 * ```
 */
export function memoryStore(): SessionStore {
  const slots = new Map<string, Slot>();
  let fences = 0;
  let made = 0;
  const slot = (name: string) => {
    let found = slots.get(name);
    if (!found) {
      if (++made % SWEPT_AFTER === 0) sweep();
      slots.set(name, (found = { ends: 0, locked: 0, waiting: new Set() }));
    }
    return found;
  };
  /** What ended and is never asked for again would stay for ever. */
  const sweep = () => {
    const now = Date.now();
    for (const [name, { ends, locked, waiting }] of slots) if (ends <= now && locked <= now && !waiting.size) slots.delete(name);
  };
  const kept = ({ text, ends }: Slot): Kept | undefined => (text !== undefined && Date.now() < ends ? { text, left: ends - Date.now() } : undefined);
  const holds = (found: Slot, fence: string) => found.fence === fence && Date.now() < found.locked;
  const release = (name: string, found: Slot) => {
    found.fence = undefined;
    found.locked = 0;
    for (const wake of found.waiting) wake();
    if (!kept(found) && !found.waiting.size) slots.delete(name);
  };
  return {
    async read(name) {
      const found = slots.get(name);
      return found && kept(found);
    },
    async lock(name, milliseconds) {
      const found = slot(name);
      if (found.fence !== undefined && Date.now() < found.locked) return undefined;
      found.fence = `${++fences}`;
      found.locked = Date.now() + milliseconds;
      const there = kept(found);
      return { fence: found.fence, ...(there && { kept: there }) };
    },
    async write(name, fence, text, milliseconds) {
      const found = slots.get(name);
      if (!found || !holds(found, fence)) return false;
      found.text = text;
      found.ends = Date.now() + milliseconds;
      release(name, found);
      return true;
    },
    async compareAndSet(name, before, text, milliseconds) {
      const there = slots.get(name);
      if ((there && kept(there)?.text) !== before) return false;
      const found = there ?? slot(name);
      found.text = text;
      found.ends = Date.now() + milliseconds;
      return true;
    },
    async delete(name) {
      const found = slots.get(name);
      if (!found) return;
      found.text = undefined;
      if (found.fence === undefined && !found.waiting.size) slots.delete(name);
    },
    async unlock(name, fence) {
      const found = slots.get(name);
      if (found && holds(found, fence)) release(name, found);
    },
    async changed(name, milliseconds) {
      const found = slots.get(name);
      if (found?.fence === undefined || Date.now() >= found.locked) return;
      const { waiting, locked } = found;
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, Math.min(milliseconds, locked - Date.now()));
        waiting.add(wake);
      });
    },
  };
}
