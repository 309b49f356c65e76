// The scope grammar of a consent: debt.unsecured.<purpose>[.<days>][ openid].
// Norsk Gjeldsinformasjon's "scopes" page; over the maximum the days are cut to it without a word.
// Refuses no debt scope, two of them, `openid` first or twice, an unknown scope, and `.0`.

export const MAX_DAYS = Object.freeze({ presentation: 365, processing: 28 });
export const DEBT_SCOPES = Object.freeze(["debt.unsecured.presentation", "debt.unsecured.processing"]);
export const SERVICE_SCOPES = Object.freeze(["consent.create", "client.access.consent.events"]);
export const ALL_SCOPES = Object.freeze([...DEBT_SCOPES, "openid", ...SERVICE_SCOPES]);

const DEBT_SCOPE = /^debt\.unsecured\.(presentation|processing)(?:\.([0-9]{1,9}))?$/;

const broken = (reason) => ({ ok: false, reason });

/** Reads the `scope` of an authorization request. `granted` is what callbacks and tokens show: never the days. */
export function parseConsentScope(text) {
  const words = (text ?? "").split(" ").filter((word) => word !== "");
  const debt = words.map((word) => DEBT_SCOPE.exec(word));
  const count = debt.filter(Boolean).length;
  if (words.some((word, i) => !debt[i] && word !== "openid")) return broken("unknown scope");
  if (count === 0) return broken("no debt scope");
  if (count > 1) return broken("more than one debt scope");
  if (!debt[0]) return broken("openid before the debt scope");
  if (words.length > 2) return broken("openid more than once");

  const [, purpose, digits] = debt[0];
  const asked = digits === undefined ? null : Number(digits);
  if (asked === 0) return broken("a duration of no days");
  const days = asked === null ? null : Math.min(asked, MAX_DAYS[purpose]);
  const base = `debt.unsecured.${purpose}`;
  const openid = words.length === 2;
  return { ok: true, purpose, base, days, clamped: days !== asked, openid, granted: openid ? `${base} openid` : base };
}
