// A worker of the tests: one token source for the isolate, over a Durable Object; each request wants one token.
// The same file serves as the worker that owns the Durable Object, sets its faults, and answers what the bare engine does for
// the bench.

import { Client, SigningKey, privateKeyJwt, provider } from "samtykke";
import { TokenObject, TokenSource, durableObjectStore, sealedStore } from "samtykke/tokens";
import { contract } from "./contract.mjs";

export { TokenObject };

/** What is wrong with all objects, and which there are; the worker that owns them has one of each. */
let fault = {};
const ids = new Set();

/** The package's own object, in trouble: it throws, is slow, is reset by the runtime, or loses its storage. */
export class FaultyObject extends TokenObject {
  #state;

  constructor(state) {
    super(state);
    this.#state = state;
    ids.add(state.id.toString());
  }

  async fetch(request) {
    const operation = new URL(request.url).pathname.split("/")[1];
    if (operation === "wipe") return new Response(String(await this.#state.storage.deleteAll()));
    if (operation === "reset") this.#state.abort("reset");
    if (fault.kind && (!fault.operation || fault.operation === operation)) {
      if (fault.kind === "throw") throw new Error("the object is broken");
      await new Promise((done) => setTimeout(done, fault.milliseconds));
    }
    return super.fetch(request);
  }
}

/** Sets what is wrong from now on, or does it once to every object. */
async function faulty(env, { kind = "", operation = "", milliseconds = 0 }) {
  if (kind !== "wipe" && kind !== "reset") fault = { kind, operation, milliseconds: Number(milliseconds) };
  else
    await Promise.all(
      [...ids].map((id) =>
        env.TOKENS.get(env.TOKENS.idFromString(id))
          .fetch(`https://tokens/${kind}`)
          .catch(() => {}),
      ),
    );
  return Response.json({ objects: ids.size });
}

/** What any Durable Object does that keeps one value: for comparison. */
export class BareObject {
  constructor(state) {
    this.storage = state.storage;
  }

  async fetch(request) {
    if (request.method === "POST") await this.storage.put("record", await request.text());
    return new Response(await this.storage.get("record"));
  }
}

let source;
const heard = [];
async function sourceOf(env) {
  if (source) return source;
  const { origin, jwk, skew = 0, ...settings } = env.TASK;
  // The whole isolate's clock is off.
  const right = Date.now;
  if (skew) Date.now = () => right() + skew;
  const server = provider({ issuer: `${origin}/`, tokenEndpoint: `${origin}/token`, clientId: "client-1", development: true });
  const client = new Client(server, privateKeyJwt(await SigningKey.fromJwk(jwk)));
  return (source ??= new TokenSource({ client, store: durableObjectStore(env.TOKENS), onStoreError: (error) => heard.push(String(error)), ...settings }));
}

async function bench(env) {
  const bare = (name = "bench") => env.BARE.get(env.BARE.idFromName(name));
  const store = durableObjectStore(env.TOKENS);
  const text = await bare()
    .fetch("https://bare/", { method: "POST", body: "x".repeat(600) })
    .then((answer) => answer.text());
  const { fence } = await store.lock("bench", 5_000);
  await store.write("bench", fence, text, 600_000);
  const sealed = sealedStore(store, "A".repeat(43));
  const other = await sealed.lock("sealed", 5_000);
  await sealed.write("sealed", other.fence, text, 600_000);
  // The same text as it is kept sealed, for what opening alone costs.
  const { text: kept } = await store.read("sealed");
  await bare("opened").fetch("https://bare/", { method: "POST", body: kept });
  const secret = await crypto.subtle.importKey("raw", new Uint8Array(32), "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: new TextEncoder().encode("samtykke 1 token") };
  const key = await crypto.subtle.deriveKey(how, secret, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  const additionalData = new TextEncoder().encode("token sealed");
  const opened = async () => {
    const whole = Uint8Array.fromBase64(await (await bare("opened").fetch("https://bare/")).text(), { alphabet: "base64url" });
    return new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv: whole.subarray(1, 13), additionalData }, key, whole.subarray(13)));
  };
  return { bare: async () => (await bare().fetch("https://bare/")).text(), opened, store: () => store.read("bench"), sealed: () => sealed.read("sealed") };
}

export default {
  async fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url);
    try {
      if (pathname === "/fault") return await faulty(env, Object.fromEntries(searchParams));
      if (pathname === "/heard") return Response.json(heard.splice(0));
      if (pathname === "/contract") {
        const store = durableObjectStore(env.TOKENS);
        const seal = searchParams.get("seal");
        const one = seal ? sealedStore(store, seal) : store;
        return Response.json({ checks: await contract(one, one, searchParams.get("name")) });
      }
      if (pathname === "/bench") {
        // The runtime's clock stands still while nothing comes in, so whoever asks measures; here one operation is repeated.
        const work = await bench(env);
        for (let at = 0; at < Number(searchParams.get("times")); at++) await work[searchParams.get("what")]();
        return new Response("done");
      }
      const tokens = await (await sourceOf(env)).get({ scope: searchParams.get("scope") }, { waitUntil: (work) => context.waitUntil(work) });
      return Response.json({ accessToken: tokens.accessToken });
    } catch (error) {
      return Response.json({ error: error.code ?? String(error.stack ?? error) });
    }
  },
};
