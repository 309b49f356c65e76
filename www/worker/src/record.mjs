// The record of a run: each message by step, masked, so that the page can draw what happened where it cannot look.
// Values are masked by mask.mjs before they are kept; RFC 9700 4.3 on what leaks through logs.
// Refuses to keep a run longer than ten minutes, more than two hundred runs, or anything at all when tracing is off.
import { field, fieldsOf, mask } from "./mask.mjs";

const LIFE = 10 * 60 * 1000;
const RUNS = 200;
const runs = new Map();

/** The events of a run. In the memory of one worker instance: another instance draws nothing, and nothing depends on it. */
export const eventsOf = (id) => runs.get(id)?.events ?? {};

/** Before a new run, so that it is not drawn with the steps of the one before. */
export const forget = (id) => void runs.delete(id);

function run(id) {
  const now = Date.now();
  for (const [other, { at }] of runs) if (now - at > LIFE || runs.size > RUNS) runs.delete(other);
  if (!runs.has(id)) runs.set(id, { at: now, events: {} });
  return runs.get(id);
}

/** "Basic" and "Bearer" are shown, what follows is not. */
function credentials(header) {
  const [scheme, rest = ""] = header.split(" ");
  const { value, length } = mask(rest);
  return { in: scheme.toLowerCase(), name: "authorization", value: `${scheme} ${value}`, length };
}

function answerFields(body) {
  return Object.entries(body)
    .slice(0, 12)
    .map(([name, value]) => {
      const plain = Array.isArray(value)
        ? `[${value.length}]`
        : typeof value === "number"
          ? String(value)
          : value !== null && typeof value === "object"
            ? `{${Object.keys(value).slice(0, 8).join(", ")}}`
            : null;
      return plain === null ? field("body", name, value ?? "") : { in: "body", name: name.slice(0, 60), value: plain };
    });
}

/** Reads a copy of the answer without disturbing the one the library reads. */
async function described(response) {
  const type = (response.headers.get("content-type") ?? "").split(";")[0];
  if (response.status === 204) return { path: "", fields: [], state: "done" };
  const state = response.ok ? "done" : "failed";
  try {
    const body = JSON.parse((await response.text()).slice(0, 200_000));
    return { path: "JSON", fields: body !== null && typeof body === "object" ? answerFields(body) : [], state };
  } catch {
    return { path: type, state: "failed", fields: [{ in: "header", name: "content-type", value: type || "…" }] };
  }
}

/** A record for one request to the worker. `steps` maps "POST /oauth2/token" and the like to step ids. */
export function recorder(id, { traced, fresh = false }) {
  if (!traced || id === null) return { note() {}, fetch: (...request) => fetch(...request), settled: async () => {}, called: new Set() };
  if (fresh) runs.delete(id);
  const { events } = run(id);
  const reading = [];
  const called = new Set();

  function note(step, event) {
    events[step] = { state: "done", fields: [], ...event };
  }

  async function recordedFetch(input, init) {
    const url = new URL(input);
    const method = init?.method ?? "GET";
    const headers = new Headers(init?.headers);
    const body = typeof init?.body === "string" ? init.body : init?.body ? new TextDecoder().decode(init.body) : "";
    const step = stepOf(method, url.pathname, body);
    called.add(step);
    const fields = [];
    for (const name of ["authorization", "x-trace-id"]) {
      const value = headers.get(name);
      if (value !== null) fields.push(name === "authorization" ? credentials(value) : field("header", name, value));
    }
    fields.push(...fieldsOf("body", new URLSearchParams(body)));
    const path = step === "revoke" ? "/v1/debt/{id}" : url.pathname;
    note(step, { state: "running", method, path, fields });
    const started = Date.now();
    try {
      const response = await fetch(input, init);
      note(step, { method, path, fields });
      const ms = Date.now() - started;
      const copy = response.clone();
      reading.push(described(copy).then((what) => note(`${step}Answer`, { method: String(response.status), ms, ...what })));
      return response;
    } catch (error) {
      note(step, { state: "failed", method, path, ms: Date.now() - started, fields });
      throw error;
    }
  }

  return { note, fetch: recordedFetch, settled: () => Promise.race([Promise.allSettled(reading), second()]), called };
}

/** A record is never worth more than a second of waiting. */
const second = () => new Promise((next) => setTimeout(next, 1000));

function stepOf(method, pathname, body) {
  if (pathname.endsWith("/oauth2/token")) return /(^|&)grant_type=client_credentials(&|$)/.test(body) ? "serviceToken" : "token";
  return method === "DELETE" ? "revoke" : "debt";
}
