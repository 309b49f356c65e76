// The token endpoint: code, refresh token, client credentials, JWT bearer and token exchange.
// RFC 6749 sections 4.1.3, 4.4 and 6; RFC 7636 section 4.6; RFC 7523 section 2.1; RFC 8693 section 2; RFC 9449 section 5.
// Refuses a code or a refresh token twice, and ends all that came of it; another redirect_uri, verifier, client or key.

import { decodeJwt } from "jose";

import { authenticate, proved, verified } from "./authenticate.mjs";
import { Refusal } from "./like.mjs";
import { secretText, sha256 } from "./state.mjs";
import { accessToken, idToken, words } from "./issue.mjs";

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

/** The scopes that a client may have of those it asks for. */
function scopeOf(client, asked) {
  const wanted = words(asked);
  const refused = client.scopes && wanted.find((scope) => !client.scopes.includes(scope));
  if (refused) throw new Refusal("token", "invalid_scope", `the client has no scope ${refused}`);
  return wanted.join(" ");
}

function code(world, client, form) {
  const { state } = world;
  const over = () => new Refusal("token", "code expired or used");
  const found = state.codes.get(form.get("code"));
  if (!found || found.client !== client.clientId) throw over();
  if (found.used || found.until < state.now()) {
    state.ended.add(found.family);
    throw over();
  }
  found.used = true;
  const wrong = (what) => new Refusal("token", "invalid_grant", what);
  if (found.redirectUri !== form.get("redirect_uri")) throw wrong("redirect_uri is not that of the authorization request");
  const verifier = form.get("code_verifier");
  if (found.challenge ? !verifier || sha256(verifier) !== found.challenge : verifier !== null) throw wrong("code_verifier");
  const { person, scope, nonce, acr, authTime, family, sid, extra } = found;
  if (words(scope).includes("openid")) state.sessions.set(sid, { sid, sub: person.sub, clientId: client.clientId, family });
  return { person, scope, nonce, acr, authTime, family, sid, extra, lasting: words(scope).includes("offline_access") || world.refreshAlways };
}

function refresh(world, client, form) {
  const { state } = world;
  const found = state.refresh.get(form.get("refresh_token"));
  if (!found || found.client !== client.clientId) throw new Refusal("token", "invalid_grant", "the refresh token is not known");
  if (found.used) {
    state.ended.add(found.family);
    throw new Refusal("token", "refresh token used again");
  }
  if (found.until < state.now() || state.ended.has(found.family)) throw new Refusal("token", "session over");
  const scope = form.get("scope") ?? found.scope;
  if (words(scope).some((one) => !words(found.scope).includes(one))) throw new Refusal("token", "invalid_scope", "more than was granted");
  const rotates = client.rotation ?? world.rotation;
  if (rotates) found.used = true;
  return { ...found, scope, nonce: undefined, lasting: rotates, refreshed: true };
}

async function jwtBearer(world, client, form) {
  const { state, issuer, routes } = world;
  let claims;
  try {
    const audience = [issuer, `${issuer}/`, `${issuer}${routes.token}`];
    ({ payload: claims } = await verified(form.get("assertion") ?? "", client, { audience, currentDate: new Date(state.clock.now()), clockTolerance: 10 }));
  } catch (error) {
    throw new Refusal("token", "invalid_grant", `assertion: ${error.message}`);
  }
  if (claims.jti && !state.fresh(`grant ${claims.jti}`)) throw new Refusal("token", "invalid_grant", "the assertion was used before");
  return { subject: claims.sub ?? client.clientId, scope: scopeOf(client, form.get("scope") ?? claims.scope), asked: claims };
}

function exchange({ state }, client, form) {
  if (client.exchange === false) throw new Refusal("token", "token exchange without permission");
  const given = form.get("subject_token") ?? "";
  const known = state.access.get(given);
  let claims = known?.claims;
  if (!known) {
    try {
      claims = decodeJwt(given);
    } catch {
      throw new Refusal("token", "token exchange of rubbish");
    }
  }
  return { subject: claims.sub ?? client.clientId, scope: scopeOf(client, form.get("scope") ?? known?.scope), exchanged: true };
}

const GRANTS = {
  authorization_code: code,
  refresh_token: refresh,
  client_credentials(world, client, form) {
    if (client.method === "none") throw new Refusal("token", "unauthorized_client", "a public client has no credentials");
    return { subject: client.clientId, scope: scopeOf(client, form.get("scope")) };
  },
  [JWT_BEARER]: jwtBearer,
  [EXCHANGE]: exchange,
};
/** The grants that a server offers unless it says otherwise. */
export const OFFERED = Object.keys(GRANTS);

export async function token(world, request, form) {
  const { state, grants = OFFERED } = world;
  const client = await authenticate(world, "token", request, form);
  const name = form.get("grant_type");
  if (!grants.includes(name)) throw new Refusal("token", "unsupported_grant_type", `only ${grants.join(", ")}`);
  const jkt = await proved(world, request, `${world.issuer}${world.routes.token}`, { demanded: client.dpop });
  const grant = await GRANTS[name](world, client, form);
  if (grant.jkt && grant.jkt !== jkt) throw new Refusal("token", "invalid_grant", "the refresh token is bound to another key");
  const made = await accessToken(world, client, { ...grant, jkt }, form);
  const body = { access_token: made.text, token_type: jkt ? "DPoP" : "Bearer", expires_in: state.lives.access, scope: grant.scope };
  if (grant.exchanged) body.issued_token_type = "urn:ietf:params:oauth:token-type:access_token";
  if (grant.person && words(grant.scope).includes("openid")) body.id_token = await idToken(world, client, grant, made.text);
  if (grant.lasting) {
    const { person, scope, acr, authTime, family, sid, extra } = grant;
    // A client that authenticates may prove another key the next time (RFC 9449 section 5).
    const bound = client.method === "none" ? jkt : undefined;
    body.refresh_token = state.keep("refresh", {
      client: client.clientId,
      person,
      scope,
      acr,
      authTime,
      family: family ?? secretText(),
      sid,
      extra,
      jkt: bound,
    });
    if (world.refreshLife) body[world.refreshLife] = state.lives.refresh;
  }
  return { status: 200, headers: { "content-type": "application/json", "cache-control": "no-store", pragma: "no-cache" }, body: JSON.stringify(body) };
}
