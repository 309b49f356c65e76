// Faults at each step of each machine in the package, through its public API and its one driver, on a virtual clock: each run of
// tests/machines/table.json is driven up to each of its steps, which then meets each fault of its kind once, as in
// tests/core/faults.rs. What is judged: it ends within its limits, sends nothing twice that is spent, and loses nothing that it won.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { inspect } from "node:util";
import { SamtykkeError } from "../../pkg/dist/lib/core/error.js";
import { Run } from "../../pkg/dist/lib/core/run.js";
import { JwksCache, KeySet } from "../../pkg/dist/lib/protocol/jwks.js";
import { onVirtualClock } from "../lib/virtual_clock.mjs";

/** Seconds that one step may take, and a function of the caller's. */
const LIMIT = 30;
const LONGEST = 3_600;

/** A lock that another process has for ever, and one that it has for a while. */
const [HELD, BUSY] = [Symbol("held"), Symbol("busy")];

/** Steps on which a store does some work. */
const STORES = ["store", "load", "lock", "keep", "unlock"];

const never = () => new Promise(() => {});
const fail = (text) => Promise.reject(new Error(text));

/** What a function of the caller's may throw, and is thrown on as it is. */
const refusal = () => new SamtykkeError({ code: "unauthorized", phase: "token", action: "fix_configuration" });

/** What a client of the caller's throws of a call, by its code: on the way, or by the token's server. */
export function fault(code) {
  const facts = code === "invalid_client" ? { code: "token_error", phase: "token", oauth: { error: code } } : { code, phase: "api" };
  return Promise.reject(new SamtykkeError(facts));
}

/** Keys of a server that is not there. */
const KEYS = new JwksCache({ fetch: () => fail("connection refused") }).at("https://op.example/jwks");

/** By kind of step, what can go wrong; each fault is what stands in the place of the host's work. `right` is what it would have given. */
const FAULTS = {
  send: {
    "not sent": () => fail("connection refused"),
    "cut at the head": ({ seen }) => (seen(), fail("connection reset")),
    "stalled head": ({ seen }) => (seen(), never()),
    "stalled body": ({ seen, right }) => (seen(), half(right, () => {})),
    "cut body": ({ seen, right }) => (seen(), half(right, (controller) => controller.error(new Error("connection reset")))),
    // One that heeds no signal: its answer comes all the same, later.
    aborted: ({ seen, abort, later }) => (seen(), abort(), later()),
  },
  sign: { throws: () => fail("the signer failed"), "never settles": never, aborted: ({ abort }) => (abort(), never()), "too short": () => new Uint8Array(1) },
  find: {
    throws: () => fail("no key"),
    "the key set is down": () => KEYS.find("e30.e30.AAAA", "ES256", ""),
    "never settles": never,
    aborted: ({ abort }) => (abort(), never()),
  },
  digest: { throws: () => fail("no hash"), "never settles": never },
  // A call of Selvbetjening's, by a client of the caller's; a token for it is got on the way.
  call: {
    "not sent": () => fail("connection refused"),
    "stalled head": never,
    "stalled body": ({ right }) => half(right, () => {}),
    "cut body": ({ right }) => half(right, (controller) => controller.error(new Error("connection reset"))),
    aborted: ({ abort, later }) => (abort(), later()),
    "no token": null,
  },
  decrypt: { throws: () => fail("no key"), "never settles": never, aborted: ({ abort }) => (abort(), never()) },
  token: { throws: () => Promise.reject(refusal()), "never settles": never, aborted: ({ abort }) => (abort(), never()) },
  ask: { throws: () => Promise.reject(refusal()), "never settles": never, aborted: ({ abort }) => (abort(), never()) },
  // A wait is nobody's work.
  sleep: {},
  store: { down: () => fail("the store is down"), slow: never, "aborted meanwhile": ({ abort, right }) => (abort(), right()) },
  load: { "no answer": () => fail("the store is down"), hangs: never },
  lock: {
    "no answer": () => fail("the store is down"),
    hangs: never,
    "held by others": () => HELD,
    aborted: ({ abort, right }) => (abort(), right()),
  },
  keep: { "no answer": () => fail("the store is down"), hangs: never, "lock lost": () => false },
  unlock: { "no answer": () => fail("the store is down"), hangs: never },
  adopt: {},
};

/** Given to the machine itself, behind the driver's back: it refuses them and goes on. */
const UNASKED = ["twice", "elsewhere"];

/** What these faults are called; the others' errors are the step's own. */
const CODES = {
  "not sent": "network_error",
  "the key set is down": "network_error",
  "cut at the head": "network_error",
  "cut body": "network_error",
  "stalled head": "timeout",
  "stalled body": "timeout",
  "never settles": "timeout",
  slow: "timeout",
  aborted: "aborted",
  down: "store_failed",
};

/** Machines that repeat a request by themselves, and then meet what comes. */
const REPEATING = /^(?:norskgjeld|maskinporten)_/;

/** Machines whose callers have no signal. */
const UNSIGNALLED = ["id_token", "jarm", "keys", "logout_token", "session"];

function responseOf({ status, headers, json, body }) {
  return new Response(body ?? JSON.stringify(json), { status, headers: { "content-type": "application/json", ...headers } });
}

/** An answer that begins, and whose body then meets something. */
function half(response, then) {
  const { status, headers } = response;
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("{ "));
      setTimeout(() => then(controller), 10);
    },
  });
  return new Response([204, 304].includes(status) ? null : body, { status, headers });
}

/** The kind of a turn's step. */
const kindOf = ({ step }) => Object.keys(step).find((name) => name !== "nonce" && name !== "keeps");

/** What a request spends, by what is in its form. */
function spending(body) {
  const form = new URLSearchParams(String(body ?? ""));
  return form.get("code") ?? form.get("refresh_token") ?? undefined;
}

/** Plays the host of a run: each kind of work as the table has it, but for the one turn that meets its fault. */
class Host {
  #turns;
  #fault;
  #used = new Set();
  #abort = new AbortController();
  signal = this.#abort.signal;
  made = false;
  met = false;
  /** What of the server's was spent: seen, and answered by something else than the demand for a nonce. */
  seen = [];
  newest;
  stored = [];
  /** Answers that cannot be asked for again, as they came. */
  once = 0;

  constructor(turns, fault) {
    this.#turns = turns;
    this.#fault = fault;
  }

  /** The answer to the next turn of a kind; its work is `right`, or the fault's. */
  async #work(kind, right, more = {}) {
    const at = this.#turns.findIndex((turn, at) => !this.#used.has(at) && turn.give && kindOf(turn) === kind);
    this.#used.add(at);
    const { give } = this.#turns[at] ?? {};
    if (!this.met && at === this.#fault.turn && FAULTS[kind][this.#fault.name]) {
      this.met = true;
      const facts = { seen: () => {}, ...more, abort: () => this.#abort.abort(new Error("the caller left")) };
      if (kind === "send" || kind === "call") {
        const whole = give.response ? responseOf(give.response) : responseOf({ status: 200, json: {} });
        return FAULTS[kind][this.#fault.name]({ ...facts, right: whole, later: () => new Promise((done) => setTimeout(() => done(right(give)), 1_000)) });
      }
      return FAULTS[kind][this.#fault.name]({ ...facts, right: () => right(give) });
    }
    return right(give);
  }

  fetch = async (_, { body, signal }) => {
    const spent = spending(body);
    let counted = false;
    const seen = (response) => {
      if (counted || !spent) return;
      counted = true;
      assert.ok(!this.seen.includes(spent), "what is spent was sent again");
      if (response?.json?.error !== "use_dpop_nonce") this.seen.push(spent);
    };
    const right = (give = {}) => {
      const { failed, response = { status: 503, json: {} } } = give;
      if (failed === "network") return fail("no connection");
      if (failed === "redirected") return Object.defineProperty(new Response(""), "redirected", { value: true });
      if (failed === "too_large") return new Response("x".repeat((1 << 20) + 1), { headers: { "content-type": "application/json" } });
      seen(response);
      if (failed === "cut")
        return half(new Response("", { headers: { "content-type": "application/json" } }), (controller) => controller.error(new Error("cut")));
      // What comes to one whose request was ended has not come to us.
      if (response.status === 200 && spent && !signal?.aborted) {
        this.once += 1;
        this.newest = response.json?.refresh_token ?? this.newest;
      }
      // Nor does anybody tell a draft's client id again.
      if (response.status === 200 && !signal?.aborted) this.newest = response.json?.clientId ?? this.newest;
      return responseOf(response);
    };
    return this.#work("send", right, { seen });
  };

  sign = () => this.#work("sign", (give) => (give?.failed ? fail("the signer failed") : new Uint8Array(64).fill(1)));

  decrypt = () => this.#work("decrypt", (give) => (give?.failed ? fail("no key") : new TextEncoder().encode(give.plaintext)));

  store = (token) =>
    this.#work("store", (give) => {
      if (give?.failed) return fail("the store failed");
      this.stored.push(token);
      return undefined;
    });

  /** What a session's store has under a name. */
  kept = () => this.#work("load", (give) => (give?.failed ? fail("the store is down") : (give?.loaded ?? undefined)));

  /** Whether another process has the lock for ever. */
  #held = false;

  /** Whether a lock was taken that nobody has tried to give back. */
  locked = false;

  sessionStore = {
    read: () => this.kept(),
    lock: async () => {
      const right = ({ failed, held, locked } = {}) => (held ? BUSY : failed ? fail("the store is down") : (locked ?? undefined));
      const kept = this.#held ? HELD : await this.#work("lock", right);
      this.#held = kept === HELD;
      if (kept === HELD || kept === BUSY) return undefined;
      this.locked = true;
      return { fence: "1", kept };
    },
    write: async () => {
      this.locked = false;
      return this.#work("keep", () => true);
    },
    unlock: async () => {
      this.locked = false;
      await this.#work("unlock", () => undefined);
    },
  };
  token = () => this.#work("token", (give) => (give?.failed ? Promise.reject(refusal()) : (give?.token ?? "other.token")));

  /** A call with a token that is good for this one alone. */
  call = () => this.#work("call", ({ refused, response } = { response: { status: 503, json: {} } }) => (refused ? fault(refused) : responseOf(response)));

  credentials = async () => {
    const at = this.#turns.findIndex((turn, at) => !this.#used.has(at) && turn.give && kindOf(turn) === "call");
    if (this.met || at !== this.#fault.turn || this.#fault.name !== "no token") return { accessToken: "at-1", expiresAt: 1 };
    this.met = true;
    this.#used.add(at);
    return fault("invalid_client");
  };

  change = () => this.#work("ask", (give) => (give?.failed ? Promise.reject(refusal()) : (give?.answered ?? {})));

  /** The library's own key sets and the host's hashes, with what goes wrong in them. */
  install() {
    const { find, known } = KeySet.prototype;
    const host = this;
    KeySet.prototype.known = () => undefined;
    KeySet.prototype.find = function (...token) {
      return host.#work("find", () => find.apply(this, token));
    };
    const { subtle } = crypto;
    const hash = subtle.digest;
    subtle.digest = (...work) => this.#work("digest", () => hash.apply(subtle, work));
    return () => {
      Object.assign(KeySet.prototype, { find, known });
      delete subtle.digest;
    };
  }
}

/** Gives a machine what it has not asked for, at one of its steps. */
function unasked({ turn, name }, host, any, lines) {
  const { step } = Run.prototype;
  // A run that is not over keeps the instance, and with it the machine that refused something, from being used anew.
  const keeper = new Run(any, lines);
  let count = 0;
  const refused = (run, ...input) => {
    const { nonce, keeps } = run;
    assert.throws(() => step.apply(run, input), { code: "transaction_used" }, `${name} was taken: ${input[0]}`);
    Object.assign(run, { nonce, keeps });
  };
  Run.prototype.step = function (kind, ...rest) {
    // What a client needs to be made is no run's.
    const at = host.made ? count++ : -1;
    if (at === turn && name === "elsewhere") {
      host.met = true;
      refused(this, "failed", `${[...STORES, "token", "ask"].includes(host.kind) ? "signer" : "store"}\n\n`);
    }
    if (at === turn && name === "twice") {
      host.met = true;
      let next;
      try {
        next = step.call(this, kind, ...rest);
      } finally {
        // The same kind once more may be asked for, by a second hash or a server's nonce; and a store may fail at its next step too.
        const own = kind === "failed" && STORES.includes(next?.name);
        if (next?.name !== host.kind && !own) refused(this, kind, ...rest);
      }
      return next;
    }
    return step.call(this, kind, ...rest);
  };
  return () => {
    Object.assign(Run.prototype, { step });
    keeper.end();
  };
}

/** A process remembers what it has spent; here each point is one of its own. Gives what makes it forget. */
function forgetting(names) {
  const { add } = Set.prototype;
  const found = new WeakSet();
  const sets = [];
  Set.prototype.add = function (value) {
    if (names.has(value) && !found.has(this)) {
      found.add(this);
      sets.push(this);
    }
    return add.call(this, value);
  };
  return () => {
    for (const set of sets) for (const name of names) set.delete(name);
  };
}

/** What holds however a run ends that met a fault. */
function judge({ what, turns }, { turn, name }, host, { value, error, hung, after }) {
  assert.ok(!hung, "it hangs");
  const own = name === "never settles" && ["ask", "token"].includes(kindOf(turns[turn])) ? LONGEST : 0;
  assert.ok(after <= ((turns.length + 1) * LIMIT + own) * 1000 + 2_000, `it ended after ${after} ms only`);
  assert.ok(host.met, "the fault was not met");
  assert.ok(!host.locked, "a lock is kept");
  const { step, give } = turns[turn];
  const last = turns.at(-1).step;
  if (UNASKED.includes(name)) {
    // Who asks for a key set here asks it for a key that is in none.
    const code = what.machine === "keys" && !last.error ? "jws_malformed" : last.error?.code;
    assert.equal(error?.code, code, "what nobody asked for changed something");
  }
  // Of a refresh the caller's wait alone ends, and the store hears of what comes. Where that fails too, nobody is left to tell.
  const left = name.startsWith("aborted") && ["refresh", "helseid_session"].includes(what.machine);
  if (left && turns.some((turn) => turn.give?.failed === "store")) return;
  const kept = [...host.stored, ...(value?.refreshToken ? [value.refreshToken] : []), ...(error?.raw?.() ? [error.raw()] : [])];
  assert.ok(!host.newest || kept.some((text) => text.includes(host.newest)), "a refresh token, or a client id, is lost");
  if (!error) return;
  assert.ok(error instanceof SamtykkeError, `${error?.stack}`);
  const shown = `${error} ${inspect(error, { depth: 9 })} ${JSON.stringify(error)}`;
  for (const secret of ["correct horse", "correct-horse", what.refreshToken, host.newest]) assert.ok(!secret || !shown.includes(secret), `it shows ${secret}`);
  assert.ok(!host.once || error.raw() || left, "an answer is lost");
  if (step.send?.spends || host.seen.length) assert.equal(error.retryable, false, `${error.code}: what is spent cannot be tried again`);
  const begun = ["stalled body", "cut body"].includes(name) && give.response?.status === 200;
  const gone = step.send?.spends?.startsWith("s") && ["not sent", "cut at the head", "stalled head"].includes(name);
  if ((begun && step.send?.spends) || gone) assert.equal(error.action, "restart", error.code);
  // The first of two addresses may have said something of its own; the body of an API's answer is its caller's.
  // A registration whose answer is lost goes on, and ends by what it hears next.
  const others =
    (what.machine === "metadata" && turn > 0) ||
    what.machine === "selvbetjening_rotate" ||
    (what.machine === "api" && name.endsWith("body")) ||
    (step.send && REPEATING.test(what.machine));
  if (CODES[name] && !others) assert.equal(error.code, CODES[name]);
}

/** The operations that the wasms drive, as their sources name them. */
function operations() {
  const folder = new URL("../../src/shell/bindings/", import.meta.url);
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".rs"));
  const text = files.map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n");
  return [...new Set([...text.matchAll(/samtykke_machine = "(\w+)"/g)].map(([, name]) => name))].sort();
}

/**
 * Tests each case of the table: `made` has its machine made, `clientOf` its client, `signing` sets what its signer does. `any`: a machine
 * of the wasm that they are in, and its `lines`; `isOwn` tells its operations from those of other wasms.
 */
export function inject({ cases, now, made, clientOf, signing, any = "credentials", lines = "", isOwn }) {
  const driven = new Set();
  const runs = new Set();
  const once = ({ what, turns }) => [what.transaction ?? [], ...turns.map(({ step }) => step.send?.spends?.slice(1) ?? [])].flat();
  const forget = forgetting(new Set(cases.flatMap(once)));
  const figures = { points: 0, milliseconds: 0 };

  async function meet(one, fault) {
    const { what, turns } = one;
    const host = new Host(turns, fault);
    host.kind = kindOf(turns[fault.turn]);
    const undo = [];
    forget();
    if (UNASKED.includes(fault.name)) undo.push(unasked(fault, host, any, lines));
    signing(() => host.sign());
    try {
      await onVirtualClock(now * 1000, async (clock) => {
        undo.push(host.install());
        const client = await clientOf(what, host.fetch, host.decrypt, host);
        host.made = true;
        const signal = UNSIGNALLED.includes(what.machine) ? undefined : host.signal;
        const asked = async () => made[what.machine](client, { ...what, signal }, host.store, host.fetch, host);
        const outcome = await clock.outcome(asked());
        await clock.drain();
        judge(one, fault, host, outcome);
      });
    } catch (error) {
      error.message = `turn ${fault.turn}, ${fault.name}: ${error.message}`;
      throw error;
    } finally {
      for (const back of undo) back();
      signing(() => new Uint8Array(64).fill(1));
    }
  }

  for (const one of cases) {
    const asked = one.turns.flatMap((turn, at) => (turn.give ? [{ at, kind: kindOf(turn) }] : []));
    if (!asked.length) continue;
    test(`whatever fails: ${one.id}`, async (t) => {
      const began = performance.now();
      const { encodeInto } = TextEncoder.prototype;
      t.after(() => Object.assign(TextEncoder.prototype, { encodeInto }));
      // What crosses to the wasm begins with the operation's name.
      TextEncoder.prototype.encodeInto = function (text, octets) {
        driven.add(text.slice(0, text.indexOf("\n")));
        return encodeInto.call(this, text, octets);
      };
      for (const { at, kind } of asked) {
        assert.ok(FAULTS[kind], `no faults of ${kind}`);
        // Of a store that has just failed nothing is asked for a while.
        const before = one.turns[at - 1];
        if (before?.give.failed && STORES.includes(kindOf(before))) continue;
        for (const name of [...Object.keys(FAULTS[kind]), ...UNASKED]) {
          if (name.startsWith("aborted") && UNSIGNALLED.includes(one.what.machine)) continue;
          await meet(one, { turn: at, name });
          figures.points += 1;
        }
      }
      runs.add(`${one.what.machine} ${"done" in one.turns.at(-1).step}`);
      figures.milliseconds += performance.now() - began;
    });
  }

  test("every machine that the wasm drives has its faults, in a good and in a refused run", () => {
    const machines = Object.keys(made);
    for (const machine of machines) for (const good of [true, false]) assert.ok(runs.has(`${machine} ${good}`), `${machine}, ${good ? "good" : "refused"}`);
    assert.deepEqual(
      operations().filter((name) => isOwn(name) && !driven.has(name)),
      [],
      "a machine without a generated list",
    );
    console.log(`faults injected in Node: ${machines.length} machines, ${figures.points} points, ${(figures.milliseconds / 1000).toFixed(1)} s`);
  });
}
