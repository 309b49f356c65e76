// A local Selvbetjening, on free ports of this machine: the API and the portal with its confirm page. Its clients are clients of
// a local HelseID, which issues every token. For tests and the demo. Everything in it is made up, and nothing leaves it.
// Judges by oidc-provider and npm `jose`, never by the library.

import { createServer } from "node:http";
import { startHelseId } from "../helseid/index.mjs";
import { createApi } from "./api.mjs";
import { createPortal } from "./portal.mjs";
import { State, TEMPLATE } from "./state.mjs";

export { TEMPLATE };

function listen(part, port) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { pathname: path, searchParams: query } = new URL(request.url, "http://localhost");
    let answer;
    try {
      answer = await part().handle({ method: request.method, path, query, headers: request.headers, raw: request, body: Buffer.concat(chunks).toString() });
    } catch (error) {
      answer = { status: 500, body: `${error.stack}` };
    }
    if (answer.destroy) return request.socket.destroy();
    const { status, body, headers = {}, type } = answer;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    response.writeHead(status, {
      "content-type": type ?? (typeof body === "string" ? "text/plain" : "application/json"),
      "cache-control": "no-store",
      ...headers,
    });
    response.end(text);
  });
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(port, "localhost", () => done(server));
  });
}

/**
 * Starts it.
 *
 * @param {{ apiPort?: number, portalPort?: number, names?: { api?: string, portal?: string }, helseid?: object, propagation?: number, refusals?: number, keyPropagation?: number, retireOldKeys?: boolean, keyLifetime?: number }} settings
 *   `names`: where others reach them, for a server that hands requests on; `helseid`: a running local HelseID to join; one of its own unless given. `propagation`: milliseconds until HelseID knows a
 *   confirmed client; `refusals`: how many token requests of one it refuses meanwhile; `keyPropagation`: milliseconds until it
 *   knows an added key.
 */
export async function startSelvbetjening({ apiPort = 0, portalPort = 0, names = {}, helseid: given, ...settings } = {}) {
  const helseid = given ?? (await startHelseId());
  const state = new State(settings);
  helseid.clients.join(state.directory());
  const world = { issuer: helseid.issuer };
  const api = createApi(state, world, helseid);
  const parts = { api, portal: createPortal(state) };
  const servers = [];
  const ports = {};
  for (const [name, port] of [
    ["api", apiPort],
    ["portal", portalPort],
  ]) {
    const server = await listen(() => parts[name], port);
    servers.push(server);
    ports[name] = server.address().port;
    world[name] = names[name] ?? `http://localhost:${ports[name]}`;
  }
  return {
    ...world,
    ports,
    helseid,
    environment: { portal: world.portal, api: world.api },
    control: {
      state,
      requests: () => [...state.requests],
      violations: () => [...state.violations],
      clients: () => [...state.clients.values()],
      /** What happens to the next answer of a route, such as `POST /v1/client-secret`: `lose`, `drop`, or an answer. */
      next: (route, fault) => state.faults.set(route, fault),
      /** The API's owner approves all that waits. */
      approve(id) {
        const client = state.clients.get(id);
        for (const access of [...client.apiScopes, ...client.audienceSpecificClientClaims]) {
          if (access.pendingClaimValue) Object.assign(access, { activeClaimValue: access.pendingClaimValue, pendingClaimValue: null });
          Object.assign(access, { status: "ok", statusReason: null });
        }
      },
      /** No token that the API has seen holds any more. */
      revokeTokens: () => api.refuseTokens(),
    },
    close: async () => {
      for (const server of servers) {
        await new Promise((done) => {
          server.close(() => done());
          server.closeAllConnections();
        });
      }
      if (!given) await helseid.close();
    },
  };
}

/** A person made of code: opens the confirm URL, decides, and gives the address the browser is sent to (or nothing). */
export async function decide(confirmUrl, decision = "approve") {
  const page = await fetch(confirmUrl);
  if (page.status !== 200) throw new Error(`the confirm page answers ${page.status}`);
  await page.text();
  const answer = await fetch(confirmUrl, { method: "POST", body: new URLSearchParams({ decision }), redirect: "manual" });
  await answer.text();
  return answer.headers.get("location") ?? undefined;
}
