// A person's login at HelseID: one token for each audience and organisation, got by refresh, one refresh at a time. What is done in
// which order, and what is stored when, the core's machine decides.

import { type HelseIdTarget, Kept, TARGET, keyOf } from "./cache.js";
import { ASSERTION_DETAILS } from "./data.js";
import { claimOf } from "./details.js";
import { type HelseIdTokens, grantedOf } from "./granted.js";
import { type SharedSessions, recordInput } from "./shared.js";
import { SIGNAL, assertGiven, only } from "../../core/check.js";
import type { Carried } from "../../core/drive.js";
import { hideSecrets } from "../../core/hidden.js";
import { Shared, limitTime } from "../../core/wait.js";
import type { Client } from "../../protocol/client.js";
import type { LogoutUrl } from "../../protocol/logout.js";
import { type Asked, ask, parties } from "../../protocol/party.js";
import { renew } from "../../protocol/refresh.js";
import { ORIGINS, type ResourceFetch, type ResourceOptions } from "../../protocol/resource.js";
import { json } from "../../protocol/signing.js";
import type { Tokens } from "../../protocol/tokens.js";
import type { UserinfoClaims } from "../../protocol/userinfo.js";

/**
 * Stores a session: called with its text after the login, and at each refresh twice: with the new refresh token before anything
 * else, and with the rest when it is verified. It is waited for before the token that came is given out. Holds the refresh
 * token: encrypt it. Let one process at a time work with a session, or give `HelseId.connect` a `sessionStore`.
 */
export type SaveSession = (session: string) => void | Promise<void>;

/** @internal Where a session is kept. */
export interface SessionStorage {
  readonly save: SaveSession;
  readonly load?: () => string | null | undefined | Promise<string | null | undefined>;
}

/** @internal What a client's sessions work with. */
export interface SessionClient {
  readonly client: () => Promise<Client>;
  readonly shared: SharedSessions | undefined;
  /** The level that a login must have; 0 where none is judged. */
  readonly least: number;
  /** Seconds that one request may take. */
  readonly timeout: number;
  /** Seconds to add to this machine's clock. */
  readonly offset: number;
}

/** What is read of a session's text. */
interface Saved {
  readonly scope: string;
  readonly resource?: string;
  readonly refreshToken?: string;
  readonly refreshExpiresAt?: number;
  readonly idToken?: string;
  readonly claims?: Tokens["claims"];
  readonly id?: string;
}

/** A token that another process got. */
const knownOf = (facts: string, expiresAt: number): HelseIdTokens => {
  const tokens = JSON.parse(facts) as HelseIdTokens;
  return hideSecrets({ ...tokens, expiresAt, others: Object.assign(Object.create(null), tokens.others) as HelseIdTokens["others"] });
};

/** A token for other processes: neither id_token, claims nor refresh token. */
const knownLine = ([key, tokens]: readonly [string, HelseIdTokens]) => {
  const { accessToken, tokenType, expiresIn, scope, requestedScope, others, rejectedScope, missingScope, expiresAt } = tokens;
  return `${key}\t${expiresAt}\t${JSON.stringify({ accessToken, tokenType, expiresIn, scope, requestedScope, others, rejectedScope, missingScope })}\n`;
};

/** A person's login. Made by `HelseId.finish`, and from what was stored by `HelseId.session`. */
export class HelseIdSession {
  readonly #from: SessionClient;
  readonly #storage: SessionStorage;
  readonly #kept = new Kept();
  readonly #refreshes = new Shared<HelseIdTokens>();
  #state: string;
  #saved: Saved;

  /** @internal */
  constructor(from: SessionClient, storage: SessionStorage, state: string) {
    assertGiven(storage.load === undefined || typeof storage.load === "function", "token", "load: a function, or nothing");
    this.#from = from;
    this.#storage = storage;
    this.#saved = JSON.parse(state) as Saved;
    this.#state = JSON.stringify(this.#saved);
  }

  /** @internal Exchanges a checked code, and stores the session that begins with it. */
  static async begun(from: SessionClient, storage: SessionStorage, code: string, resource: string | undefined, asked: Asked): Promise<HelseIdSession> {
    let session: HelseIdSession | undefined;
    const store = async (state: string) => {
      session = new HelseIdSession(from, storage, state);
      await storage.save(state);
    };
    const lines = [from.least, code, "", resource, "", "", "", "", from.offset];
    const tokens = grantedOf(await ask(parties.get(await from.client())!, "helseid_session", lines, { ...asked, store }));
    const begun = session!;
    begun.#kept.put(keyOf(begun.#saved.resource ? { resource: begun.#saved.resource } : {}), tokens);
    return begun;
  }

  /** The claims of the login's id_token, verified: `sub`, and URL-named ones such as `helseid://claims/identity/pid`. Personal data. */
  get claims(): NonNullable<Tokens["claims"]> | undefined {
    return this.#saved.claims;
  }

  /** When the refresh token ends, in seconds since 1970; unknown where HelseID does not say: take it for ended. */
  get refreshExpiresAt(): number | undefined {
    return this.#saved.refreshExpiresAt;
  }

  /** The session as text, as it was last given to `save`. Holds the refresh token. */
  get state(): string {
    return this.#state;
  }

  /**
   * The token for an audience, and an organisation: the one that is still good, or a new one by refresh. Callers may ask at the
   * same time; refreshes run one after the other.
   *
   * @throws {SamtykkeError} `session_unavailable` while the session store does not answer; `timeout` with `restart` where a refresh did not end, since its request was cut off; `token_error` with `oauth` (`invalid_grant`: log in again) and HelseID's number as
   * `provider.code`; `claim_refused` for a token of another key or audience; `store_failed`, with what `save` threw as its cause; …
   */
  async tokens(target: HelseIdTarget = {}): Promise<HelseIdTokens> {
    only(target, TARGET, "token");
    const { details, scope, signal, resource = this.#saved.resource } = target;
    assertGiven(scope === undefined || typeof scope === "string", "token", "scope: a text");
    const asked: HelseIdTarget = { ...(resource && { resource }), ...(scope && { scope }), ...(details && { details }) };
    const key = keyOf(asked);
    const kept = this.#kept.good(key);
    if (kept && !signal?.aborted) return kept;
    const work = async () => this.#kept.good(key) ?? this.#refresh(asked, key);
    // Two requests, for the nonce's sake, and the storing; with a store, another's turn and the wait for it before.
    const { shared, timeout } = this.#from;
    return this.#refreshes.turn("", key, work, { signal, timeout: (2 * timeout + 5) * (shared ? 3 : 1) }, "token");
  }

  /** A refresh, or what another process's brought, where a store tells. */
  async #refresh({ resource, details, scope }: HelseIdTarget, key: string): Promise<HelseIdTokens> {
    const { client, shared, least, offset, timeout } = this.#from;
    const { save, load } = this.#storage;
    const party = parties.get(await client())!;
    const store = async (state: string) => {
      this.#take(state);
      await save(state);
    };
    const claims = details && json({ [ASSERTION_DETAILS]: claimOf(details) });
    const work = this.#saved.id ? shared?.work() : undefined;
    const marks = work ? `s${shared!.optional ? "o" : ""}${load ? "l" : ""}` : "";
    const known = work ? [...this.#kept.all].map(knownLine).join("") : "";
    const carry = async (step: string, rest: string): Promise<Carried> => {
      if (step === "adopt") return this.#adopt(rest);
      if (step !== "load" || rest) return work!.carry(step, rest);
      // The lock is held meanwhile: others wait for it.
      return recordInput("loaded", await limitTime(Promise.resolve().then(load!), { timeout }));
    };
    const lines = [least, "", this.#state, resource, scope, claims, key, marks, offset];
    const run = (asked: Asked) => ask(party, "helseid_session", lines, { ...asked, ...(work && { carry }) }, known);
    try {
      const { refreshToken } = this.#saved;
      // Two sessions of one login in this process share a refresh; where there is a store, they meet there.
      const text = work || !refreshToken ? await run({ store }) : await renew(party, refreshToken, { extra: { session: key } }, run, store);
      const tokens = text ? grantedOf(text) : this.#kept.all.get(key)!;
      this.#kept.put(key, tokens);
      return tokens;
    } finally {
      work?.end();
    }
  }

  #take(state: string): void {
    this.#state = state;
    this.#saved = JSON.parse(state) as Saved;
  }

  /** Takes what another process brought: the session, then a line for each token. */
  #adopt(text: string): Carried {
    const [state, ...lines] = text.split("\n");
    this.#take(state!);
    for (const line of lines) {
      const [key, ends, facts] = line.split("\t");
      if (facts && !this.#kept.good(key!)) this.#kept.put(key!, knownOf(facts, +ends!));
    }
    return ["adopted"];
  }

  /**
   * A function like `fetch` that calls an API with the audience's token, got anew when it ends, and a fresh proof for each call.
   *
   * @example
   * ```ts
   * const phr = session.fetch({ resource: "nhn:phr" }, { origins: ["https://phr.example.no"] });
   * const response = await phr("https://phr.example.no/documents?patient=1");
   * ```
   */
  fetch(target: HelseIdTarget, options: ResourceOptions): ResourceFetch {
    only(options, ORIGINS, "api");
    return async (input, init) => {
      const [client, tokens] = [await this.#from.client(), await this.tokens(target)];
      return client.fetch(tokens, options)(input, init);
    };
  }

  /** The claims about the person, `helseid://claims/hpr/hpr_details` among them; compared with the login's `sub`. */
  async userinfo(options: { readonly signal?: AbortSignal } = {}): Promise<UserinfoClaims> {
    only(options, SIGNAL, "api");
    const subject = this.#saved.claims?.sub as string | undefined;
    return (await this.#from.client()).userinfo(await this.tokens(options), { ...options, ...(subject && { subject }) });
  }

  /**
   * Where to send the browser to log the person out, with the newest id_token as hint. Keep `state` and compare it with
   * `logoutReturn` when the browser comes back to `postLogoutRedirectUri`, which is registered.
   */
  async logoutUrl(postLogoutRedirectUri?: string): Promise<LogoutUrl> {
    const { idToken } = this.#saved;
    return (await this.#from.client()).logoutUrl({
      ...(idToken && { idTokenHint: idToken }),
      ...(postLogoutRedirectUri !== undefined && { postLogoutRedirectUri }),
    });
  }

  /** Nothing of it but that it is there. */
  toJSON(): string {
    return "HelseIdSession";
  }
}
