// Where sessions are kept: in cookies, sealed and in pieces, or in a store, with a number in the cookie that says nothing.

import { now } from "../core/clock.js";
import { encoded, octetsIn, openOctets, sealOctets } from "../crypto/seal.js";
import type { SessionStore } from "../tokens/store.js";
import { PIECES, cookies, pieces, setCookie, whole } from "./cookies.js";
import type { Site } from "./options.js";
import { type Kept, isOver, keyIsLost, packed, unpacked } from "./session.js";
import { cookiesOf, tooLarge, trouble } from "./trouble.js";

/** A session that was found. */
export interface Held {
  readonly kept: Kept;
  /** What names this session, and in cookies this writing of it. */
  readonly id: string;
}

/** A change of what is kept; nothing where there is nothing to change. */
export type Change = (kept: Kept) => Kept | undefined;

/** A place for sessions. Cookies that it answers are for the response. */
export interface Keeper {
  read(request: Request): Promise<Held | undefined>;
  /** Keeps a new session; one that the request had is over. */
  begin(request: Request, kept: Kept): Promise<string[]>;
  /** Changes a session; the last answer is what is kept then, nothing where the session is gone. */
  change(request: Request, held: Held, change: Change): Promise<{ cookies: string[]; kept: Kept | undefined }>;
  end(request: Request, held: Held | undefined): Promise<string[]>;
  /** Runs `renew` where nobody else does at once. It is given what is kept now, and answers what is kept then. */
  alone(
    request: Request,
    held: Held,
    renew: (held: Held, store: (change: Change) => Promise<void>) => Promise<void>,
  ): Promise<{ cookies: string[]; kept: Kept | undefined }>;
}

const random = (octets: number): string => encoded(crypto.getRandomValues(new Uint8Array(octets)));
/** Octets of all cookies of one edge, as a request carries them. */
export const MOST = 7_000;

/** The names of a session's cookies. */
export async function sessionNames(site: Site): Promise<readonly string[]> {
  const name = await site.name();
  return Array.from({ length: PIECES }, (_, at) => `${name}-session-${at}`);
}

/** What a name and its attributes take of a cookie. */
const overhead = (site: Site, name: string) => setCookie(name, "", site.maxAge, "Lax", site.secure).length;

/** Cookie lines that set these values, and delete the others of a session. */
async function lines(site: Site, values: readonly string[], seconds: number): Promise<string[]> {
  return (await sessionNames(site)).map((name, at) =>
    setCookie(name, values[at] ?? "", values[at] === undefined ? 0 : Math.max(0, seconds), "Lax", site.secure),
  );
}

/** Sessions in cookies. */
export function cookieKeeper(site: Site): Keeper {
  const purpose = (mark: string) => `session ${site.binding} ${mark}`;
  const write = async (kept: Kept): Promise<string[]> => {
    const mark = random(6);
    const value = encoded(await sealOctets(site.keys, purpose(mark), await packed(site, kept)));
    const [first] = await sessionNames(site);
    const parts = pieces(mark, value, overhead(site, first!));
    const set = parts && (await lines(site, parts, kept.ends - now()));
    const size = set?.reduce((sum, line) => sum + line.length, 0) ?? value.length;
    if (!set || size > site.cookieBudget) {
      throw tooLarge(cookiesOf(site.cookieBudget), size);
    }
    return set;
  };
  return {
    async read(request) {
      const all = cookies(request);
      const found = whole((await sessionNames(site)).map((name) => all.get(name)));
      const octets = found && octetsIn(found.value);
      const opened = octets && (await openOctets(site.keys, purpose(found.mark), octets));
      return opened && alive(site, { kept: await unpacked(opened), id: found.mark });
    },
    begin: (_, kept) => write(kept),
    async change(_, held, change) {
      const kept = change(held.kept);
      return kept ? { cookies: await write(kept), kept } : { cookies: [], kept: held.kept };
    },
    end: () => lines(site, [], 0),
    async alone(_, held, renew) {
      let kept = held.kept;
      const key = `${site.binding} ${kept.tokens.refreshToken}`;
      const once = running.get(key) ?? begin();
      kept = await patiently(once);
      return { cookies: kept === held.kept ? [] : await write(kept), kept };

      function begin(): Promise<Kept> {
        let last = held.kept;
        const run = renew(held, async (change) => {
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
        running.set(key, done);
        done.catch(() => running.delete(key));
        if (running.size > MOST_RUNNING) running.delete(running.keys().next().value!);
        return done;
      }
    },
  };
}

/** Renewals by the token that they spend: whoever comes with the same cookie meanwhile, or a little later, gets what came of it. */
const running = new Map<string, Promise<Kept>>();
const MOST_RUNNING = 1_000;
/** Milliseconds that a renewal may take: two requests, for a nonce's sake, and the storing. */
const LEASE = 65_000;

/** In workerd what a request began may never settle once that request is gone. */
async function patiently<T>(work: Promise<T>, milliseconds = LEASE): Promise<T> {
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
function alive(site: Site, held: Held): Held | undefined {
  if (isOver(held.kept)) return undefined;
  if (!keyIsLost(site, held.kept)) return held;
  site.problem(trouble("session_invalid", { expected: "the DPoP key that the session's tokens are bound to" }));
  return undefined;
}

const digest = async (text: string): Promise<string> => encoded(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));

/** @internal The name under which a store keeps what belongs to a text. */
export const nameOf = (kind: string, site: Site, text: string): Promise<string> => digest(JSON.stringify([kind, site.binding, text]));

/** Milliseconds that a store may take. */
const STORE = 5_000;

/** @internal A store's answer, in time; a store that fails is no reason to end a session or to begin another. */
export async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await patiently(work(), STORE);
  } catch (cause) {
    throw trouble("session_unavailable", {}, cause);
  }
}

const TRIES = 20;

/** Sessions in a store. */
export function storeKeeper(site: Site, store: SessionStore): Keeper {
  const purpose = (name: string) => `record ${site.binding} ${name}`;
  const idOf = async (request: Request): Promise<string | undefined> => {
    const [first] = await sessionNames(site);
    const id = cookies(request).get(first!);
    return id && octetsIn(id)?.length === 32 ? id : undefined;
  };
  const sealed = async (name: string, kept: Kept) => encoded(await sealOctets(site.keys, purpose(name), await packed(site, kept)));
  const life = ({ ends, idle }: Kept) => Math.max(1, Math.min(ends, idle) - now()) * 1000;
  const opened = async (name: string, text: string | undefined): Promise<Kept | undefined> => {
    const octets = text === undefined ? undefined : octetsIn(text);
    const found = octets && (await openOctets(site.keys, purpose(name), octets));
    return found && unpacked(found);
  };
  const read = async (id: string) => {
    const name = await nameOf("session", site, id);
    const text = (await asked(() => store.read(name)))?.text;
    return { name, text, kept: await opened(name, text) };
  };
  /** Changes a record, however many others do at once; one that is gone stays gone. */
  const change = async (id: string, by: Change): Promise<Kept | undefined> => {
    for (let tries = 0; tries < TRIES; tries++) {
      const { name, text, kept } = await read(id);
      if (!kept || text === undefined) return undefined;
      const next = by(kept);
      if (!next) return kept;
      const written = await sealed(name, next);
      if (await asked(() => store.compareAndSet(name, text, written, life(next)))) return next;
    }
    throw trouble("session_unavailable");
  };
  const remove = async (id: string) => {
    const name = await nameOf("session", site, id);
    await asked(() => store.delete(name));
  };
  return {
    async read(request) {
      const id = await idOf(request);
      const { kept } = id ? await read(id) : { kept: undefined };
      return kept && alive(site, { kept, id: id! });
    },
    async begin(request, kept) {
      const id = random(32);
      const name = await nameOf("session", site, id);
      const text = await sealed(name, kept);
      if (!(await asked(() => store.compareAndSet(name, undefined, text, life(kept))))) throw trouble("session_unavailable");
      const old = await idOf(request);
      if (old) site.outlive(request, remove(old));
      return lines(site, [id], kept.ends - now());
    },
    change: async (_, held, by) => ({ cookies: [], kept: await change(held.id, by) }),
    async end(request) {
      const id = await idOf(request);
      if (id) await remove(id);
      return lines(site, [], 0);
    },
    async alone(_, held, renew) {
      const name = await nameOf("session", site, held.id);
      const until = Date.now() + 2 * LEASE;
      for (let looks = 0; ; looks++) {
        const lock = await asked(() => store.lock(name, LEASE));
        if (!lock) {
          if (Date.now() > until) throw trouble("timeout");
          if (store.changed) await asked(() => store.changed!(name, 1_000));
          else await new Promise((done) => setTimeout(done, Math.min(20 * 1.5 ** looks, 250) * (0.75 + Math.random() / 2)));
          const { kept } = await read(held.id);
          // Whoever had the lock renewed it, or ended the session.
          if (!kept || kept.turn > held.kept.turn) return { cookies: [], kept };
          continue;
        }
        try {
          const kept = await opened(name, lock.kept?.text);
          if (!kept || kept.turn > held.kept.turn) return { cookies: [], kept };
          let last: Kept | undefined = kept;
          await renew({ id: held.id, kept }, async (by) => {
            last = await change(held.id, by);
          });
          return { cookies: [], kept: last };
        } finally {
          await store.unlock(name, lock.fence).catch(() => {});
        }
      }
    },
  };
}
