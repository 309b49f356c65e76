// A local Norsk Gjeldsinformasjon: authorization server and API on loopback, for tests and the demo.
// Built on oidc-provider; behaves as NoGi documents and as ORY Hydra, which it appears to run, does.
// Refuses nothing a real client may do, and records every sin a client commits (control.violations).

import { createApiServer } from "./api-server.mjs";
import { createAudiences } from "./audiences.mjs";
import { createAuthServer } from "./auth-server.mjs";
import { callbackUrl } from "./callback.mjs";
import { Clients, DEMO_CLIENT } from "./clients.mjs";
import { Clock } from "../shared/clock.mjs";
import { Consents } from "./consents.mjs";
import { Faults } from "./faults.mjs";
import { createHandles } from "./handles.mjs";
import { Journal } from "./journal.mjs";
import { listenLoopback } from "../shared/listen.mjs";
import { approve } from "./robot.mjs";
import { createStore } from "./store.mjs";

export { DEMO_CLIENT } from "./clients.mjs";
export { ENDPOINTS, FAULTS } from "./faults.mjs";
export { PEOPLE } from "./people.mjs";
export { approve, createPerson } from "./robot.mjs";

/**
 * Starts both servers. `client` or `clients`: { id, secret, redirectUris, scopes?, name? }; without either, the
 * demo client. Port 0 takes any free port; `names` are where others reach the two, for a server that hands requests on. `now` gives milliseconds; `log` takes masked lines; `onEvent` takes
 * masked exchanges { at, from, to, method, path, params, status, answer }.
 */
export async function startNorskgjeld({
  authPort = 4400,
  apiPort = 4401,
  client = DEMO_CLIENT,
  clients: clientList = [client],
  now = Date.now,
  names = {},
  log = () => {},
  onEvent,
} = {}) {
  const clock = new Clock(now);
  const clients = new Clients(clientList);
  const consents = new Consents(clock);
  const faults = new Faults();
  const handles = createHandles();
  const journal = new Journal({ clock, onEvent, log });
  const store = createStore(clock, clients);

  // The ports are part of every URL, so both servers listen before anything is built upon them.
  const handlers = {};
  const dispatch = (name) => (req, res) => handlers[name](req, res);
  const auth = await listenLoopback(dispatch("auth"), authPort);
  let api;
  try {
    api = await listenLoopback(dispatch("api"), apiPort);
    const authUrl = names.auth ?? `http://localhost:${auth.port}`;
    const apiUrl = names.api ?? `http://localhost:${api.port}`;
    const issuer = `${authUrl}/`;
    const audiences = createAudiences(apiUrl);
    const shared = { clock, clients, consents, audiences, handles, faults, journal, log };
    const authServer = await createAuthServer({ ...shared, issuer, store });
    handlers.auth = authServer.handler;
    handlers.api = createApiServer({ ...shared, provider: authServer.provider });

    const close = async () => {
      faults.stop();
      await Promise.all([auth.close(), api.close()]);
    };
    const first = clients.get(clientList[0].id);
    return {
      issuer,
      authUrl,
      apiUrl,
      ports: { auth: auth.port, api: api.port },
      client: first,
      audiences: audiences.services,
      close,
      control: control({ authUrl, first, clock, clients, consents, faults, journal }),
    };
  } catch (error) {
    await Promise.all([auth.close(), api?.close()]);
    throw error;
  }
}

/** The levers a test or a demo pulls. */
function control({ authUrl, first, clock, clients, consents, faults, journal }) {
  /** A plain authorization URL; for clients under test use the one they build themselves. */
  function authorizationUrl(params = {}) {
    return callbackUrl(`${authUrl}/oauth2/auth`, {
      client_id: first.id,
      redirect_uri: first.redirectUris[0],
      response_type: "code",
      scope: "debt.unsecured.presentation",
      state: crypto.randomUUID(),
      ...params,
    });
  }

  return {
    next: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    setClock: (offsetMs) => clock.set(offsetMs),
    now: () => clock.now(),
    approve,
    authorizationUrl,
    /** Approves without a browser. `params` go on the authorization URL; `user` and `decision` to the person. */
    async issueCode({ user, decision, ...params } = {}) {
      const callback = await approve(authorizationUrl(params), { user, decision });
      const answer = new URL(callback).searchParams;
      return { callback, code: answer.get("code"), state: answer.get("state"), scope: answer.get("scope") };
    },
    consents: () => consents.all().map((consent) => ({ ...consent })),
    /** What the person does at norskgjeld.no: takes a consent back. */
    withdraw(consentId) {
      const consent = consents.get(consentId);
      if (!consent) throw new TypeError("no such consent");
      consents.revoke(consent);
    },
    addClient: (client) => void clients.add(client),
    addRedirectUri: (uri, clientId = first.id) => clients.addRedirectUri(clientId, uri),
    requests: () => journal.requests(),
    violations: () => journal.violations(),
    clear: () => journal.clear(),
  };
}
