// Writes the lockfiles of the frameworks' projects: node tests/packaging/lock.mjs [names…]. Run it when a version in a project's `tools`
// changes; what the projects then run with is the same on every machine, to the last package.
// Refuses to write where it was fetched from: another registry serves as well.
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npm } from "../lib/pack.mjs";
import { withTempDir } from "../lib/temp.mjs";
import { projects } from "./run.mjs";
import { lockOf } from "./workspace.mjs";

/** Those that are a framework's. */
export const LOCKED = ["next", "next-edge", "express", "hono", "sveltekit", "react-router", "nuxt"];

const names = process.argv.slice(2);
for (const { name, source, tools } of projects.filter(({ name }) => (names.length ? names.includes(name) : LOCKED.includes(name)))) {
  await withTempDir(`lock-${name}`, async (dir) => {
    writeFileSync(join(dir, "package.json"), JSON.stringify({ private: true, type: "module", dependencies: tools }));
    await npm(["install", "--package-lock-only", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund"], { cwd: dir });
    copyFileSync(join(dir, "package-lock.json"), lockOf(source));
  });
  console.log(`${name}: ${lockOf(source)}`);
}
