// What HelseID's client is made and asked with, and the names of that.

import type { Names } from "../../core/check.js";
import { TRANSPORT } from "../../core/http.js";
import type { SigningKey } from "../../crypto/keys.js";
import type { ClientOptions } from "../../protocol/client.js";
import type { TokenStore } from "../../tokens/store.js";
import type { HelseIdTarget } from "./cache.js";
import type { HelseIdDetails } from "./details.js";
import type { SaveSession } from "./session.js";

/** HelseID's environments, or a server of yours for development: its issuer, without a slash at the end. */
export type HelseIdEnvironment = "test" | "production" | { readonly issuer: string };

/** A client of HelseID's. */
export interface HelseIdOptions extends Pick<ClientOptions, "fetch" | "timeout" | "jwks" | "clockOffset"> {
  readonly environment: HelseIdEnvironment;
  readonly clientId: string;
  /** As registered; may be left out where no person logs in. */
  readonly redirectUri?: string;
  /** Signs assertions and request objects: RS, PS or ES with 256, 384 or 512, RSA of at least 2048 bits. */
  readonly key: SigningKey;
  /** What tokens are bound to; `key` unless given. Sessions and their refresh tokens are bound to it: keep it as long as them. */
  readonly dpop?: SigningKey;
  /** The level a login must have; 4 unless given. `any` judges none. */
  readonly securityLevel?: 2 | 3 | 4 | "any";
  /** Seconds a client assertion lives: 1 to 60; 30 unless given. */
  readonly assertionLifetime?: number;
  /**
   * Where processes or isolates meet that work with one session at the same time: they refresh one after the other, and share
   * what comes. Holds sessions with their refresh tokens: seal it (`sealedStore` of `samtykke/tokens`).
   */
  readonly sessionStore?: TokenStore;
  /**
   * Refreshes without the session store while it does not answer. Two processes that do so at once lose the session, since HelseID
   * ends one whose spent refresh token it sees again; so a refresh is refused with `session_unavailable` unless this is given.
   */
  readonly sessionStoreOptional?: boolean;
  /** Hears of a session store that fails. */
  readonly onStoreError?: (error: unknown) => void;
  /** Allows a client's private key in a page, where every visitor can use it. Only for programs that are no website. */
  readonly inPage?: boolean;
}

/** What a person is asked to log in for. */
export interface HelseIdLogin {
  /** `openid`, identity scopes, `offline_access` for further tokens, and the APIs' scopes, single spaces between them. */
  readonly scope: string;
  /** Audiences that tokens will be asked for; those of the scope's APIs unless given. */
  readonly resources?: readonly string[];
  /** How the person logs in: `Level4`, `idp:idporten-oidc`, `idp:buypass-oidc bp:amr:sc`, … */
  readonly acrValues?: string;
  readonly prompt?: "login" | "select_account" | "none";
  readonly onBehalfOf?: string;
  /** Languages for the login pages, the best one first, such as `nn nb` (OpenID Connect Core section 3.1.2.1). */
  readonly uiLocales?: string;
  /** For the whole login, in a signed request object. To change the organisation later, give details to each token instead. */
  readonly details?: HelseIdDetails;
  /** Seconds until the transaction expires; 3600 unless given. */
  readonly lifetime?: number;
  readonly signal?: AbortSignal;
}

/** How a login is finished. */
export interface HelseIdFinish {
  /** Stores the session, now and after each refresh. */
  readonly save: SaveSession;
  /**
   * Reads what `save` stored last, of this session. With a `sessionStore`, called before each refresh: so a process finds the
   * refresh token of one that was killed after it had stored it.
   */
  readonly load?: () => string | null | undefined | Promise<string | null | undefined>;
  /** The audience of the first token; the first one of the scope's APIs unless given. */
  readonly resource?: string;
  readonly signal?: AbortSignal;
}

/** A token of the client's own. */
export interface HelseIdMachine extends HelseIdTarget {
  /** All scopes the client has, unless given. */
  readonly scope?: string;
}

/** @internal */
export const OPTIONS: Names<HelseIdOptions> = {
  ...TRANSPORT,
  jwks: 1,
  clockOffset: 1,
  environment: 1,
  clientId: 1,
  redirectUri: 1,
  key: 1,
  dpop: 1,
  securityLevel: 1,
  assertionLifetime: 1,
  sessionStore: 1,
  sessionStoreOptional: 1,
  onStoreError: 1,
  inPage: 1,
};
/** @internal */
export const LOGIN: Names<HelseIdLogin> = {
  scope: 1,
  resources: 1,
  acrValues: 1,
  prompt: 1,
  onBehalfOf: 1,
  uiLocales: 1,
  details: 1,
  lifetime: 1,
  signal: 1,
};
/** @internal */
export const KEEPING: Names<Pick<HelseIdFinish, "save" | "load">> = { save: 1, load: 1 };
/** @internal */
export const FINISH: Names<HelseIdFinish> = { ...KEEPING, resource: 1, signal: 1 };
