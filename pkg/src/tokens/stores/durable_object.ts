// Cloudflare Durable Object: one small object for each target, wherever its callers are. Its storage outlives it.
// The runtime delivers no other request while an object waits for its storage (input gates), so each answer below is one step.

import { assertConfigured } from "../../core/check.js";
import type { Kept, Lock, SessionStore } from "../store.js";

/** What a stub of a Durable Object must do. */
export interface DurableObjectStub {
  fetch(
    url: string,
    init?: { readonly method?: string; readonly body?: string; readonly headers?: Record<string, string> },
  ): Promise<{
    readonly status: number;
    text(): Promise<string>;
  }>;
}

/** What a binding to a Durable Object must do. */
export interface DurableObjectNamespace<Id = unknown> {
  idFromName(name: string): Id;
  get(id: Id): DurableObjectStub;
}

/** What a Durable Object's state must do. */
export interface DurableObjectState {
  readonly storage: {
    get<T>(key: string): Promise<T | undefined>;
    put<T>(key: string, value: T): Promise<void>;
    delete(key: string): Promise<boolean>;
    deleteAll(): Promise<void>;
    setAlarm(time: number): Promise<void>;
  };
}

interface Ending {
  readonly ends: number;
}

/** What is kept, or null for nothing, and what is to be. */
type Swap = readonly [before: string | null, text: string];

/** Reaches nothing but the object itself. */
const ADDRESS = "https://tokens/";
/** Nobody is held longer: a caller asks again. */
const LONGEST_HOLD = 10_000;

/**
 * The Durable Object behind {@link durableObjectStore}: export it from your worker under the class name of its binding.
 *
 * @example
 * ```ts
 * export { TokenObject } from "samtykke/tokens";
 * // wrangler.toml: durable_objects.bindings = [{ name = "TOKENS", class_name = "TokenObject" }], and a migration for the class
 * ```
 */
export class TokenObject {
  readonly #storage: DurableObjectState["storage"];
  readonly #waiting = new Set<() => void>();

  constructor(state: DurableObjectState) {
    this.#storage = state.storage;
  }

  /** Answers one operation of the store; only a binding reaches it. */
  async fetch(request: Request): Promise<Response> {
    const [operation, time = "0", fence = ""] = request.url.slice(ADDRESS.length).split("/");
    const milliseconds = Number(time);
    switch (operation) {
      case "read":
        return kept(await this.#record());
      case "lock":
        return this.#lock(fence, milliseconds);
      case "write":
        return this.#write(fence, await request.text(), milliseconds);
      case "swap":
        return this.#swap(JSON.parse(await request.text()) as Swap, milliseconds);
      case "delete":
        await this.#storage.delete("record");
        return new Response(null, { status: 204 });
      case "unlock":
        if (await this.#holds(fence)) await this.#release();
        return new Response(null, { status: 204 });
      case "changed":
        await this.#changed(Math.min(milliseconds, LONGEST_HOLD));
        return new Response(null, { status: 204 });
      default:
        return new Response(null, { status: 404 });
    }
  }

  /** Clears the storage when nothing in it is of use any more. */
  async alarm(): Promise<void> {
    const ends = Math.max((await this.#record())?.ends ?? 0, (await this.#storage.get<Ending>("lock"))?.ends ?? 0);
    if (Date.now() < ends) await this.#storage.setAlarm(ends);
    else await this.#storage.deleteAll();
  }

  async #record() {
    const record = await this.#storage.get<Ending & { text: string }>("record");
    return record && Date.now() < record.ends ? record : undefined;
  }

  /** Asked twice with one fence, because the first answer was lost, it gives the same lock. */
  async #lock(fence: string, milliseconds: number): Promise<Response> {
    const now = Date.now();
    const held = await this.#storage.get<Ending & { fence: string }>("lock");
    if (held && now < held.ends && held.fence !== fence) return new Response(null, { status: 409 });
    await this.#storage.put("lock", { fence, ends: now + milliseconds });
    const record = await this.#record();
    if (!record) await this.#storage.setAlarm(now + milliseconds);
    return kept(record, fence);
  }

  async #holds(fence: string): Promise<boolean> {
    const lock = await this.#storage.get<Ending & { fence: string }>("lock");
    return !!lock && lock.fence === fence && Date.now() < lock.ends;
  }

  async #write(fence: string, text: string, milliseconds: number): Promise<Response> {
    if (!(await this.#holds(fence))) return new Response(null, { status: 409 });
    await this.#keep(text, milliseconds);
    await this.#release();
    return new Response(null, { status: 204 });
  }

  async #swap([before, text]: Swap, milliseconds: number): Promise<Response> {
    if (((await this.#record())?.text ?? null) !== before) return new Response(null, { status: 409 });
    await this.#keep(text, milliseconds);
    return new Response(null, { status: 204 });
  }

  async #keep(text: string, milliseconds: number): Promise<void> {
    const ends = Date.now() + milliseconds;
    await this.#storage.put("record", { text, ends });
    await this.#storage.setAlarm(ends);
  }

  async #release(): Promise<void> {
    await this.#storage.delete("lock");
    for (const wake of this.#waiting) wake();
  }

  async #changed(milliseconds: number): Promise<void> {
    const lock = await this.#storage.get<Ending>("lock");
    if (!lock || Date.now() >= lock.ends) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(milliseconds, lock.ends - Date.now()));
      this.#waiting.add(wake);
    });
  }
}

/** A fence, where a lock was got; how many milliseconds are left, nothing without a record; its text. Spaces between. */
const kept = (record: (Ending & { text: string }) | undefined, fence = ""): Response =>
  new Response(`${fence} ${record ? record.ends - Date.now() : ""} ${record?.text ?? ""}`);

/** Whether the object was ended under way, as all are when their worker is deployed anew: a new stub reaches the next one. */
const wasReset = (error: unknown) => {
  const { retryable, overloaded, durableObjectReset } = (error ?? {}) as Record<string, unknown>;
  return (retryable === true || durableObjectReset === true) && overloaded !== true;
};

/**
 * A store in Durable Objects: one token request for all isolates, everywhere. Times are the object's own.
 *
 * @example
 * ```ts
 * const source = new TokenSource({ client, store: durableObjectStore(env.TOKENS) });
 * ```
 */
export function durableObjectStore<Id>(namespace: DurableObjectNamespace<Id>): SessionStore {
  assertConfigured(typeof namespace?.idFromName === "function", "a binding to a Durable Object");
  const once = (name: string, path: string, body?: string) =>
    namespace.get(namespace.idFromName(name)).fetch(ADDRESS + path, body === undefined ? undefined : { method: "POST", body });
  const ask: typeof once = async (...question) => {
    try {
      return await once(...question);
    } catch (error) {
      // Its storage is there; each operation may be done twice.
      if (!wasReset(error)) throw error;
      return once(...question);
    }
  };
  const done = ({ status }: Awaited<ReturnType<typeof ask>>): boolean => {
    if (status !== 204 && status !== 409) throw new Error(`the Durable Object answered ${status}`);
    return status === 204;
  };
  const taken = async (answer: Awaited<ReturnType<typeof ask>>): Promise<{ fence: string; kept?: Kept }> => {
    if (answer.status !== 200) throw new Error(`the Durable Object answered ${answer.status}`);
    const text = await answer.text();
    const one = text.indexOf(" ");
    const two = text.indexOf(" ", one + 1);
    const left = Number(text.slice(one + 1, two));
    return { fence: text.slice(0, one), ...(left > 0 && { kept: { text: text.slice(two + 1), left } }) };
  };
  return {
    read: async (name) => (await taken(await ask(name, "read"))).kept,
    async lock(name, milliseconds): Promise<Lock | undefined> {
      const answer = await ask(name, `lock/${milliseconds}/${crypto.randomUUID()}`, "");
      return answer.status === 409 ? undefined : taken(answer);
    },
    write: async (name, fence, text, milliseconds) => done(await ask(name, `write/${milliseconds}/${fence}`, text)),
    async compareAndSet(name, before, text, milliseconds) {
      // Not twice: where the first answer was lost, the second would say that another changed it.
      return done(await once(name, `swap/${milliseconds}`, JSON.stringify([before ?? null, text] satisfies Swap)));
    },
    async delete(name) {
      await ask(name, "delete", "");
    },
    async unlock(name, fence) {
      await ask(name, `unlock/0/${fence}`, "");
    },
    async changed(name, milliseconds) {
      try {
        await once(name, `changed/${milliseconds}`);
      } catch (error) {
        // A reset is a reason to look again, and no second wait.
        if (!wasReset(error)) throw error;
      }
    },
  };
}
