// Every function of the package that takes options refuses one that nobody reads, by its name: a misspelt `days` would be another
// consent, a misspelt `dpop` a token that is bound to nothing. The functions are read from the package's own types.
// Refuses a function that is not called here.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { calls } from "./options.mjs";

const LIB = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "pkg", "dist", "lib");

/** The parameters from an opening bracket on. */
function parameters(text, at) {
  const found = [];
  let depth = 0;
  let from = at + 1;
  for (let here = at; ; here++) {
    const letter = text[here];
    if (letter === "=" && text[here + 1] === ">") here++;
    else if ("([{<".includes(letter)) depth++;
    else if (letter === "," && depth === 1) {
      found.push(text.slice(from, here).trim());
      from = here + 1;
    } else if (")]}>".includes(letter) && --depth === 0) return [...found, text.slice(from, here).trim()].filter(Boolean);
  }
}

/** What is no options: values with a meaning of their own, and what a server or a runtime gives or is given. */
const OTHERS =
  /^(?:Provider|Request|Response|Tokens|string|number|object|unknown|Data|Session|Id|S|Edge|Client|Identity\["key"\]|ClientAuthentication|SigningKey|KeySource|Jwks?|JwksCache|SealKeys|FormPost|AuthorizationCode|URL|Fetch|Selvbetjening|RedisSend|DenoKv|SessionStore|TokenStore|DeviceAuthorization|Node\w+|NextParts|WaitUntil|HttpAnswer|Language|SignatureAlgorithm|RegisteredClient|RegisteredScope|OnBehalfOf|KeyToRegister|DurableObject\w+|CryptoKey|ElysActor|ElysEnvironmentName|AdfsKeyName|ErrorFacts|PublicJwk|null|undefined|Uint8Array|Octets|RefusableToken|boolean|Promise|ClientSettings|Introspection|CurrentClient)\b/;

function isOptions(type) {
  if (/=>/.test(type.replace(/\{[\s\S]*\}/, "")) || type.startsWith("readonly ") || type.startsWith("Pick<Introspection") || type.startsWith("Pick<Edge"))
    return false;
  return !OTHERS.test(type) && !/^\{ (?:cause|readonly (?:\[member|code|privateKey|person))/.test(type);
}

/** The parameters of all that the entries export, as `owner.name(parameter)`. */
function taken() {
  const files = readdirSync(LIB, { recursive: true }).filter((name) => name.endsWith(".d.ts"));
  const text = (name) => readFileSync(join(LIB, name), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const exported = new Set();
  for (const name of files.filter((one) => one.startsWith("entries")))
    for (const [, names] of text(name).matchAll(/export (?:type )?\{([^}]*)\}/g))
      for (const one of names.split(","))
        exported.add(
          one
            .trim()
            .replace(/^type /, "")
            .split(" as ")
            .at(-1),
        );
  const found = new Set();
  const add = (owner, list) => {
    for (const parameter of list) {
      const [, name, type] = /^(?:\.\.\.)?(\{[^}]*\}|\w+)\??: ([\s\S]*)$/.exec(parameter.replace(/\s+/g, " ")) ?? [];
      if (type && isOptions(type)) found.add(`${owner}(${name.startsWith("{") ? "options" : name})`);
    }
  };
  for (const name of files) {
    const source = text(name);
    for (const match of source.matchAll(/export declare (?:function (\w+)|const (\w+): )(?:<[^(]*>)?\(/g)) {
      const own = match[1] ?? match[2];
      if (exported.has(own)) add(own, parameters(source, match.index + match[0].length - 1));
    }
    for (const match of source.matchAll(/export (?:declare (?:abstract )?class|interface) (\w+)[^{]*\{/g)) {
      const [head, own] = match;
      // Of interfaces, those that the package makes itself.
      if (!exported.has(own) || (head.includes("interface") && !["Edge", "DpopKeyStore", "Receiver"].includes(own))) continue;
      const body = source.slice(match.index + head.length, source.indexOf("\n}", match.index));
      for (const method of body.matchAll(/\n {4}(?:static )?(\w+)(?:<[^(\n]*>)?\(/g))
        add(`${own}.${method[1]}`, parameters(body, method.index + method[0].length - 1));
    }
  }
  return found;
}

let rows;
before(async () => {
  rows = await calls();
});

const failed = async (call, options) => {
  try {
    await call(options);
    return undefined;
  } catch (error) {
    return error;
  }
};

test("every function that takes options is called here", () => {
  const found = [...taken()].sort();
  assert.ok(found.length > 90, `${found.length}`);
  assert.deepEqual(
    found.filter((name) => !rows.has(name)),
    [],
  );
  assert.deepEqual(
    [...rows.keys()].filter((name) => !found.includes(name)),
    [],
  );
});

test("an option that nobody reads is refused by its name, and one that is undefined is not there", async () => {
  for (const [name, call] of rows) {
    const error = await failed(call, { unheardOf: 1 });
    assert.equal(error?.name, "SamtykkeError", `${name}: ${error}`);
    assert.match(error.code, /^invalid_(?:configuration|parameter)$/, name);
    assert.equal(error.actual, "unheardOf", `${name}: ${error.message}`);
    assert.equal(error.action, "fix_configuration", name);
    const absent = await failed(call, { unheardOf: undefined });
    assert.notEqual(absent?.actual, "unheardOf", name);
  }
});
