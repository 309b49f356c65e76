// Four workers, each an isolate of its own, that share one Durable Object class in a fifth; in workerd, through Miniflare.

import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { bundleWorker } from "../runtimes/workerd.mjs";

export async function startWorkers({ origin, jwk }, settings = {}, count = 4) {
  const modules = await bundleWorker(fileURLToPath(new URL("worker.mjs", import.meta.url)));
  const common = { modules, modulesRoot: "/", compatibilityDate: "2026-07-01" };
  const objects = { TOKENS: { className: "TokenObject", scriptName: "objects" }, BARE: { className: "BareObject", scriptName: "objects" } };
  const names = Array.from({ length: count }, (_, at) => `worker-${at}`);
  const server = new Miniflare({
    cf: false,
    workers: [
      ...names.map((name) => ({ ...common, name, durableObjects: objects, bindings: { TASK: { origin, jwk, ...settings } } })),
      { ...common, name: "objects", durableObjects: { TOKENS: "TokenObject", BARE: "BareObject" } },
    ],
  });
  const workers = await Promise.all(names.map((name) => server.getWorker(name)));
  return {
    /** One request to one worker; what it answered. */
    ask: async (at, path, init) => {
      const answer = await workers[at].fetch(`http://localhost${path}`, init);
      const text = await answer.text();
      try { return JSON.parse(text); } catch { return { text }; }
    },
    close: () => server.dispose(),
  };
}
