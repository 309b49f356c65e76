// The two consumer projects and the sites they become: a Vite page, and the README's worker in workerd, on one origin.
// Cloudflare's static assets come first and the worker answers the rest; workerd may reach this machine's loopback and nothing else.
// Refuses to share: each site has its own port, redirect URI and cookie key, as the provider knows redirect URIs exactly.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { must, start } from "../../lib/process.mjs";
import { freePort } from "../../lib/server.mjs";
import { makeProject, runTool, toolCommand, toolEnv } from "../workspace.mjs";
import { pageBlock, policy, workerBlock } from "./readme.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const compatibilityDate = "2026-07-01";

export const pageTools = { vite: "8.3.8" };
export const workerTools = { esbuild: "0.28.2", miniflare: "4.20260730.0" };

/** An empty Vite project with the package, and the README's page in it. */
export async function makePage({ tarball, dir }) {
  await makeProject({ source: "flow-page", tools: pageTools, tarball, dir });
  await cp(join(here, "page"), dir, { recursive: true });
  await writeFile(join(dir, "readme.js"), pageBlock());
  await mkdir(join(dir, "public"));
  await writeFile(join(dir, "public", "_headers"), `/*\n  Content-Security-Policy: ${policy()}\n`);
}

const addresses = (provider) => ({ VITE_AUTH_URL: provider.authUrl, VITE_API_URL: provider.apiUrl });

/** `vite build`, for both kinds of site: one has a page at the callback's address, in the other the worker answers there. */
export async function buildPage(dir, provider) {
  const { stderr } = await runTool(dir, "vite", ["build"], { env: addresses(provider) });
  assert.equal(stderr.trim(), "", "vite build warned");
  const dist = join(dir, "dist");
  const ofPage = join(dir, "site-page");
  await cp(dist, ofPage, { recursive: true });
  await cp(join(dist, "index.html"), join(ofPage, "callback.html"));
  return { ofPage, ofWorker: dist };
}

/** `vite` as a developer runs it, with the worker's routes behind its proxy. */
export async function startDev(dir, { provider, port, workerUrl }) {
  const [program, args] = toolCommand(dir, "vite", ["--port", String(port), "--strictPort", "--host", "localhost"]);
  const env = toolEnv(dir, { ...addresses(provider), WORKER_URL: workerUrl });
  return start(program, args, { cwd: dir, env, ready: (text) => /Local:/.test(text) });
}

/** An empty worker project with the package, the README's worker in it, bundled. Gives the modules that would be deployed. */
export async function makeWorker({ tarball, dir }) {
  await makeProject({ source: "flow-worker", tools: workerTools, tarball, dir });
  await cp(join(here, "worker"), dir, { recursive: true });
  await writeFile(join(dir, "worker.js"), workerBlock());
  const { stdout, stderr } = await must(process.execPath, ["bundle.js"], { cwd: dir, env: toolEnv(dir) });
  assert.equal((stdout + stderr).trim(), "", "esbuild warned");
  const out = join(dir, "out");
  const wasm = readdirSync(out).filter((file) => file.endsWith(".wasm"));
  assert.equal(wasm.length, 1, "the worker's bundle has the wasm of its provider alone");
  return [
    { type: "ESModule", path: "worker.js", contents: readFileSync(join(out, "worker.js"), "utf8") },
    ...wasm.map((file) => ({ type: "CompiledWasm", path: file, contents: readFileSync(join(out, file)) })),
  ];
}

/** Runs the worker, with `assets` before it, for people who come to `origin` (its own unless a proxy stands before it). */
export async function runWorker({ dir, modules, provider, assets, origin }) {
  const require = createRequire(join(dir, "package.json"));
  const { Miniflare } = await import(pathToFileURL(require.resolve("miniflare")));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const redirectUri = `${origin ?? url}/callback`;
  const cookieKey = randomBytes(32).toString("base64url");
  provider.control.addRedirectUri(redirectUri);
  const worker = new Miniflare({
    host: "localhost",
    port,
    modules,
    modulesRoot: "/",
    compatibilityDate,
    cf: false,
    outboundService: { network: { allow: ["local"] } },
    bindings: {
      AUTH_URL: provider.authUrl,
      API_URL: provider.apiUrl,
      REDIRECT_URI: redirectUri,
      CLIENT_ID: provider.client.id,
      CLIENT_SECRET: provider.client.secret,
      COOKIE_KEYS: cookieKey,
    },
    ...(assets && {
      assets: {
        directory: assets,
        routerConfig: { has_user_worker: true },
        assetConfig: { html_handling: "auto-trailing-slash", not_found_handling: "none" },
      },
    }),
  });
  await worker.ready;
  return { url, origin: origin ?? url, cookieKey, close: () => worker.dispose() };
}
