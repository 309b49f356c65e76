// One session in several processes or isolates: they refresh one after the other, by the lock of a store, and each takes what
// another's refresh brought. While the store does not answer, nobody refreshes, unless an option says otherwise.

import { isObject } from "../../core/check.js";
import { hostError } from "../../core/error.js";
import type { Saved } from "./saved.js";
import type { HelseIdTokens } from "./granted.js";
import { DOWN, SharedStore } from "../../tokens/shared.js";
import type { Kept as Record, TokenStore } from "../../tokens/store.js";
import { hidden } from "../../core/hidden.js";

/** @internal What a refresh makes, for those who come later. */
export interface Turn {
  readonly saved: Saved;
  readonly tokens: ReadonlyMap<string, HelseIdTokens>;
}

/** Seconds for which a record is kept where HelseID does not say how long the refresh token lives. */
const UNKNOWN_LIFE = 28_800;
/** Octets of what is handed on: some stores take values of 64 KiB at most, and sealing makes a third more of them. */
const MOST = 40_000;
/** What two requests, for the nonce's sake, and the storing may take together. */
const leaseOf = (timeout: number) => 2_000 * timeout + 5_000;

type SharedTokens = Pick<HelseIdTokens, "accessToken" | "tokenType" | "expiresIn" | "scope" | "requestedScope" | "others" | "rejectedScope" | "missingScope">;

/** @internal Neither id_token, claims nor a refresh token beside the session's own. Times are milliseconds before the record's end. */
function recordOf({ saved, tokens }: Turn): { text: string; milliseconds: number } {
  const now = Date.now();
  const ends = Math.max((saved.refreshExpiresAt ?? now / 1000 + UNKNOWN_LIFE) * 1000, ...[...tokens.values()].map(({ expiresAt = 0 }) => expiresAt * 1000));
  const good = [...tokens].filter(([, { expiresAt = 0 }]) => expiresAt * 1000 > now);
  const list = good.map(
    ([key, { accessToken, tokenType, expiresIn, scope, requestedScope, others, rejectedScope, missingScope, expiresAt = 0 }]) =>
      [key, ends - expiresAt * 1000, { accessToken, tokenType, expiresIn, scope, requestedScope, others, rejectedScope, missingScope }] as const,
  );
  return { text: fitting(saved, list), milliseconds: Math.max(Math.ceil(ends - now), 0) };
}

const octets = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length;

/** The refresh token, and of the rest what there is room for: the login's facts, which others may have, then the newest tokens. */
function fitting({ idToken, claims, ...needed }: Saved, list: readonly unknown[]): string {
  const whole = { ...needed, ...(idToken && { idToken }), ...(claims && { claims }) };
  const saved = octets(whole) < MOST ? whole : needed;
  let room = MOST - octets(saved);
  let first = list.length;
  while (first > 0 && (room -= octets(list[first - 1]) + 1) > 0) first--;
  return JSON.stringify({ saved, tokens: list.slice(first) });
}

/** Nothing for a text that is no record, so that a damaged store costs a refresh and no more. */
function turnOf({ text, left }: Record): Turn | undefined {
  try {
    const { saved, tokens } = JSON.parse(text) as { saved: Saved; tokens: readonly (readonly [string, number, SharedTokens])[] };
    if (!isObject(saved) || typeof saved.refreshToken !== "string" || typeof saved.scope !== "string") return undefined;
    const ends = Date.now() + left;
    return { saved, tokens: new Map(tokens.map(([key, tail, facts]) => [key, tokensOf(facts, Math.floor((ends - tail) / 1000))])) };
  } catch {
    return undefined;
  }
}

function tokensOf(facts: SharedTokens, expiresAt: number): HelseIdTokens {
  if (typeof facts.accessToken !== "string" || facts.tokenType !== "DPoP" || !Array.isArray(facts.missingScope)) throw new TypeError("no token");
  return hidden({ ...facts, expiresAt, others: Object.assign(Object.create(null), facts.others) as SharedTokens["others"] });
}

/** @internal The store of a HelseID client, as its sessions use it. */
export class SharedSessions {
  readonly #shared: SharedStore;

  constructor(
    store: TokenStore,
    timeout: number,
    onError: ((error: unknown) => void) | undefined,
    /** Whether it may be done without. */
    readonly optional: boolean,
  ) {
    this.#shared = new SharedStore(store, Date.now, 1_000, leaseOf(timeout), onError);
  }

  /**
   * Runs `refresh` while nobody else does with this session. `adopt` takes what others brought, newest first, and answers the
   * token that is wanted where it is among that; `turn` is what there is to hand on, nothing unless it changed.
   */
  async run(
    name: string,
    adopt: (turn: Turn | undefined) => HelseIdTokens | undefined,
    refresh: () => Promise<HelseIdTokens>,
    turn: () => Turn | undefined,
  ): Promise<HelseIdTokens> {
    const shared = this.#shared;
    const entry = { name, hash: undefined as string | undefined, record: () => recordOf(turn()!) };
    const flight = { until: 0 };
    const kept = await shared.read(entry, flight);
    const there = kept && kept !== DOWN ? adopt(turnOf(kept)) : undefined;
    if (there) return there;
    const patience = performance.now() + 2 * shared.lease;
    for (let looks = 0; ; looks++) {
      const lock = await shared.lock(entry, flight);
      if (lock === undefined) {
        if (performance.now() >= patience) throw hostError("timeout", { phase: "token", retryable: true });
        await shared.changed(entry, flight, looks);
        continue;
      }
      if (lock === DOWN && !this.optional) throw hostError("session_unavailable", { phase: "session", expected: "an answer of the session store" });
      const fence = lock === DOWN ? undefined : lock.fence;
      const end = () => (turn() ? shared.write(entry, flight, fence, Date.now()) : shared.unlock(entry, flight, fence));
      try {
        return adopt(lock !== DOWN && lock.kept ? turnOf(lock.kept) : undefined) ?? (await refresh());
      } finally {
        await end();
      }
    }
  }
}
