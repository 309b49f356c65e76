// A real redis-server for the tests: started on a free port, keeping nothing on disk; and the two clients that people use.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";

import { ensureRedis, redisClients } from "../../pkg/toolchain.mjs";

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts one, or answers why that cannot be. `freeze` and `thaw` make it slow; `kill` and `start` make it lose all. */
export async function startRedis() {
  const gaps = [];
  const program = await ensureRedis(gaps, { install: process.env.CI === "true" });
  const folder = await redisClients();
  if (!program) return { gap: `redis-server: ${gaps[0].why}; run: ${gaps[0].run}` };
  if (!folder) return { gap: "redis clients: npm could not install redis and ioredis; run: npm view redis" };
  const load = createRequire(join(folder, "package.json"));
  const port = await freePort();
  let child;
  const start = async () => {
    child = spawn(program, ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "notice"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let log = "";
    for await (const chunk of child.stdout) {
      log += chunk;
      if (log.includes("Ready to accept connections")) break;
    }
    if (!log.includes("Ready to accept connections")) throw new Error(`redis-server did not start: ${log}`);
    child.stdout.resume();
  };
  const kill = async () => {
    const ended = once(child, "exit");
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    await ended;
  };
  await start();
  return { port, start, kill, freeze: () => child.kill("SIGSTOP"), thaw: () => child.kill("SIGCONT"), ...clients(load, port) };
}

/** How each client sends one command. Failing connections are the tests' subject, so their noise is dropped. */
export function clients(load, port) {
  return {
    async nodeRedis() {
      const client = load("redis").createClient({ socket: { host: "127.0.0.1", port, reconnectStrategy: 100 } });
      client.on("error", () => {});
      await client.connect();
      return { send: (...command) => client.sendCommand(command), close: () => client.destroy() };
    },
    async ioredis() {
      const { Redis } = load("ioredis");
      const client = new Redis({ host: "127.0.0.1", port, retryStrategy: () => 100, maxRetriesPerRequest: null });
      client.on("error", () => {});
      return { send: (...command) => client.call(...command), close: () => client.disconnect() };
    },
  };
}

/** The clients in a process of its own. */
export async function clientsOf(port) {
  return clients(createRequire(join(await redisClients(), "package.json")), port);
}
