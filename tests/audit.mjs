// `npm run audit`: advisories against what is depended on, in both languages, and the crates' licences and sources by deny.toml.
// Needs the network, so it is no stage of `npm test`. Refuses to end well when one of the two could not be asked.

import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { cargoDeny } from "../pkg/toolchain.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const gaps = [];
const deny = await cargoDeny(gaps);
for (const { what, why, run } of gaps) console.error(`missing: ${what} (${why}). Run: ${run}`);

const ran = (program, args) => spawnSync(program, args, { cwd: ROOT, stdio: "inherit", shell: process.platform === "win32" }).status === 0;
const packages = ran("npm", ["audit", "--audit-level=low"]);
const crates = deny !== null && ran(deny, ["--locked", "check"]);
console.log(`npm packages: ${packages ? "nothing found" : "FAILED"}\ncrates: ${crates ? "nothing found" : "FAILED"}`);
process.exit(packages && crates ? 0 : 1);
