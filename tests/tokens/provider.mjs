// A local authorization server for the token source: client credentials by private_key_jwt, and an API behind a gateway.
// Assertions are judged by `jose`, not by the package; one that comes twice is refused. Questions are counted for each target.
// `fault` names what the next answers are: slow, hang, drop, 429, 500, html, truncated, or nothing.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

import { exportJWK, generateKeyPair, importJWK, jwtVerify } from "jose";

const text = async (request) => {
  let whole = "";
  for await (const chunk of request) whole += chunk;
  return whole;
};

export async function startProvider({ expiresIn = 120 } = {}) {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: "key-1" };
  const verifier = await importJWK(await exportJWK(publicKey), "ES256");
  const jtis = new Set();
  const tokens = new Map();
  const state = { fault: "", expiresIn, retryAfter: "", slow: 300, asked: new Map(), answered: 0, refusals: [], live: tokens, api: [], hanging: 0 };

  async function token(request, response) {
    const form = new URLSearchParams(await text(request));
    const target = [form.get("scope") ?? "", form.getAll("resource").join(" "), form.getAll("audience").join(" ")].join("|");
    state.asked.set(target, (state.asked.get(target) ?? 0) + 1);
    const json = (status, body, headers = {}) => {
      response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    };
    const refuse = (why) => {
      state.refusals.push(why);
      json(401, { error: "invalid_client", error_description: why });
    };
    const { payload, protectedHeader } =
      (await jwtVerify(form.get("client_assertion") ?? "", verifier, {
        issuer: "client-1",
        subject: "client-1",
        audience: state.issuer,
        maxTokenAge: "2m",
        clockTolerance: 70,
      }).catch((error) => ({ error }))) ?? {};
    if (!payload) return refuse("the assertion is not good");
    if (protectedHeader.kid !== "key-1") return refuse("the key is not known");
    if (!payload.jti || jtis.has(payload.jti)) return refuse("the assertion was used before");
    jtis.add(payload.jti);
    if (form.get("grant_type") !== "client_credentials") return json(400, { error: "unsupported_grant_type" });
    if (form.get("scope") === "forbidden") return json(400, { error: "invalid_scope" });
    switch (state.fault) {
      case "slow":
        await new Promise((done) => setTimeout(done, state.slow));
        break;
      case "hang":
        state.hanging++;
        return;
      case "drop":
        return request.socket.destroy();
      case "429":
        return json(429, { error: "slow_down" }, state.retryAfter ? { "retry-after": state.retryAfter } : {});
      case "500":
        return json(500, "");
      case "html":
        response.writeHead(200, { "content-type": "text/html" });
        return response.end("<html><body>Sorry</body></html>");
      case "truncated":
        return json(200, '{"access_token":"abc","token_ty');
    }
    const value = randomUUID();
    tokens.set(value, { target, ends: Date.now() + state.expiresIn * 1000 });
    state.answered++;
    json(200, { access_token: value, token_type: "Bearer", expires_in: state.expiresIn, scope: form.get("scope") ?? undefined });
  }

  /** An API behind a gateway with a subscription key: the two refuse with the same status and other words. */
  async function api(request, response) {
    const body = await text(request);
    const bearer = (request.headers.authorization ?? "").replace(/^Bearer /, "");
    const known = tokens.get(bearer);
    state.api.push({ method: request.method, body, token: bearer, key: request.headers["ocp-apim-subscription-key"] });
    const answer = (status, value, headers = {}) => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify(value));
    };
    if (request.url.startsWith("/gateway") && request.headers["ocp-apim-subscription-key"] !== "subscriber-1") {
      return answer(401, {
        statusCode: 401,
        message: "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.",
      });
    }
    if (request.url.startsWith("/narrow")) return answer(401, {}, { "www-authenticate": 'Bearer error="insufficient_scope", scope="more"' });
    if (request.url.startsWith("/broken")) return answer(401, {}, { "www-authenticate": "Bearer" });
    if (request.url.startsWith("/forbidding") && !known) return answer(403, { error: "Invalid access token" });
    if (request.url.startsWith("/forbidding")) return answer(403, { error: "no valid consent" });
    if (!known || known.ends <= Date.now()) return answer(401, { message: "JWT not valid" }, { "www-authenticate": 'Bearer error="invalid_token"' });
    answer(200, { target: known.target, body });
  }

  const server = createServer((request, response) => {
    (request.url === "/token" ? token : api)(request, response).catch(() => request.socket.destroy());
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const stop = () =>
    new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    });
  return Object.assign(state, {
    origin,
    jwk,
    issuer: `${origin}/`,
    tokenEndpoint: `${origin}/token`,
    /** How many questions there were, over all targets. */
    count: () => [...state.asked.values()].reduce((sum, one) => sum + one, 0),
    /** Ends every token, as a server does whose key was changed. */
    revoke: () => tokens.clear(),
    /** Takes no connection any more. */
    down: stop,
    /** Takes connections again, where it did before. */
    up: () => new Promise((done) => server.listen(Number(new URL(origin).port), "127.0.0.1", done)),
    close: stop,
  });
}

/** A client of it, by the package. */
export async function clientOf({ origin, jwk }, options = {}) {
  const { Client, SigningKey, privateKeyJwt, provider } = await import("samtykke");
  const server = provider({ issuer: `${origin}/`, tokenEndpoint: `${origin}/token`, clientId: "client-1", development: true });
  return new Client(server, privateKeyJwt(await SigningKey.fromJwk(jwk)), options);
}
