// A person's login at HelseID: one token for each audience and organisation, got by refresh, one refresh at a time.
// The refresh token is spent by each, so the new one is stored before the token that came with it is given out.

import { apis } from "../../core/provider_wasm.js";
import { configured, given, isObject } from "../../core/check.js";
import type { Client } from "../../protocol/client.js";
import { SamtykkeError, hostError } from "../../core/error.js";
import { now } from "../../protocol/flow.js";
import { type HelseIdDetails, claimOf } from "./details.js";
import type { SharedSessions } from "./shared.js";
import type { LogoutUrl } from "../../protocol/logout.js";
import type { ResourceFetch, ResourceOptions } from "../../protocol/resource.js";
import { type Tokens, hidden } from "../../protocol/tokens.js";
import type { UserinfoClaims } from "../../protocol/userinfo.js";

/** Tokens, and what HelseID says of them. */
export interface HelseIdTokens extends Tokens {
  /** Seconds the refresh token lives from the answer on (`rt_expires_in`); absent: take it for expired. */
  readonly refreshExpiresIn?: number;
  /** Scopes withheld because the organisation has not signed their terms (`rejected_scope`). */
  readonly rejectedScope: readonly string[];
  /** Scopes of this audience that were asked for and not granted. Such a token is given out, and not kept. */
  readonly missingScope: readonly string[];
}

/** What one token is for. */
export interface HelseIdTarget {
  /** The one audience, such as `nhn:phr`: what stands before the first slash of its scopes. */
  readonly resource?: string;
  /** Part of the login's scope, for a token that may do less; all that the audience has of it, unless given. */
  readonly scope?: string;
  /** For whom: the organisation can change from request to request, without a new login. */
  readonly details?: HelseIdDetails;
  /** Ends the waiting; a refresh on its way is not broken off, for its answer holds the next refresh token. */
  readonly signal?: AbortSignal;
}

/**
 * Stores a session: called with its text after the login, and at each refresh twice: with the new refresh token before anything
 * else, and with the rest when it is verified. It is waited for before the token that came is given out. Holds the refresh
 * token: encrypt it. Let one process at a time work with a session, or give `HelseId.connect` a `sessionStore`.
 */
export type SaveSession = (session: string) => void | Promise<void>;

/** @internal What is asked of every answer. */
export interface Asked {
  readonly resource?: string | undefined;
  readonly scope: string;
}

/** @internal What HelseID adds to an answer, once the core has judged it: key, audience, scopes. */
export function granted(tokens: Tokens, thumbprint: string, { resource, scope }: Asked): HelseIdTokens {
  const named = tokens.scope === undefined ? "" : 1;
  const head = ["helseid", "granted", thumbprint, resource, scope, named, tokens.scope, tokens.accessToken];
  return hidden({ ...tokens, ...(JSON.parse(apis(head, JSON.stringify(tokens.others))) as Omit<HelseIdTokens, keyof Tokens>) });
}

/** @internal An error of HelseID's own carries its number; such an error asks for other settings, not for another try. */
export async function numbered<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const description = error instanceof SamtykkeError && error.oauth?.description;
    const code = description && apis(["helseid", "number", description]);
    if (!code) throw error;
    const { name: _, message: _m, ...facts } = (error as SamtykkeError).toJSON();
    throw new SamtykkeError({ ...facts, provider: { code }, action: "fix_configuration" }, { cause: error });
  }
}

/** @internal Seconds before its end from which on a token counts as ended. */
export const MARGIN = 10;
const MOST = 256;

/** @internal Tokens that are still good (FK3), and those that are on their way. */
export class Kept {
  readonly #tokens = new Map<string, HelseIdTokens>();
  readonly #running = new Map<string, Promise<HelseIdTokens>>();

  /** The kept token for a request, if it is still good. */
  good(key: string): HelseIdTokens | undefined {
    const kept = this.#tokens.get(key);
    return kept && kept.expiresAt! > now() + MARGIN ? kept : undefined;
  }

  /** All that are kept, the newest last. */
  get all(): ReadonlyMap<string, HelseIdTokens> {
    return this.#tokens;
  }

  /** The kept token for a request; else that of the same request on its way; else a new one's. */
  get(key: string, run: () => Promise<HelseIdTokens>): Promise<HelseIdTokens> {
    const kept = this.good(key);
    if (kept) return Promise.resolve(kept);
    const other = this.#running.get(key);
    if (other) return other;
    const tokens = run()
      .then((tokens) => {
        this.put(key, tokens);
        return tokens;
      })
      .finally(() => this.#running.delete(key));
    this.#running.set(key, tokens);
    return tokens;
  }

  put(key: string, tokens: HelseIdTokens): void {
    this.#tokens.delete(key);
    // One that lacks a scope would look whole to whoever asks next; one whose end is unknown would never end.
    if (tokens.missingScope.length || tokens.expiresAt === undefined) return;
    this.#tokens.set(key, tokens);
    if (this.#tokens.size > MOST) this.#tokens.delete(this.#tokens.keys().next().value!);
  }

  clear(): void {
    this.#tokens.clear();
  }
}

/**
 * @internal Waits for what several may wait for. A caller's signal ends its own waiting alone: a refresh that is broken off
 * would lose the refresh token that is on its way.
 */
export async function waited<T>(signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
  const aborted = () => hostError("aborted", { phase: "token" }, signal!.reason);
  if (signal?.aborted) throw aborted();
  const running = run();
  if (!signal) return running;
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => signal.addEventListener("abort", (stop = () => reject(aborted()))));
  try {
    return await Promise.race([running, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** @internal A request by everything that makes its token another. */
export const keyOf = ({ resource, scope = "", details }: HelseIdTarget): string =>
  // In whatever order the scopes are named.
  JSON.stringify([resource, [...new Set(scope.split(" "))].sort().join(" ").trim(), details && claimOf(details)]);

/** @internal What a session is made of. */
export interface Saved {
  readonly issuer: string;
  readonly clientId: string;
  /** The scope of the login, over all audiences. */
  readonly scope: string;
  /** The audience of the login's own tokens. */
  readonly resource?: string;
  readonly refreshToken?: string;
  /** Seconds since 1970. */
  readonly refreshExpiresAt?: number;
  readonly idToken?: string;
  readonly claims?: Tokens["claims"];
  /** By which processes know that they have the same session. */
  readonly id?: string;
  /** How many refresh tokens there were before: the highest is the newest. */
  readonly turn?: number;
}

/** @internal Where a session is kept. */
export interface SessionStorage {
  readonly save: SaveSession;
  readonly load?: () => string | null | undefined | Promise<string | null | undefined>;
  readonly shared: SharedSessions | undefined;
}

/** A person's login. Made by `HelseId.finish`, and from what was stored by `HelseId.session`. */
export class HelseIdSession {
  readonly #client: () => Promise<Client>;
  readonly #thumbprint: string;
  readonly #storage: SessionStorage;
  readonly #kept = new Kept();
  #saved: Saved;
  /** The refresh that is running, whatever comes of it. */
  #last: Promise<unknown> = Promise.resolve();

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
   * @throws {SamtykkeError} `token_error` with `oauth` (`invalid_grant`: log in again) and HelseID's number as
   * `provider.code`; `claim_refused` for a token of another key or audience; what `save` threw; …
   */
  async tokens(target: HelseIdTarget = {}): Promise<HelseIdTokens> {
    given(isObject(target), "token", "a target as an object");
    const { details, scope, signal, resource = this.#saved.resource } = target;
    given(scope === undefined || typeof scope === "string", "token", "scope: a text");
    const asked: HelseIdTarget = { ...(resource && { resource }), ...(scope && { scope }), ...(details && { details }) };
    return waited(signal, () =>
      this.#kept.get(keyOf(asked), () => {
        const run = () => this.#turn(asked);
        const tokens = this.#last.then(run, run);
        this.#last = tokens;
        return tokens;
      }),
    );
  }

  /** A refresh, or what another process's brought, where a store tells. */
  async #turn(asked: HelseIdTarget): Promise<HelseIdTokens> {
    const { load, shared } = this.#storage;
    const { issuer, clientId, id } = this.#saved;
    if (!shared || !id) return this.#refresh(asked);
    const key = keyOf(asked);
    const newer = (saved: Saved) => {
      if ((saved.turn ?? 0) > (this.#saved.turn ?? 0)) this.#saved = saved;
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
    return async (input, init) => {
      const [client, tokens] = [await this.#client(), await this.tokens(target)];
      return client.fetch(tokens, options)(input, init);
    };
  }

  /** The claims about the person, `helseid://claims/hpr/hpr_details` among them; compared with the login's `sub`. */
  async userinfo(options: { readonly signal?: AbortSignal } = {}): Promise<UserinfoClaims> {
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

/** @internal Reads what was stored. */
export function restored(text: string, issuer: string, clientId: string): Saved {
  let saved: unknown;
  try {
    saved = JSON.parse(text);
  } catch {
    saved = undefined;
  }
  if (!isObject(saved) || typeof saved["scope"] !== "string") throw hostError("session_invalid", { phase: "session" });
  configured(saved["issuer"] === issuer && saved["clientId"] === clientId, "a session of this client and environment");
  return saved as unknown as Saved;
}
