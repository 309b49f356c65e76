// The local Maskinporten, as `start` opens it: below a path of the shared port, with a client that has a key, scopes and access.

import { keyPair, publicPart } from "../shared/credentials.mjs";
import { createGate } from "../shared/gate.mjs";
import { IDS, Refusal } from "./codes.mjs";
import { startMaskinporten } from "./index.mjs";

/** Settings that its configuration may hold. */
export const SETTINGS = ["clients", "scopes", "delegations", "systemUsers", "consents", "lives", "file", "faults", "authorities"];

const OWNER = "991825827";
const DEFAULTS = [{ clientId: "local-client", organisation: "910753614", scopes: ["local:read", "local:write"] }];

const endpointOf = (path) => {
  if (path.startsWith("/.well-known/")) return "discovery";
  return { "/token": "token", "/jwk": "jwks" }[path] ?? "api";
};

/** Clients, their scopes and access, as the configuration has them. */
async function registered({ control: { store } }, { clients, scopes = [], lives }, now) {
  for (const { name, owner = OWNER, ...more } of scopes) store.setScope(name, owner, true, { name, visibility: "PUBLIC", description: name, ...more });
  for (const client of clients) {
    const { clientId, organisation, scopes: wanted, jwk, jwks, privateJwk } = client;
    const keys = jwks?.keys ?? [jwk ?? publicPart(privateJwk)];
    store.setClient(clientId, organisation, true, {
      client_id: clientId,
      integration_type: "maskinporten",
      scopes: wanted,
      access_token_lifetime: client.life ?? lives?.access ?? 120,
    });
    // A client without a key of its own shows an enterprise certificate.
    if (keys.length) store.setKeys(clientId, { keys: keys.map((key) => ({ ...key, use: "sig", posted: now })) });
    for (const name of wanted) {
      if (!store.scope(name)) store.setScope(name, OWNER, true, { name, visibility: "PUBLIC", description: name });
      store.setAccess({ scope: name, consumer_orgno: organisation, state: "APPROVED", owner_orgno: OWNER });
    }
  }
}

export async function open({ origin, base, clock, config }) {
  const address = origin + base;
  const mp = await startMaskinporten({ issuer: `${address}/`, address, file: config.file, clock: () => clock.seconds(), authorities: config.authorities });
  const { privateJwk } = await keyPair("local-client-rs256", "RS256");
  const clients = (config.clients ?? DEFAULTS).map((client) => (client.jwk || client.jwks ? client : { privateJwk, ...client }));
  await registered(mp, { ...config, clients }, clock.seconds());
  for (const { consumer, supplier, scope } of config.delegations ?? []) mp.control.delegate(consumer, supplier, scope);
  mp.control.systemUsers.push(...(config.systemUsers ?? []));
  mp.control.consents.push(...(config.consents ?? []));
  const json = (refusal) => ({ status: refusal.status, headers: { "content-type": "application/json" }, body: JSON.stringify(refusal.body()) });
  const gate = createGate({
    base,
    endpoints: ["token", "jwks", "discovery", "api"],
    endpointOf,
    port: () => Number(new URL(mp.origin).port),
    named: [...(config.faults ?? []), ...IDS.map((id) => ({ endpoint: "token", fault: id, answer: () => json(new Refusal(id)) }))],
    now: () => clock.now(),
  });
  return {
    issuer: mp.environment.issuer,
    environment: mp.environment,
    clients: [...clients, { ...mp.admin, scopes: ["idporten:dcr.read", "idporten:dcr.write", "idporten:scopes.write"] }],
    gates: { main: gate },
    control: mp.control,
    issueToken({ scope = clients[0].scopes[0], life, ...claims } = {}) {
      const [{ clientId, organisation }] = clients;
      const consumer = { authority: "iso6523-actorid-upis", ID: `0192:${organisation}` };
      return mp.issueToken({ client_id: clientId, client_amr: "private_key_jwt", scope, token_type: "Bearer", consumer, ...claims }, life);
    },
    reset: () => void (mp.control.assertions.length = 0),
    close: () => mp.close(),
  };
}
