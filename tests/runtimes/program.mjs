// The runtimes that are programs (Node, Deno, Bun): input on stdin, outcome on stdout behind a marker that only this run knows.
// The first outcome counts; what the suite itself prints comes before the marker and is ignored, so a stray console.log cannot spoil a result.
// Refuses to take a crash for a result: no marker means failure, with the program's last lines.
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { plainEnv, run, tail } from "../lib/process.mjs";
import { withTempDir } from "../lib/temp.mjs";

// The import is written out so that Deno sees it before it runs: a computed one would need leave to read files.
const starter = `import process from "node:process";
import { attempt } from "./attempt.mjs";
let text = "";
process.stdin.setEncoding("utf8");
for await (const chunk of process.stdin) text += chunk;
const { marker, input } = JSON.parse(text);
const finish = (outcome) => process.stdout.write("\\n" + marker + outcome + "\\n", () => process.exit(0));
// Bun goes on after a rejection that nobody handles, Node and Deno end: here all three report it.
process.on("unhandledRejection", (reason) => finish(JSON.stringify({ ok: false, error: "unhandled rejection: " + reason, stack: String(reason?.stack) })));
finish(await attempt(() => import("./suite.mjs"), input));
`;

/** Runs the prepared suite in `folder` by `program args… start.mjs`. */
export async function runProgram({ program, args, env = {}, folder, input, timeoutMs }) {
  const marker = `outcome-${randomUUID()}:`;
  writeFileSync(join(folder, "start.mjs"), starter);
  return withTempDir("runtime", async (home) => {
    const result = await run(program, [...args, "start.mjs"], {
      cwd: folder,
      env: plainEnv(home, { DENO_DIR: join(home, "deno"), DENO_NO_UPDATE_CHECK: "1", ...env }),
      input: JSON.stringify({ marker, input }),
      timeoutMs,
    });
    const at = result.stdout.indexOf(`\n${marker}`);
    if (at !== -1) return { ...JSON.parse(result.stdout.slice(at + 1 + marker.length).split("\n", 1)[0]), ms: result.ms };
    const why = result.timedOut ? `timed out after ${timeoutMs} ms` : `the program ended with ${result.code} and gave no outcome`;
    return { ok: false, error: why, stack: tail(result.stderr || result.stdout), ms: result.ms };
  });
}
