// `node tests/tokens/table.mjs`: what a thousand callers in four processes or isolates cost, under load and under each fault.
// Prints the table of TABLE.md: questions put to the server, what callers got, the longest wait. Measured, never assumed.

import { linkPackage } from "../verdicts/run.mjs";
import { startProcess, together } from "./processes.mjs";
import { startProvider } from "./provider.mjs";
import { startRedis } from "./redis.mjs";
import { startWorkers } from "./workers.mjs";

linkPackage();
const provider = await startProvider();
const rows = [];
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const fresh = (fault = "", more = {}) => {
  Object.assign(provider, { fault, slow: 1_500, retryAfter: "", hanging: 0, ...more });
  provider.asked.clear();
};
const row = (engine, what, got, longest) => {
  rows.push([engine, what, provider.count(), got, `${(longest / 1000).toFixed(1)} s`]);
  process.stderr.write(`${rows.at(-1).join(" | ")}\n`);
};

async function redisRows() {
  const redis = await startRedis();
  if (redis.gap) return console.error(`gap: ${redis.gap}`);
  const { send, close } = await redis.nodeRedis();
  const task = { origin: provider.origin, jwk: provider.jwk, port: redis.port, callers: 250, targets: 1 };
  const run = async (what, { fault = "", each, state, ...more } = {}) => {
    fresh(fault, state);
    const { tokens, errors, longest } = await together({ ...task, ...more }, each);
    const codes = Object.entries(errors).map(([code, count]) => `${count} × \`${code}\``);
    const count = Object.values(tokens).flat().length;
    row("Redis, 4 processes", what, [...(count ? [`${count} token${count > 1 ? "s" : ""}`] : []), ...codes].join(", "), longest);
  };
  const empty = () => send("FLUSHALL");
  await run("1,000 callers, 1 target");
  await empty();
  await run("1,000 callers, 5 targets", { targets: 5 });
  await empty();
  await run("server takes 1.5 s", { fault: "slow" });
  await empty();
  await run("clocks 60 s ahead and behind", { each: [{ skew: 60_000 }, { skew: -60_000 }, {}, {}] });
  for (const [what, fault, state] of [["server drops connections", "drop"], ["429 without Retry-After", "429"], ["429, Retry-After: 2", "429", { retryAfter: "2" }], ["500", "500"], ["200 with HTML", "html"], ["200 with truncated JSON", "truncated"]]) {
    await empty();
    await run(what, { fault, state });
  }
  await empty();
  fresh("hang");
  const victim = startProcess({ ...task, questionTimeout: 1 });
  while (!provider.hanging) await sleep(10);
  victim.kill();
  await victim.outcome;
  const asked = provider.count();
  fresh();
  const after = await together({ ...task, questionTimeout: 1 });
  provider.asked.set("killed", asked);
  row("Redis, 4 processes", "one more process killed between lock and write (question limit 1 s)", `${after.tokens["scope-0"].length} token`, after.longest);
  await empty();
  fresh("slow");
  // All four are connected long before they start.
  const running = together({ ...task, storeTimeout: 0.3, startAt: Date.now() + 6_000 });
  while (!provider.count()) await sleep(10);
  await sleep(300);
  redis.freeze();
  const frozen = await running;
  redis.thaw();
  row("Redis, 4 processes", "store hangs while the question is on its way (store limit 0.3 s)", `${frozen.tokens["scope-0"].length} tokens`, frozen.longest);
  close();
  await redis.kill();
}

async function workerRows() {
  const workers = await startWorkers(provider);
  const run = async (what, scopes, fault = "", state = {}) => {
    fresh(fault, state);
    let longest = 0;
    const answers = await Promise.all(Array.from({ length: 1000 }, async (_, at) => {
      const started = performance.now();
      const answer = await workers.ask(at % 4, `/?scope=${scopes[at % scopes.length]}`);
      longest = Math.max(longest, performance.now() - started);
      return answer;
    }));
    const tokens = new Set(answers.map(({ accessToken }) => accessToken).filter(Boolean)).size;
    const errors = answers.map(({ error }) => error).filter(Boolean);
    row("Durable Object, 4 isolates", what, tokens ? `${tokens} token${tokens > 1 ? "s" : ""}` : `${errors.length} × \`${[...new Set(errors)].join(", ")}\``, longest);
  };
  await run("1,000 requests, 1 target", ["one"]);
  await run("1,000 requests, 5 targets", ["a", "b", "c", "d", "e"]);
  await run("server takes 1.5 s", ["slow"], "slow");
  for (const [what, fault] of [["server drops connections", "drop"], ["429 without Retry-After", "429"], ["500", "500"], ["200 with HTML", "html"], ["200 with truncated JSON", "truncated"]]) await run(what, [fault], fault);
  await workers.close();
}

await redisRows();
await workerRows();
await provider.close();
console.log("| store | what happens | questions to the server | callers got | longest wait |\n|---|---|---|---|---|");
for (const columns of rows) console.log(`| ${columns.join(" | ")} |`);
process.exit(0);
