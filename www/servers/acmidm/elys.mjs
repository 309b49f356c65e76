// A local eLys API: ping, and one call behind it. It asks ACM/IDM about each token, as the real one does.
// Facts of athumi-eu/digitale-aangifte-overlijden-demo; the answer of ping is the API's own writing of the introspection.
// Refuses tokens that are not active or for somebody else, missing scopes, and requests without their three ids or with one used before.

import { createServer } from "node:http";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ACTORS = ["uitvaartondernemer", "crematorium", "depzorg", "lbbs", "begraafplaats", "arts"].map((name) => `elys_${name}`);

export async function startElys({ issuer, name, api, secret }) {
  /** `audience`: refuses tokens aimed at the client itself; `scopes`: whether an actor's scope is needed. */
  const settings = { audience: false, scopes: true };
  const faults = [];
  const requests = [];
  const seen = new Set();
  const answer = (response, status, body, type = "application/json") => {
    response.writeHead(status, { "content-type": type });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    requests.push({ method: request.method, url: request.url, headers: request.headers });
    const fault = faults.shift();
    if (fault) return answer(response, fault.status, fault.body ?? "", fault.type);
    const ids = ["x-correlation-id", "x-tracing-id", "x-request-id"].map((name) => request.headers[name] ?? "");
    if (!ids.every((id) => UUID.test(id)) || seen.has(ids[2])) return answer(response, 400, { error: "ids" });
    seen.add(ids[2]);
    const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "") ?? [];
    if (!token) return answer(response, 401, "");
    const asked = await fetch(`${issuer}/v1/introspect`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${api}:${secret}`).toString("base64")}`, "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ token, token_type_hint: "access_token" }),
    });
    const found = await asked.json();
    if (!found.active) return answer(response, 401, "");
    const scopes = (found.scope ?? "").split(" ").filter(Boolean);
    if (settings.audience && found.aud !== api) return answer(response, 403, "");
    if (settings.scopes && !scopes.some((scope) => ACTORS.includes(scope))) return answer(response, 403, "");
    if (request.url !== "/health/v1/ping") return answer(response, 200, { path: request.url });
    const iso = (seconds) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
    answer(response, 200, {
      VoOrgcode: found.vo_orgcode,
      scopes,
      token: {
        sub: found.sub,
        vo_orgcode: found.vo_orgcode,
        iss: found.iss,
        active: true,
        vo_applicatienaam: found.vo_applicatienaam,
        token_type: "bearer",
        vo_orgnaam: found.vo_orgnaam,
        client_id: found.client_id,
        aud: [],
        scope: scopes,
        exp: iso(found.exp),
        iat: iso(found.iat),
      },
      clientId: found.client_id,
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    origin: name ?? `http://127.0.0.1:${server.address().port}`,
    port: server.address().port,
    settings,
    faults,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
