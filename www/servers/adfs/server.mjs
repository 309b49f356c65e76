// A small, strict AD FS: certificate-signed assertions or a secret, one resource a token, client credentials, codes, refresh, logout.
// Facts of windowsserverdocs (ad-fs-openid-connect-oauth-*), MS-OAPX, and of Region Halland's page on client credentials; by npm jose.
// Refuses, with AD FS' own codes: a missing or wrong x5t, other algorithms, another aud, long or reused assertions, certificates out of time.

import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { SignJWT, decodeProtectedHeader, exportJWK, jwtVerify } from "jose";
import { certificate } from "./certificate.mjs";

const MESSAGES = {
  MSIS9223: ["invalid_request", "Received invalid OAuth authorization request. The received 'client_id' is invalid."],
  MSIS9224: ["invalid_request", "The received 'redirect_uri' parameter is not a valid registered redirect URI."],
  MSIS9602: [
    "invalid_resource",
    "The received 'resource' parameter is invalid. The authorization server can not find a registered resource with the specified identifier.",
  ],
  MSIS9605: ["access_denied", "The client is not allowed to access the requested resource."],
  MSIS9607: ["invalid_client", "The 'client_id' parameter in the request is invalid. No registered client is found with this identifier."],
  MSIS9604: ["server_error", "An error occurred. The authorization server was not able to fulfill the request."],
  MSIS9609: [
    "invalid_request",
    "The 'redirect_uri' parameter is invalid. No redirect uri with the specified value is registered for the received 'client_id'. ",
  ],
  MSIS9612: ["invalid_grant", "The authorization code received in 'code' parameter is invalid."],
  MSIS9614: ["invalid_grant", "The refresh token received in 'refresh_token' parameter is invalid."],
  MSIS9615: ["invalid_grant", "The refresh token received in 'refresh_token' parameter has expired.", 401],
  MSIS9921: ["invalid_token", "Received invalid UserInfo request. Audience in the access token does not match the UserInfo endpoint.", 401],
  MSIS9622: ["invalid_client", "Client authentication failed. Please verify the credential provided for client authentication is valid."],
};
/** What each code is answered with: status and body. */
export const CODES = Object.fromEntries(
  Object.entries(MESSAGES).map(([code, [error, text, status = 400]]) => [code, { status, body: { error, error_description: `${code}: ${text}` } }]),
);
class Refused extends Error {
  constructor(code, why) {
    super(why ?? code);
    Object.assign(this, CODES[code]);
  }
}
const escaped = (text) => String(text).replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
/** Sends the browser back: to an address, or with a form that it posts. */
function sent(response, { location, form, action }) {
  if (location) return response.writeHead(302, { location }).end();
  const fields = Object.entries(form).map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`);
  const page = `<!doctype html><title>AD FS</title><form method="post" action="${escaped(action)}">${fields.join("")}<button>Continue</button></form>`;
  return response.writeHead(200, { "content-type": "text/html;charset=UTF-8" }).end(page);
}
const UNASKED = "urn:microsoft:userinfo";
const words = (text) => (text ?? "").split(" ").filter(Boolean);

/** What a client may show for itself: the certificate by its SHA-1, in base64url or in capital hexadecimal. */
const shown = { x5t: ({ x5t }) => ({ x5t }), kid: ({ x5tHex }) => ({ kid: x5tHex.toUpperCase() }) };
const NAMES = { x5t: ["x5t"], kid: ["kid"], x5t_kid: ["x5t", "kid"] };

/**
 * `client`: `{ id, certificates, redirectUris, permissions: resource → scopes }`, and `secret` for one that has one, `public` for one
 * with nothing; `resources`: identifiers that are registered.
 */
export async function startAdfs({ client, resources, name }) {
  // Its signing certificate, by whose SHA-1 it names the key in either place.
  const signing = certificate();
  const {
    keys: { privateKey, publicKey },
    x5t: kid,
  } = signing;
  const published = async ({ keys, x5t, read } = signing) => ({
    ...(await exportJWK(keys.publicKey)),
    use: "sig",
    alg: "RS256",
    kid: x5t,
    x5t,
    x5c: [read.raw.toString("base64")],
  });
  /** `keyName`: how certificates are known; `header`: of id_tokens; `keys`: those published, by their certificates or as they are. */
  const settings = { slash: true, keyName: "x5t", clock: 0, refreshExpired: false, header: { kid, x5t: kid }, keys: [signing] };
  const requests = [];
  /** Answers in place of the server's, in turn. */
  const faults = [];
  /** Why something was refused, for the tests alone. */
  const reasons = [];
  const codes = new Map();
  const refreshTokens = new Map();
  const seen = new Set();
  const now = () => Math.floor(Date.now() / 1000) + settings.clock;
  let issuer;
  const endpoint = () => `${issuer}/oauth2/token${settings.slash ? "/" : ""}`;

  async function authenticate(form, address, authorization) {
    const [, basic] = /^Basic (\S+)$/.exec(authorization ?? "") ?? [];
    const [id, secret] = basic ? atob(basic).split(":").map(decodeURIComponent) : [form.get("client_id"), form.get("client_secret")];
    if (secret !== null || client.public) {
      if (id !== client.id) throw new Refused("MSIS9607");
      if (client.public ? secret !== null : !client.secret || secret !== client.secret) throw new Refused("MSIS9622", "secret");
      return;
    }
    const assertions = form.getAll("client_assertion");
    if (assertions.length !== 1 || form.get("client_assertion_type") !== "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
      throw new Refused("MSIS9622", "no assertion");
    if (form.has("client_id") && form.get("client_id") !== client.id) throw new Refused("MSIS9607");
    const header = decodeProtectedHeader(assertions[0]);
    // As the real one: found by the SHA-1 of the certificate, letter for letter.
    const names = NAMES[settings.keyName];
    const known = client.certificates.find((one) => names.every((name) => shown[name](one)[name] === header[name]));
    if (!known) throw new Refused("MSIS9622", settings.keyName);
    const at = now() * 1000;
    if (at < Date.parse(known.read.validFrom) || at > Date.parse(known.read.validTo)) throw new Refused("MSIS9622", "certificate");
    let claims;
    try {
      ({ payload: claims } = await jwtVerify(assertions[0], known.keys.publicKey, {
        algorithms: ["RS256"],
        audience: address,
        issuer: client.id,
        subject: client.id,
        currentDate: new Date(at),
        requiredClaims: ["exp", "jti"],
      }));
    } catch (error) {
      throw new Refused("MSIS9622", error.claim ?? error.code);
    }
    if (typeof claims.aud !== "string") throw new Refused("MSIS9622", "aud is a list");
    if (claims.exp - (claims.nbf ?? claims.iat) > 600) throw new Refused("MSIS9622", "lifetime");
    if (seen.has(claims.jti)) throw new Refused("MSIS9622", "jti");
    seen.add(claims.jti);
  }

  /** The resource and the scopes of a request; also as one word, `resource/scope`. */
  function target(form) {
    let scopes = words(form.get("scope"));
    let resource = form.get("resource");
    const joined = scopes.find((scope) => resources.some((one) => scope.startsWith(`${one}/`)));
    if (!resource && joined) {
      resource = resources.find((one) => joined.startsWith(`${one}/`));
      scopes = scopes.map((scope) => scope.slice(resource.length + 1));
    }
    if (!resource) return { resource: UNASKED, scopes };
    if (!resources.includes(resource)) throw new Refused("MSIS9602");
    const permitted = client.permissions[resource];
    if (!permitted || scopes.some((scope) => !permitted.includes(scope) && scope !== "openid")) throw new Refused("MSIS9605");
    return { resource, scopes };
  }

  const accessToken = ({ resource, scopes }, person) =>
    // As seen: an issuer that is not the server's, an audience with a prefix, a time as a text, no kid.
    new SignJWT({
      appid: client.id,
      apptype: client.public ? "Public" : "Confidential",
      scp: scopes.join(" "),
      auth_time: new Date(now() * 1000).toISOString(),
      authmethod: "x",
      ver: "1.0",
      jti: randomUUID(),
      ...(person && { sub: person }),
    })
      .setProtectedHeader({ alg: "RS256", typ: "JWT", x5t: kid })
      .setIssuer(`${issuer.replace("https", "http")}/services/trust`)
      .setAudience(`microsoft:identityserver:${resource}`)
      .setIssuedAt(now())
      .setExpirationTime(now() + 3600)
      .sign(privateKey);

  async function token(form, address, authorization) {
    await authenticate(form, address, authorization);
    const grant = form.get("grant_type");
    const common = async (wanted, person) => ({
      access_token: await accessToken(wanted, person),
      token_type: "bearer",
      expires_in: 3600,
      resource: wanted.resource,
    });
    if (grant === "client_credentials") return common(target(form));
    if (grant === "authorization_code") {
      const found = codes.get(form.get("code"));
      codes.delete(form.get("code"));
      const challenge = createHash("sha256")
        .update(form.get("code_verifier") ?? "")
        .digest("base64url");
      if (!client.redirectUris.includes(form.get("redirect_uri"))) throw new Refused("MSIS9609");
      if (!found || found.redirectUri !== form.get("redirect_uri") || found.challenge !== challenge) throw new Refused("MSIS9612");
      const refresh = randomUUID();
      const wanted = form.get("resource") ? target(form) : found.wanted;
      refreshTokens.set(refresh, wanted);
      const idToken = await new SignJWT({ nonce: found.nonce, auth_time: settings.authTime ?? now() })
        .setProtectedHeader({ alg: "RS256", typ: "JWT", ...settings.header })
        .setIssuer(issuer)
        .setAudience(client.id)
        .setSubject("person-1")
        .setIssuedAt(now())
        .setExpirationTime(now() + 3600)
        .sign(privateKey);
      return {
        ...(await common(wanted, "person-1")),
        scope: found.wanted.scopes.join(" "),
        refresh_token: refresh,
        refresh_token_expires_in: 28_800,
        id_token: idToken,
      };
    }
    if (grant === "refresh_token") {
      const found = refreshTokens.get(form.get("refresh_token"));
      if (!found) throw new Refused("MSIS9614");
      if (settings.refreshExpired) throw new Refused("MSIS9615");
      // No new refresh token.
      return common(form.get("resource") ? target(form) : found, "person-1");
    }
    throw new Refused("MSIS9622", "grant");
  }

  function authorize(query) {
    if (query.get("client_id") !== client.id) throw new Refused("MSIS9223");
    const redirectUri = query.get("redirect_uri");
    if (!client.redirectUris.includes(redirectUri)) throw new Refused("MSIS9224");
    const back = new URL(redirectUri);
    const values = { state: query.get("state") };
    try {
      const wanted = target(query);
      const code = randomUUID();
      codes.set(code, { redirectUri, wanted, challenge: query.get("code_challenge"), nonce: query.get("nonce") });
      values.code = code;
    } catch (error) {
      Object.assign(values, error.body);
    }
    if (query.get("response_mode") === "form_post") return { form: values, action: redirectUri };
    for (const name in values) back.searchParams.set(name, values[name]);
    return { location: back.href };
  }

  /** Userinfo says who it is, and takes no token of an API's. */
  async function userinfo(authorization) {
    const { payload } = await jwtVerify(authorization?.replace("Bearer ", "") ?? "", publicKey, { algorithms: ["RS256"] }).catch(() => ({ payload: {} }));
    if (payload.aud !== `microsoft:identityserver:${UNASKED}` && payload.aud !== UNASKED) throw new Refused("MSIS9921");
    return { sub: payload.sub };
  }

  const metadata = () => ({
    issuer,
    authorization_endpoint: `${issuer}/oauth2/authorize/`,
    token_endpoint: endpoint(),
    jwks_uri: `${issuer}/discovery/keys`,
    userinfo_endpoint: `${issuer}/userinfo`,
    end_session_endpoint: `${issuer}/oauth2/logout`,
    access_token_issuer: `${issuer.replace("https", "http")}/services/trust`,
    token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic", "private_key_jwt", "windows_client_authentication"],
    token_endpoint_auth_signing_alg_values_supported: ["RS256"],
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code"],
    response_modes_supported: ["query", "fragment", "form_post"],
    grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
    scopes_supported: ["openid", "profile", "allatclaims"],
    subject_types_supported: ["pairwise"],
  });

  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const url = new URL(request.url, issuer);
    requests.push({ method: request.method, path: url.pathname, headers: request.headers, body, form: new URLSearchParams(body) });
    const answer = (status, value, type = "application/json;charset=UTF-8") =>
      response.writeHead(status, { "content-type": type }).end(typeof value === "string" ? value : JSON.stringify(value));
    try {
      const fault = url.pathname.startsWith("/adfs/oauth2/token") && faults.shift();
      if (fault) return answer(fault.status, fault.body, fault.type);
      if (url.pathname === "/adfs/.well-known/openid-configuration") return answer(200, metadata());
      if (url.pathname === "/adfs/discovery/keys")
        return answer(200, { keys: await Promise.all(settings.keys.map((one) => (one.read ? published(one) : one))) });
      if (/^\/adfs\/oauth2\/token\/?$/.test(url.pathname))
        return answer(200, await token(new URLSearchParams(body), endpoint(), request.headers.authorization));
      if (/^\/adfs\/oauth2\/authorize\/?$/.test(url.pathname)) return sent(response, authorize(url.searchParams));
      if (url.pathname === "/adfs/userinfo") return answer(200, await userinfo(request.headers.authorization));
      if (url.pathname === "/adfs/oauth2/logout") {
        const back = url.searchParams.get("post_logout_redirect_uri");
        // To one of the client's own addresses, and else to a page that says so.
        return client.redirectUris.includes(back) && url.searchParams.has("id_token_hint")
          ? response.writeHead(302, { location: back }).end()
          : response.writeHead(200).end();
      }
      answer(404, "");
    } catch (error) {
      if (!(error instanceof Refused)) return answer(500, { error: "server_error" });
      reasons.push(error.message);
      answer(error.status, error.body);
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  issuer = `${name ?? `http://127.0.0.1:${port}`}/adfs`;
  return {
    issuer,
    port,
    settings,
    requests,
    reasons,
    faults,
    client,
    publicKey,
    accessToken,
    signing,
    published,
    tokenRequests: () => requests.filter(({ path }) => path.startsWith("/adfs/oauth2/token")),
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
