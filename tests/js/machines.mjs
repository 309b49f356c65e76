// What the tests of the machine table share: what a machine says and is given, as the table has it; the host that the table describes.
// Before each right input each wrong one is tried: it must be refused, and change nothing.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { SigningKey } from "../../pkg/dist/lib/crypto/keys.js";
import { SamtykkeError } from "../../pkg/dist/lib/core/error.js";
import { Run } from "../../pkg/dist/lib/core/run.js";

export const NOW = 1_800_000_000;
export const { jwks, machines, cases } = JSON.parse(readFileSync(new URL("../machines/table.json", import.meta.url), "utf8"));

/** What the signer of this case does. */
export const signing = { now: () => new Uint8Array(64).fill(1) };

export const key = await SigningKey.custom({
  alg: "ES256",
  publicJwk: { kty: "EC", crv: "P-256", x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" },
  sign: () => signing.now(),
});

/** What a machine says, as the table has it. */
function said({ name, rest }) {
  const lines = rest.split("\n");
  if (name === "send") {
    const end = lines.indexOf("", 2);
    const [spends, repeatable, method, url, ...headers] = lines.slice(0, end);
    const body = lines.slice(end + 1).join("\n");
    return { send: { method, url, headers, repeatable: !!repeatable, ...(body && { body }), ...(spends && { spends }) } };
  }
  if (name === "sign") {
    const [header, claims] = lines[1].split(".").map((part) => Buffer.from(part, "base64url").toString());
    return { sign: { key: lines[0], header, claims } };
  }
  if (name === "find") {
    const [alg, kid, signature, input] = lines;
    return { find: { alg, kid: kid || null, input, signature } };
  }
  if (name === "digest") return { digest: { hash: lines[0].replace("SHA-", "Sha"), value: lines[1] } };
  if (name === "decrypt") return { decrypt: { header: lines[0], token: lines[1] } };
  if (name === "keep") return { keep: { ends: Number(lines[0]), text: lines.slice(1).join("\n") } };
  if (name === "call") return { call: { ...said({ name: "send", rest: `\n${lines.slice(1).join("\n")}` }).send, key: lines[0] } };
  if (name === "ask") return { ask: rest };
  if (name === "token") return { token: { scope: lines[0], refused: lines[1] || null } };
  if (name === "sleep") return { sleep: Number(rest) };
  if (["store", "load", "lock", "unlock", "adopt"].includes(name)) return { [name]: rest };
  assert.equal(name, "done");
  return { done: rest.startsWith("{") ? JSON.parse(rest) : rest };
}

function refused(error) {
  assert.ok(error instanceof SamtykkeError, error);
  const { code, phase, action, retryable, expected, actual, oauth, http } = error;
  return {
    error: {
      code,
      phase,
      action,
      retryable,
      ...(expected !== undefined && { expected }),
      ...(actual !== undefined && { actual }),
      ...(oauth && { oauth: { error: oauth.error, description: oauth.description ?? null } }),
      ...(error.provider?.code && { provider: error.provider.code }),
      ...(http && { status: http.status }),
      ...(http?.retryAfter !== undefined && { retryAfter: http.retryAfter }),
    },
  };
}

/** Which kind of input answers which step. */
const RIGHT = {
  ...{ send: "response", sign: "signature", find: "verdict", digest: "digest", decrypt: "plaintext", store: "stored" },
  ...{ token: "token", sleep: "slept" },
  ...{ load: "loaded", lock: "locked", keep: "unlocked", unlock: "unlocked", adopt: "adopted" },
  ...{ call: "response", ask: "answered" },
};

const WRONG = {
  response: ["200\napplication/json\n\n\n\n", new TextEncoder().encode("{}")],
  signature: ["", new Uint8Array(64).fill(2)],
  verdict: ["1"],
  digest: ["", new Uint8Array(64).fill(3)],
  plaintext: ["", new TextEncoder().encode("e30.e30.AAAA")],
  stored: [],
};

/** What Selvbetjening's machines alone are given. */
export const WRONG_SELVBETJENING = { ...WRONG, answered: ["", new TextEncoder().encode("{}")], slept: [] };

/** What calls of a provider's own alone are given. */
export const WRONG_CALL = { ...WRONG_SELVBETJENING, token: ["", new TextEncoder().encode("other.token")] };

/** What sessions alone are given. */
export const WRONG_SESSION = { ...WRONG, loaded: ["\n\n"], locked: ["\n\n"], unlocked: [], adopted: [] };

/** Notes down what a machine says and is given, and tries what it must not take. */
function watched(t, turns, wrong) {
  const { first, step } = Run.prototype;
  t.after(() => Object.assign(Run.prototype, { first, step }));
  const noted = (run, work) => {
    const note = {};
    try {
      const result = work();
      Object.assign(note, said(result));
      return result;
    } catch (error) {
      Object.assign(note, refused(error));
      throw error;
    } finally {
      if (run.nonce) note.nonce = run.nonce;
      if (run.keeps) note.keeps = true;
      turns.push({ step: note });
      // The machine's own notes are not to be lost by what follows.
      const { nonce, keeps } = run;
      const [right] = Object.keys(note).filter((name) => name in RIGHT);
      for (const [kind, input] of Object.entries(wrong)) {
        if (kind !== RIGHT[right]) assert.throws(() => step.call(run, kind, ...input), { code: "transaction_used" }, `${kind} was taken`);
      }
      Object.assign(run, { nonce, keeps });
    }
  };
  Run.prototype.first = function () {
    return noted(this, () => first.call(this));
  };
  Run.prototype.step = function (name, lines, octets) {
    turns.at(-1).give =
      name === "verdict" ? { verdict: lines === "1" } : name === "digest" ? { digest: Buffer.from(octets).toString("base64url") } : { [name]: true };
    return noted(this, () => step.call(this, name, lines, octets));
  };
}

/** What the host does with a step, by what the table gives. */
function hostOf(turns) {
  const gives = turns.map(({ give }) => give).filter(Boolean);
  const next = (...kinds) => {
    const at = gives.findIndex((give) => [...kinds, "failed"].some((kind) => kind in give));
    return gives.splice(0, at + 1).at(-1);
  };
  const fetch = async () => {
    const { response, failed } = next("response");
    if (failed === "network") throw new TypeError("no connection");
    if (failed === "redirected") return Object.defineProperty(new Response(""), "redirected", { value: true });
    if (failed === "too_large") return new Response("x".repeat((1 << 20) + 1), { headers: { "content-type": "application/json" } });
    if (failed === "cut") {
      const body = new ReadableStream({ pull: (controller) => controller.error(new TypeError("cut")) });
      return new Response(body, { headers: { "content-type": "application/json" } });
    }
    const { status, headers, json, body } = response;
    return new Response(body ?? JSON.stringify(json), { status, headers: { "content-type": "application/json", ...headers } });
  };
  signing.now = () => {
    if (next("signature").failed) throw new Error("the signer failed");
    return new Uint8Array(64).fill(1);
  };
  const store = () => {
    if (next("stored").failed) throw new Error("the store failed");
  };
  const decrypt = () => {
    const { failed, plaintext } = next("plaintext");
    if (failed) throw new Error("the decrypter failed");
    return new TextEncoder().encode(plaintext);
  };
  const kept = async (kind) => {
    const give = next(kind);
    if (!give.failed) return give[kind] ?? undefined;
    // Nothing is asked of a store for a while after it failed.
    if (gives[0]?.failed) gives.shift();
    throw new Error("the store is down");
  };
  const sessionStore = {
    read: () => kept("loaded"),
    lock: async () => {
      if (!gives.find((give) => "locked" in give || "failed" in give || "held" in give)?.held) return { fence: "1", kept: await kept("locked") };
      next("held");
      return undefined;
    },
    write: async () => true,
    unlock: async () => {},
  };
  const asked = (kind) => () => {
    const { failed, [kind]: value } = next(kind);
    if (failed) throw new Error("a function of the caller's failed");
    return value;
  };
  return { fetch, store, decrypt, kept, sessionStore, next, token: asked("token"), change: asked("answered") };
}

/** Plays the cases of these machines. `any`: a machine of the wasm that they are in, and its `lines`; `play` has the case's machine made and driven. */
export function plays(own, any, play, wrong = WRONG, lines = "") {
  for (const { id, what, turns } of cases.filter(({ what }) => own.includes(what.machine))) {
    test(id, async (t) => {
      // A run that is not over keeps the instance, and with it the machine that refused something, from being used anew.
      const keeper = new Run(any, lines);
      t.after(() => keeper.end());
      const { now } = Date;
      Date.now = () => NOW * 1000;
      Object.defineProperty(crypto, "getRandomValues", { value: (octets) => octets.fill(7), configurable: true });
      t.after(() => {
        Date.now = now;
        delete crypto.getRandomValues;
      });
      // What random octets are in stock from before is used up: the stock is of 1,024.
      for (let count = 0; count < 32; count++) new Run(any, lines).end();
      const noted = [];
      watched(t, noted, wrong);
      const done = await play(what, hostOf(turns), () => (noted.length = 0)).catch(() => {});
      // What needs neither network nor key is begun without a run, and is the same.
      if (what.machine === "login" && noted.length === 0) noted.push({ step: { done: `${done.url}\n${done.transaction}` } });
      const expected = turns.map(({ step, give }) => {
        const kind = give && Object.keys(give)[0];
        return { step, ...(give && { give: ["verdict", "digest"].includes(kind) ? give : { [kind]: true } }) };
      });
      assert.deepEqual(noted, expected);
    });
  }
}
