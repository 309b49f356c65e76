// A session: what is kept of it, what the application sees of it, and how long it lasts.
// It lasts by a clock of its own: the end of an access token ends no session, that of the refresh token does, where it is known.

import { now } from "../core/clock.js";
import { octetsOf, parseJwtPart } from "../crypto/base64url.js";
import type { IdTokenClaims } from "../protocol/id_token.js";
import { hideSecrets } from "../core/hidden.js";
import type { Tokens } from "../protocol/tokens.js";
import type { Site } from "./options.js";
import { pack, unpack } from "./pack.js";
import type { Octets } from "../crypto/seal.js";
import { tooLarge, trouble } from "./trouble.js";
import type { Data, Kept, Session } from "./model.js";

/** @internal Seconds before an access token's end from which on it is renewed. */
export const MARGIN = 60;

/** How servers tell how many seconds a refresh token lives: Keycloak, HelseID, AD FS. Keycloak's 0 is no end. */
const REFRESH_LIVES = ["refresh_expires_in", "rt_expires_in", "refresh_token_expires_in"];

function refreshEnd({ others, refreshToken }: Tokens): number {
  const seconds = REFRESH_LIVES.map((name) => Number(others[name])).find((life) => life > 0);
  return refreshToken !== undefined && seconds !== undefined ? now() + seconds : Infinity;
}

/** @internal What is kept of new tokens. */
export function begun(site: Site, tokens: Tokens, data: Data | undefined): Kept {
  const time = now();
  const ends = Math.floor(Math.min(time + site.maxAge, refreshEnd(tokens)));
  const key = tokens.tokenType === "DPoP" ? site.client.thumbprint : undefined;
  return { begun: time, ends, idle: Math.min(time + site.idle, ends), tokens, turn: 0, ...(data && { data }), ...(key && { key }) };
}

/** What a refresh cannot change of a login, and may leave out (OpenID Connect Core section 12.2). */
const LOGIN_FACTS = ["nonce", "auth_time", "acr", "amr", "azp", "sid"];

/** @internal What the core's machine is told of what is kept, in lines: the turn, and what a refresh asks with. */
export const toldOf = ({ turn, tokens: { refreshToken, scope, requestedScope, idToken, claims } }: Kept): string =>
  [turn, refreshToken, "", scope ?? requestedScope, 1, idToken, claims && JSON.stringify(claims)]
    .map((value) => `${value ?? ""}`.replaceAll("\n", " "))
    .join("\n");

/** @internal What is kept after a refresh: a new refresh token alone, while nothing else is judged, or all that came. */
export function renewedBy(site: Site, before: Kept, came: Partial<Tokens>): Kept {
  if (!came.accessToken) return { ...before, tokens: { ...before.tokens, ...came } };
  const tokens = came as Tokens;
  const old = before.tokens.claims;
  const facts = old && tokens.claims && Object.fromEntries(LOGIN_FACTS.filter((name) => old[name] !== undefined).map((name) => [name, old[name]]));
  const claims = tokens.claims && ({ ...facts, ...tokens.claims } as IdTokenClaims);
  const ends = Math.floor(Math.min(before.begun + site.maxAge, refreshEnd(tokens)));
  return used(site, { ...before, ends, tokens: { ...tokens, ...(claims && { claims }) }, turn: before.turn + 1 });
}

/** @internal What is kept after a use. */
export const used = (site: Site, kept: Kept): Kept => ({ ...kept, idle: Math.min(now() + site.idle, kept.ends) });

/** @internal Whether a session is over. */
export const isOver = ({ ends, idle }: Kept): boolean => Math.min(ends, idle) <= now();

/** @internal Whether a session's tokens are to be renewed, and can be. */
export const isDue = ({ tokens: { expiresAt, refreshToken } }: Kept): boolean =>
  refreshToken !== undefined && expiresAt !== undefined && expiresAt <= now() + MARGIN;

/** @internal The session of what is kept. */
export function toSession({ begun: begunAt, ends: expiresAt, idle: idleAt, tokens, data }: Kept): Session {
  const { refreshToken: _, ...rest } = tokens;
  const { claims } = rest;
  const session = { ...(claims && { claims }), ...(data && { data }), begunAt, expiresAt, idleAt };
  // Not enumerable, so that no page gets it with the rest.
  Object.defineProperty(session, "tokens", { value: hideSecrets(rest) });
  return hideSecrets(session as unknown as Session, "Session");
}

/** What is packed beside the tokens: what is kept but for them, what else is known of them, claims that the id_token does not hold. */
type Facts = Omit<Kept, "tokens"> & { readonly token: Pick<Tokens, "tokenType" | "scope" | "requestedScope" | "expiresAt">; readonly claims?: object };

/** @internal Packs what is kept. The id_token is part of it where a logout names it. */
export async function packSession(site: Site, { tokens, ...rest }: Kept): Promise<Octets> {
  const { tokenType, scope, requestedScope, expiresAt, claims: all, accessToken, refreshToken } = tokens;
  const idToken = all && site.postLogoutRedirectUri !== undefined ? tokens.idToken : undefined;
  const there = idToken === undefined ? {} : parseJwtPart(idToken, 1);
  const claims = all && Object.fromEntries(Object.entries(all).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(there[name])));
  const facts: Facts = { ...rest, token: { tokenType, scope, requestedScope, expiresAt }, claims };
  return pack(facts, [accessToken, refreshToken, idToken]);
}

/** @internal What was packed. */
export async function unpackSession(octets: Octets): Promise<Kept> {
  const { facts, tokens } = await unpack(octets);
  const { token, claims: more, ...rest } = facts as Facts;
  const [accessToken, refreshToken, idToken] = tokens as [string, string?, string?];
  const claims = more && hideSecrets(Object.assign(Object.create(null), idToken && parseJwtPart(idToken, 1), more) as IdTokenClaims, "Claims");
  const others = Object.create(null) as Tokens["others"];
  return { ...rest, tokens: { ...token, accessToken, others, ...(refreshToken && { refreshToken }), ...(idToken && { idToken }), ...(claims && { claims }) } };
}

/** @internal Data of the application's, as it will be read again. */
export function checkData(data: unknown, most: number, what: string): Data | undefined {
  if (data === undefined || data === null) return undefined;
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch {
    // Told below.
  }
  if (text === undefined) throw trouble("invalid_parameter", { expected: `${what}: JSON` });
  const length = octetsOf(text).length;
  if (length > most) throw tooLarge(`${what}: at most ${most} octets of JSON`, length);
  return JSON.parse(text) as Data;
}

/** @internal A session whose key is not the client's any more can call nothing and renew nothing. */
export function keyIsLost(site: Site, { key }: Kept): boolean {
  return key !== undefined && key !== site.client.thumbprint;
}
