// What the token source costs under load and under each fault, for each store: rows of figures for table.mjs. Measured, never
// assumed: questions by the server's count, tokens and errors by what callers got, waits by their clocks.

import { rmSync } from "node:fs";
import { startDenos } from "./denos.mjs";
import { startProcess, together } from "./processes.mjs";
import { clientOf } from "./provider.mjs";
import { startRedis } from "./redis.mjs";
import { startWorkers } from "./workers.mjs";

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const PROVIDER = [
  ["server takes 1.5 s", "slow"],
  ["server drops connections", "drop"],
  ["429 without Retry-After", "429"],
  ["429, Retry-After: 2", "429", { retryAfter: "2" }],
  ["500", "500"],
  ["200 with HTML", "html"],
  ["200 with truncated JSON", "truncated"],
];
const CLOCKS = [{ skew: 60_000 }, { skew: -60_000 }, {}, {}];

/** What a round's callers got, in words. */
export function gotOf(tokens, errors) {
  const count = new Set(Object.values(tokens).flat()).size;
  return [...(count ? [`${count} token${count > 1 ? "s" : ""}`] : []), ...Object.entries(errors).map(([code, times]) => `${times} × \`${code}\``)].join(", ");
}

/** Common to the stores: a server without faults, rows, and how long the next caller waits once all is well. */
export function bookOf(provider, say) {
  const rows = [];
  return {
    rows,
    fresh(fault = "", more = {}) {
      Object.assign(provider, { fault, slow: 1_500, retryAfter: "", hanging: 0, answered: 0, expiresIn: 120, ...more });
      provider.asked.clear();
    },
    /** Ends the fault, and asks until there is a token: milliseconds since then. */
    async next(ask) {
      provider.fault = "";
      const started = performance.now();
      while (!(await ask())) await sleep(20);
      return performance.now() - started;
    },
    /** `targets`: how many there were; what was asked beyond one question for each is extra. */
    row(store, what, { questions, targets = 1, got, longest, next }) {
      const seconds = (milliseconds) => (milliseconds === undefined ? "" : `${(milliseconds / 1000).toFixed(1)} s`);
      rows.push([store, what, questions, questions - targets, got, seconds(longest), seconds(next)]);
      say(rows.at(-1).join(" | "));
    },
  };
}

export async function redisFigures(provider, { fresh, next, row }, tokensEntry) {
  const STORE = "Redis, 4 processes";
  const redis = await startRedis();
  if (redis.gap) throw new Error(redis.gap);
  const { TokenSource, redisStore } = tokensEntry;
  const { send, close } = await redis.nodeRedis();
  const client = await clientOf(provider);
  const task = { origin: provider.origin, jwk: provider.jwk, port: redis.port, callers: 250, targets: 1 };
  const one = () => {
    const source = new TokenSource({ client, store: redisStore(send), retries: 0 });
    return () =>
      source.get({ scope: "scope-0" }).then(
        () => true,
        () => false,
      );
  };
  const run = async (what, { fault = "", each, state, targets = 1, after, ...more } = {}) => {
    await send("FLUSHALL");
    fresh(fault, state);
    const { tokens, errors, longest } = await together({ ...task, targets, ...more }, each);
    const questions = provider.count();
    row(STORE, what, { questions, targets, got: gotOf(tokens, errors), longest, next: after ? await next(one()) : undefined });
  };
  await run("1,000 callers, 1 target");
  await run("1,000 callers, 5 targets", { targets: 5 });
  await run("clocks 60 s ahead and behind", { fault: "slow", each: CLOCKS });
  for (const [what, fault, state] of PROVIDER) await run(what, { fault, state, after: fault !== "slow" });
  await send("FLUSHALL");
  fresh("hang");
  const victim = startProcess({ ...task, requestTimeout: 1 });
  while (!provider.hanging) await sleep(10);
  victim.kill();
  await victim.outcome;
  provider.fault = "";
  const killed = performance.now();
  await next(one());
  const waited = performance.now() - killed;
  const after = await together({ ...task, requestTimeout: 1 });
  row(STORE, "one more process killed between lock and write (question limit 1 s)", {
    questions: provider.count(),
    got: gotOf(after.tokens, after.errors),
    longest: after.longest,
    next: waited,
  });
  await send("FLUSHALL");
  fresh("slow");
  // All four are connected long before they start.
  const running = together({ ...task, storeTimeout: 0.3, startAt: Date.now() + 6_000 });
  while (!provider.count()) await sleep(10);
  await sleep(300);
  redis.freeze();
  const frozen = await running;
  redis.thaw();
  const questions = provider.count();
  row(STORE, "store hangs while the question is on its way (store limit 0.3 s)", {
    questions,
    got: gotOf(frozen.tokens, frozen.errors),
    longest: frozen.longest,
    next: await next(one()),
  });
  await send("FLUSHALL");
  fresh();
  row(STORE, "store lost everything", { ...(await lost(one, one)), got: "1 token" });
  close();
  await redis.kill();

  async function lost(first, second) {
    await first()();
    await send("FLUSHALL");
    const wait = await next(second());
    return { questions: provider.count(), next: wait };
  }
}

export async function workerFigures(provider, { fresh, next, row }, folder) {
  const STORE = "Durable Object, 4 isolates";
  const faulty = { faulty: true };
  let workers = await startWorkers(provider, { storeTimeout: 0.3 }, faulty);
  let names = 0;
  const round = async (scopes, callers = 1000) => {
    let longest = 0;
    const answers = await Promise.all(
      Array.from({ length: callers }, async (_, at) => {
        const started = performance.now();
        const answer = await workers.ask(at % 4, `/?scope=${scopes[at % scopes.length]}`);
        longest = Math.max(longest, performance.now() - started);
        return answer;
      }),
    );
    const errors = {};
    for (const { error } of answers) if (error) errors[error] = (errors[error] ?? 0) + 1;
    return { got: gotOf([answers.map(({ accessToken }) => accessToken).filter(Boolean)], errors), longest };
  };
  const one = (scope) => () => workers.ask(3, `/?scope=${scope}`).then(({ accessToken }) => !!accessToken);
  const run = async (what, { fault = "", state, targets = 1, callers, during, after } = {}) => {
    fresh(fault, state);
    const scopes = Array.from({ length: targets }, () => `target-${names++}`);
    const running = round(scopes, callers);
    if (during) {
      while (!provider.count()) await sleep(5);
      await sleep(300);
      await during();
    }
    const found = await running;
    const questions = provider.count();
    row(STORE, what, { questions, targets, ...found, next: after ? await next(one(scopes[0])) : undefined });
  };
  await run("1,000 requests, 1 target");
  await run("1,000 requests, 5 targets", { targets: 5 });
  for (const [what, fault, state] of PROVIDER) await run(what, { fault, state, after: fault !== "slow" });
  // Fewer at once from here on, so that Miniflare's own queue does not hide the waits.
  const anew = async () => {
    await workers.close();
    workers = await startWorkers(provider, { storeTimeout: 0.3 }, faulty);
  };
  await workers.fault("throw");
  await run("object throws, always", { callers: 40 });
  await anew();
  await workers.fault("throw", { operation: "write" });
  await run("object throws when written to", { callers: 40 });
  await anew();
  await workers.fault("slow", { milliseconds: 2_000 });
  await run("object takes 2 s (store limit 0.3 s)", { callers: 40 });
  await anew();
  await run("object is reset between lock and write", { fault: "slow", callers: 40, during: () => workers.fault("reset") });
  await run("object's storage is lost between lock and write", { fault: "slow", callers: 40, during: () => workers.fault("wipe") });
  await workers.close();
  workers = await startWorkers(provider, {}, { each: CLOCKS });
  await run("clocks 60 s ahead and behind", { fault: "slow", callers: 40 });
  await workers.close();
  const settings = { requestTimeout: 2 };
  workers = await startWorkers(provider, settings, { persist: folder });
  fresh("hang");
  const victim = workers.ask(0, "/?scope=killed").catch(() => {});
  while (!provider.hanging) await sleep(10);
  workers.kill();
  await victim;
  await workers.close();
  workers = await startWorkers(provider, settings, { persist: folder });
  provider.fault = "";
  const found = await round(["killed"], 40);
  row(STORE, "workerd killed between lock and write, started again (question limit 2 s)", { questions: provider.count(), ...found, next: found.longest });
  await workers.close();
}

export async function denoFigures(provider, { fresh, next, row }) {
  const STORE = "Deno KV, 4 processes";
  const denos = await startDenos(provider);
  if (denos.gap) throw new Error(denos.gap);
  const run = async (what, { fault = "", state, targets = 1, each, during, after, round, task } = {}) => {
    fresh(fault, state);
    const path = denos.path();
    const processes = await denos.four({ path, ...task }, each);
    const end = during && (await during(path));
    const { tokens, errors, longest } = await denos.all(processes, { targets, ...round });
    const questions = provider.count();
    const one = async () => Object.keys((await processes[3].run({ callers: 1 })).got).length === 1;
    row(STORE, what, { questions, targets, got: gotOf(tokens, errors), longest, next: after ? await next(one) : undefined });
    await end?.();
    await Promise.all(processes.map((each) => each.end()));
  };
  await run("1,000 callers, 1 target");
  await run("1,000 callers, 5 targets", { targets: 5 });
  for (const [what, fault, state] of PROVIDER) await run(what, { fault, state, after: fault !== "slow" });
  await run("one clock 60 s ahead, a token of two minutes", { fault: "slow", each: [{ skew: 60_000 }, {}, {}, {}] });
  await run("clocks 60 s ahead and behind, a token of an hour", { fault: "slow", state: { expiresIn: 3600 }, each: CLOCKS });
  await run("clocks 60 s ahead and behind, a token of two minutes", { fault: "slow", each: CLOCKS });
  await run("database closed", { round: { close: true } });
  await run("another program writes for 2 s", {
    during: async (path) => {
      const holder = denos.deno({ path, hold: 2_000 });
      await holder.next();
      return () => holder.next();
    },
  });
  fresh();
  const path = denos.path();
  const [first] = await denos.four({ path }, [{}]);
  await first.run();
  for (const end of ["", "-wal", "-shm"]) rmSync(path + end, { force: true });
  const four = await denos.four({ path });
  const lost = await denos.all(four);
  row(STORE, "database file removed, four more processes", {
    questions: provider.count(),
    got: gotOf(lost.tokens, lost.errors),
    longest: lost.longest,
    next: lost.longest,
  });
  fresh("hang");
  const task = { path: denos.path(), requestTimeout: 1 };
  const victim = denos.deno(task);
  const outcome = victim.run();
  while (!provider.hanging) await sleep(10);
  victim.kill();
  await outcome;
  provider.fault = "";
  const after = await denos.all(await denos.four(task));
  row(STORE, "one more process killed between lock and write (question limit 1 s)", {
    questions: provider.count(),
    got: gotOf(after.tokens, after.errors),
    longest: after.longest,
    next: after.longest,
  });
  denos.close();
}
