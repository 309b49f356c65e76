// Hono in workerd: middleware by what hands on a Request, without an adapter.
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { freePort } from "../../../lib/server.mjs";
import { bundleWorker } from "../../../runtimes/workerd.mjs";
import { providerServer, walk } from "../../sessions.mjs";

export const name = "hono";
export const source = "hono";
export const tools = { hono: "4.13.19" };

export async function check({ dir }) {
  const provider = await providerServer();
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const worker = new Miniflare({
    modules: await bundleWorker(join(dir, "worker.js")),
    modulesRoot: "/",
    compatibilityDate: "2026-07-01",
    cf: false,
    host: "localhost",
    port,
    outboundService: { network: { allow: ["local"] } },
    bindings: { ORIGIN: origin, PROVIDER: provider.address },
  });
  try {
    await worker.ready;
    return await walk(origin, provider.world);
  } finally {
    await worker.dispose();
    provider.close();
  }
}
