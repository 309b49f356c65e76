// The package as strangers get it: packed, installed into an empty folder, started by its name.
// Refuses files that are missing from the tarball, options it does not know, and to end otherwise than asked.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { npm, tarballFiles } from "../lib/pack.mjs";
import { must } from "../lib/process.mjs";
import { removeDir, tempDir } from "../lib/temp.mjs";

const FOLDER = dirname(fileURLToPath(import.meta.resolve("samtykke-local/package.json")));
const folder = tempDir("local");
const children = [];
after(() => {
  // A test that failed half-way left its own running, which would keep this process from ending.
  for (const child of children) child.kill("SIGKILL");
  removeDir(folder);
});

/** Starts the program and reads its one line. */
async function started(args) {
  const program = join(folder, "node_modules", ".bin", "samtykke-local");
  const child = spawn(process.platform === "win32" ? `${program}.cmd` : program, args, { cwd: folder, shell: process.platform === "win32" });
  children.push(child);
  let [out, err] = ["", ""];
  child.stderr.on("data", (text) => (err += text));
  const ended = new Promise((done) => child.once("exit", (code) => done({ code, out, err })));
  const line = new Promise((done) => {
    child.stdout.on("data", (text) => {
      out += text;
      if (out.includes("\n")) done(JSON.parse(out));
    });
  });
  const first = await Promise.race([line, ended]);
  return { first, ended, stop: () => child.kill("SIGTERM") };
}

test("packed, installed into an empty folder, started by its name", { timeout: 240_000 }, async () => {
  await npm(["pack", "--pack-destination", folder], { cwd: FOLDER });
  const tarball = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith(".tgz")),
  );
  const files = await tarballFiles(tarball);
  for (const file of ["cli.mjs", "index.mjs", "README.md", "shared/tokens.css", "generic/servers.json", "norskgjeld/mark.svg"])
    assert.ok(files.includes(file), file);
  assert.deepEqual(
    files.filter((file) => /(^|\/)(tests?|node_modules)\/|\.test\./.test(file)),
    [],
  );
  writeFileSync(join(folder, "package.json"), '{"name":"stranger","private":true,"type":"module"}');
  await npm(["install", "--prefer-offline", tarball], { cwd: folder });

  const { first, ended, stop } = await started(["maskinporten", "idporten", "--port", "0"]);
  assert.equal(first.ready, true, first.err);
  assert.deepEqual(Object.keys(first.providers), ["maskinporten", "idporten"]);
  assert.equal(await (await fetch(first.isalive)).text(), "ok");
  const { issuer, clients } = first.providers.idporten;
  assert.equal((await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()).issuer, issuer);
  assert.ok(clients[0].privateJwk.d);
  stop();
  const { code, out, err } = await ended;
  assert.deepEqual([code, err, out.trim().split("\n").length], [0, "", 1]);

  // The API, as a test of somebody's would use it.
  writeFileSync(
    join(folder, "use.mjs"),
    `import { start } from "samtykke-local";
     await (async () => {
       const local = await start({ providers: ["mine"], port: 0 });
       const token = await local.mine.issueToken({ scope: "a" });
       console.log(token.split(".").length);
       await local[Symbol.asyncDispose]();
     })();`,
  );
  const { stdout } = await must(process.execPath, ["use.mjs"], { cwd: folder });
  assert.equal(stdout.trim(), "3");
});

test("the command line: outside name, configuration, control over HTTP; and what it refuses", { timeout: 60_000 }, async () => {
  const config = join(folder, "config.json");
  const providers = {
    mine: {
      clients: [{ clientId: "c", secret: "s", redirectUris: ["https://app.example/cb"] }],
      people: [{ sub: "p", name: "Per", claims: { email: "per@example.no" } }],
      mappings: [{ member: "scope", value: "api", claims: { role: "admin", who: ["$", "{client_id}"].join("") } }],
      lives: { access: 77 },
      faults: [{ name: "maintenance", endpoint: "token", fault: "503", retryAfter: 60 }],
    },
  };
  writeFileSync(config, JSON.stringify({ providers }));
  const { first, ended, stop } = await started(["--port", "0", "--config", config, "--issuer", "http://local.example:4410", "--control"]);
  assert.equal(first.providers.mine.issuer, "http://local.example:4410/mine", first.err);
  const port = new URL(first.listening).port;
  const at = `http://127.0.0.1:${port}`;
  const ask = async (scope) => {
    const body = new URLSearchParams({ grant_type: "client_credentials", client_id: "c", client_secret: "s", scope });
    return fetch(`${at}/mine/token`, { method: "POST", body });
  };
  const { access_token: token, expires_in: life } = await (await ask("api")).json();
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  assert.deepEqual([life, claims.role, claims.who, claims.iss], [77, "admin", "c", "http://local.example:4410/mine"]);
  const control = async (path, body, headers) =>
    fetch(`${at}/control/mine/${path}`, { method: body ? "POST" : "GET", ...(body && { body: JSON.stringify(body) }), headers });
  assert.equal((await control("next", { fault: "maintenance" })).status, 200);
  const down = await ask("api");
  assert.deepEqual([down.status, down.headers.get("retry-after")], [503, "60"]);
  assert.deepEqual(
    (await (await control("requests")).json()).map(({ endpoint, status }) => [endpoint, status]),
    [
      ["token", 200],
      ["token", 503],
    ],
  );
  assert.equal((await control("next", { fault: "nonsense" })).status, 400);
  assert.equal((await control("reset", {}, { origin: "https://evil.example" })).status, 403);
  assert.equal((await control("requests")).status, 200);
  stop();
  assert.equal((await ended).code, 0);

  for (const [args, why] of [
    [["--prot", "1"], /--prot/],
    [["--port", "x"], /--port is/],
    [["Mine"], /cannot be a provider's name/],
    [["--config", config, "maskinporten", "--port", "0", "--host", "300.1.1.1"], /300\.1\.1\.1/],
  ]) {
    const refused = await (await started(args)).ended;
    assert.equal(refused.code, 1, args.join(" "));
    assert.match(refused.err, why);
  }
  writeFileSync(config, JSON.stringify({ providers: { maskinporten: { poeple: [] } } }));
  assert.match((await (await started(["--config", config, "--port", "0"])).ended).err, /no setting poeple; it has clients/);
});

test("control over HTTP logs a person in and out: the refresh token is over, and the client is told once", { timeout: 60_000 }, async () => {
  const config = join(folder, "control.json");
  const client = { clientId: "c", secret: "s", redirectUris: ["https://app.example/cb"], backchannelLogoutUri: "http://127.0.0.1:9/logged-out" };
  writeFileSync(config, JSON.stringify({ providers: { mine: { clients: [client], people: [{ sub: "p", name: "Per" }] } } }));
  const { first, ended, stop } = await started(["--port", "0", "--config", config, "--control"]);
  const { issuer } = first.providers.mine;
  const control = async (path, body) => (await fetch(`${first.listening}/control/mine/${path}`, { method: "POST", body: JSON.stringify(body) })).json();
  const query = new URLSearchParams({ client_id: "c", redirect_uri: "https://app.example/cb", response_type: "code", scope: "openid offline_access" });
  const { url } = await control("login", { url: `${issuer}/authorize?${query}`, person: "Per" });
  const tokens = async (form) =>
    (await fetch(`${issuer}/token`, { method: "POST", body: new URLSearchParams({ client_id: "c", client_secret: "s", ...form }) })).json();
  const code = new URL(url).searchParams.get("code");
  const { refresh_token } = await tokens({ grant_type: "authorization_code", code, redirect_uri: "https://app.example/cb" });
  const logout = async (wanted) => (await control("logout", wanted)).told.map(({ clientId, sub, uri }) => [clientId, sub, uri]);
  assert.deepEqual(await logout({ sub: "nobody" }), []);
  assert.deepEqual(await logout({ sub: "p" }), [["c", "p", "http://127.0.0.1:9/logged-out"]]);
  assert.deepEqual(await logout({ sub: "p" }), [], "a session that is over");
  assert.equal((await tokens({ grant_type: "refresh_token", refresh_token })).error, "invalid_grant");
  stop();
  assert.equal((await ended).code, 0);
});
