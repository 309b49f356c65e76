// Opens an HTTP server on loopback, for both IPv4 and IPv6, or at one address that is asked for, and closes it without leftovers.
// RFC 8252 8.3: `localhost` may resolve to either family, so one port serves both.
// Refuses to listen on any outside address, unless it is named.

import { createServer } from "node:http";

const listenAt = (server, port, host) =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, exclusive: true }, () => {
      server.off("error", reject);
      resolve(server.address().port);
    });
  });

const stop = (server) =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

const NO_IPV6 = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"]);

export async function listenLoopback(handler, wanted) {
  for (let attempt = 0; ; attempt += 1) {
    const four = createServer(handler);
    const port = await listenAt(four, wanted, "127.0.0.1");
    const six = createServer(handler);
    try {
      await listenAt(six, port, "::1");
      return { port, close: () => Promise.all([stop(four), stop(six)]) };
    } catch (error) {
      if (NO_IPV6.has(error.code)) return { port, close: () => stop(four) };
      await stop(four);
      // Only a port the system chose may be chosen again.
      if (wanted !== 0 || attempt === 9) throw error;
    }
  }
}

/** Loopback, unless `host` names an address of this machine. */
export async function listen(handler, port, host) {
  if (host === undefined) return listenLoopback(handler, port);
  const server = createServer(handler);
  return { port: await listenAt(server, port, host), close: () => stop(server) };
}
