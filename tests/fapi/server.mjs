// A FAPI 2.0 authorization server (oidc-provider), an API that takes its bound tokens (judged by jose), and the person's browser.
// FAPI 2.0 Security Profile: pushed requests only, private_key_jwt, DPoP with nonces required everywhere, RFC 9207.
// Refuses bearer tokens, requests in the front channel, and whatever oidc-provider refuses under its profile "2.0".
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { EmbeddedJWK, calculateJwkThumbprint, exportJWK, generateKeyPair, jwtVerify } from "jose";

// Older Node 20 releases have no URL.parse, which oidc-provider calls.
URL.parse ??= (input, base) => (URL.canParse(input, base) ? new URL(input, base) : null);

/** Does what makes oidc-provider remark on Node 20, which the project supports, and on its store, which is right for a test. */
async function quietly(work) {
  const { warn } = console;
  console.warn = (...words) => (/Unsupported runtime|in-memory adapter/.test(words[0]) ? undefined : warn(...words));
  try {
    return await work();
  } finally {
    console.warn = warn;
  }
}

export const REDIRECT_URI = "https://rp.example/cb";
const PERSON = "ola.nordmann";
const ROUTES = { "/request": "par", "/token": "token", "/me": "userinfo" };
/** The algorithms of FAPI 2.0 section 5.4.1 that WebCrypto has in every runtime. */
export const ALGORITHMS = ["ES256", "PS256"];

async function keyPair(alg) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const named = async (key) => ({ ...(await exportJWK(key)), alg, kid: alg.toLowerCase(), use: "sig" });
  return { private: await named(privateKey), public: await named(publicKey) };
}

const listening = (handler) =>
  new Promise((done, fail) => {
    const server = createServer(handler);
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => done({ server, origin: `http://127.0.0.1:${server.address().port}` }));
  });

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Where the person ends, clicking through login and consent as a browser with cookies would. */
async function walk(start) {
  const cookies = new Map();
  let url = start;
  for (let steps = 0; steps < 10; steps++) {
    const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
    const response = await fetch(url, { redirect: "manual", headers });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      cookies.set(name, value);
    }
    const next = response.headers.get("location");
    if (!next) throw new Error(`${new URL(url).pathname} answered ${response.status} without a way on: ${(await response.text()).slice(0, 500)}`);
    url = new URL(next, url).href;
    if (url.startsWith(REDIRECT_URI)) return url;
  }
  throw new Error("the login leads nowhere");
}

const hash = (text) => createHash("sha256").update(text).digest("base64url");

/** What is told of a request: enough to see what was repeated, and that nothing was used twice. */
function note(seen, route, { headers }, form, status) {
  const part = (token) => (token ? JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString()) : undefined);
  const [proof, assertion] = [part(headers.dpop), part(form?.client_assertion)];
  const entry = {
    route,
    status,
    grant: form?.grant_type,
    nonce: proof?.nonce !== undefined,
    ath: proof?.ath !== undefined,
    jtis: [proof?.jti, assertion?.jti].filter(Boolean),
    aud: assertion?.aud,
  };
  seen.push(entry);
  return entry;
}

/**
 * Starts everything on loopback ports of its own.
 *
 * @returns {Promise<{ issuer: string, api: string, helper: string, keys: Record<string, object>, seen: object[], close: () => Promise<void> }>}
 *   `keys`: private JWKs of the clients, which are named as their algorithm; `seen`: what reached the back channel.
 */
export async function fapiServer() {
  const { Provider } = await quietly(() => import("oidc-provider"));
  const [own, clients] = await Promise.all([0, 1].map(() => Promise.all(ALGORITHMS.map(keyPair))));
  const seen = [];
  let provider;
  const op = await listening((request, response) =>
    answer(request, response).catch((error) => {
      response.statusCode = 500;
      response.end(error.message);
    }),
  );
  const issuer = op.origin;

  provider = await quietly(
    () =>
      new Provider(issuer, {
        jwks: { keys: own.map((pair) => pair.private) },
        clients: ALGORITHMS.map((alg, at) => ({
          client_id: alg,
          redirect_uris: [REDIRECT_URI],
          response_types: ["code"],
          grant_types: ["authorization_code", "refresh_token"],
          token_endpoint_auth_method: "private_key_jwt",
          token_endpoint_auth_signing_alg: alg,
          id_token_signed_response_alg: alg,
          dpop_bound_access_tokens: true,
          require_pushed_authorization_requests: true,
          jwks: { keys: [clients[at].public] },
        })),
        clientAuthMethods: ["private_key_jwt"],
        responseTypes: ["code"],
        scopes: ["openid", "offline_access", "profile"],
        claims: { openid: ["sub"], profile: ["name"] },
        clientBasedCORS: () => true,
        cookies: { keys: [randomBytes(32).toString("hex")] },
        enabledJWA: {
          clientAuthSigningAlgValues: ALGORITHMS,
          idTokenSigningAlgValues: ALGORITHMS,
          dPoPSigningAlgValues: ALGORITHMS,
        },
        features: {
          devInteractions: { enabled: false },
          dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
          fapi: { enabled: true, profile: "2.0" },
          pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
          userinfo: { enabled: true },
          resourceIndicators: { enabled: false },
        },
        findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: "Ola Nordmann" }) }),
        interactions: { url: (_, { uid }) => `/interaction/${uid}` },
        issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
        pkce: { required: () => true },
        rotateRefreshToken: () => true,
        ttl: { AccessToken: 300, AuthorizationCode: 60, Grant: 600, IdToken: 300, Interaction: 600, RefreshToken: 600, Session: 600 },
      }),
  );
  provider.use(async (ctx, next) => {
    await next();
    const route = ROUTES[ctx.path];
    if (route && ctx.method !== "OPTIONS") note(seen, route, ctx.req, ctx.oidc?.body, ctx.status);
  });
  const callback = provider.callback();

  async function answer(request, response) {
    return request.url.startsWith("/interaction/") ? interact(request, response) : callback(request, response);
  }

  /** The person says yes to everything. */
  async function interact(request, response) {
    const { params, prompt, session, grantId } = await provider.interactionDetails(request, response);
    if (prompt.name === "login") return provider.interactionFinished(request, response, { login: { accountId: PERSON } });
    const grant = (grantId && (await provider.Grant.find(grantId))) || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  }

  const nonces = new Set();
  /** An API that judges the proof itself (RFC 9449 sections 4.3, 7.1 and 9), with nonces of its own. */
  const api = await listening(async (request, response) => {
    response.setHeader("access-control-allow-origin", request.headers.origin ?? "*");
    response.setHeader("access-control-expose-headers", "DPoP-Nonce, WWW-Authenticate");
    if (request.method === "OPTIONS") {
      response.setHeader("access-control-allow-headers", request.headers["access-control-request-headers"] ?? "");
      response.setHeader("access-control-allow-methods", "GET, POST");
      return response.writeHead(204).end();
    }
    const body = await bodyOf(request);
    const end = (status, headers, answered) => {
      note(seen, "api", request, undefined, status).body = body;
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(answered));
    };
    const refuse = (error) => end(401, { "www-authenticate": `DPoP error="${error}", algs="ES256"` }, { error });
    try {
      const token = /^DPoP (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
      const { payload, protectedHeader } = await jwtVerify(request.headers.dpop, EmbeddedJWK, { typ: "dpop+jwt", algorithms: ["ES256"], maxTokenAge: 60 });
      if (!nonces.delete(payload.nonce)) {
        const nonce = randomBytes(16).toString("base64url");
        nonces.add(nonce);
        response.setHeader("dpop-nonce", nonce);
        return refuse("use_dpop_nonce");
      }
      const held = await provider.AccessToken.find(token);
      const right =
        held?.jkt === (await calculateJwkThumbprint(protectedHeader.jwk)) &&
        payload.ath === hash(token) &&
        payload.htm === request.method &&
        payload.htu === `${api.origin}/things`;
      if (!right) return refuse("invalid_token");
      return end(200, {}, { client: held.clientId, person: held.accountId, body });
    } catch {
      return refuse("invalid_dpop_proof");
    }
  });
  const helper = await listening(async (request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    try {
      response.end(await walk(new URL(request.url, "http://helper").searchParams.get("url")));
    } catch (error) {
      response.writeHead(500).end(error.message);
    }
  });

  const close = () =>
    Promise.all(
      [op, api, helper].map(
        ({ server }) =>
          new Promise((done) => {
            server.close(done);
            server.closeAllConnections();
          }),
      ),
    );
  const keys = Object.fromEntries(ALGORITHMS.map((alg, at) => [alg, clients[at].private]));
  return { issuer, api: api.origin, helper: helper.origin, keys, seen, close };
}
