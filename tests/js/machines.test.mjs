// Every machine in the wasm, step by step, as tests/machines/table.json says and tests/core/table.rs compares natively.
// The client makes and drives the machine; what passes between the two is what is compared. Before each right input each wrong one
// is tried: it must be refused, and change nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Client,
  JwksCache,
  KeySet,
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
import { inject } from "./injected.mjs";
import { ask, parties } from "../../pkg/dist/lib/protocol/party.js";
import { turnsIn } from "../../pkg/dist/lib/edge/store.js";
import { NOW, WRONG_SESSION, cases, jwks, key, machines, plays, signing } from "./machines.mjs";

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
    ...(!what.keyless && { jwks }),
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
  async session(client, { kept, shared }, store, _, { sessionStore }) {
    const { end, ...turns } = turnsIn(sessionStore, shared, async (text) => text);
    await client.renewSession(kept, async (came) => store(JSON.stringify(came)), shared && turns).finally(end);
  },
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

const PROVIDED = /^(?:helseid|maskinporten|norskgjeld|selvbetjening)_/;

test("the table has a case of every machine", () => {
  assert.deepEqual([...new Set(cases.map(({ what }) => what.machine))].sort(), machines);
  // Those of providers are in wasms of their own (machines_helseid.test.mjs, machines_providers.test.mjs, machines_selvbetjening.test.mjs).
  const own = machines.filter((name) => !PROVIDED.test(name));
  assert.deepEqual(Object.keys(MADE).sort(), own);
});

plays(
  Object.keys(MADE),
  "credentials",
  (what, host) => MADE[what.machine](clientOf(what, host.fetch, host.decrypt), what, host.store, host.fetch, host),
  WRONG_SESSION,
);

inject({
  cases: cases.filter(({ what }) => Object.hasOwn(MADE, what.machine)),
  now: NOW,
  made: MADE,
  clientOf,
  signing: (sign) => void (signing.now = sign),
  isOwn: (name) => !/^(?:helseid|maskinporten|norskgjeld|selvbetjening)/.test(name),
});
