// Refresh tokens that rotate: one request at a time for each (RFC 9700 section 4.14.2). A server that sees one again that was
// replaced may end the whole login, as it would after a theft; that none is sent again is the driver's memory.

import { Shared } from "../core/wait.js";
import { type SamtykkeError, hostError } from "../core/error.js";
import type { Asked, Party } from "./party.js";
import type { TokenTarget } from "./target.js";
import type { Tokens } from "./tokens.js";

type Store = (refreshToken: string) => void | Promise<void>;

/** A refresh on its way, and who stores what comes. */
interface Renewal {
  /** What was asked for with it. */
  readonly same: string;
  readonly stores: Store[];
  /** The refresh token that came, and what became of each caller's storing. */
  came?: { readonly token: string; readonly stored: ReadonlyMap<Store, Promise<void>> };
}

// Beyond clients: one that is made anew for each request must not send a token that another's refresh has replaced.
const shared = new Shared<unknown>();
const renewals = new WeakMap<Promise<unknown>, Renewal>();

/**
 * @internal Runs a refresh, unless the same one is on its way already: then that one's tokens are both callers'. It belongs to
 * neither: a signal ends its own caller's wait, and each caller's `store` is told what came before anything else of it is judged.
 */
export async function renew<T = Tokens>(
  party: Party,
  refreshToken: string,
  options: TokenTarget,
  run: (asked: Asked) => Promise<T>,
  store?: Store,
): Promise<T> {
  const { provider, transport } = party;
  const name = `${provider.issuer}\n${provider.clientId}\n${refreshToken}`;
  const same = JSON.stringify({ ...options, signal: undefined });
  const running = shared.running(name);
  const own = (running && renewals.get(running)) ?? { same, stores: [] };
  if (own.same !== same) {
    throw hostError("transaction_used", { phase: "token", expected: "the newest refresh token, one refresh at a time" });
  }
  if (store) own.stores.push(store);
  const work = async () => {
    try {
      // Asked even where nobody stores yet: who joins later may.
      return await run({ signal: undefined, store: (token) => storeToken(own, token) });
    } catch (error) {
      // Where the caller's own `fetch` has judged the answer, the machine has not seen it.
      const { oauth, http, code } = error as SamtykkeError;
      const ended = code === "token_error" && oauth && provider.server?.sessionEnd?.includes(oauth.error);
      throw ended ? hostError("session_ended", { oauth, http }, error) : error;
    }
  };
  const signal = options.signal;
  // Longer than the request itself may take, so that it ends by itself where it can.
  const waiting = shared.run(name, work, { signal, timeout: 2 * (transport.timeout ?? 30) + 1 }, "token");
  const begun = shared.running(name);
  if (begun && !running) renewals.set(begun, own);
  const tokens = await waiting.catch(async (error) => {
    // One who joined after the storing hears all the same.
    if (store && own.came && !own.came.stored.has(store)) await store(own.came.token);
    throw error;
  });
  if (store) await (own.came ? (own.came.stored.get(store) ?? (own.came.token && store(own.came.token))) : undefined);
  return tokens as T;
}

/** Tells all who wait. One whose own storing fails hears of that alone; where all fail, the refresh does. */
async function storeToken(renewal: Renewal, token: string): Promise<void> {
  const stored = new Map(renewal.stores.map((store) => [store, Promise.resolve(token).then(store)]));
  renewal.came = { token, stored };
  const results = await Promise.allSettled(stored.values());
  const [first] = results;
  if (first?.status === "rejected" && results.every(({ status }) => status === "rejected")) throw first.reason;
}
