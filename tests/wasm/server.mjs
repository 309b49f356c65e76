// The other side of the tests of Rust on wasm: a token endpoint and API paths that behave well or badly, as their name says.
// WHATWG Fetch (CORS), RFC 6749 section 5; pages of any origin may ask, with the headers a client of ours sends.
// Refuses, with an OAuth error, a token request that is not as it should be: a client that sends a wrong one must notice.
import { createServer } from "node:http";
import { createOp } from "./op.mjs";

const cors = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, PUT, DELETE",
  "access-control-allow-headers": "accept, authorization, content-type, dpop, x-trace-id",
  "access-control-expose-headers": "retry-after, dpop-nonce, www-authenticate",
  "cross-origin-resource-policy": "cross-origin",
};
const secret = "Basic ZWtzZW1wZWxiYW5rLWNsaWVudDphJTI1YiUyQmMrZCUzQWUlMkZm"; // eksempelbank-client with a%b+c d:e/f, form-encoded first
const tokens = { access_token: "opaque.token", token_type: "bearer", expires_in: 3599, scope: "debt.unsecured.presentation" };
const debt = {
  ssn: "14842249091",
  numberOfCreditorsAnswered: 1,
  numberOfcreditorsMissing: 0,
  loans: [{ creditorName: "FJORDKREDITT AS", loan: { type: "creditFacility", creditLimit: 7500000 } }],
};

/** What is wrong with a token request, or null. */
function fault(request, body) {
  const form = new URLSearchParams(body);
  if (request.method !== "POST") return "method";
  if (request.headers["content-type"] !== "application/x-www-form-urlencoded") return "content-type";
  if (request.headers.accept !== "application/json") return "accept";
  if (request.headers.authorization !== secret) return "authorization";
  if (request.headers.cookie || request.headers.referer) return "cookie or referer";
  if (form.get("grant_type") === "client_credentials") return form.get("scope") === "debt" && form.get("audience") ? null : "scope or audience";
  if (form.get("grant_type") !== "authorization_code" || form.get("code") !== "a code") return "grant_type or code";
  return /^[\w.~-]{43}$/.test(form.get("code_verifier")) && form.get("redirect_uri") === "https://app.example.no/callback"
    ? null
    : "code_verifier or redirect_uri";
}

/** @returns {Promise<{origin: string, scopes: Set<string>, close: () => Promise<void>}>} `scopes`: the kinds of global object that called. */
export async function startServer() {
  const asked = new Map(); // how often each key came
  const ended = new Set(); // keys whose caller went away before an answer
  const scopes = new Set();
  const op = await createOp(asked);
  const server = createServer(async (request, response) => {
    for (const [name, value] of Object.entries(cors)) response.setHeader(name, value);
    if (request.method === "OPTIONS") return void response.writeHead(204).end();
    let body = "";
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url, "http://localhost");
    const json = (status, value, headers = {}) =>
      void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
    const [, first, behaviour] = url.pathname.split("/");
    if (first === "op") return op(request, response, url, body);
    // The key of a call: a token endpoint's query, or the API's token.
    const key = url.search.slice(1) && first === "token" ? url.search.slice(1) : (request.headers.authorization ?? "").replace("Bearer ", "");
    const trace = request.headers["x-trace-id"];
    const traced = first !== "token" && typeof trace === "string" && /^[\w-]{22}$|^own-trace$/.test(trace);
    const times = (asked.get(key) ?? 0) + 1;
    asked.set(key, times);
    response.once("close", () => {
      if (!response.writableFinished) ended.add(key);
    });

    if (first === "asked") return json(200, { lastSequenceNr: asked.get(behaviour) ?? 0 });
    if (first === "ended") return json(200, { lastSequenceNr: Number(ended.has(behaviour)) });
    if (first === "token") {
      switch (behaviour) {
        case "html":
          return void response.writeHead(200, { "content-type": "text/html" }).end("<h1>Maintenance</h1>");
        case "redirect":
          return void response.writeHead(302, { location: `/token/ok?${key}` }).end();
        case "slow":
          return undefined;
        case "drip":
          return void response.writeHead(200, { "content-type": "application/json" }).write("{");
        case "reset":
          return void request.socket.destroy();
        case "large":
          return json(200, { ...tokens, padding: "x".repeat(1 << 20) });
        case "octets":
          return void response.writeHead(200, { "content-type": "application/json" }).end(Buffer.from([0x7b, 0xff, 0x7d]));
        case "down":
          return json(503, { error: "temporarily_unavailable" });
        default: {
          const wrong = behaviour === "denied" ? "the code was used" : fault(request, body);
          return wrong ? json(400, { error: "invalid_grant", error_description: wrong }) : json(200, tokens);
        }
      }
    }
    // Every call of the API has a number by which it is found.
    if (!traced) return json(400, { error: "no trace id" });
    if (key.startsWith("echo")) return json(500, { error: "down", trace_id: trace });
    // The API does as its token says: "flaky-…" fails twice.
    const [mood, detail] = key.split("-");
    if (mood === "scope") scopes.add(detail);
    if (mood === "flaky" && times < 3) return json(503, { error: "unavailable" });
    if (mood === "limited" && times < 2) return json(429, { error: "limit" }, { "retry-after": "1" });
    if (mood === "closed") return json(503, { error: "closed" }, { "retry-after": "3600" });
    if (mood === "down") return json(500, { error: "down", trace_id: "t-1" });
    if (url.pathname === "/v1/debt") return json(200, debt);
    if (url.pathname.endsWith("/status")) return json(200, { active: true, expires_at: "2026-07-29T08:08:57Z" });
    if (url.pathname.endsWith("/firstSequenceNr")) return json(200, { firstSequenceNr: 3 });
    if (url.pathname.endsWith("/lastSequenceNr")) return json(200, { lastSequenceNr: 5 });
    if (url.pathname === "/feed/v1/consent") {
      const from = Number(url.searchParams.get("fromSequenceNr"));
      const event = (sequenceNr) => ({
        sequenceNr,
        eventId: `e${sequenceNr}`,
        consentId: "c",
        timestamp: "2026-07-29T08:08:57Z",
        eventType: "SAMTYKKE_OPPRETTET",
      });
      return json(200, {
        result: [3, 5]
          .filter((nr) => nr >= from)
          .slice(0, Number(url.searchParams.get("limit")))
          .map(event),
      });
    }
    return json(404, { status: 404, error: "Not Found", message: "" });
  });
  await new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(0, "localhost", done);
  });
  return {
    origin: `http://localhost:${server.address().port}`,
    scopes,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
