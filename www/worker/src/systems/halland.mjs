// Region Halland: a statement signed with a certificate's key, one token for each API, and the gateway's Subscriber Key.
// Region Halland's API guide; AD FS; Azure API Management.
// Refuses to send the key to anyone but the API's origin.
import { Client, SigningKey, privateKeyJwt } from "samtykke";
import { HallandApi, halland as provider, adfsTarget } from "samtykke/halland";
import { TokenSource } from "samtykke/tokens";
import { fact, once, settingsOf } from "./tools.mjs";

const SCOPES = ["hsainfoapi.read", "exempelapi.Public"];

const source = (context) =>
  once(context, "source", async (fetch) => {
    const { issuer, clientId, keyPem, pem } = settingsOf(context.env, "halland");
    const key = await SigningKey.fromPem(keyPem, { alg: "RS256", certificates: pem });
    return new TokenSource({ client: new Client(provider({ issuer, clientId, development: true }), privateKeyJwt(key), { fetch }) });
  });

async function token(context, which) {
  const resource = settingsOf(context.env, "halland").resources[which];
  const { tokenType, expiresIn } = await (await source(context)).get(adfsTarget(resource, SCOPES[which]));
  return [fact("resource", resource), fact("token_type", tokenType), fact("expires_in", expiresIn)];
}

async function call(context, subscriberKey) {
  const { gateway, resources } = settingsOf(context.env, "halland");
  const tokens = await source(context);
  const api = new HallandApi({
    origins: [gateway],
    subscriberKey,
    development: true,
    fetch: context.fetch,
    token: async () => (await tokens.get(adfsTarget(resources[0], SCOPES[0]))).accessToken,
  });
  const response = await api.fetch(`${gateway}/hsa/units`);
  return [fact("status", response.status), fact("api", (await response.json()).api)];
}

export const halland = {
  id: "halland",
  ready: (env) => settingsOf(env, "halland") !== undefined,
  steps: {
    token: (context) => token(context, 0),
    cached: (context) => token(context, 0),
    other: (context) => token(context, 1),
    call: (context) => call(context, settingsOf(context.env, "halland").subscriberKeys[0]),
    // The first of two keys is unknown here; the second serves, and no second token is asked for.
    renewed: (context) => call(context, ["renewed-elsewhere", settingsOf(context.env, "halland").subscriberKeys[1]]),
  },
};
