// Runs programs for the tests: one that ends (run) and one that serves until it is stopped (start).
// Kills the whole tree below a program, also what its children moved into process groups of their own (chromedriver does that).
// Refuses to wait without end: every run has a time-out, and nothing that was started here outlives this process.
import { execFileSync, spawn } from "node:child_process";
import { within } from "./wait.mjs";

const windows = process.platform === "win32";
const alive = new Set();

/** Every process below `pid`, `pid` last. A parent is killed after its children so that it cannot adopt new ones unseen. */
function tree(pid) {
  const children = new Map();
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  for (const line of table.trim().split("\n")) {
    const [child, parent] = line.trim().split(/\s+/).map(Number);
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(child);
  }
  const found = [];
  const visit = (one) => {
    for (const child of children.get(one) ?? []) visit(child);
    found.push(one);
  };
  visit(pid);
  return found;
}

/** Ends a process and everything below it, at once. What is already gone is fine. */
export function killTree(pid) {
  if (!pid) return;
  if (windows) {
    try {
      execFileSync("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore" });
    } catch {
      /* already gone */
    }
    return;
  }
  let pids = [pid];
  try {
    pids = tree(pid);
  } catch {
    /* no `ps` here: the process group below is what is left */
  }
  for (const one of [-pid, ...pids]) {
    try {
      process.kill(one, "SIGKILL");
    } catch {
      /* already gone */
    }
  }
}

function killAll() {
  for (const child of alive) killTree(child.pid);
  alive.clear();
}
process.once("exit", killAll);
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]) {
  process.once(signal, () => {
    killAll();
    process.exit(code);
  });
}

function launch(command, args, { cwd, env, input }) {
  const child = spawn(command, args, {
    cwd,
    env: env ?? process.env,
    windowsHide: true,
    detached: !windows, // a process group of its own, so that a kill reaches grandchildren too
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  alive.add(child);
  child.once("close", () => alive.delete(child));
  if (input !== undefined) {
    child.stdin.on("error", () => {}); // the program may end before it has read everything
    child.stdin.end(input);
  }
  return child;
}

/**
 * Runs a program to its end.
 * @returns {Promise<{code: number|null, stdout: string, stderr: string, timedOut: boolean, ms: number}>}
 *   `code` is null when it was killed or could not be started; then `stderr` says so.
 */
export function run(command, args = [], { cwd, env, input, timeoutMs = 60_000 } = {}) {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = launch(command, args, { cwd, env, input });
    const out = [],
      err = [];
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killTree(child.pid);
    }, timeoutMs);
    const done = (code, extra = "") => {
      clearTimeout(timer);
      alive.delete(child);
      resolve({
        code,
        timedOut,
        ms: Math.round(performance.now() - started),
        stdout: Buffer.concat(out).toString("utf8"),
        stderr: Buffer.concat(err).toString("utf8") + extra,
      });
    };
    child.stdout.on("data", (chunk) => out.push(chunk));
    child.stderr.on("data", (chunk) => err.push(chunk));
    child.once("error", (error) => done(null, `${command} could not be started: ${error.message}`));
    child.once("close", (code) => done(code));
  });
}

/** Like `run`, but throws with the program's last lines when it did not end with 0. */
export async function must(command, args, options) {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    const why = result.timedOut ? `did not end within ${options?.timeoutMs ?? 60_000} ms` : `ended with ${result.code}`;
    throw new Error(`${command} ${args.join(" ")} ${why}\n${tail(result.stdout + result.stderr)}`);
  }
  return result;
}

/**
 * Starts a program that serves, and waits until `ready(output)` gives something true.
 * @returns {Promise<{value: unknown, pid: number, output: () => string, stop: (how?: {gentleMs?: number}) => Promise<void>}>}
 */
export function start(command, args, { cwd, env, ready, timeoutMs = 60_000 }) {
  return new Promise((resolve, reject) => {
    const child = launch(command, args, { cwd, env });
    let text = "",
      settled = false;
    const closed = new Promise((end) => {
      child.once("close", end);
      child.once("error", end);
    });
    // `gentleMs` leaves a program that time to clean up after a SIGTERM (an X server removes its lock) before it is killed.
    const stop = async ({ gentleMs = 0 } = {}) => {
      if (gentleMs) {
        child.kill("SIGTERM");
        await within(gentleMs, closed, () => {});
      }
      killTree(child.pid);
      await closed;
    };
    const fail = (why) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      clearInterval(again);
      killTree(child.pid);
      reject(new Error(`${command} ${args.join(" ")}: ${why}\n${tail(text)}`));
    };
    const timer = setTimeout(() => fail(`not ready after ${timeoutMs} ms`), timeoutMs);
    // Asked after each output and also without any: some programs say nothing and just answer.
    const look = async () => {
      const value = await ready(text);
      if (!value || settled) return;
      settled = true;
      clearTimeout(timer);
      clearInterval(again);
      resolve({ value, pid: child.pid, output: () => text, stop });
    };
    const check = () => look().catch((error) => fail(error.message));
    const again = setInterval(check, 200);
    const read = (chunk) => {
      text += chunk;
      check();
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    child.once("error", (error) => fail(`could not be started: ${error.message}`));
    child.once("close", (code) => fail(`ended with ${code} before it was ready`));
  });
}

/** The last lines of a text: what a person needs of a long log. */
export function tail(text, lines = 25) {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}

/** An environment with nothing of this process's Node options in it, an empty home, and what the caller adds. */
export function plainEnv(home, extra = {}) {
  const kept = {};
  for (const name of ["PATH", "Path", "SystemRoot", "TEMP", "TMP", "TMPDIR", "LANG", "XDG_RUNTIME_DIR", "ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA"]) {
    if (process.env[name] !== undefined) kept[name] = process.env[name];
  }
  return { ...kept, HOME: home, USERPROFILE: home, NO_COLOR: "1", ...extra };
}
