// What a server or worker does with ACM/IDM and with Region Halland, in whatever runtime this is.

import { Client, SigningKey, privateKeyJwt } from "samtykke";
import { ElysApi, acmidm, delegate, elys, grantedAudience } from "samtykke/acmidm";
import { HallandApi, currentKey, halland, adfsTarget, msis } from "samtykke/halland";

const failure = (error) => [error.code, error.provider?.code, error.oauth?.error, msis(error)?.action];

export async function run({ acm, adfs }) {
  const provider = acmidm({ environment: { issuer: acm.issuer }, clientId: acm.client });
  const client = new Client(provider, privateKeyJwt(await SigningKey.fromJwk(acm.jwk, { alg: "RS256" })));
  const tokens = await client.clientCredentials({ scope: elys("beta").scope("depzorg"), audience: acm.api });
  const api = new ElysApi(provider, { environment: { origin: acm.elys }, token: tokens.accessToken });
  const { matches } = await api.ping({ organisationCode: acm.organisation, scope: "vo_info elys_depzorg" });
  const { mismatches } = await api.ping({ organisationCode: "OVO000001" });
  const ended = await client.clientCredentials({ scope: "elys_arts" }).catch(failure);

  const front = acmidm({ environment: { issuer: acm.issuer }, clientId: acm.login.client, redirectUri: acm.login.callback });
  const web = new Client(front, privateKeyJwt(await SigningKey.fromJwk(acm.jwk, { alg: "RS256" })));
  const { accessToken: forApi } = await delegate(web, acm.login.token, { api: acm.api });
  const machine = await delegate(web, tokens.accessToken, { api: acm.api }).catch(failure);

  const { key, expiresSoon } = currentKey([await SigningKey.fromPem(adfs.key, { alg: "RS256", certificates: adfs.certificate })]);
  const server = new Client(halland({ issuer: adfs.issuer, clientId: adfs.client, development: true }), privateKeyJwt(key));
  const token = async () => (await server.clientCredentials(adfsTarget(adfs.resource, "hsainfoapi.read"))).accessToken;
  const call = (subscriberKey) => new HallandApi({ origins: [adfs.gateway], token, subscriberKey, development: true }).fetch(`${adfs.gateway}/hsa/units`);
  return {
    scope: tokens.scope,
    audience: grantedAudience(await client.introspect(tokens.accessToken), acm.client).kind,
    matches,
    points: mismatches.map(({ point }) => point),
    refused: ended,
    expiresSoon,
    delegated: grantedAudience(await web.introspect(forApi), acm.login.client).kind,
    machine,
    units: await (await call(adfs.keys)).json(),
    gateway: await call("unknown").catch(failure),
    resource: await server.clientCredentials(adfsTarget("unknown")).catch(failure),
  };
}
