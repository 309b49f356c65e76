// Where in the sequence a failed run stopped, when no step has marked itself.
// RFC 6749 4.1.2.1: an error in the callback is the provider's answer, not a fault of the step that read it.
// Refuses to mark a second step.

/** The id of the step to mark, or null. */
export function failedStep(journey) {
  if (Object.values(journey.events).some(({ state }) => state === "failed" || state === "ended")) return null;
  return journey.flow === "worker" && !journey.events.token ? "callback" : null;
}
