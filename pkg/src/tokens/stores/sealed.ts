// Any store, with its texts sealed: whoever reads the store learns no token, and cannot move one to another name.

import { checkKeys, openSealed, seal, type SealKeys } from "../../crypto/seal.js";
import type { Kept, SessionStore, TokenStore } from "../store.js";

const purpose = (name: string) => `token ${name}`;

/**
 * Seals what a store keeps (AES-256-GCM): the first key seals, all open. What no key opens counts as not there.
 *
 * @throws {SamtykkeError} `invalid_configuration` unless there are keys of 32 octets as base64url.
 * @example
 * ```ts
 * const store = sealedStore(redisStore(send), env.TOKEN_KEYS);
 * ```
 */
export function sealedStore<S extends TokenStore>(store: S, keys: SealKeys): S extends SessionStore ? SessionStore : TokenStore;
export function sealedStore(store: TokenStore & Partial<SessionStore>, keys: SealKeys): TokenStore & Partial<SessionStore> {
  const all = checkKeys(keys);
  const unsealed = async (name: string, kept: Kept | undefined): Promise<Kept | undefined> => {
    if (!kept) return undefined;
    const found = openSealed(all, purpose(name), kept.text);
    const text = typeof found === "object" ? await found : found;
    return text === undefined ? undefined : { text, left: kept.left };
  };
  const grown = store.compareAndSet &&
    store.delete && {
      async compareAndSet(name: string, before: string | undefined, text: string, milliseconds: number) {
        const there = await store.read(name);
        const found = await unsealed(name, there);
        // A text that no key opens counts as not there, and is replaced as such.
        return found?.text === before && store.compareAndSet!(name, there?.text, await seal(all, purpose(name), text), milliseconds);
      },
      delete: (name: string) => store.delete!(name),
    };
  return {
    ...grown,
    read: async (name) => unsealed(name, await store.read(name)),
    async lock(name, milliseconds) {
      const lock = await store.lock(name, milliseconds);
      const kept = lock && (await unsealed(name, lock.kept));
      return lock && { fence: lock.fence, ...(kept && { kept }) };
    },
    write: async (name, fence, text, milliseconds) => store.write(name, fence, await seal(all, purpose(name), text), milliseconds),
    unlock: (name, fence) => store.unlock(name, fence),
    ...(store.changed && { changed: (name: string, milliseconds: number) => store.changed!(name, milliseconds) }),
  };
}
