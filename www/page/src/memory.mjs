// What this tab remembers of a run while the person is away at the provider: which flow, and the masked steps so far.
// The transaction itself is kept by samtykke/browser, which deletes it in the same breath as it reads it.
// Refuses anything secret: the values in here were masked before, and a code or token never comes here.

const JOURNEY = "samtykke-demo-journey";

/** The journey: which flow, what shall go wrong, and events by step id. */
export const newJourney = (flow, wrong = "none") => ({ flow, wrong, away: false, withdrawing: false, events: {} });

export const keepJourney = (journey) => sessionStorage.setItem(JOURNEY, JSON.stringify(journey));

export function journey() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(JOURNEY));
    return kept && (kept.flow === "page" || kept.flow === "worker") ? kept : null;
  } catch {
    return null;
  }
}

export const forgetJourney = () => sessionStorage.removeItem(JOURNEY);
