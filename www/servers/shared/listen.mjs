// Opens an HTTP server on loopback only, for both IPv4 and IPv6, and closes it without leftovers.
// RFC 8252 8.3: `localhost` may resolve to either family, so one port serves both.
// Refuses to listen on any outside address.

import { createServer } from "node:http";

const listen = (server, port, host) =>
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

export async function listenLoopback(handler, wanted) {
  const NO_IPV6 = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"]);
  for (let attempt = 0; ; attempt += 1) {
    const four = createServer(handler);
    const port = await listen(four, wanted, "127.0.0.1");
    const six = createServer(handler);
    try {
      await listen(six, port, "::1");
      return { port, close: () => Promise.all([stop(four), stop(six)]) };
    } catch (error) {
      if (NO_IPV6.has(error.code)) return { port, close: () => stop(four) };
      await stop(four);
      // Only a port the system chose may be chosen again.
      if (wanted !== 0 || attempt === 9) throw error;
    }
  }
}
