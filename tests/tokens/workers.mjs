// Four workers, each an isolate of its own, that share one Durable Object class in a fifth; in workerd, through Miniflare.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { bundleWorker } from "../runtimes/workerd.mjs";

/** The workerd processes that this process has started. */
function runtimes() {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" });
  const rows = (stdout ?? "").split("\n").map((row) => row.trim().split(/\s+/));
  return rows.filter(([, parent, program]) => Number(parent) === process.pid && /workerd/.test(program ?? "")).map(([pid]) => Number(pid));
}

/**
 * `each` has settings of single workers, `skew` (milliseconds that its clock is off) among them; `persist` is a folder for the
 * storage; `faulty` takes objects that can be put in trouble.
 */
export async function startWorkers({ origin, jwk }, settings = {}, { count = 4, each = [], persist, faulty = false } = {}) {
  const modules = await bundleWorker(fileURLToPath(new URL("worker.mjs", import.meta.url)));
  const common = { modules, modulesRoot: "/", compatibilityDate: "2026-07-01" };
  const className = faulty ? "FaultyObject" : "TokenObject";
  const objects = { TOKENS: { className, scriptName: "objects" }, BARE: { className: "BareObject", scriptName: "objects" } };
  const names = Array.from({ length: count }, (_, at) => `worker-${at}`);
  const before = runtimes();
  const server = new Miniflare({
    cf: false,
    ...(persist && { durableObjectsPersist: persist }),
    workers: [
      ...names.map((name, at) => ({ ...common, name, durableObjects: objects, bindings: { TASK: { origin, jwk, ...settings, ...each[at] } } })),
      { ...common, name: "objects", durableObjects: { TOKENS: className, BARE: "BareObject" } },
    ],
  });
  const workers = await Promise.all([...names, "objects"].map((name) => server.getWorker(name)));
  const own = runtimes().filter((pid) => !before.includes(pid));
  const ask = async (at, path, init) => {
    const answer = await workers[at].fetch(`http://localhost${path}`, init);
    const text = await answer.text();
    try {
      return JSON.parse(text);
    } catch {
      return { text };
    }
  };
  return {
    /** One request to one worker; what it answered. */
    ask,
    /** Puts the objects in trouble from now on (`throw`, `slow`), or once (`wipe`, `reset`); nothing ends it. */
    fault: (kind = "", more = {}) => ask(count, `/fault?${new URLSearchParams({ kind, ...more })}`),
    /** What the workers heard of their store since they were last asked. */
    heard: async () => (await Promise.all(names.map((_, at) => ask(at, "/heard")))).flat(),
    /** Ends the runtime as a crash does; what it has on disk stays. Answers how many processes were ended. */
    kill: () => {
      for (const pid of own) process.kill(pid, "SIGKILL");
      return own.length;
    },
    close: () => server.dispose(),
  };
}
