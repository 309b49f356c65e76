// A store in this process's memory: for several token sources in one process, and for tests.

import type { Kept, TokenStore } from "../store.js";

interface Slot {
  text?: string;
  ends: number;
  fence?: string;
  locked: number;
  waiting: Set<() => void>;
}

/**
 * A store in memory. A token source without a store keeps its own tokens anyway; this one is for several sources in one process.
 *
 * @example
 * ```ts
 * const store = memoryStore();
 * ```
 */
export function memoryStore(): TokenStore {
  const slots = new Map<string, Slot>();
  let fences = 0;
  const slot = (name: string) => {
    let found = slots.get(name);
    if (!found) slots.set(name, (found = { ends: 0, locked: 0, waiting: new Set() }));
    return found;
  };
  const kept = ({ text, ends }: Slot): Kept | undefined => (text !== undefined && Date.now() < ends ? { text, left: ends - Date.now() } : undefined);
  const holds = (found: Slot, fence: string) => found.fence === fence && Date.now() < found.locked;
  const release = (name: string, found: Slot) => {
    found.fence = undefined;
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
