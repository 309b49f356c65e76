// What happened here: how many requests each endpoint had, the trace, and every protocol sin of a client.
// The sins are the "must reject" lists of RFC 9700 and of Norsk Gjeldsinformasjon's documentation.
// Refuses to keep a secret: a violation has a code, a place and a fixed text, never a value.

import { maskParams, maskPath } from "./mask.mjs";

export class Journal {
  #clock;
  #onEvent;
  #log;
  #counts = new Map();
  #violations = [];
  #seen = new Map();

  constructor({ clock, onEvent = () => {}, log = () => {} }) {
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#log = log;
  }

  count(endpoint) {
    this.#counts.set(endpoint, (this.#counts.get(endpoint) ?? 0) + 1);
  }

  /** One exchange, masked, for whoever draws or prints it. A failing listener never breaks a request. */
  exchange({ from, to, method, path, params = {}, authorization, status, answer }) {
    const event = {
      at: this.#clock.now(),
      from,
      to,
      method,
      path: maskPath(path),
      params: { ...(authorization ? { authorization } : {}), ...maskParams(params) },
      status,
      ...(answer ? { answer } : {}),
    };
    for (const tell of [() => this.#onEvent(event), () => this.#log(`${from} > ${to} ${method} ${event.path} ${status}`)]) {
      try {
        tell();
      } catch (error) {
        queueMicrotask(() => process.emitWarning(`a trace listener failed: ${error.name}`));
      }
    }
  }

  violation(code, endpoint, detail) {
    this.#violations.push({ at: this.#clock.now(), code, endpoint, detail });
  }

  /** Notes a value that must be new each time; a second use is a violation. */
  once(kind, value, endpoint) {
    const seen = this.#seen.get(kind) ?? new Set();
    this.#seen.set(kind, seen);
    if (seen.has(value)) this.violation(`${kind}_reused`, endpoint, `the same ${kind} was sent in an earlier request`);
    seen.add(value);
  }

  requests() {
    return Object.fromEntries(this.#counts);
  }

  violations() {
    return this.#violations.map((violation) => ({ ...violation }));
  }

  clear() {
    this.#counts.clear();
    this.#violations.length = 0;
    this.#seen.clear();
  }
}
