// What runs in Deno: the store's contract on two handles, or many callers for a few targets, one round for each line that comes
// in; or whatever else uses the database file. A line of JSON to the parent for each.

import { Client, SigningKey, privateKeyJwt, provider } from "samtykke";
import { TokenSource, denoKvStore, sealedStore } from "samtykke/tokens";
import { contract } from "./contract.mjs";

const { path, contract: name, clocks: apart, hold, seal, origin, jwk, skew = 0, ...settings } = JSON.parse(Deno.args[0]);
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const say = (value) => console.log(JSON.stringify(value));

// The whole process's clock is off.
const right = Date.now;
const off = (milliseconds) => (Date.now = () => right() + milliseconds);
if (skew) off(skew);

async function contracts() {
  const [one, other] = [denoKvStore(await Deno.openKv(path)), denoKvStore(await Deno.openKv(path))];
  const checks = await contract(one, other, name, { looks: true });
  await contract(sealedStore(one, seal), sealedStore(other, seal), `${name}-sealed`, { looks: true });
  return { checks };
}

/** What one handle says of what another wrote by another clock; `late` looks for the first time. */
async function clocks() {
  const handles = [];
  for (let at = 0; at < 3; at++) handles.push(denoKvStore(await Deno.openKv(path)));
  const [writer, reader, late] = handles;
  const found = {};
  for (const [name, writers, readers] of [
    ["ahead", 60_000, 0],
    ["behind", -60_000, 0],
    ["apart", -60_000, 60_000],
  ]) {
    off(readers);
    await reader.read(name);
    off(writers);
    const { fence } = await writer.lock(name, 5_000);
    off(readers);
    const second = await reader.lock(name, 5_000);
    off(writers);
    await writer.write(name, fence, "text", 120_000);
    off(readers);
    found[name] = { second: second ?? null, seen: (await reader.read(name)).left, late: (await late.read(name))?.left ?? 0 };
  }
  return found;
}

/** Another program that writes for so long: until then the database takes nobody else's writes. */
async function holds() {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path);
  database.exec("BEGIN EXCLUSIVE");
  say({ holding: true });
  await sleep(hold);
  database.exec("COMMIT");
  return { held: hold };
}

async function round(source, heard, { callers, targets, scope = "scope", startAt = 0 }) {
  await sleep(Math.max(startAt - right(), 0));
  const got = {};
  const errors = {};
  const started = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async (_, at) => {
      const wanted = `${scope}-${at % targets}`;
      try {
        const { accessToken } = await source.get({ scope: wanted });
        (got[wanted] ??= {})[accessToken] = true;
      } catch (error) {
        errors[error.code ?? error.stack] = (errors[error.code ?? error.stack] ?? 0) + 1;
      }
    }),
  );
  const tokens = Object.fromEntries(Object.entries(got).map(([wanted, tokens]) => [wanted, Object.keys(tokens)]));
  return { got: tokens, errors, heard: heard.splice(0), longest: Math.round(performance.now() - started) };
}

async function load() {
  const server = provider({ issuer: `${origin}/`, tokenEndpoint: `${origin}/token`, clientId: "client-1", development: true });
  const client = new Client(server, privateKeyJwt(await SigningKey.fromJwk(jwk)));
  const kv = await Deno.openKv(path);
  const heard = [];
  const source = new TokenSource({ client, store: denoKvStore(kv), onStoreError: (error) => heard.push(String(error)), ...settings });
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  let text = "";
  for await (const chunk of lines) {
    text += chunk;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const task = JSON.parse(text.slice(0, end));
      text = text.slice(end + 1);
      if (task.close) kv.close();
      say(await round(source, heard, task));
    }
  }
}

if (name) say(await contracts());
else if (apart) say(await clocks());
else if (hold) say(await holds());
else await load();
Deno.exit(0);
