// What the systems share: their settings, things made once for a visitor, what the browser was seen to ask for.
// RFC 9700 4.2: codes and states are masked in what is shown of an address.
// Refuses to hold on to a step's fetch: what is kept sends by the fetch of the step that runs.

import { field } from "../mask.mjs";

/** The settings of a local system, or nothing. */
export function settingsOf(env, id) {
  try {
    return JSON.parse(env.SYSTEMS ?? "{}")[id];
  } catch {
    return undefined;
  }
}

/** Something made once for this visitor, with a fetch that is always the running step's. */
export async function once(context, name, make) {
  const { left } = context;
  left.fetch = context.fetch;
  left[name] ??= await make((input, init) => left.fetch(input, init));
  return left[name];
}

export const fact = (name, value) => ({ name, value: Array.isArray(value) ? value.join(" ") : String(value ?? "") });

/**
 * What the browser itself asked for, beside what the worker sent: an address with its parameters masked. `shown` are further
 * ones that may be read.
 */
export function visited(address, { shown = [] } = {}) {
  const { host, pathname, searchParams } = new URL(address);
  const fields = [...searchParams]
    .slice(0, 12)
    .map(([name, value]) => (shown.includes(name) ? { in: "query", name, value: value.slice(0, 100) } : field("query", name, value)));
  return { browser: true, method: "GET", host, path: pathname, fields, signed: [], ms: 0, status: 0, answer: [] };
}
