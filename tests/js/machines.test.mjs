// Every machine in the wasm, step by step, as tests/machines/table.json says and tests/core/table.rs compares natively.
// The client makes and drives the machine; what passes between the two is what is compared. Before each right input each wrong one
// is tried: it must be refused, and change nothing.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  Client,
  JwksCache,
  KeySet,
  SamtykkeError,
  SigningKey,
  clientSecretBasic,
  clientSecretJwt,
  clientSecretPost,
  none,
  privateKeyJwt,
  protectedResource,
  provider,
  serverMetadata,
  tlsClientAuth,
  verifyIdToken,
} from "../../pkg/dist/index.js";
import { Run } from "../../pkg/dist/lib/core/run.js";
import { inject } from "./injected.mjs";
import { ask, parties } from "../../pkg/dist/lib/protocol/party.js";

const NOW = 1_800_000_000;
const { jwks, machines, cases } = JSON.parse(readFileSync(new URL("../machines/table.json", import.meta.url), "utf8"));

const key = await SigningKey.custom({
  alg: "ES256",
  publicJwk: { kty: "EC", crv: "P-256", x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" },
  sign: () => signature(),
});
/** What the signer of this case does. */
let signature = () => new Uint8Array(64).fill(1);

const AUTHENTICATION = {
  none: none(),
  client_secret_post: clientSecretPost("correct horse"),
  client_secret_jwt: clientSecretJwt("correct horse battery staple, thrice over"),
  private_key_jwt: privateKeyJwt(key),
  tls_client_auth: tlsClientAuth(),
};

function clientOf(what, fetch, decrypt) {
  const op = (path) => `https://op.example/${path}`;
  const server = provider({
    issuer: "https://op.example",
    authorizationEndpoint: op("authorize"),
    tokenEndpoint: op("token"),
    ...(what.pushed && { pushedAuthorizationRequestEndpoint: op("par") }),
    deviceAuthorizationEndpoint: op("device"),
    userinfoEndpoint: op("userinfo"),
    introspectionEndpoint: op("introspect"),
    revocationEndpoint: op("revoke"),
    signingAlgorithms: ["ES256", "EdDSA"],
    clientId: "client-1",
    redirectUri: "https://rp.example/cb",
  });
  const options = {
    fetch,
    jwks,
    ...(what.dpop && { dpop: key }),
    ...(what.encrypted && { decrypt, encryptionAlgorithms: ["ECDH-ES"], contentEncryption: ["A256GCM"] }),
  };
  return new Client(server, AUTHENTICATION[what.authentication] ?? clientSecretBasic("correct horse"), options);
}

const EXPECTED = { issuer: "https://op.example", clientId: "client-1", algorithms: ["ES256", "EdDSA"] };

/** How a caller has each machine made. */
const MADE = {
  authorization_code: (client, { code, signal }) => client.exchange(code, { signal }),
  client_credentials: (client, { scope, signal }) => client.clientCredentials({ scope, signal }),
  // The client stores for whoever may join later; where nobody stores, the machine is told so.
  refresh: (client, { refreshToken, granted, claims, scope, signal }, store) =>
    client.refresh(claims ? { refreshToken, scope: granted, claims } : refreshToken, { scope, store, signal }),
  jwt_bearer: (client, { assertion, subject, scope, signal }) => client.jwtBearer({ ...(assertion ? { assertion } : { key, subject }), scope, signal }),
  token_exchange: (client, { subjectToken, scope, signal }) => client.tokenExchange({ subjectToken, scope, signal }),
  device: (client, { scope, signal }) => client.deviceAuthorization({ scope, signal }),
  // One poll: the client's own are a chain of them.
  poll: (client, { deviceCode, scope, signal }) => ask(parties.get(client), "poll", [deviceCode, scope], { signal }),
  introspection: (client, { token, hint, signal }) => client.introspect(token, { hint, signal }),
  revocation: (client, { token, hint, signal }) => client.revoke(token, { hint, signal }),
  id_token: (_, { token, nonce, accessToken }) => verifyIdToken(token, { ...EXPECTED, nonce, accessToken }, new KeySet(jwks)),
  logout_token: (client, { token }) => client.logoutToken(token),
  jarm: (client, { transaction, response }) => client.finishJarm(transaction, `https://rp.example/cb?response=${response}`),
  api: (client, { token, tokenType = "Bearer", url, signal }) =>
    client.fetch({ accessToken: token, tokenType }, { origins: ["https://api.example"] })(url, { signal }),
  metadata: (_, { issuer, profile = "{}", signal }, __, fetch) => serverMetadata(issuer, { fetch, signal, metadata: JSON.parse(profile) }),
  resource: (_, { resource, challenge: wwwAuthenticate, issuer, signal }, __, fetch) => protectedResource(resource, { fetch, wwwAuthenticate, issuer, signal }),
  keys: (_, { uri }, __, fetch) => new JwksCache({ fetch }).at(uri).find("e30.e30.AAAA", "ES256", ""),
  login: (client, { scope, requestObject = false, signal }) => client.start({ scope }, { requestObject, signal }),
  userinfo: (client, { token, tokenType = "Bearer", subject, signed, signal }) =>
    client.userinfo({ accessToken: token, tokenType }, { subject, signal, ...(signed && { signed: { algorithms: ["ES256"] } }) }),
};

/** What a machine says, as the table has it. */
function said({ name, rest }) {
  const lines = rest.split("\n");
  if (name === "send") {
    const end = lines.indexOf("", 2);
    const [spends, repeatable, method, url, ...headers] = lines.slice(0, end);
    const body = lines.slice(end + 1).join("\n");
    return { send: { method, url, headers, repeatable: !!repeatable, ...(body && { body }), ...(spends && { spends }) } };
  }
  if (name === "sign") {
    const [header, claims] = lines[1].split(".").map((part) => Buffer.from(part, "base64url").toString());
    return { sign: { key: lines[0], header, claims } };
  }
  if (name === "find") {
    const [alg, kid, signature, input] = lines;
    return { find: { alg, kid: kid || null, input, signature } };
  }
  if (name === "digest") return { digest: { hash: lines[0].replace("SHA-", "Sha"), value: lines[1] } };
  if (name === "decrypt") return { decrypt: { header: lines[0], token: lines[1] } };
  if (name === "store") return { store: rest };
  assert.equal(name, "done");
  return { done: rest.startsWith("{") ? JSON.parse(rest) : rest };
}

function refused(error) {
  assert.ok(error instanceof SamtykkeError, error);
  const { code, phase, action, retryable, expected, actual, oauth, http } = error;
  return {
    error: {
      code,
      phase,
      action,
      retryable,
      ...(expected !== undefined && { expected }),
      ...(actual !== undefined && { actual }),
      ...(oauth && { oauth: { error: oauth.error, description: oauth.description ?? null } }),
      ...(http && { status: http.status }),
      ...(http?.retryAfter !== undefined && { retryAfter: http.retryAfter }),
    },
  };
}

/** Which kind of input answers which step. */
const RIGHT = { send: "response", sign: "signature", find: "verdict", digest: "digest", decrypt: "plaintext", store: "stored" };

const WRONG = {
  response: ["200\napplication/json\n\n\n\n", new TextEncoder().encode("{}")],
  signature: ["", new Uint8Array(64).fill(2)],
  verdict: ["1"],
  digest: ["", new Uint8Array(64).fill(3)],
  plaintext: ["", new TextEncoder().encode("e30.e30.AAAA")],
  stored: [],
};

/** Notes down what a machine says and is given, and tries what it must not take. */
function watched(t, turns) {
  const { first, step } = Run.prototype;
  t.after(() => Object.assign(Run.prototype, { first, step }));
  const noted = (run, work) => {
    const note = {};
    try {
      const result = work();
      Object.assign(note, said(result));
      return result;
    } catch (error) {
      Object.assign(note, refused(error));
      throw error;
    } finally {
      if (run.nonce) note.nonce = run.nonce;
      if (run.keeps) note.keeps = true;
      turns.push({ step: note });
      // The machine's own notes are not to be lost by what follows.
      const { nonce, keeps } = run;
      const [right] = Object.keys(note).filter((name) => name in RIGHT);
      for (const [kind, input] of Object.entries(WRONG)) {
        if (kind !== RIGHT[right]) assert.throws(() => step.call(run, kind, ...input), { code: "transaction_used" }, `${kind} was taken`);
      }
      Object.assign(run, { nonce, keeps });
    }
  };
  Run.prototype.first = function () {
    return noted(this, () => first.call(this));
  };
  Run.prototype.step = function (name, lines, octets) {
    turns.at(-1).give =
      name === "verdict" ? { verdict: lines === "1" } : name === "digest" ? { digest: Buffer.from(octets).toString("base64url") } : { [name]: true };
    return noted(this, () => step.call(this, name, lines, octets));
  };
}

/** What the host does with a step, by what the table gives. */
function hostOf(turns) {
  const gives = turns.map(({ give }) => give).filter(Boolean);
  const next = (kind) => {
    const at = gives.findIndex((give) => kind in give || "failed" in give);
    return gives.splice(0, at + 1).at(-1);
  };
  const fetch = async () => {
    const { response, failed } = next("response");
    if (failed === "network") throw new TypeError("no connection");
    if (failed === "redirected") return Object.defineProperty(new Response(""), "redirected", { value: true });
    if (failed === "too_large") return new Response("x".repeat((1 << 20) + 1), { headers: { "content-type": "application/json" } });
    if (failed === "cut") {
      const body = new ReadableStream({ pull: (controller) => controller.error(new TypeError("cut")) });
      return new Response(body, { headers: { "content-type": "application/json" } });
    }
    const { status, headers, json, body } = response;
    return new Response(body ?? JSON.stringify(json), { status, headers: { "content-type": "application/json", ...headers } });
  };
  signature = () => {
    if (next("signature").failed) throw new Error("the signer failed");
    return new Uint8Array(64).fill(1);
  };
  const store = () => {
    if (next("stored").failed) throw new Error("the store failed");
  };
  const decrypt = () => {
    const { failed, plaintext } = next("plaintext");
    if (failed) throw new Error("the decrypter failed");
    return new TextEncoder().encode(plaintext);
  };
  return { fetch, store, decrypt };
}

test("the table has a case of every machine", () => {
  assert.deepEqual([...new Set(cases.map(({ what }) => what.machine))].sort(), machines);
  assert.deepEqual(Object.keys(MADE).sort(), machines);
});

for (const { id, what, turns } of cases) {
  test(id, async (t) => {
    // A run that is not over keeps the instance, and with it the machine that refused something, from being used anew.
    const keeper = new Run("credentials", "");
    t.after(() => keeper.end());
    const { now } = Date;
    Date.now = () => NOW * 1000;
    Object.defineProperty(crypto, "getRandomValues", { value: (octets) => octets.fill(7), configurable: true });
    t.after(() => {
      Date.now = now;
      delete crypto.getRandomValues;
    });
    // What random octets are in stock from before is used up: the stock is of 1,024.
    for (let count = 0; count < 32; count++) new Run("credentials", "").end();
    const noted = [];
    watched(t, noted);
    const { fetch, store, decrypt } = hostOf(turns);
    await MADE[what.machine](clientOf(what, fetch, decrypt), what, store, fetch).catch(() => {});
    const expected = turns.map(({ step, give }) => {
      const kind = give && Object.keys(give)[0];
      return { step, ...(give && { give: ["verdict", "digest"].includes(kind) ? give : { [kind]: true } }) };
    });
    assert.deepEqual(noted, expected);
  });
}

inject({ cases, now: NOW, made: MADE, clientOf, signing: (sign) => void (signature = sign) });
