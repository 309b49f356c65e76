// Renewing a session's tokens: exactly once with a store, once for each isolate without one. The refresh token that comes is kept
// before anything else of the answer is looked at, and the person it is for is the one who logged in (OpenID Connect Core 12.2).

import { SamtykkeError } from "../core/error.js";
import type { Site } from "./options.js";
import { isDue, renewedBy, toSession, used } from "./session.js";
import { trouble } from "./trouble.js";
import type { Held, Keeper, Session } from "./model.js";

/** What came of looking after a session. */
export interface Refreshed {
  /** The session as it is now; null where there is none. */
  readonly session: Session | null;
  /** `Set-Cookie` lines for the response, whatever else it says: without them a renewed session is lost. */
  readonly cookies: readonly string[];
  /** Why the tokens were not renewed: `session_stale` where the server takes the refresh token no more, `network_error`, … */
  readonly error?: SamtykkeError;
}

/** How much of a session's idle life may pass before a use of it is written down. */
const WORTH_WRITING = 0.1;

/** What a refresh is told of tokens that the server ended. */
function told(cause: unknown): unknown {
  const over = cause instanceof SamtykkeError && (cause.code === "session_ended" || cause.oauth?.error === "invalid_grant");
  return over ? trouble("session_stale", { oauth: cause.oauth, http: cause.http }, cause) : cause;
}

async function renew(site: Site, { kept }: Held, store: (change: (kept: Held["kept"]) => Held["kept"]) => Promise<void>): Promise<void> {
  const { tokens } = kept;
  const next = await site.client.refresh(tokens, {
    store: (refreshToken) => store((now) => ({ ...now, tokens: { ...now.tokens, refreshToken } })),
  });
  // Nobody's id_token at the login: there is nobody to compare this one's person with.
  if (!tokens.claims && next.idToken) throw trouble("claim_refused", { expected: "no id_token: the login had none to compare with" });
  await store((now) => renewedBy(site, now, next));
}

/** @internal Looks after a request's session: renews tokens that end, or all `now`; writes its use down. */
export async function refreshSession(site: Site, keeper: Keeper, request: Request, always: boolean): Promise<Refreshed> {
  const held = await keeper.read(request);
  if (!held) return { session: null, cookies: [] };
  const { kept } = held;
  const may = kept.tokens.refreshToken !== undefined && (always || site.store !== undefined || site.refresh === "best-effort");
  if (may && (always || isDue(kept))) {
    const work = keeper.alone(request, held, (current, store) => renew(site, current, store));
    site.outlive(request, work);
    try {
      const { cookies, kept: renewed } = await work;
      return { session: renewed ? toSession(renewed) : null, cookies };
    } catch (cause) {
      const error = site.problem(told(cause));
      // It may have ended meanwhile.
      const left = await keeper.read(request);
      return { session: left ? toSession(left.kept) : null, cookies: [], error };
    }
  }
  if (used(site, kept).idle - kept.idle <= site.idle * WORTH_WRITING) return { session: toSession(kept), cookies: [] };
  const { cookies: set, kept: written } = await keeper.change(request, held, (current) => used(site, current));
  return { session: written ? toSession(written) : null, cookies: set };
}
