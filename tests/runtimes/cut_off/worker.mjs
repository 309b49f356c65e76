// A worker whose isolate keeps what requests share: a key set, HelseID's metadata, its own token and a session, a refresh.

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

const WORK = {
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
