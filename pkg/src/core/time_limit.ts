// A time limit for operations that hardly ever reach it. In Node one timer serves all that are under way, as making and ending
// one for each costs more than the rest of the operation; elsewhere a timer may end with the request that made it, so each has one.

import { isNode } from "./node.js";

interface Timer {
  ref?(): void;
  unref?(): void;
}

/** @internal An operation under way, in the order in which they began. */
export interface Running {
  readonly late: () => void;
  /** Its own timer, where it has one. */
  readonly timer?: ReturnType<typeof setTimeout>;
  readonly ends: number;
  before: Running | undefined;
  after: Running | undefined;
}

/** @internal */
export class TimeLimit {
  #first: Running | undefined;
  #last: Running | undefined;
  #timer: Timer | undefined;

  constructor(readonly milliseconds: number) {}

  /** Calls `late` when the time is over, unless {@link end} is called before. */
  begin(late: () => void): Running {
    if (!isNode) return { late, timer: setTimeout(late, this.milliseconds), ends: 0, before: undefined, after: undefined };
    const before = this.#last;
    const running: Running = { late, ends: performance.now() + this.milliseconds, before, after: undefined };
    this.#last = running;
    if (before) before.after = running;
    else {
      this.#first = running;
      // Whoever waits for an operation keeps the process alive; the timer alone does not.
      if (this.#timer) this.#timer.ref?.();
      else this.#arm(this.milliseconds);
    }
    return running;
  }

  /** Ends an operation's wait; once for each. */
  end(running: Running): void {
    if (running.timer !== undefined) {
      clearTimeout(running.timer);
      return;
    }
    const { before, after } = running;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    if (!this.#first) this.#timer?.unref?.();
  }

  #arm(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#look(), milliseconds) as Timer;
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    try {
      for (let running = this.#first; running && running.ends <= now; running = this.#first) {
        this.end(running);
        running.late();
      }
    } finally {
      // One that is late may have begun another.
      if (this.#first && !this.#timer) this.#arm(Math.max(this.#first.ends - now, 1));
    }
  }
}
