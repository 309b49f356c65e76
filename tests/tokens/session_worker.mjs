// A worker that has a HelseID session, restored for each request as workers do; isolates meet in a Durable Object.

import { HelseId, SigningKey } from "samtykke/helseid";
import { durableObjectStore } from "samtykke/tokens";

export { TokenObject } from "samtykke/tokens";

export default {
  async fetch(request, env) {
    const { issuer, clientJwk, dpopJwk, state, resource } = await request.json();
    try {
      const helseid = await HelseId.connect({
        environment: { issuer },
        clientId: "single",
        key: await SigningKey.fromJwk(clientJwk),
        dpop: await SigningKey.fromJwk(dpopJwk),
        sessionStore: durableObjectStore(env.TOKENS),
      });
      const session = helseid.session(state, { save: () => {} });
      return Response.json({ accessToken: (await session.tokens({ resource })).accessToken });
    } catch (error) {
      return Response.json({ error: error.code ?? String(error.stack ?? error) });
    }
  },
};
