// The documents' Durable Object in workerd: two isolates get one callback at the same moment, and the code is sent once.
// RFC 6749 10.5; the same run without a claim sends it twice, which is what they say and why it asks for one.
// Refuses to pass when the isolates were one: then nothing would be shown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Miniflare } from "miniflare";
import { block } from "../lib/documents.mjs";
import { modules } from "../lib/workerd_modules.mjs";
import { linkPackage } from "../verdicts/run.mjs";

const claims = block("claims");
const [, line] = claims.match(/claim: (\(key\) => .*\.claim\(\))/);
linkPackage();

const source = `${claims}
import { Client, clientSecretBasic, norskgjeld } from "samtykke";
import { createEdge } from "samtykke/edge";
const isolate = { id: undefined };
export default {
  async fetch(request, env) {
    isolate.id ??= crypto.randomUUID();
    const { pathname } = new URL(request.url);
    if (pathname === "/who") return new Response(isolate.id);
    const provider = norskgjeld({ environment: "preprod", clientId: "c", redirectUri: "https://app.example.no/callback" });
    const client = new Client(provider, clientSecretBasic("s"));
    const edge = createEdge({ client, keys: env.KEYS, ...(env.CLAIMING ? { claim: ${line} } : {}) });
    return pathname === "/login" ? edge.login(request, { purpose: "presentation" }) : pathname === "/exchange" ? edge.exchange(request) : edge.callback(request);
  },
};`;

/** Two isolates of one worker, and one callback sent to both at once; answers where they lead and the token requests. */
async function race(t, claiming) {
  let sent = 0;
  const outboundService = async () => {
    sent += 1;
    await new Promise((done) => setTimeout(done, 100));
    return Response.json({ access_token: "x.y", expires_in: 3599, scope: "debt.unsecured.presentation", token_type: "bearer" });
  };
  const common = {
    modules: await modules(source),
    compatibilityDate: "2026-07-01",
    outboundService,
    bindings: { KEYS: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", CLAIMING: claiming },
  };
  const workerd = new Miniflare({
    cf: false,
    workers: [
      { name: "one", ...common, durableObjects: { CLAIMS: { className: "Claims", useSQLite: true } } },
      { name: "other", ...common, durableObjects: { CLAIMS: { className: "Claims", scriptName: "one", useSQLite: true } } },
    ],
  });
  t.after(() => workerd.dispose());
  const isolates = await Promise.all(["one", "other"].map((name) => workerd.getWorker(name)));
  const ids = await Promise.all(isolates.map(async (isolate) => (await isolate.fetch("https://app.example.no/who")).text()));
  assert.notEqual(ids[0], ids[1]);
  const login = await isolates[0].fetch("https://app.example.no/login", { redirect: "manual" });
  const state = new URL(login.headers.get("location")).searchParams.get("state");
  const cookie = login.headers.getSetCookie()[0].split(";", 1)[0];
  const url = `https://app.example.no/callback?code=abc.def&scope=debt.unsecured.presentation&state=${state}`;
  const answers = await Promise.all(isolates.map((isolate) => isolate.fetch(url, { headers: { cookie }, redirect: "manual" })));
  return { sent, leads: answers.map((answer) => answer.headers.get("location")).sort() };
}

test("with the claim, one of two isolates sends the code", async (t) => {
  assert.deepEqual(await race(t, true), { sent: 1, leads: ["/", null] });
});

test("without it, both do", async (t) => {
  assert.deepEqual(await race(t, false), { sent: 2, leads: ["/", "/"] });
});
