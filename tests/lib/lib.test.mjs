// Tests the shared helpers and the tool finder: time-outs that kill whole trees, paths that stay in their folder, versions that are compared.
// Uses Node alone, no browser and no network.
// Refuses to trust an exit code where a process could still be alive: it asks the system.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { installedAsLocked, lockedVersion, which } from "../../pkg/toolchain.mjs";
import { packageIsBuilt } from "../../www/start/prepare.mjs";
import { importMap, resolveExport } from "./exports.mjs";
import { must, plainEnv, run, start } from "./process.mjs";
import { serve } from "./server.mjs";
import { removeDir, tempDir, withTempDir } from "./temp.mjs";
import { pause, until, within } from "./wait.mjs";

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
// A grandchild in a process group of its own, as browsers' drivers make them; it must not survive either.
const family = `const { spawn } = require("node:child_process");
const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true, stdio: "ignore" });
console.log(child.pid);
setInterval(() => {}, 1000);`;

// Where nobody collects orphans (a container without an init), an ended process stays in the table as a zombie.
const isZombie = (pid) => {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};
const gone = (pid) => until(`process ${pid} to end`, () => !isAlive(pid) || isZombie(pid), 5_000);

test("run gives the program's output and input byte for byte", async () => {
  const result = await run(process.execPath, ["-e", "process.stdin.pipe(process.stdout); console.error('æ'); process.exitCode = 3"], { input: "ø\0\n" });
  assert.deepEqual({ ...result, ms: 0 }, { code: 3, stdout: "ø\0\n", stderr: "æ\n", timedOut: false, ms: 0 });
});

test("run ends a program that takes too long, and its grandchildren", async () => {
  const result = await run(process.execPath, ["-e", family], { timeoutMs: 1_500 });
  assert.equal(result.timedOut, true);
  assert.equal(result.code, null);
  await gone(Number(result.stdout));
});

test("run says when a program is not there, must throws it", async () => {
  assert.match((await run("no-such-program-here")).stderr, /no-such-program-here could not be started/);
  await assert.rejects(must(process.execPath, ["-e", "console.log('why'); process.exit(4)"]), /ended with 4\nwhy/);
});

test("start waits until the program is ready, and stop ends all of it", async () => {
  const server = await start(process.execPath, ["-e", family], { ready: (text) => Number(text) || null });
  assert.ok(isAlive(server.value));
  await server.stop();
  await gone(server.value);
});

test("start refuses a program that ends or never gets ready, with what it said", async () => {
  await assert.rejects(
    start(process.execPath, ["-e", "console.log('port taken'); process.exit(1)"], { ready: () => false }),
    /ended with 1 before it was ready\nport taken/,
  );
  await assert.rejects(start(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { ready: () => false, timeoutMs: 500 }), /not ready after 500 ms/);
});

test("a plain environment has no Node options and the home it is given", () => {
  process.env.NODE_OPTIONS ??= "";
  const env = plainEnv("/nowhere", { EXTRA: "1" });
  assert.equal("NODE_OPTIONS" in env, false);
  assert.equal(env.HOME, "/nowhere");
  assert.equal(env.EXTRA, "1");
});

test("until and within name what they gave up on", async () => {
  let asked = 0;
  assert.equal(await until("three", () => ++asked === 3 && "here"), "here");
  await assert.rejects(
    until("rain", () => false, 100),
    /waited 100 ms for rain/,
  );
  assert.equal(await within(50, pause(1_000), () => "late"), "late");
  assert.equal(await within(1_000, Promise.resolve("in time"), () => "late"), "in time");
});

test("the web server stays in its folder and sends types and headers", async () => {
  await withTempDir("server", async (dir) => {
    mkdirSync(join(dir, "public"));
    writeFileSync(join(dir, "secret.js"), "secret");
    writeFileSync(join(dir, "public", "a.mjs"), "1");
    writeFileSync(join(dir, "public", "b.wasm"), "2");
    const server = await serve({
      folders: { "/": join(dir, "public") },
      headers: { "content-security-policy": "default-src 'none'" },
      routes: { "/echo": (request, response, body) => response.end(body) },
    });
    try {
      const get = (path) => fetch(server.origin + path);
      assert.equal((await get("/a.mjs")).headers.get("content-type"), "text/javascript; charset=utf-8");
      assert.equal((await get("/b.wasm")).headers.get("content-type"), "application/wasm");
      assert.equal((await get("/a.mjs")).headers.get("content-security-policy"), "default-src 'none'");
      for (const path of ["/..%2fsecret.js", "/%2e%2e/secret.js", "/x/..%2f..%2fsecret.js", "/none.js", "/"]) assert.equal((await get(path)).status, 404, path);
      assert.equal(await (await fetch(`${server.origin}/echo`, { method: "POST", body: "æ" })).text(), "æ");
    } finally {
      await server.close();
    }
  });
});

test("exports are resolved in their own order, and what is not exported is refused", async () => {
  await withTempDir("exports", async (dir) => {
    mkdirSync(join(dir, "@a", "b"), { recursive: true });
    const exports = {
      ".": { types: "./t.d.ts", workerd: "./w.js", browser: { import: "./b.js" }, default: "./d.js" },
      "./sub": "./s.js",
      "./server": { node: "./n.js" },
    };
    writeFileSync(join(dir, "@a", "b", "package.json"), JSON.stringify({ exports }));
    assert.equal(resolveExport(dir, "@a/b").file, "b.js");
    assert.equal(resolveExport(dir, "@a/b", ["workerd"]).file, "w.js");
    assert.equal(resolveExport(dir, "@a/b", []).file, "d.js");
    assert.deepEqual(importMap(dir, ["@a/b/sub"]), { imports: { "@a/b/sub": "/node_modules/@a/b/s.js" } });
    assert.throws(() => resolveExport(dir, "@a/b/server"), /exports no "\.\/server"/);
    assert.throws(() => resolveExport(dir, "@a/b/other"), /exports no "\.\/other"/);
  });
});

test("the version of wasm-bindgen is read from the lock, not that of its neighbours", () => {
  const lock = '[[package]]\nname = "wasm-bindgen-macro"\nversion = "9.9.9"\n\n[[package]]\nname = "wasm-bindgen"\nversion = "0.2.130"\nsource = "x"\n';
  assert.equal(lockedVersion(lock, "wasm-bindgen"), "0.2.130");
  assert.equal(lockedVersion(lock, "bindgen"), null);
});

test("node packages are compared by version, other systems' packages left out", async () => {
  await withTempDir("locked", async (dir) => {
    const packages = { "": { name: "root" }, "node_modules/a": { version: "1.0.0" }, "node_modules/mac-only": { version: "1.0.0", optional: true } };
    const write = (there) => writeFileSync(join(dir, "node_modules", ".package-lock.json"), JSON.stringify({ packages: there }));
    assert.equal(installedAsLocked(dir), false);
    mkdirSync(join(dir, "node_modules"));
    writeFileSync(join(dir, "package-lock.json"), JSON.stringify({ packages }));
    write({ "node_modules/a": { version: "1.0.0" } });
    assert.equal(installedAsLocked(dir), true);
    write({ "node_modules/a": { version: "0.9.0" } });
    assert.equal(installedAsLocked(dir), false);
  });
});

test("programs are found in PATH by file, never by asking a shell", () => {
  assert.ok(which("node"));
  assert.equal(which("no-such-program-here"), null);
});

test("the demo builds the package when a source is newer, and not when only what a build writes is", (t) => {
  const root = tempDir("built");
  t.after(() => removeDir(root));
  const write = (path, seconds) => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "");
    utimesSync(file, seconds, seconds);
  };
  write("src/lib.rs", 100);
  write("pkg/src/protocol/flow.ts", 100);
  assert.equal(packageIsBuilt(root), false, "nothing is built");
  write("pkg/dist/lib/flow.js", 200);
  write("pkg/dist/wasm/full.wasm", 201);
  assert.equal(packageIsBuilt(root), true);
  for (const source of ["src/lib.rs", "pkg/src/protocol/flow.ts", "Cargo.lock"]) {
    write(source, 300);
    assert.equal(packageIsBuilt(root), false, source);
    write(source, 100);
    assert.equal(packageIsBuilt(root), true);
  }
  write("pkg/dist/browser.js", 50);
  assert.equal(packageIsBuilt(root), false, "a file of an older build is left");
});
