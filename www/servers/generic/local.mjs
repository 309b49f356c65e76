// A server of any name, as `start` opens it.

import { keyPair, publicPart } from "../shared/credentials.mjs";
import { createGate } from "../shared/gate.mjs";
import { createGeneric } from "./index.mjs";

/** Settings that its configuration may hold. */
export const SETTINGS = ["like", "clients", "people", "mappings", "lives", "rotation", "audience", "alg", "parRequired", "pkce", "dpopNonce", "faults"];

/** Two clients to try: one with a secret, one with a key; a page's has neither. */
export async function testClients(method = "ES256") {
  const { privateJwk } = await keyPair(`local-client-${method.toLowerCase()}`, method);
  return [{ clientId: "local-client", privateJwk }, { clientId: "local-secret", secret: "local secret +/%" }, { clientId: "local-page" }];
}

/** A client of the configuration as the server registers it: its own key, if it holds a private one, made public. */
export const registered = ({ privateJwk, ...client }) => ({ ...client, ...(privateJwk && { jwk: publicPart(privateJwk) }) });

const KNOWN = { authorization: 1, token: 1, par: 1, jwks: 1, userinfo: 1, introspection: 1, revocation: 1, logout: 1, login: 1, discovery: 1 };

/** Opens one made by `create`, below a path of the shared port. */
export async function opened(create, { origin, base, name, clock, config }, { alg } = {}) {
  const clients = config.clients ?? (await testClients(alg));
  const { faults = [], ...settings } = config;
  const server = await create({ name, ...settings, origin, base, clock, clients: clients.map(registered) });
  const gate = createGate({
    base,
    endpoints: Object.keys(KNOWN),
    endpointOf: (path) => server.endpointOf(path) ?? "token",
    handle: (request) => server.handle(request),
    named: [...faults, ...server.faults.map(({ endpoint, fault, answer }) => ({ endpoint, fault, answer }))],
    now: () => clock.now(),
  });
  return {
    issuer: server.issuer,
    environment: { issuer: server.issuer },
    clients,
    people: server.world.state.people.map(({ sub, name: called }) => ({ sub, name: called })),
    gates: { main: gate },
    issueToken: (claims) => server.issueToken(claims),
    endSessions: (wanted) => server.endSessions(wanted),
    reset: () => server.reset(),
    close: async () => {},
  };
}

export const open = (options) => opened(createGeneric, options);
