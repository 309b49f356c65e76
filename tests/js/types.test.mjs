// Compiles types.test-d.ts against the built declarations, as strictly as a consumer could, without skipping any.
// The declarations themselves must not say `any`, nor name what is internal.
// Refuses a compiler that finds nothing at all to complain of: a file with a plain error must fail.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const TSC = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");
const STRICT = [
  "--noEmit",
  "--strict",
  "--exactOptionalPropertyTypes",
  "--noUncheckedIndexedAccess",
  "--skipLibCheck",
  "false",
  "--module",
  "nodenext",
  "--target",
  "es2022",
  "--lib",
  "es2023,dom,dom.iterable",
  "--types",
  "",
];

const compile = (file) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TSC, ...STRICT, file], { cwd: HERE, encoding: "utf8", timeout: 60_000 });
  return { status, output: stdout + stderr };
};

test("the public types compile for a strict consumer, and refuse what they must", () => {
  const { status, output } = compile("types.test-d.ts");
  assert.equal(status, 0, output);
});

test("the compiler is really looking", () => {
  const folder = mkdtempSync(join(HERE, ".types-"));
  try {
    writeFileSync(
      join(folder, "wrong.ts"),
      'import { norskgjeld } from "samtykke/browser";\nnorskgjeld({ environment: "preprod", clientId: 7, redirectUri: "x" });\n',
    );
    const { status, output } = compile(join(folder, "wrong.ts"));
    assert.notEqual(status, 0);
    assert.match(output, /TS2322/, output);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("no declaration says any, and none shows what is internal", () => {
  const folder = join(dirname(fileURLToPath(import.meta.resolve("samtykke/package.json"))), "dist", "lib");
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".d.ts"));
  assert.ok(files.length > 10);
  for (const name of files) {
    const code = readFileSync(join(folder, name), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    assert.doesNotMatch(code, /[:<|,(]\s*any\b|\bas any\b/, name);
    assert.doesNotMatch(code, /\bcodeIn\b/, name);
  }
});
