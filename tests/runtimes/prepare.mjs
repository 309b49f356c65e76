// Makes one self-contained module of a suite, beside the installed package, so that every runtime loads the same text.
// The suite's own relative imports are put into it; bare imports ("samtykke/browser") stay and are resolved by the runtime itself.
// Refuses nothing itself: what the suite imports and does not find is the runtime's error to report.
import { copyFileSync, mkdtempSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/**
 * @returns {Promise<{folder: string, bare: string[]}>} the folder (inside `packageDir`) with suite.mjs and attempt.mjs,
 *   and the bare imports that the suite makes. The caller removes the folder.
 */
export async function prepare(packageDir, suite) {
  const folder = mkdtempSync(join(packageDir, ".suite-"));
  const { metafile } = await build({
    entryPoints: [suite],
    outfile: join(folder, "suite.mjs"),
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "neutral",
    target: "esnext",
    charset: "utf8",
    logLevel: "silent",
    metafile: true,
  });
  copyFileSync(join(here, "attempt.mjs"), join(folder, "attempt.mjs"));
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return { folder, bare: [...new Set(imports.filter((one) => one.external).map((one) => one.path))] };
}
