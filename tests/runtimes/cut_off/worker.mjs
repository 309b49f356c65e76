// A worker whose isolate keeps what requests share: a key set, HelseID's metadata, its own token and a session, a refresh. `play` has
// what each case of a flow needs made, and `flow` plays it.

import { Client, JwksCache, clientSecretBasic, provider, verifyIdToken } from "samtykke";
import { HelseId, SigningKey } from "samtykke/helseid";

let made;

/** Made once, and finished before any request that is cut off. */
async function make({ origin }) {
  const client = new Client(
    provider({ issuer: origin, tokenEndpoint: `${origin}/refresh`, clientId: "client-1", development: true }),
    clientSecretBasic("a secret of the tests"),
    { timeout: 1 },
  );
  const keys = new JwksCache({ development: true }).at(`${origin}/keys`);
  const settings = { clientId: "single", key: await SigningKey.generate({ alg: "ES256" }), timeout: 1 };
  const helseid = await HelseId.connect({ ...settings, environment: { issuer: `${origin}/open` } });
  const state = JSON.stringify({ issuer: `${origin}/open`, clientId: "single", scope: "nhn:a/x nhn:b/x offline_access", refreshToken: "s0" });
  const session = helseid.session(state, { save: () => {} });
  return { origin, client, keys, settings, helseid, session };
}

/** What cases need, by their names. */
const cases = new Map();

/** The login that a refresh belongs to. */
const loginAt = (issuer) => ({ iss: issuer, aud: "client-1", sub: "somebody", iat: 1_700_000_000, exp: 1_700_000_300 });

/** By flow, what gives its work; `at` is where the case's server is. */
const FLOWS = {
  async exchange({ at, client }) {
    const { url, transaction } = await client.begin({ scope: "openid" });
    const { state, nonce } = Object.fromEntries(new URL(url).searchParams);
    // The server tells the nonce by the code.
    const code = await client.finish(transaction, `${at}/cb?${new URLSearchParams({ code: nonce, state })}`);
    return async () => (await client.exchange(code)).accessToken;
  },
  refresh({ at, client, store }) {
    return async () => (await client.refresh({ refreshToken: "r0", scope: "openid", claims: loginAt(at) }, { store })).accessToken;
  },
  async session({ at, store }) {
    const key = await SigningKey.generate({ alg: "ES256" });
    const helseid = await HelseId.connect({ clientId: "client-1", key, timeout: 1, environment: { issuer: at } });
    const state = { issuer: at, clientId: "client-1", scope: "openid nhn:a/x offline_access", refreshToken: "r0", claims: loginAt(at) };
    const session = helseid.session(JSON.stringify(state), { save: (text) => store(JSON.parse(text).refreshToken) });
    return async () => (await session.tokens({ resource: "nhn:a" })).accessToken;
  },
};

async function makeCase({ origin, name, flow }) {
  const at = `${origin}/${name}`;
  const dpop = await SigningKey.generate({ alg: "ES256" });
  const server = { issuer: at, authorizationEndpoint: `${at}/authorize`, tokenEndpoint: `${at}/token`, jwksUri: `${at}/jwks` };
  const client = new Client(provider({ ...server, clientId: "client-1", redirectUri: `${at}/cb`, development: true }), clientSecretBasic("a secret"), {
    dpop,
    timeout: 1,
  });
  const store = async (body) => void (await fetch(`${at}/store`, { method: "POST", body }));
  return FLOWS[flow]({ at, client, store });
}

const WORK = {
  async play(_, asked) {
    cases.set(asked.name, await makeCase(asked));
    return "made";
  },
  flow: async (_, { name }) => cases.get(name)(),
  ready: async () => "ready",
  keys: async ({ origin, keys }, { token }) => (await verifyIdToken(token, { issuer: origin, clientId: "client-1" }, keys)).sub,
  metadata: async ({ origin, settings }) => typeof (await HelseId.connect({ ...settings, timeout: 30, environment: { issuer: `${origin}/held` } })).login,
  refresh: async ({ client }) => (await client.refresh("r0")).accessToken,
  session: async ({ session }, { resource = "nhn:a" }) => (await session.tokens({ resource })).accessToken,
};

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const asked = Object.fromEntries(searchParams);
    try {
      made ??= await make(asked);
      return Response.json({ value: await WORK[pathname.slice(1)](made, asked) });
    } catch (error) {
      return Response.json({ code: error.code ?? String(error.stack ?? error), action: error.action });
    }
  },
};
