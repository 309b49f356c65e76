// A gateway before two APIs: it asks for a Subscriber Key first, then for a token of the API's own resource and scope.
// Azure API Management's documented refusals; the token is verified by npm jose, with the audience and issuer AD FS writes.
// Refuses, each as documented: no key, an unknown key, tokens of another API, expired ones, missing scopes.

import { createServer } from "node:http";
import { jwtVerify } from "jose";

export const MISSING = {
  statusCode: 401,
  message: "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.",
};
export const INVALID = {
  statusCode: 401,
  message: "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
};

/** `apis`: path prefix → `{ resource, scope, keys }`; `header`: the key's header, in lower case. */
export async function startGateway({ adfs, apis, name, header = "ocp-apim-subscription-key" }) {
  const requests = [];
  const faults = [];
  const settings = { clock: 0, header };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    requests.push({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
    const answer = (status, body, more) =>
      response.writeHead(status, { "content-type": "application/json", ...more }).end(typeof body === "string" ? body : JSON.stringify(body));
    const fault = faults.shift();
    if (fault) return answer(fault.status, fault.body ?? "", fault.headers);
    const api = Object.entries(apis).find(([prefix]) => request.url.startsWith(prefix))?.[1];
    if (!api) return answer(404, { statusCode: 404, message: "Resource not found" });
    const key = request.headers[settings.header];
    const asks = { "www-authenticate": `AzureApiManagementKey realm="https://api.example/",name="${settings.header}",type="header"` };
    if (key === undefined) return answer(401, MISSING, asks);
    if (!api.keys.includes(key)) return answer(401, INVALID, asks);
    try {
      const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "") ?? [];
      const { payload } = await jwtVerify(token ?? "", adfs.publicKey, {
        algorithms: ["RS256"],
        issuer: `${adfs.issuer.replace("https", "http")}/services/trust`,
        audience: `microsoft:identityserver:${api.resource}`,
        currentDate: new Date(Date.now() + settings.clock * 1000),
      });
      if (!payload.scp.split(" ").includes(api.scope)) return answer(403, { statusCode: 403, message: "scope" });
    } catch {
      return answer(401, { statusCode: 401, message: "Unauthorized. Access token is missing or invalid." });
    }
    answer(200, { api: api.resource, body: requests.at(-1).body });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    origin: name ?? `http://127.0.0.1:${server.address().port}`,
    port: server.address().port,
    requests,
    faults,
    settings,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
