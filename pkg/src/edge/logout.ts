// The end of a session: here first, then the refresh token, then at the server (OpenID Connect RP-Initiated Logout). A logout is a
// POST of this origin: no link and no other site makes one.

import { type Names, only } from "../core/check.js";
import { cookies, setCookie } from "./cookies.js";
import { checkOwnOrigin, inside, revoke, unfit } from "./login.js";
import type { Site } from "./options.js";
import { refuse, respond } from "./respond.js";
import { returnTo } from "./return_to.js";
import { trouble } from "./trouble.js";
import type { Keeper } from "./model.js";

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
export async function logout(site: Site, keeper: Keeper, request: Request, options: LogoutOptions = {}): Promise<Response> {
  const no = await unfit(site, request, ["POST"]);
  if (no) return no;
  try {
    only(options, { returnTo: 1, local: 1 } satisfies Names<LogoutOptions>, "session");
    const { returnTo: target = site.home, local = false } = options;
    checkOwnOrigin(site, request);
    returnTo(target, inside(site));
    const held = await keeper.read(request);
    const ended = await keeper.end(request, held);
    if (held) revoke(site, request, held.kept.tokens);
    const { client, postLogoutRedirectUri } = site;
    if (local || postLogoutRedirectUri === undefined || !held) return respond(303, { location: target }, ended);
    const { idToken } = held.kept.tokens;
    const { url, state } = client.logoutUrl({ postLogoutRedirectUri, ...(idToken !== undefined && { idTokenHint: idToken }) });
    return respond(303, { location: url }, [...ended, setCookie(await stateName(site), state!, RETURN, "Lax", site.secure)]);
  } catch (cause) {
    return refuse(site, request, cause);
  }
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
