// No twin of the wire in TypeScript: no file of the package names a member of a form, a document or a token, nor an OAuth error code,
// as a text. The names are read from the crate's sources. What still does is listed with how often; the list may only grow shorter.
// Refuses a new one, and a count that is no longer true.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { members, snakeWords, stringLiterals } from "../lib/literals.mjs";
import { sources } from "../lib/house.mjs";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const read = (...path) => readFileSync(join(ROOT, ...path), "utf8");

/** Floors of the crate that know the wire, and those parts of them that know tokens and keys. */
const WIRE = ["protocol", "jose", "flow"];
const JOSE = /^(?:jose\/|protocol\/(?:id_token\/|assertion|dpop))/;

/** Words that are also something else: a phase, WebCrypto's name of a format, an API's list, inputs, options and marks of ours. */
const PLAIN = ["token", "jwk", "events", "keys", "response", "too_large", "scope", "code", "error", "n", "e", "x", "y"];

/** What finds a cookie or a transaction by its state, before the core has seen it. */
const BY_STATE = { "page/page.ts": ["state"], "edge/login.ts": ["state"], "edge/logout.ts": ["state"] };

/** What still breaks it, and how often. */
const STILL = {
  "crypto/keys.ts": 2,
  "edge/login.ts": 3,
  "edge/session.ts": 4,
  "edge/store.ts": 5,
  "protocol/authentication.ts": 10,
  "protocol/discovery.ts": 10,
  "protocol/flow.ts": 1,
  "protocol/id_token.ts": 1,
  "protocol/introspection.ts": 2,
  "protocol/party.ts": 1,
  "protocol/signing.ts": 2,
  "providers/acmidm/provider.ts": 2,
  // Two are the names of an option.
  "providers/adfs/provider.ts": 3,
  "providers/maskinporten/self_service.ts": 2,
  "tokens/entry.ts": 2,
  "tokens/grant.ts": 4,
};

function wireWords() {
  const words = new Set();
  for (const floor of WIRE) {
    for (const [file, text] of rustSources(floor)) {
      for (const word of snakeWords(text)) words.add(word);
      if (JOSE.test(file)) for (const word of members(text)) words.add(word);
    }
  }
  const [, answers] = /RESPONSE_PARAMETERS[^"]*"([^"]+)"/.exec(read("src/protocol/syntax.rs"));
  for (const word of answers.split(" ")) words.add(word);
  // The library's own codes, by which callers tell errors apart.
  for (const [, code] of read("src/ground/error/codes.rs").matchAll(/"([a-z0-9_]+)"/g)) words.delete(code);
  for (const word of PLAIN) words.delete(word);
  return words;
}

const rustSources = (floor) => [...sources(join(ROOT, "src", floor), ".rs")].map(([file, text]) => [`${floor}/${file}`, text]);

test("the words of the wire are read from the crate", () => {
  const words = wireWords();
  for (const word of ["grant_type", "client_assertion", "token_endpoint", "jwks_uri", "kid", "x5t", "nonce", "invalid_grant", "use_dpop_nonce", "state"]) {
    assert.ok(words.has(word), word);
  }
  assert.ok(words.size > 100 && !words.has("invalid_configuration"));
});

test("texts are told from comments, regular expressions and templates", () => {
  const text = 'const a = "x"; // "y"\n/* "z" */ const b = /["\'`]/.test(c) ? `w` : `v$' + '{d("u")}`;\nconst e = f / 2; const g = "h";';
  assert.deepEqual(
    stringLiterals(text).map(({ value, line }) => `${value} ${line}`),
    ["x 1", "w 2", "u 2", "h 3"],
  );
});

test("no file of the package names what goes over the wire", () => {
  const words = wireWords();
  const found = {};
  for (const [file, text] of sources(join(ROOT, "pkg", "src"), ".ts")) {
    // Written by `npm run generate`, from the crate's own data.
    if (/^providers\/[^/]+\/data\.ts$/.test(file)) continue;
    const named = stringLiterals(text).map(({ value }) => value);
    const wire = named.filter((value) => value.split(" ").every((word) => words.has(word)));
    for (const word of BY_STATE[file] ?? []) {
      assert.ok(wire.includes(word), `${file}: ${word} is no longer needed`);
      wire.splice(wire.indexOf(word), 1);
    }
    if (wire.length) found[file] = wire.length;
  }
  assert.deepEqual(found, STILL);
});
