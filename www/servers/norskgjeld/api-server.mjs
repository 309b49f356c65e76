// The resource server: routes, bodies and traces of the debt, agreement and feed APIs.
// Norsk Gjeldsinformasjon's OpenAPI; each API is its own application there, with its own way to say no.
// Refuses CORS, other paths and methods; what a token may do is judged in each API's own file.

import { randomUUID } from "node:crypto";

import { agreementApi } from "./agreement.mjs";
import { readBearer } from "./bearer.mjs";
import { debtApi } from "./debt.mjs";
import { feedApi } from "./feed.mjs";
import { maskAuthorization, maskParams } from "./mask.mjs";

const BODY_LIMIT = 64 * 1024;

const ROUTES = [
  ["GET", /^\/v1\/debt$/, "debt"],
  ["GET", /^\/v1\/debt\/([^/]+)$/, "debt_by_id"],
  ["DELETE", /^\/v1\/debt\/([^/]+)$/, "delete"],
  ["GET", /^\/v1\/debt\/([^/]+)\/status$/, "status"],
  ["PUT", /^\/v1\/consent\/agreement$/, "agreement"],
  ["GET", /^\/feed\/v1\/consent$/, "feed"],
  ["GET", /^\/feed\/v1\/consent\/firstSequenceNr$/, "feed_first"],
  ["GET", /^\/feed\/v1\/consent\/lastSequenceNr$/, "feed_last"],
];

async function readBody(req) {
  const chunks = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size <= BODY_LIMIT) chunks.push(chunk);
  }
  return size > BODY_LIMIT ? undefined : Buffer.concat(chunks).toString("utf8");
}

function send(res, { status, headers, body }) {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const octets = Buffer.from(text);
  const bare = status === 204 || status === 304;
  res.writeHead(status, { ...headers, ...(bare ? {} : { "content-length": String(octets.length) }) });
  res.end(bare ? undefined : octets);
}

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
};

export function createApiServer({ clock, clients, consents, audiences, handles, provider, faults, journal, log }) {
  const shared = { clock, clients, consents, audiences, journal };
  const endpoints = { ...debtApi(shared), ...agreementApi(shared), ...feedApi(shared) };

  function judgeManners(endpoint, req, url) {
    const sin = (code, detail) => journal.violation(code, endpoint, detail);
    const { headers } = req;
    if (url.searchParams.has("access_token")) sin("secret_in_url", "an access token stood in the URL");
    if (headers.cookie) sin("cookie_sent", "a cookie was sent to the API");
    if (headers.origin || headers["sec-fetch-site"]) sin("called_from_browser", "a page called the API");
    if (endpoint !== "delete" && !(headers.accept ?? "").includes("application/json")) {
      sin("accept_missing", "the Accept header does not name application/json");
    }
    if (/^(?:debt|debt_by_id|status|delete)$/.test(endpoint) && !headers["x-trace-id"]) {
      sin("trace_id_missing", "no X-Trace-ID was sent");
    }
  }

  async function produce(endpoint, match, req, url, body) {
    try {
      const bearer = await readBearer(req.headers.authorization, { handles, provider });
      const traceId = req.headers["x-trace-id"] ?? randomUUID();
      return await endpoints[endpoint]({ bearer, id: match[1], url, req, body, traceId });
    } catch (error) {
      log(`${endpoint} failed: ${error.stack}`);
      return { status: 500, headers: { "content-type": "application/json" }, body: { error: "server error" } };
    }
  }

  function record(req, url, body, status, answer) {
    journal.exchange({
      from: "worker",
      to: "api",
      method: req.method,
      path: url.pathname,
      params: { ...Object.fromEntries(url.searchParams), ...(body ? parsed(body) : {}) },
      authorization: req.headers.authorization ? maskAuthorization(req.headers.authorization) : undefined,
      status,
      answer: { status, ...(answer && typeof answer === "object" ? { params: maskParams(answer) } : {}) },
    });
  }

  async function serve(req, res) {
    const url = new URL(req.url, "http://api.invalid");
    const candidates = ROUTES.filter(([, path]) => path.test(url.pathname));
    const route = candidates.find(([method]) => method === req.method);
    const body = await readBody(req);
    if (!route) {
      const status = candidates.length ? 405 : 404;
      const headers = status === 405 ? { allow: candidates.map(([method]) => method).join(", ") } : {};
      return send(res, { status, headers, body: undefined });
    }
    const [, path, endpoint] = route;
    journal.count(endpoint);
    judgeManners(endpoint, req, url);
    const work = () => produce(endpoint, path.exec(url.pathname), req, url, body);
    const fault = faults.take(endpoint);
    const answer = fault ? await faults.spoil(fault, res, work) : await work();
    record(req, url, body, answer?.status ?? 0, answer?.body);
    if (answer) send(res, answer);
    return undefined;
  }

  return (req, res) => {
    serve(req, res).catch((error) => {
      log(`api server: ${error.message}`);
      res.destroy();
    });
  };
}
