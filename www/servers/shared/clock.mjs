// The one clock of a local provider: tests move it to make codes, tokens and consents old.
// Serves the lifetimes of RFC 6749 4.1.2 (code), 5.1 (expires_in) and Norsk Gjeldsinformasjon's consents.
// Refuses nothing; the machine's own clock is never changed.

export class Clock {
  #source;
  #offset = 0;

  constructor(source = Date.now) {
    this.#source = source;
  }

  /** Milliseconds since the epoch, as this provider sees them. */
  now() {
    return this.#source() + this.#offset;
  }

  /** Whole seconds since the epoch, as this provider sees them. */
  seconds() {
    return Math.floor(this.now() / 1000);
  }

  iso(ms = this.now()) {
    return new Date(ms).toISOString();
  }

  /** How many seconds this clock is ahead of the machine's; oidc-provider reads only the latter. */
  skew() {
    return Math.round((this.now() - Date.now()) / 1000);
  }

  /** Replaces (does not add to) the offset. */
  set(offsetMs) {
    if (!Number.isFinite(offsetMs)) throw new TypeError("the clock offset must be a finite number of milliseconds");
    this.#offset = offsetMs;
  }
}
