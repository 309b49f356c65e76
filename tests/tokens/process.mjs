// One process of several that share a Redis: many callers for a few targets, then what they got, as one line of JSON.
// Run by the tests as a child with its task as the argument; `skew` is how many milliseconds its clock is off.

import { TokenSource, redisStore, sealedStore } from "samtykke/tokens";
import { clientOf } from "./provider.mjs";
import { clientsOf } from "./redis.mjs";

const {
  origin,
  jwk,
  port,
  client = "nodeRedis",
  callers,
  targets,
  skew = 0,
  seal,
  rounds = 1,
  pause = 0,
  startAt = 0,
  ...settings
} = JSON.parse(process.argv[2]);
const redis = await (await clientsOf(port))[client]();
const plain = redisStore(redis.send);
const source = new TokenSource({
  client: await clientOf({ origin, jwk }),
  store: seal ? sealedStore(plain, seal) : plain,
  clock: () => Date.now() + skew,
  ...settings,
});
await new Promise((done) => setTimeout(done, Math.max(startAt - Date.now(), 0)));
const got = {};
const errors = {};
let longest = 0;
for (let round = 0; round < rounds; round++) {
  if (round) await new Promise((done) => setTimeout(done, pause));
  await Promise.all(
    Array.from({ length: callers }, async (_, at) => {
      const scope = `scope-${at % targets}`;
      const started = performance.now();
      try {
        const { accessToken } = await source.get({ scope });
        got[scope] ??= [];
        if (!got[scope].includes(accessToken)) got[scope].push(accessToken);
      } catch (error) {
        errors[error.code ?? error.name] = (errors[error.code ?? error.name] ?? 0) + 1;
      }
      longest = Math.max(longest, performance.now() - started);
    }),
  );
}
process.stdout.write(`${JSON.stringify({ got, errors, longest: Math.round(longest) })}\n`, () => process.exit(0));
