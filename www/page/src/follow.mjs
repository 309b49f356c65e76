// Fetches the worker's masked record of the back channel while a call is under way, and lets the steps appear one by one.
// The record is the worker's; here it is only merged into the journey by step id.
// Refuses to outlive the call: the function it gives back takes the last record and ends it.
import { steps } from "./steps.mjs";
import { trace } from "./worker-client.mjs";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const pause = (ms) => new Promise((next) => setTimeout(next, ms));

export function follow(journey, show) {
  let running = true;

  async function take() {
    let events;
    try {
      ({ events } = await trace());
    } catch {
      return; // the record is a picture of the run, not a part of it
    }
    for (const [id, event] of Object.entries(events)) {
      if (!(id in steps)) continue;
      const before = JSON.stringify(journey.events[id]);
      journey.events[id] = { ...journey.events[id], ...event };
      if (JSON.stringify(journey.events[id]) === before) continue;
      show();
      // All of it takes some ten milliseconds here; a person needs longer to see one thing follow another.
      if (!still.matches) await pause(90);
    }
  }

  const loop = (async () => {
    while (running) {
      await take();
      if (running) await pause(200);
    }
  })();

  return async () => {
    running = false;
    await loop;
    await take();
  };
}
