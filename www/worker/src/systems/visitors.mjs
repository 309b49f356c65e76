// What the worker keeps for a visitor: what a system's steps left for the next ones, and how each went, so that whoever comes
// back, from another site or after a while, finds the steps where they were.
// RFC 9700 4.3: what is kept of a step is what was shown of it, masked.
// Refuses to keep anything for longer than an hour after the last step, or for more than two hundred visitors.

const LIFE = 60 * 60 * 1000;
const VISITORS = 200;
const visitors = new Map();
let order = 0;

/** The oldest are at the front. */
function tidy(now) {
  for (const [run, { at }] of visitors) {
    if (now - at <= LIFE && visitors.size <= VISITORS) break;
    visitors.delete(run);
  }
}

/** What is kept for this visitor in a system; `undefined` when there is nothing and `make` is not set. */
export function keptFor(run, system, { make = false } = {}) {
  const now = Date.now();
  tidy(now);
  const visitor = visitors.get(run);
  if (!make) return visitor?.systems.get(system);
  const { systems } = visitor ?? { systems: new Map() };
  visitors.delete(run);
  visitors.set(run, { at: now, systems });
  if (!systems.has(system)) systems.set(system, { left: {}, results: {} });
  return systems.get(system);
}

/** Keeps how a step went, with its place in the order of steps. A `fresh` one makes those before it void. */
export function keepResult(kept, step, result) {
  if (result.fresh) kept.results = {};
  kept.results[step] = { ...result, at: (order += 1) };
  return kept.results[step];
}
