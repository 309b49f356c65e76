// A server whose tokens are of Keycloak's kind and size: access 1.4 kB, refresh 0.8, id_token 1.1. A function in place of fetch, by
// WebCrypto alone, so that it stands in every runtime; refresh tokens rotate, and one that comes twice ends the login.
// Refuses unknown codes, verifiers that do not fit, clients without their secret, and refresh tokens that are spent.

export const ISSUER = "https://keycloak.example/realms/main";
export const ENDPOINTS = {
  authorizationEndpoint: `${ISSUER}/protocol/openid-connect/auth`,
  tokenEndpoint: `${ISSUER}/protocol/openid-connect/token`,
  jwksUri: `${ISSUER}/protocol/openid-connect/certs`,
  userinfoEndpoint: `${ISSUER}/protocol/openid-connect/userinfo`,
  revocationEndpoint: `${ISSUER}/protocol/openid-connect/revoke`,
  endSessionEndpoint: `${ISSUER}/protocol/openid-connect/logout`,
};
const SIZES = { access: 1_400, refresh: 800, id: 1_100 };

const encoder = new TextEncoder();
const encoded = (octets) =>
  btoa(String.fromCharCode(...new Uint8Array(octets)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const part = (value) => encoded(encoder.encode(JSON.stringify(value)));
const json = (body, status = 200) => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
const digest = async (text) => encoded(await crypto.subtle.digest("SHA-256", encoder.encode(text)));

/**
 * @returns {Promise<object>} `fetch`; `authorize(url)` answers where the browser comes back; `requests` counts by what was asked;
 *   `next` changes what the next answers say: `life` of access tokens, `sub`, `acr`, `idToken: false`, `fail` with an OAuth error,
 *   `wait`, a promise before the answer; `logoutToken(claims)`.
 */
export async function keycloak({ sizes = SIZES, rotate = true, life = 300, refreshLife = 1_800 } = {}) {
  const kid = encoded(crypto.getRandomValues(new Uint8Array(32)));
  const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const { privateKey, publicKey } = await crypto.subtle.generateKey(rsa, true, ["sign", "verify"]);
  const hmac = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-512" }, false, ["sign"]);
  const [codes, logins] = [new Map(), new Map()];
  const requests = { code: 0, refresh: 0, revoke: 0, userinfo: 0, keys: 0 };
  const next = {};
  const revoked = [];

  async function signed(claims, alg, size = 0) {
    const head = part({ alg, typ: "JWT", kid });
    const length = (payload) => head.length + part(payload).length + (alg === "RS256" ? 342 : 86) + 2;
    const whole = { ...claims };
    if (length(whole) + 60 < size) whole.groups = [];
    while (whole.groups && length(whole) + 50 < size) whole.groups.push(`/${crypto.randomUUID()}`);
    const input = `${head}.${part(whole)}`;
    const key = alg === "RS256" ? privateKey : hmac;
    return `${input}.${encoded(await crypto.subtle.sign(alg === "RS256" ? rsa.name : "HMAC", key, encoder.encode(input)))}`;
  }

  async function tokens(login) {
    const now = Math.floor(Date.now() / 1000);
    const { sid, nonce, clientId, scope, authTime } = login;
    const sub = next.sub ?? login.sub;
    const times = { iat: now, auth_time: authTime, iss: ISSUER, sub, azp: clientId, sid, acr: next.acr ?? login.acr };
    const person = {
      email_verified: true,
      name: "Kari Nordmann",
      preferred_username: "kari",
      given_name: "Kari",
      family_name: "Nordmann",
      email: "kari@example.no",
    };
    const lasts = next.life ?? life;
    const access = await signed(
      {
        exp: now + lasts,
        ...times,
        jti: crypto.randomUUID(),
        aud: "account",
        typ: "Bearer",
        "allowed-origins": ["https://app.example.no"],
        realm_access: { roles: ["offline_access", "uma_authorization"] },
        resource_access: { account: { roles: ["manage-account", "manage-account-links", "view-profile"] } },
        scope,
        ...person,
      },
      "RS256",
      sizes.access,
    );
    const refresh = await signed(
      { exp: now + refreshLife, iat: now, jti: crypto.randomUUID(), iss: ISSUER, aud: ISSUER, sub: login.sub, typ: "Refresh", azp: clientId, sid, scope },
      "HS512",
      sizes.refresh,
    );
    const id =
      next.idToken === false
        ? undefined
        : await signed(
            { exp: now + lasts, ...times, aud: clientId, jti: crypto.randomUUID(), typ: "ID", ...(nonce && { nonce }), ...person },
            "RS256",
            sizes.id,
          );
    login.refresh = refresh;
    logins.set(refresh, login);
    return json({
      access_token: access,
      expires_in: lasts,
      refresh_expires_in: refreshLife,
      refresh_token: refresh,
      token_type: "Bearer",
      id_token: id,
      "not-before-policy": 0,
      session_state: sid,
      scope,
    });
  }

  async function token(form) {
    if (next.wait) await next.wait;
    if (next.fail) return json({ error: next.fail }, 400);
    if (form.get("grant_type") === "authorization_code") {
      requests.code++;
      const login = codes.get(form.get("code"));
      codes.delete(form.get("code"));
      if (!login || (await digest(form.get("code_verifier"))) !== login.challenge)
        return json({ error: "invalid_grant", error_description: "Code not valid" }, 400);
      return tokens(login);
    }
    requests.refresh++;
    const sent = form.get("refresh_token");
    const login = logins.get(sent);
    const good = login && !login.over && (!rotate || login.refresh === sent);
    // As Keycloak does with "Revoke Refresh Token": a spent one ends the session.
    if (login && !good) login.over = true;
    return good ? tokens(login) : json({ error: "invalid_grant", error_description: "Maximum allowed refresh token reuse exceeded" }, 400);
  }

  async function fetch(url, init) {
    const form = new URLSearchParams(init?.body ?? "");
    switch (url) {
      case ENDPOINTS.jwksUri:
        requests.keys++;
        return json({ keys: [{ ...(await crypto.subtle.exportKey("jwk", publicKey)), kid, alg: "RS256", use: "sig", key_ops: undefined, ext: undefined }] });
      case ENDPOINTS.tokenEndpoint:
        return token(form);
      case ENDPOINTS.revocationEndpoint: {
        requests.revoke++;
        const login = logins.get(form.get("token"));
        if (login) login.over = true;
        revoked.push(form.get("token"));
        return new Response(null, { status: 200 });
      }
      case ENDPOINTS.userinfoEndpoint:
        requests.userinfo++;
        return json({ sub: "kari", email: "kari@example.no" });
      default:
        return new Response(null, { status: 404 });
    }
  }

  /** The person logs in: where the browser comes back to. */
  function authorize(address, { acr = "1", sub = "kari" } = {}) {
    const asked = new URL(address).searchParams;
    const code = `${crypto.randomUUID()}.${crypto.randomUUID()}`;
    const login = {
      sid: crypto.randomUUID(),
      sub,
      acr,
      nonce: asked.get("nonce"),
      clientId: asked.get("client_id"),
      scope: asked.get("scope"),
      challenge: asked.get("code_challenge"),
      authTime: Math.floor(Date.now() / 1000),
    };
    codes.set(code, login);
    const answer = new URLSearchParams({ state: asked.get("state"), session_state: login.sid, iss: ISSUER, code });
    return { url: `${asked.get("redirect_uri")}?${answer}`, form: String(answer), login };
  }

  const logoutToken = (claims) => {
    const now = Math.floor(Date.now() / 1000);
    return signed(
      {
        iss: ISSUER,
        iat: now,
        exp: now + 120,
        jti: crypto.randomUUID(),
        events: { "http://schemas.openid.net/event/backchannel-logout": {} },
        typ: "Logout",
        ...claims,
      },
      "RS256",
    );
  };
  return { fetch, authorize, requests, revoked, next, logoutToken, signed };
}
