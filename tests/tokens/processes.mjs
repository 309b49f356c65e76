// Starts several processes of process.mjs together, and gathers what they got.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROCESS = fileURLToPath(new URL("process.mjs", import.meta.url));

/** One process: its promise of an outcome, and a way to end it in the middle of its work. */
export function startProcess(task) {
  const child = spawn(process.execPath, [PROCESS, JSON.stringify(task)], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const outcome = new Promise((done, failed) =>
    child.on("close", (code, signal) => {
      if (signal) done({ killed: signal });
      else if (code) failed(new Error(err));
      else done(JSON.parse(out));
    }),
  );
  return { outcome, kill: () => child.kill("SIGKILL") };
}

/** Four (or so many) at once; the tokens of each target over all of them, and the longest wait. */
export async function together(task, each = [{}, {}, {}, {}]) {
  const startAt = Date.now() + 1_500;
  const outcomes = await Promise.all(each.map((more) => startProcess({ startAt, ...task, ...more }).outcome));
  const tokens = {};
  const errors = {};
  for (const { got, errors: own } of outcomes) {
    for (const [target, values] of Object.entries(got)) tokens[target] = [...new Set([...(tokens[target] ?? []), ...values])];
    for (const [code, count] of Object.entries(own)) errors[code] = (errors[code] ?? 0) + count;
  }
  return { tokens, errors, longest: Math.max(...outcomes.map(({ longest }) => longest)) };
}
