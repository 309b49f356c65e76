// "Fails without the mending", shown: each saved mutation (tests/mutations.json) takes one mending out of the source, builds, runs the
// tests named and expects them to fail; then the source is put back. By hand, in a clean tree: `node tests/mutations.mjs [row…]`.

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const mutations = JSON.parse(readFileSync(join(ROOT, "tests", "mutations.json"), "utf8"));
const rows = process.argv.slice(2).map(Number);
const run = (command) => spawnSync(command[0] === "node" ? process.execPath : command[0], command.slice(1), { cwd: ROOT, encoding: "utf8", timeout: 900_000 });
const build = () => run(["node", "pkg/build.mjs", "--fast", "--quiet"]);

if (execFileSync("git", ["status", "--porcelain", "--", ...new Set(mutations.map(({ file }) => file))], { cwd: ROOT, encoding: "utf8" })) {
  process.stderr.write("commit first: the sources are changed and put back\n");
  process.exit(2);
}
let survived = 0;
for (const { row, file, text, becomes, test } of mutations) {
  if (rows.length && !rows.includes(row)) continue;
  const path = join(ROOT, file);
  const source = readFileSync(path, "utf8");
  try {
    writeFileSync(
      path,
      source.replace(text, () => becomes),
    );
    // The package is built for its own tests; the crate by what runs its tests, but for the test's name.
    const built = test[0] === "node" ? build() : run([...test.slice(0, -1), "--no-run"]);
    // One that does not compile, or whose tests do not end, is found out, too, but shows nothing of the test.
    const ended = built.status === 0 ? run(test).status : undefined;
    const outcome = ended ? "found" : ended === 0 ? "SURVIVED" : ended === null ? "DOES NOT END" : "DOES NOT BUILD";
    if (outcome !== "found") survived++;
    console.log(`${outcome}: row ${row}, ${file}`);
  } finally {
    writeFileSync(path, source);
  }
}
build();
process.exit(survived ? 1 : 0);
