// One process of several that have the same HelseID session: asks for the tokens of some audiences, one line of JSON at the end.
// `file` is where it stores the session; `die` says where the process is killed: before or after it stores the session (`save`), before or
// after it writes what it got into Redis and gives its lock back (`keep`).

import { readFileSync, writeFileSync } from "node:fs";
import { HelseId, SigningKey } from "samtykke/helseid";
import { redisStore, sealedStore } from "samtykke/tokens";
import { clientsOf } from "./redis.mjs";

const { issuer, clientJwk, dpopJwk, port, state, resources, file, seal, die = "", startAt = 0, timeout = 5 } = JSON.parse(process.argv[2]);
const { send } = await (await clientsOf(port)).nodeRedis();
const heard = [];
const end = (place) => die === place && process.kill(process.pid, "SIGKILL");
const store = redisStore(send);
const dying = {
  ...store,
  async write(...record) {
    end("before keep");
    const written = await store.write(...record);
    end("after keep");
    return written;
  },
};
const helseid = await HelseId.connect({
  environment: { issuer },
  clientId: "single",
  key: await SigningKey.fromJwk(clientJwk),
  dpop: await SigningKey.fromJwk(dpopJwk),
  timeout,
  sessionStore: sealedStore(dying, seal),
  onStoreError: (error) => heard.push(String(error)),
});
const save = (text) => {
  end("before save");
  writeFileSync(file, text);
  end("after save");
};
const session = helseid.session(state, { save, load: () => readFileSync(file, "utf8") });
await new Promise((done) => setTimeout(done, Math.max(startAt - Date.now(), 0)));
const tokens = {};
const errors = [];
const started = Date.now();
await Promise.all(
  resources.map(async (resource) => {
    try {
      tokens[resource] = (await session.tokens({ resource })).accessToken;
    } catch (error) {
      errors.push(error.code ?? String(error.stack));
    }
  }),
);
process.stdout.write(`${JSON.stringify({ tokens, errors, heard, longest: Date.now() - started })}\n`, () => process.exit(0));
