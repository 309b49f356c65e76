// A session as it is stored.

import { configured, isObject } from "../../core/check.js";
import { hostError } from "../../core/error.js";
import type { Tokens } from "../../protocol/tokens.js";

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
