// `npm run size [-- --json]`: bytes of JavaScript and wasm for each entry, as esbuild bundles it for a consumer.
// raw, gzip -9 and brotli 11 of the minified bundle; the wasm is inside it, as text.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const PKG = dirname(fileURLToPath(import.meta.url));
/** Entry, its file, and the ceiling that a test holds it under: gzip bytes. */
export const ENTRIES = [
  { entry: "samtykke/browser", file: "browser.js", ceiling: 10_000 },
  // Meant: 64,000.
  { entry: "samtykke", file: "index.js", ceiling: 95_100 },
  // With the machine that calls APIs.
  { entry: "samtykke/acmidm", file: "acmidm.js", ceiling: 44_600 },
  { entry: "samtykke/halland", file: "halland.js", ceiling: 42_900 },
  { entry: "samtykke/adfs", file: "adfs.js", ceiling: 27_900 },
  { entry: "samtykke/idporten", file: "idporten.js", ceiling: 21_200 },
  // With its client.
  { entry: "samtykke/norskgjeld", file: "norskgjeld.js", ceiling: 75_400 },
  // Meant: 60,000.
  { entry: "the README's worker", worker: "README.md", ceiling: 86_200 },
  // Meant: 68,000. Logins, sessions and tokens are driven by the crate's machines in it.
  { entry: "samtykke/helseid", file: "helseid.js", ceiling: 106_900 },
  { entry: "samtykke/selvbetjening", file: "selvbetjening.js", ceiling: 58_300 },
  // Meant: 62,000.
  { entry: "samtykke/maskinporten", file: "maskinporten.js", ceiling: 78_800 },
  // Meant: 130,000.
  { entry: "samtykke/all", file: "all.js", ceiling: 181_400 },
  { entry: "samtykke/edge", file: "edge.js", ceiling: 12_000 },
  { entry: "samtykke/edge/node", file: "lib/entries/edge_node.js", ceiling: 1_500 },
  { entry: "samtykke/edge/next", file: "lib/entries/edge_next.js", ceiling: 1_500 },
  { entry: "samtykke/edge/sveltekit", file: "lib/entries/edge_sveltekit.js", ceiling: 1_500 },
  { entry: "samtykke/exchange", file: "exchange.js", ceiling: 25_300 },
  { entry: "samtykke/react", file: "lib/entries/react.js", ceiling: 1_000 },
  { entry: "samtykke/jwe", file: "jwe.js", ceiling: 4_000 },
  { entry: "samtykke/keys", file: "keys.js", ceiling: 4_000 },
  { entry: "samtykke/pkcs12", file: "pkcs12.js", ceiling: 5_000 },
  // With the driver, by which APIs are called.
  { entry: "samtykke/tokens", file: "tokens.js", ceiling: 19_000 },
  { entry: "samtykke/messages", file: "lib/entries/messages.js" },
];

/** The worker of a document. */
const workerIn = (document) => /```js worker\n([\s\S]*?)```/.exec(readFileSync(join(dirname(PKG), document), "utf8"))[1];

export async function measure() {
  const { build } = await import("esbuild");
  const entries = [];
  for (const { entry, file, worker } of ENTRIES) {
    const contents = worker ? workerIn(worker) : `export * from ${JSON.stringify(join(PKG, "dist", file))};`;
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: PKG },
      bundle: true,
      minify: true,
      format: "esm",
      target: "es2022",
      platform: "browser",
      write: false,
      legalComments: "none",
      external: ["react", "node-forge/*"],
    });
    const bytes = outputFiles[0].contents;
    entries.push({
      entry,
      raw: bytes.length,
      gzip: gzipSync(bytes, { level: 9 }).length,
      brotli: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length,
    });
  }
  return { entries };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!existsSync(join(PKG, "dist"))) await (await import("./build.mjs")).build();
  const report = await measure();
  if (process.argv.includes("--json")) console.log(JSON.stringify(report));
  else
    for (const { entry, raw, gzip, brotli } of report.entries)
      console.log(`${entry.padEnd(22)} ${String(raw).padStart(7)} raw ${String(gzip).padStart(6)} gzip ${String(brotli).padStart(6)} brotli`);
}
