// Sessions in a store: a number in the cookie that says nothing, one refresh for all isolates, marks of the server's logouts.
// An entry of its own, so that sessions in cookies bring none of it. A store that fails ends no session and begins no login.

import { assertConfigured, assertGiven, isObject } from "../core/check.js";
import { now } from "../core/clock.js";
import { encoded, octetsIn, openOctets, sealOctets } from "../crypto/seal.js";
import type { Carried } from "../core/drive.js";
import { octetsOf } from "../crypto/base64url.js";
import type { Turns } from "../protocol/client.js";
import type { IdTokenClaims } from "../protocol/id_token.js";
import { pause } from "../tokens/lock.js";
import type { SessionStore } from "../tokens/store.js";
import { cookies } from "./cookies.js";
import { LEASE, alive, lines, patiently, random, sessionNames } from "./keeper.js";
import { bodyOf } from "./login.js";
import type { Site, StoredSessions } from "./options.js";
import { respond } from "./respond.js";
import { packSession, toldOf, unpackSession } from "./session.js";
import { trouble } from "./trouble.js";
import type { Change, Keeper, Kept } from "./model.js";

/** Sessions in a store. */
class InStore implements StoredSessions {
  readonly kind = "storedSessions";
  readonly #store: SessionStore;

  /** @internal */
  constructor(store: SessionStore) {
    this.#store = store;
  }

  /** @internal */
  keeper(site: Site): Keeper {
    return storeKeeper(site, this.#store);
  }

  /** @internal Whether a flow is claimed for the first time. */
  async claim(site: Site, key: string): Promise<boolean> {
    const name = await nameOf("claim", site, key);
    return askStore(() => this.#store.compareAndSet(name, undefined, "1", 3_600_000));
  }

  /** @internal */
  logout(site: Site, request: Request): Promise<Response> {
    return backchannelLogout(this.#store, site, request);
  }

  /** @internal */
  isOver(site: Site, claims: IdTokenClaims, begun: number): Promise<boolean> {
    return wasLoggedOut(this.#store, site, claims, begun);
  }
}

/**
 * Sessions in a store of `samtykke/tokens`, or in one of your own that deletes, and changes a record only where it is still the one
 * that was read.
 *
 * @throws {SamtykkeError} `invalid_configuration` for a store that cannot do that.
 * @example
 * ```ts
 * const edge = createEdge({ client, keys: env.COOKIE_KEYS, store: storedSessions(redisStore(send)) });
 * ```
 */
export function storedSessions(store: SessionStore): StoredSessions {
  const fits =
    isObject(store) && ["read", "lock", "unlock", "compareAndSet", "delete"].every((name) => typeof store[name as keyof SessionStore] === "function");
  assertConfigured(fits, "a store with compareAndSet and delete, such as memoryStore()");
  return new InStore(store);
}

const digest = async (text: string): Promise<string> => encoded(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));

/** The name under which a store keeps what belongs to a text. */
const nameOf = (kind: string, site: Site, text: string): Promise<string> => digest(JSON.stringify([kind, site.binding, text]));

/** Milliseconds that a store may take. */
const STORE = 5_000;

/** A store's answer, in time; a store that fails is no reason to end a session or to begin another. */
async function askStore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await patiently(work(), STORE);
  } catch (cause) {
    throw trouble("session_unavailable", {}, cause);
  }
}

const TRIES = 20;

/** Sessions in a store. */
function storeKeeper(site: Site, store: SessionStore): Keeper {
  const purpose = (name: string) => `record ${site.binding} ${name}`;
  const idOf = async (request: Request): Promise<string | undefined> => {
    const [first] = await sessionNames(site);
    const id = cookies(request).get(first!);
    return id && octetsIn(id)?.length === 32 ? id : undefined;
  };
  const sealed = async (name: string, kept: Kept) => encoded(await sealOctets(site.keys, purpose(name), await packSession(site, kept)));
  const life = ({ ends, idle }: Kept) => Math.max(1, Math.min(ends, idle) - now()) * 1000;
  const opened = async (name: string, text: string | undefined): Promise<Kept | undefined> => {
    const octets = text === undefined ? undefined : octetsIn(text);
    const found = octets && (await openOctets(site.keys, purpose(name), octets));
    return found && unpackSession(found);
  };
  const read = async (id: string) => {
    const name = await nameOf("session", site, id);
    const text = (await askStore(() => store.read(name)))?.text;
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
      if (await askStore(() => store.compareAndSet(name, text, written, life(next)))) return next;
    }
    throw trouble("session_unavailable");
  };
  const remove = async (id: string) => {
    const name = await nameOf("session", site, id);
    await askStore(() => store.delete(name));
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
      if (!(await askStore(() => store.compareAndSet(name, undefined, text, life(kept))))) throw trouble("session_unavailable");
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
    async renew(held, renew) {
      const name = await nameOf("session", site, held.id);
      let last: Kept | undefined = held.kept;
      const { end, ...turns } = turnsIn(store, name, async (text) => {
        last = await opened(name, text);
        return last && toldOf(last);
      });
      try {
        await renew(async (by) => {
          last = await change(held.id, by);
        }, turns);
        return { cookies: [], kept: last };
      } finally {
        await end();
      }
    },
  };
}

/** @internal What a renewal's machine asks of the store that is shared, carried out. `read` gives what it is told of a record. */
export function turnsIn(store: SessionStore, name: string, read: (text: string | undefined) => Promise<string | undefined>): Turns & { end(): Promise<void> } {
  const until = performance.now() + 2 * LEASE;
  let looks = 0;
  let fence: string | undefined;
  const found = async (input: string, text: string | undefined): Promise<Carried> => {
    const told = await read(text);
    return told === undefined ? [input] : [input, "1\n", octetsOf(told)];
  };
  const end = async () => {
    const held = fence;
    fence = undefined;
    if (held !== undefined) await askStore(() => store.unlock(name, held)).catch(() => {});
  };
  const carry = async (step: string): Promise<Carried> => {
    if (step === "load") return found("loaded", (await askStore(() => store.read(name)))?.text);
    if (step === "unlock") {
      await end();
      return ["unlocked"];
    }
    const lock = await askStore(() => store.lock(name, LEASE));
    if (lock) {
      fence = lock.fence;
      return found("locked", lock.kept?.text);
    }
    if (performance.now() > until) throw trouble("timeout");
    if (store.changed) await askStore(() => store.changed!(name, 1_000));
    else await new Promise((done) => setTimeout(done, pause(looks++)));
    return ["held"];
  };
  return { name, carry, end };
}

/** Seconds that a logout token's number is remembered, whatever its own end. */
const REMEMBERED = 600;

const markName = (site: Site, kind: "sid" | "sub", value: unknown) => nameOf(`logout ${kind}`, site, String(value));

/** Takes a logout token: a mark for its session, or its person, that every session reads. */
async function backchannelLogout(store: SessionStore, site: Site, request: Request): Promise<Response> {
  const answer = (status: number, body?: object) => respond(status, body ? { "content-type": "application/json" } : {}, [], body ? JSON.stringify(body) : null);
  if (request.method !== "POST") return respond(405, { allow: "POST" });
  try {
    const type = (request.headers.get("content-type") ?? "").split(";", 1)[0]!.trim().toLowerCase();
    const tokens = new URLSearchParams(await bodyOf(request)).getAll("logout_token");
    assertGiven(type === "application/x-www-form-urlencoded" && tokens.length === 1, "session", "a form with one logout token");
    const { jti, sid, sub, iat, exp } = await site.client.logoutToken(tokens[0]!);
    const once = await nameOf("logout token", site, jti);
    const milliseconds = Math.max(REMEMBERED, (exp ?? 0) - now() + 60) * 1000;
    if (!(await askStore(() => store.compareAndSet(once, undefined, "1", milliseconds)))) throw trouble("transaction_used");
    // One session, where the token names one; else all of the person's.
    const mark = sid !== undefined ? await markName(site, "sid", sid) : await markName(site, "sub", sub);
    await raise(store, site, mark, iat);
    return answer(200);
  } catch (cause) {
    const { code } = site.problem(cause);
    return code === "session_unavailable" ? answer(503) : answer(400, { error: "invalid_request" });
  }
}

/** Sets a mark to a time, unless it is a later one already; it stays for as long as the longest session. */
async function raise(store: SessionStore, site: Site, mark: string, time: number): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const text = (await askStore(() => store.read(mark)))?.text;
    if (text !== undefined && Number(text) >= time) return;
    if (await askStore(() => store.compareAndSet(mark, text, `${time}`, site.maxAge * 1000))) return;
  }
  throw trouble("session_unavailable");
}

/** Whether the server ended a login that began then. */
async function wasLoggedOut(store: SessionStore, site: Site, { sid, sub }: IdTokenClaims, begun: number): Promise<boolean> {
  const read = async (kind: "sid" | "sub", value: unknown) =>
    value === undefined ? undefined : askStore(async () => store.read(await markName(site, kind, value)));
  const marks = await Promise.all([read("sid", sid), read("sub", sub)]);
  // In the same second the login may have come first.
  return marks.some((mark) => mark !== undefined && Number(mark.text) >= begun);
}
