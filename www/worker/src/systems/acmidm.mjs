// ACM/IDM Vlaanderen and eLys: a token by a signed statement, and ping, which says as whom the API sees us.
// athumi eLys, algemeen/security; ACM/IDM, client credentials.
// Refuses nothing; what does not match is explained by the library's own report.
import { Client, SigningKey, privateKeyJwt } from "samtykke";
import { ElysApi, acmidm as provider } from "samtykke/acmidm";
import { TokenSource } from "samtykke/tokens";
import { fact, once, settingsOf } from "./tools.mjs";

const SCOPE = "vo_info elys_depzorg";

const source = (context) =>
  once(context, "source", async (fetch) => {
    const { issuer, clientId, key } = settingsOf(context.env, "acmidm");
    const client = new Client(provider({ environment: { issuer }, clientId }), privateKeyJwt(await SigningKey.fromJwk(key, { alg: "RS256" })), { fetch });
    return { provider: client.provider, tokens: new TokenSource({ client }) };
  });

const target = (context, scope = SCOPE) => ({ scope, audience: settingsOf(context.env, "acmidm").audience });

async function token(context) {
  const { tokenType, expiresIn, scope } = await (await source(context)).tokens.get(target(context));
  return [fact("token_type", tokenType), fact("expires_in", expiresIn), fact("scope", scope)];
}

async function ping(context, organisationCode) {
  const { provider: at, tokens } = await source(context);
  const { elys } = settingsOf(context.env, "acmidm");
  const api = new ElysApi(at, { environment: { origin: elys }, token: async () => (await tokens.get(target(context))).accessToken, fetch: context.fetch });
  const { matches, organisationName, scopes, mismatches } = await api.ping({ organisationCode, scope: SCOPE });
  const facts = [
    fact("matches", matches),
    fact("organisation", organisationName),
    fact("scopes", scopes),
    ...mismatches.flatMap(({ point, expected, found, advice }) => [fact(point, `${found} ≠ ${expected}`), fact("advice", advice)]),
  ];
  return { facts, differs: !matches };
}

export const acmidm = {
  id: "acmidm",
  ready: (env) => settingsOf(env, "acmidm") !== undefined,
  steps: {
    token,
    cached: token,
    ping: (context) => ping(context, settingsOf(context.env, "acmidm").organisation),
    mismatch: (context) => ping(context, "OVO002949"),
  },
};
