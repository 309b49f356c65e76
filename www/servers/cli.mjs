#!/usr/bin/env node
// npx samtykke-local [provider…] [--port N] [--host ADDRESS] [--config FILE] [--issuer URL] [--control]
// Prints one JSON line when it is ready: addresses and clients to try, all made up. Stops on a signal.
// Refuses unknown options and settings, with a text that says which there are.

import { parseArgs } from "node:util";

import { PROVIDERS, start } from "./index.mjs";

const USAGE = `samtykke-local [provider…] [options]
  providers        ${PROVIDERS.join(", ")}; any other name is a generic server; all that are known unless given
  --port N         the shared port (default 4410; 0 takes any free one); providers with ports of their own take those after it
  --host ADDRESS   where to listen; this machine alone unless given
  --config FILE    JSON: { "providers": { "name": { "clients": […], … } } }
  --issuer URL     the outside name, such as http://local:4410, in place of http://localhost:PORT
  --control        control over HTTP, below /control/
`;

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string", default: "4410" },
      host: { type: "string" },
      config: { type: "string" },
      issuer: { type: "string" },
      control: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) throw new TypeError("--port is 0 to 65535");
  return { ...values, port: Number(values.port), ...(positionals.length && { providers: positionals }) };
}

try {
  const { help, ...given } = options();
  if (help) process.stdout.write(USAGE);
  else {
    const local = await start(given);
    const told = Object.fromEntries(
      local.providers.map((name) => {
        const { issuer, environment, apis, clients, people } = local[name];
        return [name, { issuer, environment, ...(apis && { apis }), clients, ...(people.length && { people }) }];
      }),
    );
    process.stdout.write(
      `${JSON.stringify({ ready: true, origin: local.origin, listening: `http://localhost:${local.port}`, isalive: `${local.origin}/isalive`, providers: told })}\n`,
    );
    let stopping = false;
    for (const signal of ["SIGINT", "SIGTERM"]) {
      process.on(signal, async () => {
        if (stopping) process.exit(1);
        stopping = true;
        await local.close();
        process.exit(0);
      });
    }
  }
} catch (error) {
  const text = error.code === "EADDRINUSE" ? `port ${error.port} is in use; choose another by --port` : error.message;
  process.stderr.write(`samtykke-local: ${text}\n`);
  process.exitCode = 1;
}
