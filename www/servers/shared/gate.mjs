// The gate before a provider: reads a request whole, notes it, lets it suffer a fault that was asked for, and has it answered.
// Behind it is a function, or a server of its own at a port of this machine, to which requests go on as they came.
// Refuses bodies over a mebibyte.

import { request as connect } from "node:http";

import { Faults } from "./faults.mjs";

const LIMIT = 1 << 20;
const KEPT = 1000;

export async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LIMIT) throw Object.assign(new Error("the request body is too large"), { status: 413 });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Hands a request on to a server at a port of this machine, and reads the answer whole. */
function forwarded(port, { request, path, body }) {
  const headers = { ...request.headers, ...(body.length && { "content-length": String(body.length) }) };
  delete headers["transfer-encoding"];
  return new Promise((done, failed) => {
    const out = connect({ host: "127.0.0.1", port, method: request.method, path, headers }, async (answer) => {
      try {
        const { "content-length": _, "transfer-encoding": _t, connection: _c, "keep-alive": _k, ...rest } = answer.headers;
        done({ status: answer.statusCode, headers: rest, body: await bodyOf(answer) });
      } catch (error) {
        failed(error);
      }
    });
    out.on("error", failed);
    out.end(body);
  });
}

/**
 * `base`: what is cut off a path; `endpointOf(path)` names an endpoint, one of `endpoints`; `handle({ request, url, path, form, body })`
 * answers, or `port()` says to whom requests go on; `named` are faults of the provider's own; `now` gives milliseconds.
 */
export function createGate({ base = "", endpoints, endpointOf, handle, port, named, now }) {
  const faults = new Faults({ endpoints, named });
  const requests = [];

  async function serve(request, response, url, inner) {
    const body = await bodyOf(request);
    const path = inner ?? (url.pathname.slice(base.length) || "/");
    const endpoint = endpointOf(path);
    const form = new URLSearchParams(/^application\/x-www-form-urlencoded/i.test(request.headers["content-type"] ?? "") ? body.toString() : "");
    const { method, headers } = request;
    const noted = { at: now(), method, path, endpoint, query: Object.fromEntries(url.searchParams), form: Object.fromEntries(form), headers };
    requests.push(noted);
    if (requests.length > KEPT) requests.shift();
    const produce = async () => {
      const answer = await (handle ? handle({ request, url, path, form, body }) : forwarded(port(), { request, path: path + url.search, body }));
      return { ...answer, body: Buffer.isBuffer(answer.body) && !answer.headers["content-encoding"] ? answer.body.toString() : (answer.body ?? "") };
    };
    const fault = faults.take(endpoint);
    const answer = fault ? await faults.spoil(fault, response, produce) : await produce();
    noted.status = answer?.status;
    if (answer) response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  return {
    faults,
    endpoints,
    requests: () => requests.map((one) => ({ ...one })),
    reset() {
      requests.length = 0;
      faults.clear();
    },
    async serve(request, response, url, inner) {
      try {
        await serve(request, response, url, inner);
      } catch (error) {
        if (!response.headersSent) response.writeHead(error.status ?? 500, { "content-type": "text/plain" });
        response.end(error.status ? error.message : `${error.stack}`);
      }
    },
  };
}
