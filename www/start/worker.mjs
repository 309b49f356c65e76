// Runs the built worker in workerd, with the page as its static assets: what `wrangler deploy` sets up on Cloudflare.
// Cloudflare's static assets with `run_worker_first`; Miniflare is Cloudflare's own simulator around workerd.
// Refuses nothing; it gives back a close that ends workerd.
import { Miniflare } from "miniflare";
import { pageFolder } from "../page/build.mjs";

export async function runWorker({ port, modules, variables, lever, systems }) {
  const worker = new Miniflare({
    host: "localhost",
    port,
    modules,
    bindings: variables,
    durableObjects: { CLAIMS: { className: "Claims", useSQLite: true } },
    compatibilityDate: "2026-07-01",
    serviceBindings: { LOCAL_PROVIDER: lever, LOCAL_SYSTEMS: systems },
    assets: {
      directory: pageFolder,
      binding: "ASSETS",
      routerConfig: { has_user_worker: true, invoke_user_worker_ahead_of_assets: true },
      assetConfig: { html_handling: "auto-trailing-slash", not_found_handling: "none" },
    },
  });
  await worker.ready;
  return { close: () => worker.dispose() };
}
