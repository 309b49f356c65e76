// Maskinporten: the owner of an API makes a scope, grants an organisation access, registers a client and its key, and gets its token.
// docs.digdir.no, Maskinporten and its self-service API.
// Refuses to send a private key: what is registered is its public half.
import { MaskinportenClient, SelfService, SigningKey, maskinporten as provider, maskinportenClient } from "samtykke/maskinporten";
import { TokenSource } from "samtykke/tokens";
import { fact, once, settingsOf } from "./tools.mjs";

const ADMIN = "idporten:dcr.read idporten:dcr.write idporten:scopes.write";

/** Another organisation, which is to use the API. */
const CONSUMER = "910753614";

const at = (env, clientId) => provider({ environment: settingsOf(env, "maskinporten").environment, clientId });

const source = (context) =>
  once(context, "source", async (fetch) => {
    const { clientId, privateJwk } = settingsOf(context.env, "maskinporten");
    const client = new MaskinportenClient(at(context.env, clientId), await SigningKey.fromJwk(privateJwk), { fetch });
    return new TokenSource({ request: ({ scope }, signal) => client.token({ scope, signal }), issuer: client.provider.issuer, clientId });
  });

const service = (context) =>
  once(context, "service", async (fetch) => {
    const tokens = await source(context);
    const { clientId } = settingsOf(context.env, "maskinporten");
    return new SelfService(at(context.env, clientId), { token: async () => (await tokens.get({ scope: ADMIN })).accessToken, fetch });
  });

async function token(context) {
  const { tokenType, expiresIn, scope } = await (await source(context)).get({ scope: ADMIN });
  return [fact("token_type", tokenType), fact("expires_in", expiresIn), fact("scope", scope)];
}

/** The new client asks for its own token. */
async function ownToken(context) {
  const { left, env, fetch } = context;
  const client = new MaskinportenClient(at(env, left.client ?? "none-yet"), left.key ?? (await SigningKey.generate({ alg: "RS256" })), { fetch });
  const { scope, expiresIn } = await client.token({ scope: left.scope ?? "difitest:none" });
  return [fact("scope", scope), fact("expires_in", expiresIn)];
}

export const maskinporten = {
  id: "maskinporten",
  ready: (env) => settingsOf(env, "maskinporten") !== undefined,
  steps: {
    token,
    cached: token,
    async scope(context) {
      const made = await (await service(context)).createScope({
        prefix: "difitest",
        subscope: `demo-${crypto.randomUUID().slice(0, 8)}`,
        description: "Demo",
        allowed_integration_types: ["maskinporten"],
      });
      context.left.scope = made.name;
      return [fact("name", made.name), fact("visibility", made.visibility), fact("active", made.active)];
    },
    async access(context) {
      const { state, consumer_orgno: consumer } = await (await service(context)).grantAccess(CONSUMER, context.left.scope ?? "");
      return [fact("consumer_orgno", consumer), fact("state", state)];
    },
    async client(context) {
      const made = await (await service(context)).createClient(maskinportenClient("demo", [context.left.scope ?? ""]));
      context.left.client = made.client_id;
      return [fact("client_id", made.client_id), fact("integration_type", made.integration_type), fact("scopes", made.scopes)];
    },
    async key(context) {
      const { left } = context;
      left.key = await SigningKey.generate({ alg: "RS256", kid: crypto.randomUUID() });
      const keys = await (await service(context)).addKey(left.client ?? "", { ...left.key.publicJwk, kid: left.key.kid, alg: "RS256", use: "sig" });
      return [fact("keys", keys.length), fact("kid", left.key.kid)];
    },
    use: ownToken,
    async withdraw(context) {
      const { state } = await (await service(context)).withdrawAccess(CONSUMER, context.left.scope ?? "");
      return [fact("state", state)];
    },
  },
};
