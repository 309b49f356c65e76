// The end of a session: here first, then the refresh token, then at the server (OpenID Connect RP-Initiated Logout), and from the
// server by a token that it posts (Back-Channel Logout). A logout is a POST of this origin: no link and no other site makes one.

import { given } from "../core/check.js";
import { now } from "../core/clock.js";
import type { IdTokenClaims } from "../protocol/id_token.js";
import { cookies, setCookie } from "./cookies.js";
import { type Held, type Keeper, asked, nameOf } from "./keeper.js";
import { bodyOf, checkOwnOrigin, inside, unfit } from "./login.js";
import type { Site } from "./options.js";
import { refuse, respond } from "./respond.js";
import { returnTo } from "./return_to.js";
import { trouble } from "./trouble.js";

/** How one logout goes. */
export interface LogoutOptions {
  /** Where the person goes when the session ended here alone. */
  readonly returnTo?: string;
  /** Ends the session here alone, whatever the server could do. */
  readonly local?: boolean;
}

/** Seconds in which a browser comes back from the server. */
const RETURN = 600;

const stateName = async (site: Site) => `${await site.name()}-logout`;

/** @internal Ends the session: 303 to the server, which sends the browser back, or to a clean path. */
export async function logout(
  site: Site,
  keeper: Keeper,
  request: Request,
  { returnTo: target = site.home, local = false }: LogoutOptions = {},
): Promise<Response> {
  const no = await unfit(site, request, ["POST"]);
  if (no) return no;
  try {
    checkOwnOrigin(site, request);
    returnTo(target, inside(site));
    const held = await keeper.read(request);
    const ended = await keeper.end(request, held);
    if (held) revoke(site, request, held);
    const { client, postLogoutRedirectUri } = site;
    if (local || postLogoutRedirectUri === undefined || !held) return respond(303, { location: target }, ended);
    const { idToken } = held.kept.tokens;
    const { url, state } = client.logoutUrl({ postLogoutRedirectUri, ...(idToken !== undefined && { idTokenHint: idToken }) });
    return respond(303, { location: url }, [...ended, setCookie(await stateName(site), state!, RETURN, "Lax", site.secure)]);
  } catch (cause) {
    return refuse(site, request, cause);
  }
}

/** Whether the server hears of it or not, the session is over here. */
function revoke(site: Site, request: Request, { kept }: Held): void {
  const { refreshToken } = kept.tokens;
  if (refreshToken === undefined) return;
  const done = site.client.revoke(refreshToken, { hint: "refresh_token" }).catch((cause) => {
    // A server without the endpoint ends the token in its own time.
    if (cause?.code !== "endpoint_missing") site.problem(cause);
  });
  site.outlive(request, done);
}

/** @internal The browser's return from the server: only one that carries the logout's own state ends here. */
export async function loggedOut(site: Site, request: Request): Promise<Response> {
  const no = await unfit(site, request, ["GET"]);
  if (no) return no;
  const name = await stateName(site);
  const sent = cookies(request).get(name);
  const clean = [setCookie(name, "", 0, "Lax", site.secure)];
  try {
    const states = new URL(request.url).searchParams.getAll("state");
    if (!sent || states.length !== 1 || states[0] !== sent) throw trouble("logout_state_mismatch", { action: "none" });
    return respond(303, { location: site.home }, clean);
  } catch (cause) {
    // Nobody was logged out by it; the person goes home all the same.
    site.problem(cause);
    return respond(303, { location: site.home }, sent ? clean : []);
  }
}

/** Seconds that a logout token's number is remembered, whatever its own end. */
const REMEMBERED = 600;

const markName = (site: Site, kind: "sid" | "sub", value: unknown) => nameOf(`logout ${kind}`, site, String(value));

/** @internal Takes a logout token: a mark for its session, or its person, that every session reads. */
export async function backchannelLogout(site: Site, request: Request): Promise<Response> {
  const { store } = site;
  const answer = (status: number, body?: object) => respond(status, body ? { "content-type": "application/json" } : {}, [], body ? JSON.stringify(body) : null);
  if (!store || !site.backchannelLogout) return answer(404);
  if (request.method !== "POST") return respond(405, { allow: "POST" });
  try {
    const type = (request.headers.get("content-type") ?? "").split(";", 1)[0]!.trim().toLowerCase();
    const tokens = new URLSearchParams(await bodyOf(request)).getAll("logout_token");
    given(type === "application/x-www-form-urlencoded" && tokens.length === 1, "session", "a form with one logout token");
    const { jti, sid, sub, iat, exp } = await site.client.logoutToken(tokens[0]!);
    const once = await nameOf("logout token", site, jti);
    const milliseconds = Math.max(REMEMBERED, (exp ?? 0) - now() + 60) * 1000;
    if (!(await asked(() => store.compareAndSet(once, undefined, "1", milliseconds)))) throw trouble("transaction_used");
    // One session, where the token names one; else all of the person's.
    const mark = sid !== undefined ? await markName(site, "sid", sid) : await markName(site, "sub", sub);
    await raise(site, mark, iat);
    return answer(200);
  } catch (cause) {
    const { code } = site.problem(cause);
    return code === "session_unavailable" ? answer(503) : answer(400, { error: "invalid_request" });
  }
}

/** Sets a mark to a time, unless it is a later one already; it stays for as long as the longest session. */
async function raise(site: Site, mark: string, time: number): Promise<void> {
  const store = site.store!;
  for (let tries = 0; tries < 20; tries++) {
    const text = (await asked(() => store.read(mark)))?.text;
    if (text !== undefined && Number(text) >= time) return;
    if (await asked(() => store.compareAndSet(mark, text, `${time}`, site.maxAge * 1000))) return;
  }
  throw trouble("session_unavailable");
}

/** @internal Whether the server ended a login that began then. */
export async function wasLoggedOut(site: Site, { sid, sub }: IdTokenClaims, begun: number): Promise<boolean> {
  const store = site.store!;
  const read = async (kind: "sid" | "sub", value: unknown) =>
    value === undefined ? undefined : asked(async () => store.read(await markName(site, kind, value)));
  const marks = await Promise.all([read("sid", sid), read("sub", sub)]);
  // In the same second the login may have come first.
  return marks.some((mark) => mark !== undefined && Number(mark.text) >= begun);
}
