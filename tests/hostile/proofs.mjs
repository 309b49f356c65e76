// What a row of tests/CHECKLIST.md or tests/NEGATIVE.md may name as its proof, and whether it exists.
// That a test fails when its check is removed is for the test's own author; that it is there, is for this one.
// Refuses a proof in a form that is not known here.

import { existsSync, readFileSync, readdirSync } from "node:fs";

import { ROWS } from "./rows.mjs";
import { RULES } from "./server/judge/rules.mjs";

const root = new URL("../../", import.meta.url);
export const read = (path) => readFileSync(new URL(path, root), "utf8");

const cases = new Set();
for (const file of readdirSync(new URL("tests/vectors/oauth/", root))) {
  for (const one of JSON.parse(read(`tests/vectors/oauth/${file}`)).cases ?? []) cases.add(one.id);
}
const undecided = new Set(/const UNDECIDED = \[(.*?)\]/s.exec(read("tests/verdicts/check.mjs"))?.[1].match(/\w+/g) ?? []);
const names = new Set(ROWS.map(({ name }) => name));

/** What is wrong with a proof; nothing when it stands. */
export function wrong(proof) {
  const test = /^`([^`]+)` (".*")$/.exec(proof);
  if (test) {
    const [, path, quoted] = test;
    if (!existsSync(new URL(path, root))) return `no file ${path}`;
    const text = read(path);
    const missing = quoted
      .slice(1, -1)
      .split('", "')
      .find((name) => !(path.endsWith(".rs") ? new RegExp(`fn ${name}\\(`).test(text) : text.includes(`test("${name}"`)));
    return missing && `no test "${missing}" in ${path}`;
  }
  const [, kind, list] = /^(case|rule|module|advisory) (.+)$/.exec(proof) ?? [];
  const has = {
    case: (id) => cases.has(id) && !undecided.has(id),
    rule: (name) => name in RULES,
    module: (name) => names.has(name),
    advisory: (name) => names.has(name),
  }[kind];
  if (has) {
    const missing = list.split(["case", "rule"].includes(kind) ? ", " : "; ").find((one) => !has(one));
    return missing && `no ${kind} ${missing}`;
  }
  return /^(does not apply|note): .{20,}/.test(proof) ? undefined : `not understood: ${proof}`;
}
