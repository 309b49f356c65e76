// Sealed values: AES-256-GCM, checked against the platform's other implementation of it (NIST SP 800-38D).
// The purpose is authenticated, keys rotate, and every octet counts.
// Refuses any change, another purpose, another key, and keys that are not 32 octets.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { test } from "node:test";

import { Client, clientSecretBasic } from "samtykke";
import { createEdge, open, seal } from "samtykke/edge";

import { SECRET, fails, preprod } from "./support.mjs";

const key = () => randomBytes(32).toString("base64url");
const TEXTS = ["", "x", "\ufeffmarked", "sealed text", "blåbærsyltetøy 🫐", "\0\n\r\t;,=", "x".repeat(3000)];

test("what is sealed opens again, and never looks the same twice", async () => {
  const keys = [key()];
  for (const text of TEXTS) {
    const [first, second] = [await seal(keys, "session", text), await seal(keys, "session", text)];
    assert.notEqual(first, second);
    assert.match(first, /^[A-Za-z0-9_-]+$/, "not fit for a cookie");
    assert.equal(await open(keys, "session", first), text);
    assert.equal(await open(keys, "session", second), text);
  }
});

test("node:crypto opens what we sealed, and we open what it sealed", async () => {
  const own = key();
  for (const purpose of ["login", "login of this client", ""]) {
    // docs/formats.md: a key for each kind, which is the purpose's first word.
    const derived = Buffer.from(hkdfSync("sha256", Buffer.from(own, "base64url"), Buffer.alloc(0), `samtykke 1 ${purpose.split(" ")[0]}`, 32));
    for (const text of TEXTS) {
      const octets = Buffer.from(await seal(own, purpose, text), "base64url");
      assert.equal(octets[0], 1);
      const decipher = createDecipheriv("aes-256-gcm", derived, octets.subarray(1, 13));
      decipher.setAAD(Buffer.from(purpose));
      decipher.setAuthTag(octets.subarray(-16));
      assert.equal(Buffer.concat([decipher.update(octets.subarray(13, -16)), decipher.final()]).toString(), text);

      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", derived, iv);
      cipher.setAAD(Buffer.from(purpose));
      const sealed = Buffer.concat([Buffer.of(1), iv, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
      assert.equal(await open(own, purpose, sealed.toString("base64url")), text);
      // Another version is another format.
      for (const version of [0, 2, 255])
        assert.equal(await open(own, purpose, Buffer.concat([Buffer.of(version), sealed.subarray(1)]).toString("base64url")), undefined);
    }
  }
});

test("no octet can be changed, added or taken, and no second spelling opens", async () => {
  const keys = key();
  // Lengths that leave 0, 2 and 4 stray bits in the last character.
  for (const text of ["abc", "abcd", "abcde"]) {
    const sealed = await seal(keys, "session", text);
    const octets = Buffer.from(sealed, "base64url");
    for (let at = 0; at < octets.length; at++) {
      const changed = Buffer.from(octets);
      changed[at] ^= 1 << (at % 8);
      assert.equal(await open(keys, "session", changed.toString("base64url")), undefined, `octet ${at}`);
    }
    for (let at = 0; at < sealed.length; at++) {
      const letter = sealed[at] === "A" ? "B" : "A";
      assert.equal(await open(keys, "session", sealed.slice(0, at) + letter + sealed.slice(at + 1)), undefined, `character ${at}`);
    }
    // The last character's neighbours share its used bits.
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (const last of alphabet) {
      if (last !== sealed.at(-1)) assert.equal(await open(keys, "session", sealed.slice(0, -1) + last), undefined, `last character ${last}`);
    }
    const others = [
      `${sealed}=`,
      `${sealed}==`,
      ` ${sealed}`,
      `${sealed}\n`,
      `${sealed}A`,
      sealed.slice(1),
      sealed.slice(0, -1),
      sealed.slice(0, 20),
      "",
      "A",
      "å",
      `"${sealed}"`,
    ];
    for (const other of others) assert.equal(await open(keys, "session", other), undefined, JSON.stringify(other.slice(0, 8)));
    assert.equal(await open(keys, "session", sealed), text);
  }
  const spelled = Buffer.from(randomBytes(40)).toString("base64");
  assert.equal(await open(keys, "session", spelled), undefined);
});

test("a value sealed for one purpose does not open for another", async () => {
  const keys = key();
  const sealed = await seal(keys, "login", "text");
  for (const purpose of ["session", "", "Login", "login ", "login\0"]) assert.equal(await open(keys, purpose, sealed), undefined, purpose);
});

test("keys rotate: the first seals, all open, a removed one does not", async () => {
  const [old, current, next] = [key(), key(), key()];
  const sealed = await seal([old], "session", "text");
  assert.equal(await open([current, old], "session", sealed), "text");
  assert.equal(await open(`${current},${old}`, "session", sealed), "text");
  assert.equal(await open(` ${current}\n${old}\n`, "session", sealed), "text");
  assert.equal(await open([next, current], "session", sealed), undefined);
  const fresh = await seal([current, old], "session", "text");
  assert.equal(await open([current], "session", fresh), "text");
  assert.equal(await open([old], "session", fresh), undefined);
});

test("Node's own crypto and WebCrypto, which other runtimes use, open each other's and refuse the same", async () => {
  const [keys, other] = [key(), key()];
  const sealed = await Promise.all(TEXTS.map((text) => seal(keys, "session", text)));
  const changed = sealed.flatMap((one) => {
    const octets = Buffer.from(one, "base64url");
    const places = [0, 11, 12, octets.length - 17, octets.length - 16, octets.length - 1].map((at) => Buffer.from(octets).fill(octets[at] ^ 1, at, at + 1));
    return [...places, ...[1, 15, 16, 17, 28].map((cut) => octets.subarray(0, -cut)), octets.subarray(1), Buffer.concat([octets, Buffer.alloc(1)])].map(
      (each) => each.toString("base64url"),
    );
  });
  const program = `
    const { subtle } = crypto;
    const own = subtle.decrypt;
    let calls = 0;
    subtle.decrypt = function (...rest) { calls++; return own.apply(this, rest); };
    const { open, seal } = await import("samtykke/edge");
    const { keys, other, sealed, changed, texts } = JSON.parse(await new Response((await import("node:stream")).Readable.toWeb(process.stdin)).text());
    const opened = async (key, purpose, list) => JSON.stringify(await Promise.all(list.map((one) => open(key, purpose, one).then((text) => text ?? null))));
    const answer = [await opened(keys, "session", sealed), await opened([other, keys], "session", sealed), await opened(other, "session", sealed), await opened(keys, "login", sealed), await opened(keys, "session", changed)];
    console.log(JSON.stringify({ answer, calls, own: await Promise.all(texts.map((text) => seal(keys, "session", text))) }));`;
  const run = (hide) => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(hide)}`, "--input-type=module", "-e", program],
      {
        encoding: "utf8",
        cwd: import.meta.dirname,
        input: JSON.stringify({ keys, other, sealed, changed, texts: TEXTS }),
      },
    );
    assert.equal(stderr, "");
    return JSON.parse(stdout);
  };
  const none = (list) => JSON.stringify(list.map(() => null));
  const right = [JSON.stringify(TEXTS), JSON.stringify(TEXTS), none(sealed), none(sealed), none(changed)];
  for (const [hide, slow] of [
    ["", !process.getBuiltinModule],
    ["process.getBuiltinModule = undefined", true],
  ]) {
    const { answer, calls, own } = run(hide);
    assert.deepEqual(answer, right, hide);
    assert.equal(calls > 0, slow, "which of the two it was");
    for (const [at, one] of own.entries()) assert.equal(await open(keys, "session", one), TEXTS[at]);
  }
});

test("keys that are none are refused when the handlers are made", async () => {
  const client = new Client(preprod, clientSecretBasic(SECRET));
  const bad = [
    undefined,
    null,
    "",
    " ,\n",
    [],
    "short",
    randomBytes(31).toString("base64url"),
    randomBytes(33).toString("base64url"),
    "å".repeat(43),
    [key(), "x"],
    `${key()},x`,
  ];
  for (const keys of bad) await fails(() => createEdge({ client, keys }), { code: "invalid_configuration", phase: "session", action: "fix_configuration" });
  createEdge({ client, keys: randomBytes(32).toString("base64") });
  for (const keys of ["short", [], undefined]) await fails(seal(keys, "session", "x"), { code: "invalid_configuration" });
  assert.equal(await open("short", "session", await seal(key(), "session", "x")), undefined);
});
