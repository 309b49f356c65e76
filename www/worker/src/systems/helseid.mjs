// HelseID by its security profile: a login by PAR and proof, one token for each audience, and an API that checks every proof.
// NHN, HelseID; FAPI 2.0 Security Profile; RFC 9449.
// Refuses nothing itself; the person who logs in is made up, and agrees.
import { HelseId, SigningKey } from "samtykke/helseid";
import { fact, once, settingsOf, walk } from "./tools.mjs";

const SCOPE = "openid profile offline_access helseid://scopes/identity/pid helseid://scopes/identity/security_level nhn:phr/mhd/read nhn:kj/api";
const LEVEL = "helseid://claims/identity/security_level";

const helse = (context) => once(context, "helseid", async (fetch) => {
  const { issuer, clientId, redirectUri, key } = settingsOf(context.env, "helseid");
  return HelseId.connect({ environment: { issuer }, clientId, redirectUri, key: await SigningKey.fromJwk(key), dpop: await SigningKey.generate(), fetch });
});

async function login(context) {
  const { left, env } = context;
  const helseid = await helse(context);
  const { url, transaction } = await helseid.login({ scope: SCOPE, acrValues: "Level4" });
  const back = await walk(url, settingsOf(env, "helseid").redirectUri);
  left.session = await helseid.finish(transaction, back, { save: (state) => { left.state = state; } });
  return [fact("name", left.session.claims.name), fact("security_level", left.session.claims[LEVEL]), fact("acr_values", "Level4")];
}

async function call(context, audience) {
  const { left, env, fetch } = context;
  left.fetch = fetch;
  if (!left.session) await login(context);
  const origin = settingsOf(env, "helseid").apis[audience];
  const response = await left.session.fetch({ resource: audience }, { origins: [origin] })(`${origin}/documents`);
  const { aud, scope } = await response.json();
  return [fact("status", response.status), fact("aud", aud), fact("scope", scope)];
}

export const helseid = {
  id: "helseid",
  ready: (env) => settingsOf(env, "helseid") !== undefined,
  steps: {
    login,
    first: (context) => call(context, "nhn:phr"),
    second: (context) => call(context, "nhn:kj"),
    async machine(context) {
      const { tokenType, expiresIn, scope } = await (await helse(context)).machine({ scope: "nhn:kj/api", resource: "nhn:kj" });
      return [fact("token_type", tokenType), fact("expires_in", expiresIn), fact("scope", scope)];
    },
  },
};
