// A person's login at HelseID: one token for each audience and organisation, got by refresh, one refresh at a time.
// The refresh token is spent by each, so the new one is stored before the token that came with it is given out.

import { type Saved, restored } from "./saved.js";
import { type HelseIdTarget, Kept, TARGET, keyOf } from "./cache.js";
import { type HelseIdTokens, granted, numbered } from "./granted.js";
import { SIGNAL, given, only } from "../../core/check.js";
import type { Client } from "../../protocol/client.js";
import { hostError } from "../../core/error.js";
import { now } from "../../core/clock.js";
import { Shared } from "../../core/wait.js";
import { claimOf } from "./details.js";
import type { SharedSessions } from "./shared.js";
import type { LogoutUrl } from "../../protocol/logout.js";
import { ORIGINS, type ResourceFetch, type ResourceOptions } from "../../protocol/resource.js";
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
  readonly shared: SharedSessions | undefined;
  /** Seconds that one request may take. */
  readonly timeout: number;
}

/** A person's login. Made by `HelseId.finish`, and from what was stored by `HelseId.session`. */
export class HelseIdSession {
  readonly #client: () => Promise<Client>;
  readonly #thumbprint: string;
  readonly #storage: SessionStorage;
  readonly #kept = new Kept();
  readonly #refreshes = new Shared<HelseIdTokens>();
  #saved: Saved;

  /** @internal */
  constructor(client: () => Promise<Client>, thumbprint: string, storage: SessionStorage, saved: Saved) {
    this.#client = client;
    this.#thumbprint = thumbprint;
    this.#storage = storage;
    this.#saved = saved;
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
    return JSON.stringify(this.#saved);
  }

  /** @internal Takes an answer: stored first, given out then. */
  async take(key: string | undefined, tokens: HelseIdTokens): Promise<HelseIdTokens> {
    const { refreshToken = this.#saved.refreshToken, idToken = this.#saved.idToken, refreshExpiresIn } = tokens;
    const claims = tokens.claims ?? this.#saved.claims;
    const refreshExpiresAt = refreshExpiresIn === undefined ? undefined : now() + refreshExpiresIn;
    const { refreshExpiresAt: _, ...before } = this.#saved;
    this.#saved = {
      ...before,
      ...(refreshToken && { refreshToken }),
      ...(refreshExpiresAt && { refreshExpiresAt }),
      ...(idToken && { idToken }),
      ...(claims && { claims }),
    };
    await this.#storage.save(this.state);
    if (key !== undefined) this.#kept.put(key, tokens);
    return tokens;
  }

  /**
   * The token for an audience, and an organisation: the one that is still good, or a new one by refresh. Callers may ask at the
   * same time; refreshes run one after the other.
   *
   * @throws {SamtykkeError} `session_unavailable` while the session store does not answer; `timeout` with `restart` where a refresh did not end, since its request was cut off; `token_error` with `oauth` (`invalid_grant`: log in again) and HelseID's number as
   * `provider.code`; `claim_refused` for a token of another key or audience; what `save` threw; …
   */
  async tokens(target: HelseIdTarget = {}): Promise<HelseIdTokens> {
    only(target, TARGET, "token");
    const { details, scope, signal, resource = this.#saved.resource } = target;
    given(scope === undefined || typeof scope === "string", "token", "scope: a text");
    const asked: HelseIdTarget = { ...(resource && { resource }), ...(scope && { scope }), ...(details && { details }) };
    const key = keyOf(asked);
    const kept = this.#kept.good(key);
    if (kept && !signal?.aborted) return kept;
    const work = async () => {
      const found = this.#kept.good(key) ?? (await this.#turn(asked));
      this.#kept.put(key, found);
      return found;
    };
    // Two requests, for the nonce's sake, and the storing; with a store, another's turn and the wait for it before.
    const { shared, timeout } = this.#storage;
    return this.#refreshes.turn("", key, work, { signal, timeout: (2 * timeout + 5) * (shared ? 3 : 1) }, "token");
  }

  /** A refresh, or what another process's brought, where a store tells. */
  async #turn(asked: HelseIdTarget): Promise<HelseIdTokens> {
    const { load, shared } = this.#storage;
    const { issuer, clientId, id } = this.#saved;
    if (!shared || !id) return this.#refresh(asked);
    const key = keyOf(asked);
    const newer = (saved: Saved) => {
      const { idToken, claims } = this.#saved;
      // A record may lack for room what the login brought.
      if ((saved.turn ?? 0) > (this.#saved.turn ?? 0)) this.#saved = { ...(idToken && { idToken }), ...(claims && { claims }), ...saved };
    };
    let before: Saved | undefined;
    return shared.run(
      JSON.stringify(["helseid session", issuer, clientId, this.#thumbprint, id]),
      (turn) => {
        if (turn) newer(turn.saved);
        for (const [other, tokens] of turn?.tokens ?? []) if (!this.#kept.good(other)) this.#kept.put(other, tokens);
        return this.#kept.good(key);
      },
      async () => {
        const stored = await load?.();
        if (stored) newer(restored(stored, issuer, clientId));
        before = this.#saved;
        const tokens = await this.#refresh(asked);
        this.#kept.put(key, tokens);
        return tokens;
      },
      () => (before && before !== this.#saved ? { saved: this.#saved, tokens: this.#kept.all } : undefined),
    );
  }

  async #refresh({ resource, details, scope: part }: HelseIdTarget): Promise<HelseIdTokens> {
    const { refreshToken, scope, claims } = this.#saved;
    if (!refreshToken)
      throw hostError("invalid_parameter", { phase: "token", expected: "offline_access in the login's scope: without it there is no further token" });
    const assertionClaims = details && { assertion_details: claimOf(details) };
    const client = await this.#client();
    // The login's whole scope bounds what a refresh may bring, not that of the last token, which is one audience's.
    const before = { refreshToken, requestedScope: scope, ...(claims && { claims }) } as Tokens;
    const store = async (next: string) => {
      this.#saved = { ...this.#saved, refreshToken: next, turn: (this.#saved.turn ?? 0) + 1 };
      await this.#storage.save(this.state);
    };
    const tokens = await numbered(() =>
      client.refresh(before, { store, ...(part && { scope: part }), ...(resource && { resource }), ...(assertionClaims && { assertionClaims }) }),
    );
    return this.take(undefined, granted(tokens, this.#thumbprint, { resource, scope: part ?? scope }));
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
      const [client, tokens] = [await this.#client(), await this.tokens(target)];
      return client.fetch(tokens, options)(input, init);
    };
  }

  /** The claims about the person, `helseid://claims/hpr/hpr_details` among them; compared with the login's `sub`. */
  async userinfo(options: { readonly signal?: AbortSignal } = {}): Promise<UserinfoClaims> {
    only(options, SIGNAL, "api");
    const subject = this.#saved.claims?.sub as string | undefined;
    return (await this.#client()).userinfo(await this.tokens(options), { ...options, ...(subject && { subject }) });
  }

  /**
   * Where to send the browser to log the person out, with the newest id_token as hint. Keep `state` and compare it with
   * `logoutReturn` when the browser comes back to `postLogoutRedirectUri`, which is registered.
   */
  async logoutUrl(postLogoutRedirectUri?: string): Promise<LogoutUrl> {
    const { idToken } = this.#saved;
    return (await this.#client()).logoutUrl({
      ...(idToken && { idTokenHint: idToken }),
      ...(postLogoutRedirectUri !== undefined && { postLogoutRedirectUri }),
    });
  }

  /** Nothing of it but that it is there. */
  toJSON(): string {
    return "HelseIdSession";
  }
}
