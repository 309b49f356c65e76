// The protocol cases of tests/vectors/oauth in every runtime: each verdict as the case names it, all runtimes byte-equal.
// `node tests/verdicts/check.mjs [--ci] [runtime…]`. A runtime that is not there is a gap; with --ci, a failure.

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installTarball, pack } from "../lib/pack.mjs";
import { verdicts } from "./run.mjs";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const VECTORS = join(ROOT, "tests", "vectors", "oauth");
const ALL = ["native", "node", "node22", "node24", "workerd", "deno", "bun", "chromium", "firefox", "webkit"];
const names = process.argv.slice(2).filter((name) => name !== "--ci");
const chosen = names.length ? names : ALL;
const DECIDED = [
  "callback",
  "token_response",
  "authorization_request",
  "jwks",
  "id_token",
  "metadata",
  "par_response",
  "userinfo",
  "www_authenticate",
  "dpop_nonce",
];
// Cases of parts that are not built: named here, so that a case that silently falls out fails.
const UNDECIDED = [];
/** Where the standards leave room, the decision. */
const POLICY = {
  TR047: "accept",
  TR068: "accept",
  AR023: "accept",
  ID004: "reject",
  ID040: "reject",
  DM037: "accept",
  DM040: "accept",
  DM041: "reject",
  DM050: "reject",
  PA002: "accept",
  PA010: "reject",
  WA014: "accept",
  WA015: "reject",
  WA029: "accept",
  WA049: "accept",
  WA050: "reject",
  WA051: "reject",
};
/** Cases that say how an accepted request must look. */
const LOOKS = {
  AR001: /[?&]tenant=1&/,
  AR008: /scope=a%26b%3Dc&/,
  AR041: /resource=https%3A%2F%2Fa\.example&resource=https%3A%2F%2Fb\.example$/,
  AR055: /^https:\/\/rs\.example\/r$/,
};

const expected = new Map();
for (const file of readdirSync(VECTORS)) {
  const kind = file.replace(/\.json$/, "");
  if (DECIDED.includes(kind)) for (const one of JSON.parse(readFileSync(join(VECTORS, file), "utf8")).cases) expected.set(one.id, one.expect);
}

let failed = false;
const fail = (line) => {
  failed = true;
  console.log(`FAILED ${line}`);
};

let packageDir;
let first;
for (const runtime of chosen) {
  if (!["native"].includes(runtime))
    packageDir ??= await installTarball(await pack(join(ROOT, "target", "verdicts", "tarball")), join(ROOT, "target", "verdicts", "project"));
  const outcome = await verdicts(VECTORS, runtime, packageDir).catch((error) => ({ error }));
  if (outcome.error) {
    fail(`${runtime}: ${outcome.error.message}`);
    continue;
  }
  if ("unavailable" in outcome) {
    console.log(`gap: verdicts in ${runtime}: ${outcome.unavailable}`);
    continue;
  }
  const text = outcome.lines.join("\n");
  first ??= { runtime, text };
  if (text !== first.text) {
    const mine = outcome.lines.find((line, at) => line !== first.text.split("\n")[at]);
    fail(`${runtime} differs from ${first.runtime}: ${mine}`);
    continue;
  }
  console.log(`ran: verdicts in ${outcome.version ?? runtime}: ${outcome.lines.length} cases`);
}

const seen = new Set();
for (const line of first?.text.split("\n") ?? []) {
  const { id, verdict, detail } = JSON.parse(line);
  seen.add(id);
  const wanted = POLICY[id] ?? (LOOKS[id] ? "accept" : expected.get(id));
  if (verdict !== wanted) fail(`${id}: ${verdict} (${detail}), but ${wanted} is right`);
  if (LOOKS[id] && !LOOKS[id].test(detail)) fail(`${id}: ${detail} does not match ${LOOKS[id]}`);
}
for (const id of expected.keys()) {
  if (seen.has(id) === UNDECIDED.includes(id)) fail(`${id} is ${seen.has(id) ? "decided, but listed as not built" : "not decided"}`);
}
process.exit(failed ? 1 : 0);
