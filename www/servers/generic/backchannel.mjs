// Logout by the back channel: a signed token to each client that took part in a session, when it ends.
// OpenID Connect Back-Channel Logout 1.0 sections 2.4 to 2.7. Hydra's has no `exp`, and its `aud` is a list; others' is typed, and short.
// Refuses nothing: what a client answers is told to whoever ended the session.

import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";

const EVENT = "http://schemas.openid.net/event/backchannel-logout";
const LIFE = 120;

function logoutToken({ signing, issuer, state, like }, client, { sid, sub }) {
  const hydra = like === "hydra";
  const claims = { iss: issuer, aud: hydra ? [client.clientId] : client.clientId, iat: state.now(), jti: randomUUID(), sid, events: { [EVENT]: {} } };
  return new SignJWT({ ...claims, ...(!hydra && { sub, exp: state.now() + LIFE }) })
    .setProtectedHeader({ alg: signing.alg, kid: signing.kid, typ: hydra ? "JWT" : "logout+jwt" })
    .sign(signing.privateKey);
}

async function told(uri, token) {
  try {
    const body = new URLSearchParams({ logout_token: token });
    const { status } = await fetch(uri, { method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(5_000) });
    return { status };
  } catch (error) {
    return { error: error.cause?.code ?? error.message };
  }
}

/**
 * Ends the sessions that fit (`sid`, `sub`, `clientId`; all of them where none is named): refresh tokens that came of them are over, and
 * each client that has a `backchannelLogoutUri` is told. Gives what each of these answered.
 */
export async function endSessions(world, wanted = {}) {
  const { state } = world;
  const sessions = [...state.sessions.values()].filter((session) => Object.entries(wanted).every(([name, value]) => session[name] === value));
  return Promise.all(
    sessions.map(async (session) => {
      state.sessions.delete(session.sid);
      state.ended.add(session.family);
      const { sid, sub, clientId } = session;
      const client = state.clients.get(clientId);
      const uri = client?.backchannelLogoutUri;
      return { clientId, sid, sub, ...(uri && { uri, ...(await told(uri, await logoutToken(world, client, session))) }) };
    }),
  );
}
