// What the edge handlers speak of: requests for a login, sessions, and places that keep them. Types alone.

import type { AuthorizationRequest, ConsentRequest } from "../protocol/flow.js";
import type { ExchangeOptions, Turns } from "../protocol/client.js";
import type { IdTokenClaims } from "../protocol/id_token.js";
import type { Tokens } from "../protocol/tokens.js";

/** Data of the application's: small, JSON. */
export type Data = Readonly<Record<string, unknown>>;

/** What to ask a person for: a request, and what most logins want of one by name. */
export type LoginRequest = ConsentRequest | (AuthorizationRequest & LoginParameters);

/** Parameters with a grammar of their own. */
export interface LoginParameters {
  /** The levels of assurance of which the login must have one, the best first; a wish with `acrOptional: true`. */
  readonly acrValues?: readonly string[];
  /** Single claims (OpenID Connect Core section 5.5). */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** `login`, `consent`, `select_account`, `none`. */
  readonly prompt?: string;
  /** Seconds since the person last authenticated, at most. */
  readonly maxAge?: number;
  /** What the tokens are for (RFC 8707). */
  readonly resource?: string | readonly string[];
}

/** What a login carried through the flow. */
export interface LoginSettings {
  readonly returnTo: string;
  readonly state?: unknown;
  readonly exchange?: Omit<ExchangeOptions, "signal">;
}

/** A person's login, as the application sees it. `console.log` and `JSON.stringify` show no token of it. */
export interface Session {
  /** The verified id_token's claims: who logged in. Absent where the login asked for no id_token. */
  readonly claims?: IdTokenClaims;
  /**
   * For {@link Client.userinfo}, introspection, revocation and, by {@link Edge.fetch}, API calls. The access token may have ended;
   * there is no refresh token in them: {@link Edge.refresh} alone renews them.
   */
  readonly tokens: Tokens;
  /** The application's own. */
  readonly data?: Data;
  /** When the person logged in, in seconds since 1970. */
  readonly begunAt: number;
  /** When the session ends at the latest, in seconds since 1970. */
  readonly expiresAt: number;
  /** When it ends unless it is used, in seconds since 1970. */
  readonly idleAt: number;
}

/** @internal What is kept of a session. */
export interface Kept {
  readonly begun: number;
  /** When it ends, and when it does unless it is used. */
  readonly ends: number;
  readonly idle: number;
  readonly tokens: Tokens;
  readonly data?: Data;
  /** The thumbprint of the key that the tokens are bound to. */
  readonly key?: string;
  /** How many times the tokens were renewed, so that the newest are known. */
  readonly turn: number;
}

/** @internal A session that was found. */
export interface Held {
  readonly kept: Kept;
  /** What names this session, and in cookies this writing of it. */
  readonly id: string;
}

/** @internal A change of what is kept; nothing where there is nothing to change. */
export type Change = (kept: Kept) => Kept | undefined;

/** @internal A place for sessions. Cookies that it answers are for the response. */
export interface Keeper {
  read(request: Request): Promise<Held | undefined>;
  /** Keeps a new session; one that the request had is over. */
  begin(request: Request, kept: Kept): Promise<string[]>;
  /** Changes a session; the last answer is what is kept then, nothing where the session is gone. */
  change(request: Request, held: Held, change: Change): Promise<{ cookies: string[]; kept: Kept | undefined }>;
  end(request: Request, held: Held | undefined): Promise<string[]>;
  /** Renews a session's tokens: `renew` is told how what comes is kept, and where turns are taken; answers what is kept then. */
  renew(
    held: Held,
    renew: (store: (change: Change) => Promise<void>, turns?: Turns) => Promise<unknown>,
  ): Promise<{ cookies: string[]; kept: Kept | undefined }>;
}
