// Thousands of logins in workerd, and the memory that is resident afterwards, beside a worker without the package that does what every
// login in a worker does: the same requests, cookies, random octets and AES-GCM. What grows there is the runtime's own (its allocator
// keeps what requests took); the package may add its wasm and code, and nothing that grows.
// Refuses a growth beyond the control's.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { Miniflare } from "miniflare";
import { modules } from "../lib/workerd_modules.mjs";
import { linkPackage } from "../verdicts/run.mjs";

linkPackage();
const KEY = Buffer.alloc(32, 7).toString("base64url");
const LOGINS = 5_000;

const ours = `
import { Client, clientSecretBasic, provider } from "samtykke";
import { createEdge } from "samtykke/edge";
const OP = { issuer: "https://op.example", authorizationEndpoint: "https://op.example/a", tokenEndpoint: "https://op.example/t", clientId: "c", redirectUri: "https://rp.example/callback" };
const answer = async () => Response.json({ access_token: "t".repeat(900), token_type: "Bearer", expires_in: 3600, refresh_token: "r".repeat(900) });
export default {
  async fetch(request, env) {
    const client = new Client(provider(OP), clientSecretBasic("s"), { fetch: answer });
    const edge = createEdge({ client, keys: env.KEY, returnTo: "/", claim: async () => true });
    const begun = await edge.login(new Request("https://rp.example/login"), { scope: "read" });
    const state = new URL(begun.headers.get("location")).searchParams.get("state");
    const cookie = begun.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
    const back = "https://rp.example/callback?code=" + crypto.randomUUID() + "&state=" + state;
    return new Response((await edge.callback(new Request(back, { headers: { cookie } }))).headers.get("location"));
  },
};`;

const control = `
const text = (octets) => btoa(String.fromCharCode(...octets));
const octets = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
let made;
async function key() {
  if (made) return made;
  const secret = await crypto.subtle.importKey("raw", new Uint8Array(32).fill(7), "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: new Uint8Array(4) };
  return (made = await crypto.subtle.deriveKey(how, secret, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]));
}
async function seal(value) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return text(iv) + "." + text(new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await key(), new TextEncoder().encode(value))));
}
async function open(sealed) {
  const [iv, rest] = sealed.split(".").map(octets);
  return new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, await key(), rest));
}
export default {
  async fetch() {
    const state = text(crypto.getRandomValues(new Uint8Array(32)));
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(state));
    const sealed = encodeURIComponent(await seal(JSON.stringify({ state, verifier: text(crypto.getRandomValues(new Uint8Array(32))) })));
    const headers = { location: "https://op.example/a?state=" + encodeURIComponent(state), "set-cookie": "a=" + sealed };
    const begun = new Response(null, { status: 303, headers });
    const cookie = begun.headers.getSetCookie()[0];
    const back = new Request("https://rp.example/callback?code=" + crypto.randomUUID(), { headers: { cookie } });
    const { state: kept } = JSON.parse(await open(decodeURIComponent(back.headers.get("cookie").slice(2))));
    const tokens = await Response.json({ access_token: "t".repeat(900), refresh_token: "r".repeat(900), kept }).json();
    const session = encodeURIComponent(await seal(JSON.stringify(tokens)));
    return new Response(new Response(null, { status: 303, headers: { location: "/", "set-cookie": "s=" + session } }).headers.get("location"));
  },
};`;

/** The processes of workerd that this one started. */
const workers = () =>
  readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/stat`, "utf8").includes("(workerd)") && parent(name) === process.pid;
    } catch {
      return false;
    }
  });
const parent = (pid) => Number(/\) . (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))[1]);
const resident = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

/** Mebibytes by which workerd grew from the first hundred logins to the last. */
async function growth(source) {
  const settings = { compatibilityDate: "2026-07-01", compatibilityFlags: ["nodejs_compat"], cf: false, bindings: { KEY } };
  const before = new Set(workers());
  const worker = new Miniflare({ modulesRoot: "/", modules: await modules(source), ...settings });
  try {
    const login = async () => assert.equal(await (await worker.dispatchFetch("http://x/")).text(), "/");
    for (let count = 0; count < 100; count++) await login();
    const [pid] = workers().filter((one) => !before.has(one));
    const first = resident(pid);
    for (let count = 0; count < LOGINS; count++) await login();
    return resident(pid) - first;
  } finally {
    await worker.dispose();
  }
}

test("logins in workerd take no more memory than a worker without the package", {
  skip: !existsSync("/proc/self/status") && "Linux alone tells it",
  timeout: 600_000,
}, async (t) => {
  const [alone, whole] = [await growth(control), await growth(ours)];
  t.diagnostic(`${LOGINS} logins: ${whole.toFixed(0)} MiB, without the package ${alone.toFixed(0)} MiB`);
  // A quarter and 16 MiB for what two runs of one worker differ by.
  assert.ok(whole <= alone * 1.25 + 16, `${whole} MiB, without the package ${alone} MiB`);
});
