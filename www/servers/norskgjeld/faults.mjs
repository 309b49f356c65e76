// Faults on demand: a test says what the next answer of an endpoint shall suffer.
// Covers what a client meets in the wild: HTML from a proxy, a slow or cut line, 429, 5xx, a redirect.
// Refuses an unknown endpoint or fault name, so that a misspelt test does not pass by accident.

import { setTimeout as sleep } from "node:timers/promises";

export const ENDPOINTS = Object.freeze([
  "auth",
  "login",
  "consent",
  "token",
  "revoke",
  "logout",
  "userinfo",
  "jwks",
  "discovery",
  "debt",
  "debt_by_id",
  "status",
  "delete",
  "agreement",
  "feed",
  "feed_first",
  "feed_last",
]);

const JSON_TYPE = "application/json;charset=UTF-8";
const plain = (status, body, headers = {}) => ({ status, headers: { "content-type": JSON_TYPE, ...headers }, body });

const ANSWERS = {
  html: ({ status = 200 }) => ({
    status,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: '<!doctype html><html lang="en"><title>Proxy</title><p>The service is being maintained.</p></html>',
  }),
  429: ({ retryAfter = 2 }) => plain(429, '{"error":"too_many_requests"}', { "retry-after": String(retryAfter) }),
  500: () => plain(500, '{"error":"server_error","error_description":""}'),
  503: ({ retryAfter }) => plain(503, '{"error":"temporarily_unavailable"}', retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
  redirect: ({ status = 307, location = "/elsewhere" }) => ({ status, headers: { location }, body: "" }),
  empty: ({ status = 200 }) => ({ status, headers: { "content-type": JSON_TYPE }, body: "" }),
  answer: ({ status = 200, headers = { "content-type": JSON_TYPE }, body = "" }) => ({ status, headers, body }),
};

export const FAULTS = Object.freeze([...Object.keys(ANSWERS), "slow", "close", "truncated", "change"]);

export class Faults {
  #queue = [];
  #stopped = new AbortController();

  /**
   * `processed: true` carries the request out and spoils only the answer, which is what a client sees when a
   * line breaks late. `truncated` always does. `times` repeats the fault.
   */
  add({ endpoint, fault, times = 1, ...rest }) {
    const name = String(fault);
    if (!ENDPOINTS.includes(endpoint)) throw new TypeError(`unknown endpoint ${endpoint}; one of ${ENDPOINTS.join(", ")}`);
    if (!FAULTS.includes(name)) throw new TypeError(`unknown fault ${name}; one of ${FAULTS.join(", ")}`);
    if (name === "change" && typeof rest.change !== "function") throw new TypeError("fault change needs a function");
    for (let i = 0; i < times; i += 1) this.#queue.push({ endpoint, fault: name, ...rest });
  }

  take(endpoint) {
    const index = this.#queue.findIndex((fault) => fault.endpoint === endpoint);
    return index < 0 ? undefined : this.#queue.splice(index, 1)[0];
  }

  clear() {
    this.#queue.length = 0;
  }

  stop() {
    this.#stopped.abort();
  }

  /**
   * Spoils one exchange. `produce` carries the request out and resolves to { status, headers, body }.
   * Resolves to the answer that is to be sent, or undefined when the line was cut and nothing is left to send.
   */
  async spoil(fault, res, produce) {
    if (fault.delayMs || fault.fault === "slow") await this.#wait(fault.delayMs ?? 2000);
    switch (fault.fault) {
      case "slow":
        return produce();
      case "change": {
        const answer = await produce();
        return { ...answer, body: fault.change(answer.body) };
      }
      case "close":
        if (fault.processed) await produce();
        res.destroy();
        return undefined;
      case "truncated":
        return this.#truncate(res, await produce());
      default:
        if (fault.processed) await produce();
        return ANSWERS[fault.fault](fault);
    }
  }

  async #wait(ms) {
    try {
      await sleep(ms, undefined, { signal: this.#stopped.signal });
    } catch (error) {
      if (error.name !== "AbortError") throw error; // the provider is closing; answer at once
    }
  }

  #truncate(res, { status, headers, body }) {
    const text = typeof body === "string" ? body : JSON.stringify(body ?? {});
    const octets = Buffer.from(text);
    res.writeHead(status, { ...headers, "content-length": String(octets.length + 1) });
    res.write(octets.subarray(0, Math.ceil(octets.length / 2)), () => res.destroy());
    return undefined;
  }
}
