// Command line of the local Norsk Gjeldsinformasjon: one JSON line when ready, a clean stop on a signal.
// node www/servers/norskgjeld/main.mjs [--auth-port N] [--api-port N]
// Refuses unknown options and ports that are no ports; prints no secret.

import { parseArgs } from "node:util";

import { startNorskgjeld } from "./index.mjs";

function readOptions() {
  const { values } = parseArgs({
    options: { "auth-port": { type: "string", default: "4400" }, "api-port": { type: "string", default: "4401" } },
  });
  const port = (name) => {
    const text = values[name];
    if (!/^[0-9]{1,5}$/.test(text) || Number(text) > 65_535) throw new Error(`--${name} must be 0 to 65535`);
    return Number(text);
  };
  return { authPort: port("auth-port"), apiPort: port("api-port") };
}

try {
  const provider = await startNorskgjeld({ ...readOptions(), log: (line) => process.stderr.write(`${line}\n`) });
  const { issuer, authUrl, apiUrl, client } = provider;
  process.stdout.write(`${JSON.stringify({ ready: true, issuer, authUrl, apiUrl, clientId: client.id, redirectUris: client.redirectUris })}\n`);
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, async () => {
      if (stopping) return;
      stopping = true;
      await provider.close();
      process.exitCode = 0;
      process.removeAllListeners("SIGINT").removeAllListeners("SIGTERM");
    });
  }
} catch (error) {
  process.stderr.write(`norskgjeld: ${error.code === "EADDRINUSE" ? `port ${error.port} is in use` : error.message}\n`);
  process.exitCode = 1;
}
