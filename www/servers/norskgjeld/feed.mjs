// The consent event feed: what was created and archived for this client in the last seven days.
// Norsk Gjeldsinformasjon's "consent feed" page: `fromSequenceNr` is inclusive, numbers have holes, times are unordered.
// Refuses a call without both parameters (400); an empty answer repeats the number that was asked for.

import { spring } from "./spring.mjs";

const LIMIT_MAX = 1000;

export function feedApi({ clock, consents, audiences }) {
  const { refuse, judge } = spring({ clock, service: audiences.services.feed, scope: "client.access.consent.events" });
  const ok = (body) => ({ status: 200, headers: { "content-type": "application/json" }, body });

  const integer = (text, most) => {
    if (text === null || !/^[0-9]{1,18}$/.test(text)) return undefined;
    const value = Number(text);
    return value <= most ? value : undefined;
  };

  const edge =
    (name, pick) =>
    ({ bearer, url }) =>
      judge(bearer, url.pathname) ?? ok({ [name]: pick(consents.events(bearer.clientId))?.sequenceNr ?? 0 });

  return {
    feed({ bearer, url }) {
      const path = url.pathname;
      const refusal = judge(bearer, path);
      if (refusal) return refusal;
      const from = integer(url.searchParams.get("fromSequenceNr"), Number.MAX_SAFE_INTEGER);
      const limit = integer(url.searchParams.get("limit"), 2 ** 31 - 1);
      if (from === undefined) return refuse(400, path, "Required query parameter 'fromSequenceNr' is missing or not a number.");
      if (limit === undefined || limit === 0) return refuse(400, path, "Required query parameter 'limit' is missing or not a positive number.");
      const result = consents
        .events(bearer.clientId)
        .filter((event) => event.sequenceNr >= from)
        .slice(0, Math.min(limit, LIMIT_MAX));
      return ok({
        startSequenceNr: result.at(0)?.sequenceNr ?? from,
        endSequenceNr: result.at(-1)?.sequenceNr ?? from,
        generatedAt: clock.iso(),
        result,
      });
    },
    feed_first: edge("firstSequenceNr", (events) => events.at(0)),
    feed_last: edge("lastSequenceNr", (events) => events.at(-1)),
  };
}
