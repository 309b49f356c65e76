// What a token source asks of a store that several processes share: a text by name with an end, and a lock that ends by itself.
// A lock has a fence, never given twice; whoever lost the lock meanwhile cannot write.

/** What is kept under a name. */
export interface Kept {
  readonly text: string;
  /** Milliseconds until it ends, by the store's own clock where it has one. */
  readonly left: number;
}

/** A lock that was got. */
export interface Lock {
  /** Names this lock and no other, ever. */
  readonly fence: string;
  /** What was kept when the lock was got. */
  readonly kept?: Kept;
}

/**
 * A place for tokens that several processes or isolates share. Names are hashes; texts hold access tokens, so guard the store
 * as you guard secrets, or seal it with {@link sealedStore}.
 */
export interface TokenStore {
  /** What is kept under a name, unless it has ended. */
  read(name: string): Promise<Kept | undefined>;
  /** Locks a name for so many milliseconds; nothing when somebody else has it. */
  lock(name: string, milliseconds: number): Promise<Lock | undefined>;
  /** Keeps a text for so many milliseconds and unlocks; `false`, and nothing kept, when the lock of that fence is over. */
  write(name: string, fence: string, text: string, milliseconds: number): Promise<boolean>;
  /** Unlocks, if the lock of that fence still holds. */
  unlock(name: string, fence: string): Promise<void>;
  /** Returns when nobody holds the lock any more, and after so many milliseconds in any case. Without it, the source looks now and then. */
  changed?(name: string, milliseconds: number): Promise<void>;
}

/**
 * A store that keeps sessions as well: it deletes, and changes a text only where it is still the one that was read. Whatever cannot
 * do that in one step, such as Workers KV, keeps no sessions.
 */
export interface SessionStore extends TokenStore {
  /**
   * Keeps a text for so many milliseconds where `before` is what is kept now, or nothing is and `before` is not given; `false`, and
   * nothing changed, where not. A lock of the name stays as it is.
   */
  compareAndSet(name: string, before: string | undefined, text: string, milliseconds: number): Promise<boolean>;
  /** Forgets what is kept under a name. A lock of the name stays as it is. */
  delete(name: string): Promise<void>;
}
