// How long the frameworks' projects may take together: the time in which at least one of them runs, whatever runs beside.
// Refuses more than six minutes of it.

/** Whole applications in a framework of their own, each built, started and walked through in Chromium. */
export const FRAMEWORKS = ["next", "express", "hono", "next-edge", "sveltekit", "react-router", "nuxt"];
/** Seconds for all of them. */
export const MOST = 360;

/** Seconds that results' projects of these names took, `{ name, began, ms }` each: what ran at the same time counts once. */
export function secondsOf(results, names = FRAMEWORKS) {
  let [sum, until] = [0, -Infinity];
  const own = results.filter(({ name }) => names.includes(name)).sort((one, other) => one.began - other.began);
  for (const { began, ms } of own) {
    sum += Math.max(0, began + ms - Math.max(began, until));
    until = Math.max(until, began + ms);
  }
  return sum / 1000;
}
