// Renewing a session's tokens: exactly once with a store, once for each isolate without one. What is asked for, judged and kept in
// which order, the core's machine decides.

import type { SamtykkeError } from "../core/error.js";
import type { Site } from "./options.js";
import { isDue, renewedBy, toSession, toldOf, used } from "./session.js";
import type { Keeper, Session } from "./model.js";

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

/** @internal Looks after a request's session: renews tokens that end, or all `now`; writes its use down. */
export async function refreshSession(site: Site, keeper: Keeper, request: Request, always: boolean): Promise<Refreshed> {
  const held = await keeper.read(request);
  if (!held) return { session: null, cookies: [] };
  const { kept } = held;
  const may = kept.tokens.refreshToken !== undefined && (always || site.store !== undefined || site.refresh === "best-effort");
  if (may && (always || isDue(kept))) {
    const work = keeper.renew(held, (store, turns) => site.client.renewSession(toldOf(kept), (came) => store((now) => renewedBy(site, now, came)), turns));
    site.outlive(request, work);
    try {
      const { cookies, kept: renewed } = await work;
      return { session: renewed ? toSession(renewed) : null, cookies };
    } catch (cause) {
      const error = site.problem(cause);
      // It may have ended meanwhile.
      const left = await keeper.read(request);
      return { session: left ? toSession(left.kept) : null, cookies: [], error };
    }
  }
  if (used(site, kept).idle - kept.idle <= site.idle * WORTH_WRITING) return { session: toSession(kept), cookies: [] };
  const { cookies: set, kept: written } = await keeper.change(request, held, (current) => used(site, current));
  return { session: written ? toSession(written) : null, cookies: set };
}
