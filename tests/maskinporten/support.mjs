// Shared by the tests of Maskinporten: a local server with a client, its key, scopes that are granted; assertions made by `jose`.

import { SignJWT, exportJWK, generateKeyPair, importJWK } from "jose";

import { MaskinportenClient, SigningKey, maskinporten } from "samtykke/maskinporten";
import { startMaskinporten } from "samtykke-local/maskinporten";

export const OWN = "991825827";
export const OTHER = "910753614";
export const CUSTOMER = "889640782";
export const PERSON = "14842249091";
export const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";

export const rsaJwk = async (kid = crypto.randomUUID(), alg = "RS256") => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg };
};
export const publicPart = ({ kty, n, e, kid, alg }) => ({ kty, n, e, kid, alg });

/** A server with clients of two organisations: one with a registered key, one with certificates. */
export async function world(options) {
  const mp = await startMaskinporten(options);
  const { store } = mp.control;
  const jwk = await rsaJwk();
  const [clientId, certified] = ["client-with-key", "client-with-certificate"];
  const client = (id) => ({
    client_id: id,
    integration_type: "maskinporten",
    scopes: ["difitest:api3", "difitest:delegated", "difitest:ungranted", "difitest:idporten"],
  });
  store.setClient(clientId, OTHER, true, client(clientId));
  store.setKeys(clientId, { keys: [{ ...publicPart(jwk), use: "sig", posted: 1_700_000_000_000 }] });
  store.setClient(certified, OWN, true, client(certified));
  const scope = (name, more = {}) => store.setScope(name, OWN, true, { name, visibility: "PUBLIC", description: name, ...more });
  scope("difitest:api3", { at_max_age: 60 });
  scope("difitest:delegated", { delegation_source: "https://tt02.altinn.no/" });
  scope("difitest:ungranted");
  scope("difitest:idporten", { allowed_integration_types: ["idporten"] });
  for (const name of ["difitest:api3", "difitest:idporten"]) store.setAccess({ scope: name, consumer_orgno: OTHER, state: "APPROVED", owner_orgno: OWN });
  store.setAccess({ scope: "difitest:delegated", consumer_orgno: CUSTOMER, state: "APPROVED", owner_orgno: OWN });
  mp.control.delegate(CUSTOMER, OTHER, "difitest:delegated");
  const provider = maskinporten({ environment: mp.environment, clientId });
  const key = await SigningKey.fromJwk(jwk);
  /** A client of ours. */
  const ours = (more = {}) => new MaskinportenClient(provider, key, { organisation: OTHER, ...more });
  /** An assertion that is made without us: right, but for what is given. */
  async function foreign({ header = {}, claims = {}, key: other = jwk } = {}) {
    const now = Math.floor(Date.now() / 1000);
    const whole = { aud: mp.environment.issuer, iss: clientId, scope: "difitest:api3", iat: now, exp: now + 120, jti: crypto.randomUUID(), ...claims };
    return new SignJWT(whole).setProtectedHeader({ alg: "RS256", kid: jwk.kid, ...header }).sign(await importJWK(other, header.alg ?? "RS256"));
  }
  /** Sends an assertion by plain fetch: status and body. */
  async function send(assertion, more = {}) {
    const body = new URLSearchParams({ grant_type: GRANT, assertion, ...more }).toString();
    const response = await fetch(mp.environment.tokenEndpoint, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body });
    return { status: response.status, ...(await response.json()) };
  }
  return { ...mp, provider, key, jwk, clientId, certified, ours, foreign, send };
}
