// An authorization server and API for the tests of Rust on wasm: PAR, private_key_jwt, DPoP with nonces, id_tokens, refresh.
// RFC 9126, RFC 7523 section 3, RFC 9449 sections 4.3, 8 and 9, OIDC Core section 3.1.3; every signature judged by jose.
// Refuses, with an OAuth error, what a client must not send; misbehaves as the path says: /op/BEHAVIOUR/KEY/ENDPOINT.
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { CompactEncrypt, EmbeddedJWK, SignJWT, UnsecuredJWT, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, jwtVerify } from "jose";

// The client's public key: that of RFC 7515 appendix A.3.
const CLIENT = await importJWK(
  { kty: "EC", crv: "P-256", x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" },
  "ES256",
);
/** The public half of the client's key in encrypted.json. */
const { kty, crv, x, y } = JSON.parse(readFileSync(new URL("encrypted.json", import.meta.url), "utf8")).keys["P-256"];
const ENCRYPTION = await importJWK({ kty, crv, x, y }, "ECDH-ES");
const CLIENT_ID = "eksempelbank-client";
const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const hash = (text) => createHash("sha256").update(text).digest("base64url");
const half = (text, name = "sha256") => {
  const digest = createHash(name).update(text).digest();
  return digest.subarray(0, digest.length / 2).toString("base64url");
};

class Refusal extends Error {
  constructor(error, description, status = 400) {
    super(description);
    Object.assign(this, { error, status });
  }
}
const must = (fact, error, description) => {
  if (!fact) throw new Refusal(error, description);
};

/** What each behaviour answers in place of the right thing, by endpoint; a text is a page. */
const INSTEAD = {
  "par-html": { par: [201, "<h1>Maintenance</h1>"] },
  "par-redirect": { par: [302, "", { location: "/elsewhere" }] },
  "par-refused": { par: [400, { error: "invalid_request", error_description: "no" }] },
  "par-text": { par: [201, { request_uri: "urn:x:1", expires_in: "60" }] },
  "par-bare": { par: [201, { expires_in: 60 }] },
  "par-down": { par: [503, { error: "temporarily_unavailable" }] },
  "nonce-silent": { par: [400, { error: "use_dpop_nonce" }] },
  "nonce-again": { par: [400, { error: "use_dpop_nonce" }, { "dpop-nonce": "again" }] },
  "jwks-html": { jwks: [200, "<h1>Keys</h1>"] },
  "jwks-redirect": { jwks: [302, "", { location: "/elsewhere" }] },
  "jwks-empty": { jwks: [200, { keys: [] }] },
  "jwks-down": { jwks: [500, {}] },
  "jwks-odd": { jwks: [200, { keys: "none" }] },
  "api-again": { api: [401, {}, { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "again" }] },
  "api-silent": { api: [401, {}, { "www-authenticate": 'DPoP error="use_dpop_nonce"' }] },
  "api-refused": { api: [401, { error: "expired" }, { "www-authenticate": 'DPoP error="invalid_token"', "dpop-nonce": "unasked" }] },
  "api-redirect": { api: [302, "", { location: "/elsewhere" }] },
};

/** @param {Map<string, number>} asked counts requests, under `KEY-ENDPOINT`. */
export async function createOp(asked) {
  const [own, other] = await Promise.all([generateKeyPair("ES256"), generateKeyPair("ES256")]);
  const keys = [{ ...(await exportJWK(own.publicKey)), kid: "now", alg: "ES256", use: "sig" }];
  // For the behaviours `alg-NAME` and `alg-NAME-broken`.
  const others = new Map();
  for (const alg of ["RS256", "PS256", "ES384"]) {
    const pair = await generateKeyPair(alg);
    others.set(alg, pair.privateKey);
    keys.push({ ...(await exportJWK(pair.publicKey)), kid: "now", alg, use: "sig" });
  }
  const flows = new Map();
  const seen = new Set();
  const once = (jti) => {
    must(typeof jti === "string" && jti.length >= 16 && !seen.has(jti), "invalid_request", "a jti that was not seen before");
    seen.add(jti);
  };

  async function authenticated(issuer, form) {
    must(form.get("client_assertion_type") === ASSERTION, "invalid_client", "client_assertion_type");
    const { payload } = await jwtVerify(form.get("client_assertion") ?? "", CLIENT, {
      algorithms: ["ES256"],
      issuer: CLIENT_ID,
      subject: CLIENT_ID,
      maxTokenAge: 60,
    }).catch((error) => {
      throw new Refusal("invalid_client", error.message);
    });
    must(payload.aud === issuer && payload.exp - payload.iat <= 60, "invalid_client", "aud or exp");
    once(payload.jti);
  }

  /** The thumbprint of the proof's key. */
  async function proved(request, address, nonces, token) {
    const { payload, protectedHeader } = await jwtVerify(request.headers.dpop ?? "", EmbeddedJWK, {
      typ: "dpop+jwt",
      algorithms: ["ES256"],
      maxTokenAge: 60,
    }).catch((error) => {
      throw new Refusal("invalid_dpop_proof", error.message);
    });
    must(payload.htm === request.method && payload.htu === address, "invalid_dpop_proof", `htm or htu: ${payload.htu}`);
    must(payload.ath === (token && hash(token)), "invalid_dpop_proof", "ath");
    must(Object.keys(protectedHeader.jwk).sort().join() === "crv,kty,x,y", "invalid_dpop_proof", "jwk");
    once(payload.jti);
    // Each for one use, and the newest alone.
    if (nonces.newest === undefined || payload.nonce !== nonces.newest) throw new Refusal("use_dpop_nonce", "a nonce is needed");
    return calculateJwkThumbprint(protectedHeader.jwk);
  }

  async function idToken(behaviour, issuer, { nonce, accessToken, login }) {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: issuer,
      aud: CLIENT_ID,
      sub: "ola",
      iat: now,
      exp: now + 300,
      ...(nonce && { nonce }),
      at_hash: half(accessToken, behaviour.includes("384") ? "sha384" : "sha256"),
    };
    if (login) {
      Object.assign(
        claims,
        {
          "refresh-other-person": { sub: "kari" },
          "refresh-other-client": { aud: "client-2" },
        }[behaviour],
      );
    } else {
      Object.assign(
        claims,
        {
          "id-issuer": { iss: `${issuer}/` },
          "id-audience": { aud: "client-2" },
          "id-expired": { iat: now - 900, exp: now - 600 },
          "id-nonce": { nonce: "another-nonce-of-43-characters-or-so-it-says" },
          "id-hash": { at_hash: half("another token") },
        }[behaviour],
      );
    }
    if (behaviour === "id-none") return new UnsecuredJWT(claims).encode();
    const [, alg, broken] = /^alg-([A-Z0-9]+)(-broken)?$/.exec(behaviour) ?? [];
    if (alg) {
      const token = await new SignJWT(claims).setProtectedHeader({ alg, kid: "now" }).sign(others.get(alg));
      const at = token.lastIndexOf(".") + 20;
      return broken ? token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1) : token;
    }
    const key = behaviour === "id-signature" ? other.privateKey : own.privateKey;
    const signed = await new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: behaviour === "id-kid" ? "gone" : "now" }).sign(key);
    if (behaviour !== "encrypted") return signed;
    const sealing = new CompactEncrypt(new TextEncoder().encode(signed)).setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM", cty: "JWT" });
    return sealing.encrypt(ENCRYPTION);
  }

  async function tokens(behaviour, issuer, flow, jkt, { nonce, scope, login }) {
    const accessToken = `at-${randomUUID()}`;
    const refreshToken = `rt-${randomUUID()}`;
    flow.bound.set(accessToken, jkt);
    if (!(login && behaviour === "refresh-silent")) flow.refresh = refreshToken;
    return {
      access_token: accessToken,
      token_type: behaviour === "bearer" ? "Bearer" : "DPoP",
      expires_in: 300,
      scope: login && behaviour === "refresh-wider" ? `${scope} write` : scope,
      ...(login && behaviour === "refresh-silent" ? {} : { refresh_token: refreshToken }),
      ...(behaviour === "id-missing" ? {} : { id_token: await idToken(behaviour, issuer, { nonce, accessToken, login }) }),
    };
  }

  const endpoints = {
    async par(request, { issuer, address, form, flow }) {
      await authenticated(issuer, form);
      const jkt = await proved(request, address, flow.server);
      must(form.get("client_id") === CLIENT_ID && !form.has("request_uri"), "invalid_request", "client_id or request_uri");
      must(form.get("dpop_jkt") === jkt && form.get("code_challenge_method") === "S256", "invalid_request", "dpop_jkt or code_challenge_method");
      const uri = `urn:ietf:params:oauth:request_uri:${randomUUID()}`;
      flow.pushed.set(uri, Object.fromEntries(form));
      return [201, { request_uri: uri, expires_in: 60 }];
    },
    async token(request, { behaviour, issuer, address, form, flow }) {
      await authenticated(issuer, form);
      const jkt = await proved(request, address, flow.server);
      if (form.get("grant_type") === "refresh_token") {
        must(form.get("refresh_token") === flow.refresh, "invalid_grant", "the newest refresh token");
        return [200, await tokens(behaviour, issuer, flow, jkt, { scope: "openid read", login: true })];
      }
      const asked = flow.pushed.get(form.get("code"));
      must(asked && flow.pushed.delete(form.get("code")), "invalid_grant", "a code that is used once");
      must(
        hash(form.get("code_verifier") ?? "") === asked.code_challenge && form.get("redirect_uri") === asked.redirect_uri && jkt === asked.dpop_jkt,
        "invalid_grant",
        "code_verifier, redirect_uri or key",
      );
      return [200, await tokens(behaviour, issuer, flow, jkt, { nonce: asked.nonce, scope: asked.scope })];
    },
    async [".well-known"](_, { issuer }) {
      const at = Object.fromEntries(
        [
          ["pushed_authorization_request", "par"],
          ["token", "token"],
          ["userinfo", "userinfo"],
        ].map(([name, path]) => [`${name}_endpoint`, `${issuer}/${path}`]),
      );
      const iss = { authorization_response_iss_parameter_supported: true };
      return [200, { issuer, authorization_endpoint: `${issuer}/authorize`, jwks_uri: `${issuer}/jwks`, ...at, ...iss }];
    },
    async jwks() {
      return [200, { keys }];
    },
    async userinfo(request, context) {
      await called(request, context);
      return [200, { sub: context.behaviour === "other-person" ? "kari" : "ola", name: "Ola" }];
    },
    async api(request, context) {
      await called(request, context);
      return [200, { method: request.method, body: context.body }];
    },
  };

  async function called(request, { address, flow }) {
    const token = /^DPoP (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
    must(token, "invalid_token", "the scheme is DPoP");
    const jkt = await proved(request, address, flow.api, token);
    must(flow.bound.get(token) === jkt, "invalid_token", "a token of this key's");
  }

  /** Answers a request below /op. */
  return async function op(request, response, url, body) {
    const [, , behaviour, key, endpoint] = url.pathname.split("/");
    const origin = `http://${request.headers.host}`;
    asked.set(`${key}-${endpoint}`, (asked.get(`${key}-${endpoint}`) ?? 0) + 1);
    const send = (status, value, headers = {}) =>
      void (typeof value === "string"
        ? response.writeHead(status, { "content-type": "text/html", ...headers }).end(value)
        : response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value)));
    const instead = INSTEAD[behaviour]?.[endpoint];
    if (instead) return send(...instead);
    if (!Object.hasOwn(endpoints, endpoint)) return send(404, {});
    if (!flows.has(key)) flows.set(key, { server: {}, api: {}, pushed: new Map(), bound: new Map() });
    const flow = flows.get(key);
    const isApi = endpoint === "userinfo" || endpoint === "api";
    // The newest nonce comes with every answer, right or wrong (RFC 9449 section 8.2).
    const nonces = isApi ? flow.api : flow.server;
    const next = () => ({ "dpop-nonce": (nonces.newest = `${isApi ? "api" : "as"}-${randomUUID()}`) });
    const context = { behaviour, issuer: `${origin}/op/${behaviour}/${key}`, address: origin + url.pathname, body, form: new URLSearchParams(body), flow };
    try {
      const [status, value] = await endpoints[endpoint](request, context);
      return send(status, value, endpoint === "jwks" ? {} : next());
    } catch (error) {
      if (!(error instanceof Refusal)) return send(500, { error: String(error) });
      const challenge = isApi ? { "www-authenticate": `DPoP error="${error.error}", error_description="${error.message.replace(/[^ -!#-[\]-~]/g, " ")}"` } : {};
      return send(isApi ? 401 : error.status, { error: error.error, error_description: error.message }, { ...challenge, ...next() });
    }
  };
}
