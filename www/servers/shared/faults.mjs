// Faults on demand: what the next answers of an endpoint shall suffer, as clients meet it in the wild.
// HTML from a proxy, a slow, cut or silent line, 429, 5xx, a redirect, nothing at all; and the provider's own, by their names.
// Refuses an unknown endpoint or fault by name, so that a misspelt test does not pass by accident.

import { setTimeout as sleep } from "node:timers/promises";

const JSON_TYPE = "application/json";
const plain = (status, body, headers = {}) => ({ status, headers: { "content-type": JSON_TYPE, ...headers }, body });

const ANSWERS = {
  html: ({ status = 200 }) => ({
    status,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: '<!doctype html><html lang="en"><title>Proxy</title><p>The service is being maintained.</p></html>',
  }),
  401: () => ({ status: 401, headers: {}, body: "" }),
  403: () => ({ status: 403, headers: {}, body: "" }),
  404: () => ({ status: 404, headers: {}, body: "" }),
  429: ({ retryAfter = 2 }) => plain(429, '{"error":"too_many_requests"}', { "retry-after": String(retryAfter) }),
  500: () => plain(500, '{"error":"server_error"}'),
  502: () => ({ status: 502, headers: { "content-type": "text/html" }, body: "<html><title>502 Bad Gateway</title></html>" }),
  503: ({ retryAfter }) => plain(503, '{"error":"temporarily_unavailable"}', retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
  redirect: ({ status = 307, location = "/elsewhere" }) => ({ status, headers: { location }, body: "" }),
  empty: ({ status = 200 }) => ({ status, headers: { "content-type": JSON_TYPE }, body: "" }),
  answer: ({ status = 200, headers = { "content-type": JSON_TYPE }, body = "" }) => ({
    status,
    headers,
    body: typeof body === "string" ? body : JSON.stringify(body),
  }),
};
/** What befalls the line: `slow` by `delayMs` (2000), `close` before an answer, `truncated` in its middle, `silent` until the client gives up. */
const LINE = ["slow", "close", "truncated", "silent", "change"];

export const FAULTS = Object.freeze([...Object.keys(ANSWERS), ...LINE]);

/** A fault of the configuration has a name beside what it does. */
const nameOf = ({ name, fault }) => String(name ?? fault);

export class Faults {
  #queue = [];
  #stopped = new AbortController();
  #endpoints;
  #named;

  /** `named`: the provider's own faults, each an `{ endpoint, fault, answer() }`; and those of the configuration, `{ name, endpoint, fault, … }`. */
  constructor({ endpoints, named = [] }) {
    this.#endpoints = endpoints;
    this.#named = named;
  }

  /** Whether there is an endpoint of this name. */
  has = (endpoint) => this.#endpoints.includes(endpoint);

  /** Whether a fault of this name belongs to an endpoint here. */
  knows = (fault) => this.#named.some((one) => nameOf(one) === String(fault));

  /** `processed: true` carries the request out and loses only the answer; `truncated` always does; `times` repeats it. */
  add({ endpoint, fault, times = 1, ...rest }) {
    const name = String(fault);
    const own = this.#named.find((one) => nameOf(one) === name && (endpoint === undefined || one.endpoint === endpoint));
    const at = endpoint ?? own?.endpoint;
    if (!this.#endpoints.includes(at)) throw new TypeError(`no endpoint ${at}; there are ${this.#endpoints.join(", ")}`);
    if (!own && !FAULTS.includes(name)) throw new TypeError(`no fault ${name} at ${at}; there are ${[...this.#named.map(nameOf), ...FAULTS].join(", ")}`);
    if (name === "change" && typeof rest.change !== "function") throw new TypeError("fault change needs a function");
    const { name: _, ...settings } = own ?? { fault: name };
    for (let time = 0; time < times; time += 1) this.#queue.push({ ...settings, ...rest, endpoint: at, fault: String(settings.fault) });
  }

  take(endpoint) {
    const at = this.#queue.findIndex((fault) => fault.endpoint === endpoint);
    return at < 0 ? undefined : this.#queue.splice(at, 1)[0];
  }

  clear() {
    this.#queue.length = 0;
  }

  stop() {
    this.#stopped.abort();
  }

  /** Spoils one exchange: `produce` carries the request out. Gives what is to be sent, or nothing when the line was cut. */
  async spoil(fault, response, produce) {
    if (fault.delayMs || fault.fault === "slow") await this.#wait(fault.delayMs ?? 2000);
    if (fault.answer) return fault.answer();
    switch (fault.fault) {
      case "slow":
        return produce();
      case "change": {
        const answer = await produce();
        return { ...answer, body: JSON.stringify(fault.change(JSON.parse(answer.body))) };
      }
      case "silent":
        return undefined;
      case "close":
        if (fault.processed) await produce();
        response.destroy();
        return undefined;
      case "truncated":
        return this.#truncate(response, await produce());
      default:
        if (fault.processed) await produce();
        return ANSWERS[fault.fault](fault);
    }
  }

  async #wait(ms) {
    await sleep(ms, undefined, { signal: this.#stopped.signal }).catch((error) => {
      if (error.name !== "AbortError") throw error; // the server is closing; answer at once
    });
  }

  #truncate(response, { status, headers, body }) {
    const octets = Buffer.from(body);
    response.writeHead(status, { ...headers, "content-length": String(octets.length + 1) });
    response.write(octets.subarray(0, Math.ceil(octets.length / 2)), () => response.destroy());
    return undefined;
  }
}
