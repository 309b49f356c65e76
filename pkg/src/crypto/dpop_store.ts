// DPoP keys in a browser: made by WebCrypto, kept in IndexedDB, never readable by any script (RFC 9449 section 11.4).
// The pair survives a reload; two tabs that start at once end up with the same one.

import { only } from "../core/check.js";
import { hostError } from "../core/error.js";
import { SigningKey } from "./keys.js";
import type { CryptoKey, SignatureAlgorithm } from "./webcrypto.js";

const STORE = "keys";

interface Record {
  readonly alg: SignatureAlgorithm;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

/** Keys kept in this browser, by names of yours. */
export interface DpopKeyStore {
  /** The key of a name; made when there is none, or one for another algorithm. `ES256` unless asked otherwise. */
  get(name: string, options?: { readonly alg?: SignatureAlgorithm }): Promise<SigningKey>;
  /** Forgets a key: at logout, so that tokens bound to it are worth nothing any more. */
  remove(name: string): Promise<void>;
}

/**
 * A store of DPoP keys that cannot be read out.
 *
 * @throws {SamtykkeError} `key_refused` with the browser's error as `cause`, where there is no IndexedDB (private windows of old browsers).
 * @example
 * ```ts
 * const key = await dpopKeyStore().get("https://op.example");
 * ```
 */
export function dpopKeyStore(options: { readonly database?: string } = {}): DpopKeyStore {
  only(options, { database: 1 });
  const { database = "samtykke" } = options;
  const inStore = async <T>(work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    try {
      const db = await openDatabase(database);
      try {
        return await new Promise<T>((resolve, reject) => {
          const transaction = db.transaction(STORE, "readwrite");
          const request = work(transaction.objectStore(STORE));
          // Only what was written to the end counts.
          transaction.oncomplete = () => resolve(request.result);
          transaction.onabort = transaction.onerror = () => reject(transaction.error);
        });
      } finally {
        db.close();
      }
    } catch (cause) {
      throw hostError("key_refused", { expected: "IndexedDB" }, cause);
    }
  };
  return {
    async get(name, options = {}) {
      only(options, { alg: 1 });
      const { alg = "ES256" } = options;
      const fits = (found: Record | undefined): found is Record => found?.alg === alg && !found.privateKey.extractable;
      let kept = await inStore<Record | undefined>((store) => store.get(name));
      if (!fits(kept)) {
        const { privateKey, publicKey } = SigningKey.pairOf(await SigningKey.generate({ alg }))!;
        // Looked up again in the transaction that writes: another tab may have been first.
        await inStore((store) => {
          const request = store.get(name) as IDBRequest<Record | undefined>;
          request.onsuccess = () => {
            if (!fits(request.result)) store.put({ alg, privateKey, publicKey }, name);
          };
          return request;
        });
        kept = await inStore<Record | undefined>((store) => store.get(name));
      }
      return SigningKey.fromCryptoKeys(kept!, { alg });
    },
    async remove(name) {
      await inStore((store) => store.delete(name));
    },
  };
}

function openDatabase(database: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another tab holds the database"));
  });
}
