// Who asks: a client by its secret (Basic or in the form), by an assertion, or by its id alone; and the proof of a DPoP key.
// RFC 6749 section 2.3, RFC 7523 section 3, RFC 9449 sections 4.3 and 8. `jose` verifies.
// Refuses two ways at once, another way than the client's, an assertion for somebody else, too old or used before.

import { EmbeddedJWK, calculateJwkThumbprint, createLocalJWKSet, decodeJwt, jwtVerify } from "jose";

import { Refusal } from "./like.mjs";
import { secretText, sha256 } from "./state.mjs";

const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];

/** Form-decoded, as RFC 6749 section 2.3.1 has it. */
const decoded = (text) => decodeURIComponent(text.replaceAll("+", " "));

function basic(header) {
  const [, base64] = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(header ?? "") ?? [];
  if (!base64) return undefined;
  const [id, ...secret] = Buffer.from(base64, "base64").toString().split(":");
  try {
    return { clientId: decoded(id), secret: decoded(secret.join(":")) };
  } catch {
    return undefined;
  }
}

/** The key of a client's that signed, and what it signed. */
export async function verified(jwt, client, options) {
  try {
    return await jwtVerify(jwt, createLocalJWKSet({ keys: client.keys }), { algorithms: ALGORITHMS, ...options });
  } catch (error) {
    // Several keys without ids fit: each is tried.
    if (error.code !== "ERR_JWKS_MULTIPLE_MATCHING_KEYS") throw error;
    for await (const key of error) {
      try {
        return await jwtVerify(jwt, key, { algorithms: ALGORITHMS, ...options });
      } catch (again) {
        if (again.code !== "ERR_JWS_SIGNATURE_VERIFICATION_FAILED") throw again;
      }
    }
    throw error;
  }
}

async function byAssertion({ state, issuer, routes }, at, form) {
  const assertion = form.get("client_assertion");
  let claims;
  try {
    claims = decodeJwt(assertion);
  } catch {
    throw new Refusal(at, "invalid_client", "client_assertion is no JWT");
  }
  const client = state.clients.get(claims.iss);
  if (!client || claims.sub !== claims.iss) throw new Refusal(at, "unknown or disabled client");
  if (!client.keys.length) throw new Refusal(at, "key not registered");
  if (claims.iat > state.now() + 60) throw new Refusal(at, "clock an hour ahead");
  const audience = [issuer, `${issuer}${routes.token}`, `${issuer}${routes.par}`];
  try {
    await verified(assertion, client, { audience, currentDate: new Date(state.clock.now()), requiredClaims: ["exp", "jti"], clockTolerance: 10 });
  } catch (error) {
    const key = error.code === "ERR_JWKS_NO_MATCHING_KEY" || error.code === "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
    throw key ? new Refusal(at, "key not registered") : new Refusal(at, "invalid_client", `client_assertion: ${error.message}`);
  }
  if (!state.fresh(`assertion ${claims.jti}`)) throw new Refusal(at, "invalid_client", "client_assertion was used before");
  return client;
}

/** The client of a request; `at` is the endpoint. */
export async function authenticate(world, at, request, form) {
  const { state, like } = world;
  const inHeader = basic(request.headers.authorization);
  const ways = [inHeader, form.has("client_secret"), form.has("client_assertion")].filter(Boolean).length;
  if (ways > 1) throw new Refusal(at, "invalid_request", "a client authenticates in one way alone");
  if (form.has("client_assertion")) {
    if (form.get("client_assertion_type") !== ASSERTION) throw new Refusal(at, "invalid_client", "client_assertion_type");
    return byAssertion(world, at, form);
  }
  // Maskinporten's grant names its client in the assertion; NAV's server wants it in the form.
  const clientId = inHeader?.clientId ?? form.get("client_id") ?? (like === "nav-mock" ? undefined : issuerOf(form.get("assertion")));
  if (!clientId && like === "nav-mock") throw new Refusal(at, "Maskinporten's grant with request mappings: no client_id in the form");
  const client = state.clients.get(clientId);
  if (!client) throw new Refusal(at, "unknown or disabled client");
  if (client.method === "private_key_jwt" && !form.has("assertion")) throw new Refusal(at, "invalid_client", "this client authenticates by an assertion");
  if (client.method === "none" || form.has("assertion")) return client;
  if (at === "introspection" && like === "zitadel" && !inHeader) throw new Refusal(at, "client_secret_post");
  if ((inHeader?.secret ?? form.get("client_secret")) !== client.secret) throw new Refusal(at, "wrong secret");
  return client;
}

function issuerOf(jwt) {
  try {
    return decodeJwt(jwt).iss;
  } catch {
    return undefined;
  }
}

/** The thumbprint of the key that a request proves, if it proves one. With `token`, the proof must be of that token. */
export async function proved({ state, dpopNonce }, request, address, { demanded = false, token, at = "token" } = {}) {
  const proof = request.headers.dpop;
  if (proof === undefined) {
    if (demanded) throw new Refusal(at, "DPoP demanded, none sent");
    return undefined;
  }
  const wrong = (words) => new Refusal(at, "invalid_dpop_proof", words);
  let found;
  try {
    found = await jwtVerify(proof, EmbeddedJWK, {
      typ: "dpop+jwt",
      algorithms: ALGORITHMS,
      currentDate: new Date(state.clock.now()),
      maxTokenAge: 300,
      clockTolerance: 10,
    });
  } catch (error) {
    throw wrong(error.message);
  }
  const { payload, protectedHeader } = found;
  if (payload.htm !== request.method || payload.htu !== address) throw wrong("htm or htu");
  if (token && payload.ath !== sha256(token)) throw wrong("ath");
  if (dpopNonce && payload.nonce !== dpopNonce.value) {
    dpopNonce.value = secretText();
    throw Object.assign(new Refusal(at, "use_dpop_nonce", "a nonce is needed"), { headers: { "dpop-nonce": dpopNonce.value } });
  }
  if (!state.fresh(`proof ${payload.jti}`)) throw wrong("jti was used before");
  return calculateJwkThumbprint(protectedHeader.jwk);
}
