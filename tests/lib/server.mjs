// A tiny web server for test pages on http://localhost: folders below a prefix, and routes given as functions.
// Sends each file with the type a browser insists on (scripts and wasm) and the headers the caller asks for, such as a CSP.
// Refuses paths that leave their folder.
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, resolve, sep } from "node:path";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".wasm": "application/wasm",
  ".map": "application/json; charset=utf-8",
};

/** The policy under which every test page of this project runs: the strictest one the README tells people to use. */
export const strictPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

function fileBelow(folder, path) {
  const root = resolve(folder);
  const file = resolve(join(root, path));
  if (file !== root && !file.startsWith(root + sep)) return null;
  try {
    if (statSync(file).isDirectory()) return statSync(join(file, "index.html")).isFile() ? join(file, "index.html") : null;
    return file;
  } catch {
    return null;
  }
}

/**
 * @param {{folders?: Record<string, string>, routes?: Record<string, (request, response, body: Buffer) => unknown>, headers?: Record<string, string>}} what
 *   `folders` maps a path prefix ("/app/") to a folder; `routes` maps an exact path to a handler.
 * @returns {Promise<{origin: string, requests: string[], close: () => Promise<void>}>}
 */
export async function serve({ folders = {}, routes = {}, headers = {} }) {
  const requests = [];
  const prefixes = Object.keys(folders).sort((a, b) => b.length - a.length);
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    requests.push(`${request.method} ${path}`);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader("cache-control", "no-store");
    try {
      if (routes[path]) {
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        return await routes[path](request, response, Buffer.concat(chunks));
      }
      const prefix = prefixes.find((one) => path.startsWith(one));
      const file = prefix && fileBelow(folders[prefix], path.slice(prefix.length));
      if (!file) {
        response.statusCode = 404;
        return response.end("not found");
      }
      response.setHeader("content-type", types[extname(file)] ?? "application/octet-stream");
      createReadStream(file)
        .on("error", () => response.destroy())
        .pipe(response);
    } catch (error) {
      response.statusCode = 500;
      response.end(String(error));
    }
  });
  // "localhost" may mean ::1 or 127.0.0.1 to a browser; listening on the name gives the same answer as theirs on this machine.
  await new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(0, "localhost", done);
  });
  const { port } = server.address();
  return {
    origin: `http://localhost:${port}`,
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** A port that is free now, for programs that cannot be told "any". */
export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "localhost", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}
