// The store in which processes or isolates share one session: what the session's machine asks of it, carried out. What it is for,
// and what is done while it does not answer, the machine decides.

import type { Carried } from "../../core/drive.js";
import { hostError } from "../../core/error.js";
import { Ended } from "../../core/wait.js";
import { DOWN, SharedStore } from "../../tokens/shared.js";
import type { Kept, TokenStore } from "../../tokens/store.js";

/** What two requests, for the nonce's sake, and the storing may take together. */
const leaseOf = (timeout: number) => 2_000 * timeout + 5_000;

/** Sessions that are refreshed without their lock, since the store does not answer: one refresh at a time in this process at least. */
const unlocked = new Set<string>();

/** @internal A record as an input of the machine: whether there is one, until when it is kept, its text. */
export function recordInput(name: string, text?: string | null, left = 0): Carried {
  if (!text) return [name];
  return [name, `1\n${Math.floor(Date.now() + left)}\n`, new TextEncoder().encode(text)];
}

const foundAs = (name: string, kept: Kept | undefined) => recordInput(name, kept?.text, kept?.left);
const NO_ANSWER: Carried = ["failed", "store\n\n"];

/** @internal The store of a HelseID client, as its sessions use it. */
export class SharedSessions {
  readonly #shared: SharedStore;

  constructor(
    store: TokenStore,
    timeout: number,
    onError: ((error: unknown) => void) | undefined,
    /** Whether it may be done without. */
    readonly optional: boolean,
  ) {
    this.#shared = new SharedStore(store, Date.now, 1_000, leaseOf(timeout), onError);
  }

  /** What one session does in the store, and what is done when it is over. */
  work(): { readonly carry: (step: string, rest: string) => Promise<Carried>; readonly end: () => void } {
    const shared = this.#shared;
    const entry = { name: "", hash: undefined as string | undefined, record: () => record };
    const flight = { until: 0 };
    let record = { text: "", milliseconds: 0 };
    let fence: string | undefined;
    let alone = "";
    let until = 0;
    let looks = 0;
    const lock = async (): Promise<Carried> => {
      until ||= performance.now() + 2 * shared.lease;
      const held = await shared.lock(entry, flight);
      if (!held) {
        if (performance.now() > until) throw new Ended("timeout");
        await shared.changed(entry, flight, looks++);
        return ["held"];
      }
      if (held !== DOWN) {
        fence = held.fence;
        return foundAs("locked", held.kept);
      }
      if (this.optional) {
        if (unlocked.has(entry.name)) throw hostError("transaction_used", { phase: "token", expected: "the newest refresh token, one refresh at a time" });
        unlocked.add((alone = entry.name));
      }
      return NO_ANSWER;
    };
    const carry = async (step: string, rest: string): Promise<Carried> => {
      if (step === "keep") {
        const end = rest.indexOf("\n");
        record = { text: rest.slice(end + 1), milliseconds: Math.max(Math.ceil(+rest.slice(0, end) - Date.now()), 0) };
        await shared.write(entry, flight, fence, Date.now());
        return ["unlocked"];
      }
      if (step === "unlock") {
        await shared.unlock(entry, flight, fence);
        return ["unlocked"];
      }
      entry.name = rest;
      if (step === "lock") return lock();
      const kept = await shared.read(entry, flight);
      return kept === DOWN ? NO_ANSWER : foundAs("loaded", kept);
    };
    return { carry, end: () => void unlocked.delete(alone) };
  }
}
