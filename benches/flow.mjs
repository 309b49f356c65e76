// Whole flows over loopback HTTP, beside oauth4webapi's and openid-client's same work: a login with a verified id_token, one that is pushed,
// signed and bound to a key, and one that is refused; and a login at the edge, from its first request to a session that is read.
// CPU of this process for one flow, since the server has its own; rounds take turns; read the ratios.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import * as peer from "oauth4webapi";
import * as whole from "openid-client";
import { Client, SigningKey, clientSecretBasic, privateKeyJwt, provider } from "samtykke";
import { createEdge } from "samtykke/edge";

const SECRET = "correct horse battery staple, 32 octets";
const REDIRECT = "http://localhost:9/cb";
const ROUND = 40;
const [ROUNDS, WARM] = [24, 6];

async function startServer() {
  const child = spawn(process.execPath, [join(dirname(fileURLToPath(import.meta.url)), "server.mjs")], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  return { ...JSON.parse(line), close: () => child.kill() };
}

/** What comes back of a login whose nonce is known. */
const answerTo = (nonce, state) => new URL(`${REDIRECT}?code=${nonce}&state=${state}`);
/** And of one that was pushed. */
const pushedNonce = (url) => url.searchParams.get("request_uri").split(":").at(-1);

function ours(origin, key, tokenEndpoint = `${origin}/token`) {
  const settings = {
    issuer: origin,
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint,
    jwksUri: `${origin}/jwks`,
    clientId: "client-1",
    redirectUri: REDIRECT,
    signingAlgorithms: ["ES256"],
    development: true,
  };
  const plain = new Client(provider(settings), clientSecretBasic(SECRET));
  const strictly = { ...settings, pushedAuthorizationRequestEndpoint: `${origin}/par`, requirePushedRequests: true, requireDpop: true };
  const strict = new Client(provider(strictly), privateKeyJwt(key), { dpop: key });
  const finish = async (client, { transaction }, back) => client.exchange(client.finish(transaction, back.href));
  return {
    client: plain,
    async plain() {
      const login = plain.begin({ scope: "openid" });
      const asked = new URL(login.url).searchParams;
      return (await finish(plain, login, answerTo(asked.get("nonce"), asked.get("state")))).claims.sub;
    },
    async strict() {
      const login = await strict.start({ scope: "openid" });
      return (await finish(strict, login, answerTo(pushedNonce(new URL(login.url)), login.state))).claims.sub;
    },
  };
}

/** The address and what is kept of a login, as the peer's users write it. */
async function request(more) {
  const verifier = peer.generateRandomCodeVerifier();
  const [state, nonce] = [peer.generateRandomState(), peer.generateRandomNonce()];
  const parameters = {
    client_id: "client-1",
    response_type: "code",
    scope: "openid",
    state,
    redirect_uri: REDIRECT,
    code_challenge: await peer.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    nonce,
    ...more,
  };
  return { verifier, state, nonce, parameters: new URLSearchParams(parameters) };
}

function theirs(origin, pair, tokenEndpoint = `${origin}/token`) {
  const server = {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: tokenEndpoint,
    jwks_uri: `${origin}/jwks`,
    pushed_authorization_request_endpoint: `${origin}/par`,
    id_token_signing_alg_values_supported: ["ES256"],
  };
  const client = { client_id: "client-1", id_token_signed_response_alg: "ES256" };
  const http = { [peer.allowInsecureRequests]: true };
  const finish = async (authentication, login, back, options) => {
    const answer = peer.validateAuthResponse(server, client, back, login.state);
    const response = await peer.authorizationCodeGrantRequest(server, client, authentication, answer, REDIRECT, login.verifier, options);
    const tokens = await peer.processAuthorizationCodeResponse(server, client, response, { expectedNonce: login.nonce, requireIdToken: true });
    await peer.validateApplicationLevelSignature(server, response, http);
    return peer.getValidatedIdTokenClaims(tokens).sub;
  };
  const secret = peer.ClientSecretBasic(SECRET);
  const signed = peer.PrivateKeyJwt({ key: pair.privateKey, kid: "1" });
  return {
    async plain() {
      const login = await request();
      const url = new URL(server.authorization_endpoint);
      url.search = login.parameters;
      return finish(secret, login, answerTo(url.searchParams.get("nonce"), login.state), http);
    },
    async strict() {
      const DPoP = peer.DPoP(client, pair);
      const login = await request();
      const response = await peer.pushedAuthorizationRequest(server, client, signed, login.parameters, { ...http, DPoP });
      const { request_uri } = await peer.processPushedAuthorizationResponse(server, client, response);
      const url = new URL(server.authorization_endpoint);
      url.search = new URLSearchParams({ client_id: "client-1", request_uri });
      return finish(signed, login, answerTo(pushedNonce(url), login.state), { ...http, DPoP });
    },
  };
}

function wholes(origin, tokenEndpoint = `${origin}/token`) {
  const metadata = { issuer: origin, authorization_endpoint: `${origin}/authorize`, token_endpoint: tokenEndpoint, jwks_uri: `${origin}/jwks` };
  const config = new whole.Configuration(metadata, "client-1", { id_token_signed_response_alg: "ES256" }, whole.ClientSecretBasic(SECRET));
  whole.allowInsecureRequests(config);
  whole.enableNonRepudiationChecks(config);
  return {
    async plain() {
      const pkceCodeVerifier = whole.randomPKCECodeVerifier();
      const [expectedState, expectedNonce] = [whole.randomState(), whole.randomNonce()];
      const url = whole.buildAuthorizationUrl(config, {
        redirect_uri: REDIRECT,
        scope: "openid",
        state: expectedState,
        nonce: expectedNonce,
        code_challenge: await whole.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: "S256",
      });
      const back = answerTo(url.searchParams.get("nonce"), expectedState);
      const tokens = await whole.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true });
      return tokens.claims().sub;
    },
  };
}

/** A browser's login at the edge: asked for, come back, and read once. */
function atEdge(client) {
  const edge = createEdge({ client, keys: "A".repeat(43), insecureLocalhost: true });
  const cookies = (response) =>
    response.headers
      .getSetCookie()
      .filter((cookie) => !/; Max-Age=0\b/i.test(cookie))
      .map((cookie) => cookie.split(";")[0])
      .join("; ");
  return async () => {
    const login = await edge.login(new Request("http://localhost:9/login"), { scope: "openid" });
    const asked = new URL(login.headers.get("location")).searchParams;
    const back = answerTo(asked.get("nonce"), asked.get("state"));
    const answer = await edge.callback(new Request(back, { headers: { cookie: cookies(login) } }));
    if (answer.status !== 303) throw new Error(await answer.text());
    const session = await edge.session(new Request("http://localhost:9/", { headers: { cookie: cookies(answer) } }));
    return session.claims.sub;
  };
}

const refused = (job) => async () => {
  try {
    await job();
  } catch (error) {
    return (error.oauth ?? error).error === "invalid_grant" ? "user-1" : error.code;
  }
  return "accepted";
};

export async function measure() {
  const { origin, close } = await startServer();
  try {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
    const key = await SigningKey.fromJwk({ kty, crv, x, y, d }, { kid: "1" });
    const own = ours(origin, key);
    const work = {
      login: own.plain,
      "oauth4webapi login": theirs(origin, pair).plain,
      "openid-client login": wholes(origin).plain,
      "login by PAR, private_key_jwt, DPoP": own.strict,
      "oauth4webapi login by PAR, private_key_jwt, DPoP": theirs(origin, pair).strict,
      "refused login": refused(ours(origin, key, `${origin}/refused`).plain),
      "oauth4webapi refused login": refused(theirs(origin, pair, `${origin}/refused`).plain),
      "edge login to session": atEdge(own.client),
    };
    const times = Object.fromEntries(Object.keys(work).map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, job] of Object.entries(work)) {
        const before = process.cpuUsage();
        for (let at = 0; at < ROUND; at++) {
          const found = await job();
          if (found !== "user-1") throw new Error(`${name}: ${found}`);
        }
        const { user, system } = process.cpuUsage(before);
        if (round >= WARM) times[name].push((user + system) / ROUND);
      }
    }
    const rows = Object.entries(times).map(([name, values]) => {
      values.sort((one, other) => one - other);
      return { name: `${name}, CPU`, median_us: Math.round(values[values.length >> 1]), best_us: Math.round(values[0]) };
    });
    const of = (name) => rows.find((row) => row.name === `${name}, CPU`).median_us;
    const ratio = (one, other) => +(of(one) / of(other)).toFixed(3);
    const strict = "login by PAR, private_key_jwt, DPoP";
    return {
      rows,
      ratios: {
        login: ratio("login", "oauth4webapi login"),
        login_whole: ratio("login", "openid-client login"),
        login_strict: ratio(strict, `oauth4webapi ${strict}`),
        login_refused: ratio("refused login", "oauth4webapi refused login"),
        edge: ratio("edge login to session", "oauth4webapi login"),
      },
      ceilings: { login: 1.1, login_strict: 1.1 },
    };
  } finally {
    close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(await measure(), null, 1));
