// What a thousand requests for tokens hold while they wait for their answers, all at once, beside peers that do the same. Each library has
// a process of its own; counted is what its heap and its buffers (a wasm's memory among them) hold more than before, after a collection.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const AT_ONCE = 1_000;
const OP = "https://op.example";
const SECRET = "correct horse battery staple, 32 octets";

/** Package, and what a user of it writes for a function that asks by a `fetch`. */
const WORK = {
  samtykke: ({ Client, clientSecretBasic, provider }, fetch) => {
    const settings = { issuer: OP, authorizationEndpoint: `${OP}/a`, tokenEndpoint: `${OP}/t`, clientId: "client-1", redirectUri: "https://rp.example/cb" };
    const client = new Client(provider(settings), clientSecretBasic(SECRET), { fetch });
    return () => client.clientCredentials({ scope: "read" });
  },
  oauth4webapi: (library, fetch) => {
    const [server, client] = [{ issuer: OP, token_endpoint: `${OP}/t` }, { client_id: "client-1" }];
    const secret = library.ClientSecretBasic(SECRET);
    return async () => {
      const options = { [library.customFetch]: fetch };
      const response = await library.clientCredentialsGrantRequest(server, client, secret, new URLSearchParams({ scope: "read" }), options);
      return library.processClientCredentialsResponse(server, client, response);
    };
  },
  "openid-client": (library, fetch) => {
    const config = new library.Configuration({ issuer: OP, token_endpoint: `${OP}/t` }, "client-1", SECRET);
    config[library.customFetch] = fetch;
    return () => library.clientCredentialsGrant(config, { scope: "read" });
  },
};

async function held(name) {
  const body = JSON.stringify({ access_token: "a".repeat(900), token_type: "Bearer", expires_in: 600 });
  let open = Promise.resolve();
  const ask = WORK[name](await import(name), async () => {
    await open;
    return new Response(body, { headers: { "content-type": "application/json" } });
  });
  for (let at = 0; at < 50; at++) await ask();
  const taken = () => {
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = taken();
  let release;
  open = new Promise((done) => (release = done));
  const waiting = Array.from({ length: AT_ONCE }, ask);
  // Until each has sent its request.
  await new Promise((done) => setTimeout(done, 200));
  const more = taken() - before;
  release();
  await Promise.all(waiting);
  return more / 1e6;
}

/** Megabytes of each, and ratios to the peers. */
export function measure() {
  const run = (name) => Number(execFileSync(process.execPath, ["--expose-gc", fileURLToPath(import.meta.url), name], { encoding: "utf8" }));
  const megabytes = Object.fromEntries(Object.keys(WORK).map((name) => [name, +run(name).toFixed(1)]));
  const ratio = (other) => +(megabytes.samtykke / megabytes[other]).toFixed(2);
  return { megabytes, ratios: { waiting: ratio("oauth4webapi"), waiting_whole: ratio("openid-client") }, ceilings: { waiting_mb: 40 } };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(process.argv[2] in WORK ? await held(process.argv[2]) : measure());
