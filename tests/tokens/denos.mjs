// Starts processes of deno.mjs over a database file, and gathers what they got. Deno comes from npm.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { npmRuntime } from "../../pkg/toolchain.mjs";

/** A folder for databases and the bundled program; or why there is none. */
export async function startDenos({ origin, jwk }) {
  const program = await npmRuntime("deno");
  if (!program) return { gap: "deno: it could not be installed from npm; run: npm view deno" };
  const folder = mkdtempSync(join(tmpdir(), "samtykke-kv-"));
  const script = join(folder, "deno.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("deno.mjs", import.meta.url))],
    outfile: script,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    charset: "utf8",
    logLevel: "silent",
    external: ["node:sqlite"],
  });
  const running = new Set();
  let databases = 0;

  /** One process. `next` awaits its next line, `run` has it do a round of callers. */
  function deno(task) {
    const args = [
      "run",
      "--no-prompt",
      "--no-remote",
      "--no-lock",
      "--no-config",
      "--unstable-kv",
      "--allow-net=127.0.0.1",
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
      "--allow-env=DENO_KV_ACCESS_TOKEN",
    ];
    const child = spawn(program, [...args, script, JSON.stringify({ origin, jwk, ...task })], {
      cwd: folder,
      env: { ...process.env, DENO_DIR: join(folder, "deno"), DENO_NO_UPDATE_CHECK: "1", DENO_KV_ACCESS_TOKEN: "a".repeat(32) },
    });
    running.add(child);
    let err = "";
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.stdin.on("error", () => {});
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const closed = new Promise((done) =>
      child.on("close", (code, signal) => {
        running.delete(child);
        done({ code, signal });
      }),
    );
    const next = async () => {
      const { value, done } = await lines.next();
      if (!done) return JSON.parse(value);
      const { signal } = await closed;
      if (signal) return { killed: signal };
      throw new Error(err);
    };
    return {
      next,
      run: (round = {}) => {
        child.stdin.write(`${JSON.stringify({ callers: 250, targets: 1, ...round })}\n`);
        return next();
      },
      kill: () => child.kill("SIGKILL"),
      end: () => (child.stdin.end(), closed),
    };
  }

  /** Runs a round in several processes at once. */
  async function all(processes, round = {}) {
    const startAt = Date.now() + 50;
    const outcomes = await Promise.all(processes.map((one) => one.run({ startAt, ...round })));
    const tokens = {};
    const errors = {};
    for (const { got, errors: own } of outcomes) {
      for (const [target, values] of Object.entries(got)) tokens[target] = [...new Set([...(tokens[target] ?? []), ...values])];
      for (const [code, count] of Object.entries(own)) errors[code] = (errors[code] ?? 0) + count;
    }
    return { outcomes, tokens, errors, heard: outcomes.flatMap(({ heard }) => heard), longest: Math.max(...outcomes.map(({ longest }) => longest)) };
  }

  return {
    folder,
    deno,
    all,
    path: () => join(folder, `kv-${databases++}.sqlite`),
    /** Four processes (or one for each of the settings), up and with the database open. */
    async four(task, each = [{}, {}, {}, {}]) {
      const processes = each.map((more) => deno({ ...task, ...more }));
      for (const one of processes) await one.run({ callers: 0 });
      return processes;
    },
    close: () => {
      for (const child of running) child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
