// Where sessions are kept: in cookies, sealed and in pieces; store.ts is the other place.

import { now } from "../core/clock.js";
import { encoded, octetsIn, openOctets, sealOctets } from "../crypto/seal.js";
import { PIECES, cookies, pieces, setCookie, whole } from "./cookies.js";
import type { Site } from "./options.js";
import { isOver, keyIsLost, packSession, unpackSession } from "./session.js";
import { cookiesOf, tooLarge, trouble } from "./trouble.js";
import type { Held, Keeper, Kept } from "./model.js";

export const random = (octets: number): string => encoded(crypto.getRandomValues(new Uint8Array(octets)));
/** Octets of all cookies of one edge, as a request carries them. */
export const MOST = 7_000;

/** The names of a session's cookies. */
export async function sessionNames(site: Site): Promise<readonly string[]> {
  const name = await site.name();
  return Array.from({ length: PIECES }, (_, at) => `${name}-session-${at}`);
}

/** Seconds that a logout is remembered: longer than any answer under way. */
const REMEMBERED = 600;

/** What a name and its attributes take of a cookie. */
const overhead = (site: Site, name: string) => setCookie(name, "", site.maxAge, "Lax", site.secure).length;

/** Cookie lines that set these values, and delete the others of a session. */
export async function lines(site: Site, values: readonly string[], seconds: number): Promise<string[]> {
  return (await sessionNames(site)).map((name, at) =>
    setCookie(name, values[at] ?? "", values[at] === undefined ? 0 : Math.max(0, seconds), "Lax", site.secure),
  );
}

/** Sessions in cookies. */
export function cookieKeeper(site: Site): Keeper {
  const purpose = (mark: string) => `session ${site.binding} ${mark}`;
  const write = async (kept: Kept): Promise<string[]> => {
    const mark = random(6);
    const value = encoded(await sealOctets(site.keys, purpose(mark), await packSession(site, kept)));
    const [first] = await sessionNames(site);
    const parts = pieces(mark, value, overhead(site, first!));
    const set = parts && (await lines(site, parts, kept.ends - now()));
    const size = set?.reduce((sum, line) => sum + line.length, 0) ?? value.length;
    if (!set || size > site.cookieBudget) {
      throw tooLarge(cookiesOf(site.cookieBudget), size);
    }
    return set;
  };
  // An answer that was under way at the logout would set the session's cookies again.
  const over = async (value: string, seconds: number) => [setCookie(`${await site.name()}-over`, value, seconds, "Lax", site.secure)];
  const wasOver = async (request: Request, { begun }: Kept) => cookies(request).get(`${await site.name()}-over`) === `${begun}`;
  return {
    async read(request) {
      const all = cookies(request);
      const found = whole((await sessionNames(site)).map((name) => all.get(name)));
      const octets = found && octetsIn(found.value);
      const opened = octets && (await openOctets(site.keys, purpose(found.mark), octets));
      const kept = opened && (await unpackSession(opened));
      return kept && !(await wasOver(request, kept)) ? alive(site, { kept, id: found.mark }) : undefined;
    },
    // In one second a person may log in, out, and in again.
    begin: async (request, kept) => (await write(kept)).concat((await wasOver(request, kept)) ? await over("", 0) : []),
    async change(_, held, change) {
      const kept = change(held.kept);
      return kept ? { cookies: await write(kept), kept } : { cookies: [], kept: held.kept };
    },
    end: async (_, held) => (await lines(site, [], 0)).concat(held ? await over(`${held.kept.begun}`, REMEMBERED) : []),
    async renew(held, renew) {
      let kept = held.kept;
      const key = `${site.binding} ${kept.tokens.refreshToken}`;
      const [once, until] = running.get(key) ?? begin();
      kept = await patiently(once, until - Date.now());
      return { cookies: kept === held.kept ? [] : await write(kept), kept };

      function begin(): Renewal {
        let last = held.kept;
        const run = renew(async (change) => {
          last = change(last) ?? last;
        });
        // What was won is kept, whatever went wrong after.
        const done = run.then(
          () => last,
          (cause) => {
            if (last === held.kept) throw cause;
            site.problem(cause);
            return last;
          },
        );
        const renewal: Renewal = [done, Date.now() + LEASE];
        running.set(key, renewal);
        done.catch(() => running.delete(key));
        if (running.size > MOST_RUNNING) running.delete(running.keys().next().value!);
        return renewal;
      }
    },
  };
}

/** Renewals by the token that they spend: whoever comes with the same cookie meanwhile, or a little later, gets what came of it. */
const running = new Map<string, Renewal>();

/** What comes of one, and until when it is waited for: one that was cut off never ends. */
type Renewal = readonly [done: Promise<Kept>, until: number];

const MOST_RUNNING = 1_000;
/** Milliseconds that a renewal may take: two requests, for a nonce's sake, and the storing. */
export const LEASE = 65_000;

/** In workerd what a request began may never settle once that request is gone. */
export async function patiently<T>(work: Promise<T>, milliseconds = LEASE): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(trouble("timeout")), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Nothing for a session that is over; one whose key is lost is over by name. */
export function alive(site: Site, held: Held): Held | undefined {
  if (isOver(held.kept)) return undefined;
  if (!keyIsLost(site, held.kept)) return held;
  site.problem(trouble("session_invalid", { expected: "the DPoP key that the session's tokens are bound to" }));
  return undefined;
}
