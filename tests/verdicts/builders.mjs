// Verdicts on what a client is asked to build beside the front-channel request: pushed and signed requests, assertions,
// proofs, calls of APIs. One input decides a case; what each means, and the details, stand in tests/core/verdict/builders.rs.
// An input, or a value of one, that is not named there is not decided: the answer is nothing.

import { Client, SigningKey, clientSecretBasic, finish, privateKeyJwt, provider } from "samtykke";

const POINT = { kty: "EC", crv: "P-256", x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" };
const SCALAR = { d: "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI" };
/** A key of so many bits, eight of them in each octet; nobody asks for its factors. */
const rsa = (bits) => ({
  kty: "RSA",
  n: btoa(String.fromCharCode(...new Array((bits / 8) | 0).fill(0xc5)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", ""),
  e: "AQAB",
});
const KEYS = {
  "EC P-256": POINT,
  symmetric: { kty: "oct", k: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" },
};
const MEMBERS = { private: { ...POINT, ...SCALAR }, public: POINT };

const REDIRECT = "https://rp.example/cb";
const server = () =>
  provider({
    issuer: "https://op.example",
    authorizationEndpoint: "https://op.example/authorize",
    tokenEndpoint: "https://op.example/token",
    pushedAuthorizationRequestEndpoint: "https://op.example/par",
    clientId: "client-1",
    redirectUri: REDIRECT,
  });
const PUSHED = { request_uri: "urn:ietf:params:oauth:request_uri:1", expires_in: 60 };
const tokensOf = (type) => ({ access_token: "tok", token_type: type });

/** A fetch that gives the same answer to everything, and keeps what was sent. */
function answering(body, status = 200) {
  const sent = [];
  const fetch = async (url, init) => {
    sent.push({ url, headers: new Headers(init.headers), body: init.body });
    return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
  };
  return { fetch, sent };
}

const claimsIn = (token) => JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
const basic = () => clientSecretBasic("correct horse");
/** The key whose signatures nobody verifies here. */
const signer = (publicJwk) =>
  SigningKey.custom({ alg: publicJwk.kty === "RSA" ? "PS256" : "ES256", publicJwk, sign: () => new Uint8Array(publicJwk.kty === "RSA" ? 256 : 64).fill(1) });

const begun = (authentication, request, options) => {
  const { fetch, sent } = answering(PUSHED, 201);
  const client = new Client(server(), authentication, { fetch });
  return client.start({ scope: "openid", ...request }, options).then((login) => ({ client, login, sent }));
};

async function pushed({ request_uri: own }) {
  const { login } = await begun(basic(), own === undefined ? {} : { extra: { request_uri: own } });
  return login.url.replace(/([?&](?:state|nonce|code_challenge)=)[^&]*/g, "$1…");
}

async function twice() {
  const { client, login } = await begun(basic());
  const answer = `${REDIRECT}?code=a&state=${login.state}`;
  finish(client.provider, login.transaction, answer);
  finish(client.provider, login.transaction, answer);
  return login.url;
}

async function assertion(rules) {
  const { fetch, sent } = answering(tokensOf("Bearer"));
  await new Client(server(), privateKeyJwt(await signer(POINT), rules), { fetch }).clientCredentials({ scope: "read" });
  return claimsIn(new URLSearchParams(sent[0].body).get("client_assertion"));
}

const audience = async (value) => (await assertion(typeof value === "string" ? { audience: { literal: value } } : { claims: { aud: value } })).aud;

async function lifetime(seconds) {
  const { iat, exp } = await assertion({ lifetime: seconds });
  return `${exp - iat}`;
}

async function boundBy(jwk) {
  const { fetch } = answering(tokensOf("DPoP"));
  await new Client(server(), basic(), { fetch, dpop: await signer(jwk) }).clientCredentials({ scope: "read" });
  return jwk.kty;
}

async function called(url, dpop) {
  const { fetch, sent } = answering({});
  const tokenType = dpop ? "DPoP" : "Bearer";
  const client = new Client(server(), basic(), { fetch, ...(dpop && { dpop }) });
  const { status } = await client.fetch({ accessToken: "tok", tokenType }, { origins: [url.split("/", 3).join("/")] })(url);
  return { status: `${status}`, sent };
}

const status = async (url) => (await called(url)).status;

async function proved(url) {
  const { sent } = await called(url, await signer(POINT));
  return claimsIn(sent[0].headers.get("dpop")).htu;
}

async function object(claims) {
  const { sent } = await begun(basic(), {}, { requestObject: { key: await signer(POINT), claims } });
  return Object.keys(claimsIn(new URLSearchParams(sent[0].body).get("request")))
    .sort()
    .join(" ");
}

const PLACES = { query: "https://rs.example/r?access_token=tok", header: "https://rs.example/r" };

/** By the deciding input: what to do, or nothing for a value that is not decided. */
const INPUTS = {
  par: (value, input) => value === true && (() => pushed(input)),
  request_uri_reuse: (value) => value === true && twice,
  assertion_aud: (value) => () => audience(value),
  assertion_exp_s: (value) => Number.isInteger(value) && value >= 0 && (() => lifetime(value)),
  dpop_key: (value) => {
    const key = KEYS[value] ?? (/^RSA \d+$/.test(value) && rsa(+value.slice(4)));
    return key && (() => boundBy(key));
  },
  dpop_jwk: (value) => MEMBERS[value] && (() => boundBy(MEMBERS[value])),
  dpop_htu: (value) => () => proved(value),
  request_object: (value) => () => object(value),
  access_token_in: (value) => PLACES[value] && (() => status(PLACES[value])),
  resource_url: (value) => () => status(value),
};

/** A function that decides the case and answers the detail; nothing when the case is not decided. */
export function builder(input) {
  const names = Object.keys(input);
  const name = names.find((one) => one !== "request_uri");
  if (!Object.hasOwn(INPUTS, name) || (name !== "par" && names.length > 1)) return undefined;
  return INPUTS[name](input[name], input) || undefined;
}
