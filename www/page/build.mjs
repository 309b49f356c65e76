// Builds the demo pages: a script for each, one style sheet, the documents and the mark.
// Nothing is inlined, because the page's policy (CSP) allows neither inline script nor inline style.
// Refuses to go on when esbuild warns: a page that is half built looks like a broken library.
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
export const pageFolder = join(here, "..", "..", "target", "demo", "page");

export async function buildPage(folder = pageFolder) {
  const assets = join(folder, "assets");
  await mkdir(assets, { recursive: true });
  const { warnings } = await build({
    absWorkingDir: here,
    entryPoints: { page: "src/main.mjs", systems: "src/systems/main.mjs", style: "style/page.css" },
    entryNames: "[name]",
    outdir: assets,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
  });
  if (warnings.length > 0) throw new Error("the page was built with warnings");
  for (const document of ["index.html", "systems.html"]) await copyFile(join(here, document), join(folder, document));
  await copyFile(fileURLToPath(import.meta.resolve("samtykke-local/internal/shared/mark.svg")), join(assets, "mark.svg"));
  return folder;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await buildPage();
