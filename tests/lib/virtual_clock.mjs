// A clock that stands still while anything is going on, and then jumps to the next timer: thirty seconds of waiting take none.
// Timers, `Date.now` and `performance.now` are its own; what other threads do (WebCrypto) is waited for.
// Refuses to wait for what never comes: where nothing is left to wait for, that is a hang.

const HOUR = 3_600_000;

/** Runs `work` from a time on (milliseconds since 1970), on a clock of its own; gives what it gave. */
export async function onVirtualClock(start, work) {
  const clock = new VirtualClock(start);
  const restore = clock.install();
  try {
    return await work(clock);
  } finally {
    restore();
  }
}

// Never set back, as the host's is not either.
let passedBefore = 0;

class VirtualClock {
  #timers = new Map();
  #count = 0;
  #crypto = 0;
  #start;
  /** Milliseconds that have passed. */
  elapsed = 0;

  constructor(start) {
    this.#start = start;
  }

  install() {
    const { setTimeout, clearTimeout } = globalThis;
    const { now } = Date;
    const before = performance.now() + passedBefore;
    globalThis.setTimeout = (run, delay = 0, ...rest) => this.#set(() => run(...rest), delay);
    globalThis.clearTimeout = (timer) => void this.#timers.delete(timer);
    Date.now = () => this.#start + this.elapsed;
    performance.now = () => before + this.elapsed;
    const subtle = this.#watchCrypto();
    return () => {
      Object.assign(globalThis, { setTimeout, clearTimeout });
      Date.now = now;
      passedBefore += this.elapsed;
      delete performance.now;
      subtle();
    };
  }

  #set(run, delay) {
    const timer = { ref: () => timer, unref: () => timer, hasRef: () => true };
    this.#timers.set(timer, { run, at: this.elapsed + Math.max(delay, 1), order: this.#count++ });
    return timer;
  }

  /** Counts what WebCrypto's threads are at. */
  #watchCrypto() {
    const prototype = Object.getPrototypeOf(crypto.subtle);
    const names = ["digest", "sign", "verify", "importKey", "exportKey", "deriveBits", "deriveKey", "encrypt", "decrypt", "generateKey"];
    const own = Object.fromEntries(names.map((name) => [name, prototype[name]]));
    for (const [name, method] of Object.entries(own)) {
      prototype[name] = (...args) => {
        this.#crypto += 1;
        const done = () => void (this.#crypto -= 1);
        const result = method.apply(crypto.subtle, args);
        result.then(done, done);
        return result;
      };
    }
    return () => Object.assign(prototype, own);
  }

  /** Until nothing goes on but timers. */
  async #idle() {
    for (let quiet = 0; quiet < 4; quiet = this.#crypto ? 0 : quiet + 1) await new Promise((next) => setImmediate(next));
  }

  /** The next timer, where there is one; says whether there was. */
  #jump() {
    const [next] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at || a.order - b.order);
    if (!next) return false;
    const [timer, { run, at }] = next;
    this.#timers.delete(timer);
    this.elapsed = Math.max(this.elapsed, at);
    run();
    return true;
  }

  /** How a promise settles: `{ value }` or `{ error }`, and `{ hung: true }` where it never will. */
  async outcome(promise) {
    let outcome;
    promise.then(
      (value) => (outcome = { value }),
      (error) => (outcome = { error }),
    );
    for (;;) {
      await this.#idle();
      if (outcome) return { ...outcome, after: this.elapsed };
      if (this.elapsed > HOUR || !this.#jump()) return { hung: true, after: this.elapsed };
    }
  }

  /** Lets all timers pass that are left. */
  async drain() {
    const until = this.elapsed + HOUR;
    do await this.#idle();
    while (this.elapsed < until && this.#jump());
  }
}
