// `npm run demo`: builds what is missing, starts a local provider, the worker and the page, and prints one address.
// The worker runs in workerd (by Miniflare) as it runs on Cloudflare; the providers are in www/servers.
// Refuses to go on half-ready: a missing tool or a taken port is said, with what to do, and the exit code is 1.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const usage = `npm run demo [-- options]
  --port N       where the page is (default 4402; 0 takes any free port)
  --auth-port N  where the local provider logs people in (default 4400)
  --api-port N   where the local provider's API is (default 4401)
  --check        walk the whole flow once without a person; exit 0 or 1
  --rebuild      build the package again even if it is there
`;

function options() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string" },
        "auth-port": { type: "string" },
        "api-port": { type: "string" },
        check: { type: "boolean" },
        rebuild: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    for (const name of ["port", "auth-port", "api-port"]) {
      if (values[name] !== undefined && !(/^\d{1,5}$/.test(values[name]) && Number(values[name]) < 65536)) throw new TypeError(`--${name} takes a port number`);
    }
    return values;
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`);
    process.exit(1);
  }
}

const wanted = options();
if (wanted.help) {
  console.log(usage);
  process.exit(0);
}

const progress = (text) => console.error(`  ${text}`);
const { prepare } = await import("./start/prepare.mjs");
if (!(await prepare({ progress, rebuild: wanted.rebuild }))) process.exit(1);

const { startDemo, PortTaken } = await import("./start/services.mjs");
// A check must not disturb a demo that is running, so it takes free ports unless told otherwise.
const port = (name, usual) => Number(wanted[name] ?? (wanted.check ? 0 : usual));

/** What was registered at the local Maskinporten is there again after a restart; a check begins with nothing. */
function stateFile() {
  if (wanted.check) return undefined;
  const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "target", "demo");
  mkdirSync(folder, { recursive: true });
  return join(folder, "maskinporten.json");
}

let demo;
try {
  demo = await startDemo({ progress, file: stateFile(), port: port("port", 4402), authPort: port("auth-port", 4400), apiPort: port("api-port", 4401) });
} catch (error) {
  console.error(
    error instanceof PortTaken
      ? `\n  Port ${error.port} is taken. Another demo may be running; stop it, or choose another port:\n    npm run demo -- --${error.option} ${error.port + 10}\n`
      : `\n  The demo could not start: ${error.message}\n`,
  );
  process.exit(1);
}

if (wanted.check) {
  const { check } = await import("./start/check.mjs");
  let passed = false;
  try {
    passed = await check(demo);
  } finally {
    await demo.close();
  }
  process.exit(passed ? 0 : 1);
}

let closing = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  // Miniflare ends the process at once on a signal; here the provider is closed too, and then the exit code is 0.
  process.removeAllListeners(signal);
  process.on(signal, async () => {
    if (closing) process.exit(1);
    closing = true;
    console.error("\n  stopping …");
    await demo.close();
    process.exit(0);
  });
}
console.log(`\n  The demo is ready: ${demo.url}\n\n  Stop it with Ctrl-C.\n`);
