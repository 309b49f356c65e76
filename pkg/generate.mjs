// `npm run generate`: writes what crate and package both know from the files where it stands once. Each provider's facts,
// src/provider/<id>/provider.json, become data.rs beside it and data.ts in pkg/src/providers/<id>; the folders with such a file are the
// list of providers, src/provider/mod.rs; the words for people become pkg/src/core/message_texts.ts. What is written is committed,
// and tests/docs/generated.test.mjs fails where it differs: nothing is parsed when a program runs or is built.
// Refuses a member that it does not know, and a table whose rows are not of one length.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PROVIDERS = join(ROOT, "src", "provider");

/** The ids of all providers. */
export const providers = () => readdirSync(PROVIDERS).filter((name) => existsSync(join(PROVIDERS, name, "provider.json")));
/** Those that have an entry of their own; `within` names the entries that hold another's. */
export const withEntry = () => providers().filter((id) => !factsOf(id).within);
/** What is known of a provider. */
export const factsOf = (id) => JSON.parse(readFileSync(join(PROVIDERS, id, "provider.json"), "utf8"));

const text = (value) => JSON.stringify(value);
const list = (values, one = text) => `[${values.map(one).join(", ")}]`;
const pascal = (name) => name.replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase());
const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const upper = (name) => name.toUpperCase();
/** Numbers as rustc's lints want them. */
const number = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "_");

function known(id, where, given, names) {
  for (const name of Object.keys(given)) if (!names.includes(name)) throw new Error(`${id}: ${where} has no member "${name}"`);
}

/** How each member of `requests` is written in Rust; most have one name in both languages. */
const owned = (values) => `vec!${list(values, (value) => `${text(value)}.into()`)}`;
const presence = (value) => `Presence::${pascal(value)}`;
const ASSERTION = {
  audience: (value) => `Audience::${pascal(value)}`,
  kid: presence,
  x5t: presence,
  x5t_s256: presence,
  x5c: presence,
  typ: (value) => (value === null ? "None" : `Some(${text(value)}.into())`),
  lifetime: () => "ASSERTION_LIFETIME",
  not_before: String,
  algorithms: () => "ALGORITHMS.iter().map(|name| String::from(*name)).collect()",
  client_id: String,
};
const REQUESTS = {
  require_pushed_requests: ["pushed", String],
  require_dpop: ["dpop", String],
  require_request_object: ["request_object", String],
  free_resource: ["free_resource", String],
  issued_token_type_optional: ["issued_token_type_optional", String],
  session_end: ["session_end", owned],
  signing_algorithms: ["signing_algorithms", owned],
  request_id: ["request_id", (value) => `Some(${text(value)})`],
  keys_by_x5t: ["keys_by_x5t", String],
  auth_time_text: ["auth_time_text", String],
  not_with_code: ["not_with_code", owned],
  assertion: [
    "assertion",
    (given) => `AssertionRules { ${members(given, (name, value) => `${name}: ${ASSERTION[name](value)}`, Object.keys(ASSERTION), "AssertionRules")} }`,
  ],
};
/** Members of a struct, and the rest as it is by default where one is left out. */
function members(given, write, all, type) {
  const lines = Object.entries(given).map(([name, value]) => write(name, value));
  return [...lines, ...(all.every((name) => name in given) ? [] : [`..${type}::default()`])].join(", ");
}
/** The addresses beyond those that every profile has, by their name in metadata. */
const ENDPOINTS = {
  pushed_authorization_request_endpoint: "pushed_authorization_request",
  device_authorization_endpoint: "device_authorization",
  jwks_uri: "jwks_uri",
  userinfo_endpoint: "userinfo",
  introspection_endpoint: "introspection",
  revocation_endpoint: "revocation",
  end_session_endpoint: "end_session",
};
const RULES = ["check_scope", "client_authentication", "id_token_optional", "callback_kinds", "callback_errors", "acr_levels", "echoed"];

/** The rules of a provider, as a static. */
function rulesOf(id, name, rules) {
  known(id, "rules", rules, RULES);
  const lines = [`id: ${text(id)}`];
  if (rules.check_scope) lines.push(`check_scope: super::${rules.check_scope}`);
  if (rules.callback_errors) {
    const rows = Object.entries(rules.callback_errors).map(([action, errors]) => `(Action::${pascal(action)}, ${text(errors.join(" "))})`);
    lines.push(`callback_errors: &[${rows.join(", ")}]`);
  }
  if (rules.callback_kinds) lines.push(`callback_kinds: &${list(rules.callback_kinds, (code) => `&codes::${upper(code)}`)}`);
  if (rules.client_authentication) lines.push(`client_authentication: &${list(rules.client_authentication)}`);
  if (rules.id_token_optional) lines.push("id_token_optional: true");
  if (rules.acr_levels) lines.push(`acr_levels: &${list(rules.acr_levels)}`);
  if (rules.echoed) lines.push(`echoed: (${text(rules.echoed.parameter)}, ${text(rules.echoed.claims.join(" "))})`);
  return [
    `/// What ${name} does differently.`,
    `pub static RULES: Rules = Rules { ${[...lines, ...(RULES.every((name) => name in rules) ? [] : ["..STANDARD"])].join(", ")} };`,
  ];
}

/** An address as a provider.json has it: what follows the issuer, or the origin that a name in braces stands for. */
const placed = (path) => path.match(/^\{(\w+)\}(.*)$/)?.slice(1) ?? ["", path];
/** What the addresses are made of: the issuer (or its origin), and further origins. */
const basesOf = (endpoints) => {
  const named = Object.values(endpoints).map((path) => placed(path)[0]);
  return [endpoints.issuer ? "origin" : "issuer", ...new Set(named.filter(Boolean))];
};

/** A function that makes a profile of an issuer, or of the origin that the issuer begins with. */
function profileOf(id, { endpoints, requests = {}, iss_parameter = false }) {
  known(id, "endpoints", endpoints, ["issuer", "authorization_endpoint", "token_endpoint", ...Object.keys(ENDPOINTS)]);
  known(id, "requests", requests, Object.keys(REQUESTS));
  known(id, "assertion", requests.assertion ?? {}, Object.keys(ASSERTION));
  const [base, ...others] = basesOf(endpoints);
  const at = (path) => `join(${placed(path)[0] || base}, ${text(placed(path)[1])})`;
  const further = Object.entries(ENDPOINTS).filter(([member]) => endpoints[member]);
  const made = [
    `/// The addresses and rules of a server by its ${[base, ...others].join(" and ")}.`,
    `pub(super) fn profile(${[base, ...others].map((name) => `${name}: &str`).join(", ")}) -> Profile {`,
  ];
  const fields = ["rules: &RULES"];
  if (iss_parameter) fields.push("iss_parameter: true");
  if (further.length) {
    const lines = further.map(([member, field]) => `${field}: Some(${at(endpoints[member])})`);
    fields.push(`endpoints: Endpoints { ${lines.join(", ")}, ..Endpoints::default() }`);
  }
  if (Object.keys(requests).length) fields.push("requests: requests()");
  const [issuer, ...both] = ["issuer", "authorization_endpoint", "token_endpoint"].map((member) => (endpoints[member] ? `&${at(endpoints[member])}` : ""));
  made.push(`Profile { ${fields.join(", ")}, ..Profile::new(${[issuer || base, ...both.map((one) => one || '""')].join(", ")}) }`, "}");
  if (Object.keys(requests).length) {
    const body = members(requests, (name, value) => `${REQUESTS[name][0]}: ${REQUESTS[name][1](value)}`, Object.keys(REQUESTS), "Requests");
    made.push("/// How requests look, wherever the addresses come from.", `pub(super) fn requests() -> Requests { Requests { ${body} } }`);
  }
  if (requests.assertion?.algorithms) {
    made.unshift("/// Algorithms a client may sign with.", `pub(super) static ALGORITHMS: &[&str] = &${list(requests.assertion.algorithms)};`);
  }
  if (requests.assertion?.lifetime) {
    made.unshift(
      "/// Seconds a client assertion lives unless the caller says otherwise.",
      `pub(super) const ASSERTION_LIFETIME: u32 = ${number(requests.assertion.lifetime)};`,
    );
  }
  return made;
}

const MEMBERS = [
  "name",
  "page",
  "sources",
  "notes",
  "within",
  "of",
  "endpoints",
  "rules",
  "requests",
  "iss_parameter",
  "unknown_life",
  "metadata",
  "constants",
  "tables",
];

function checkTables(id, tables) {
  for (const [name, { columns, rows, ...rest }] of Object.entries(tables)) {
    known(id, name, rest, ["about", "only"]);
    for (const row of rows) if (row.length !== columns.length) throw new Error(`${id}: ${name}: ${row[0]} has ${row.length} values of ${columns.length}`);
  }
}

/** data.rs of a provider. */
export function rustOf(id, facts) {
  known(id, "provider.json", facts, MEMBERS);
  const { name, rules, endpoints, unknown_life, metadata, constants = {}, tables = {} } = facts;
  checkTables(id, tables);
  const body = [];
  if (rules) body.push(...rulesOf(id, name, rules));
  if (endpoints) body.push(...profileOf(id, facts));
  if (unknown_life !== undefined) {
    body.push("/// Seconds for which a token is kept whose life is not said.", `pub(super) const UNKNOWN_LIFE: u64 = ${number(unknown_life)};`);
  }
  if (metadata) {
    body.push("/// Members of the metadata that hold whatever the document says.", `pub(super) const METADATA: &str = r#"${JSON.stringify(metadata)}"#;`);
  }
  for (const [key, { about, value }] of Object.entries(constants)) body.push(`/// ${about}`, `pub(super) const ${upper(key)}: &str = ${text(value)};`);
  for (const [key, { about, columns, rows, only }] of Object.entries(tables)) {
    if (only && only !== "rust") continue;
    body.push(`/// ${about}`, `pub(super) static ${upper(key)}: &[[&str; ${columns.length}]] = &${list(rows, (row) => list(row))};`);
  }
  const source = body.join("\n");
  const code = source.replace(/^\/\/\/.*$/gm, "");
  const uses = (path, names) => {
    const used = names.filter((one) => new RegExp(`\\b${one}\\b`).test(code));
    return used.length ? [`use ${path}::{${used.join(", ")}};`] : [];
  };
  const head = [
    `//! ${name}: the facts of provider.json, which \`npm run generate\` writes; edit that file.`,
    "//!",
    ...facts.sources.map((source) => `//! ${source}`),
    ...(/\bString\b/.test(code) ? ["use alloc::string::String;"] : []),
    ...(source.includes("vec!") ? ["use alloc::vec;"] : []),
    ...uses("crate::ground::error", ["Action", "codes"]),
    ...uses("crate::protocol::profile", ["AssertionRules", "Audience", "Endpoints", "Presence", "Profile", "Requests", "Rules", "STANDARD"]),
    ...uses("crate::provider::table", ["join"]),
  ];
  return rustfmt(`${[...head, ...body].join("\n").replace(/\n(?=\/\/\/)/g, "\n\n")}\n`);
}

/** What the package calls a value of `requests`; the names are those of its options. */
const settings = (value) =>
  value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).map(([name, one]) => [camel(name), settings(one)]))
    : value;
/** Rules of requests that the package has no option for: the core has them by the provider's name. */
const CORE_ONLY = ["request_id", "keys_by_x5t", "not_with_code"];

/** data.ts of a provider; nothing where the package needs none of it. */
function typescriptOf(id, facts) {
  const { page, endpoints, requests = {}, iss_parameter, unknown_life, metadata, constants = {}, tables = {} } = facts;
  const body = [];
  const say = (about, name, type, value) => body.push(`/** ${about} */`, `export const ${name}: ${type} = ${value};`);
  let server = false;
  if (endpoints) {
    const bases = basesOf(endpoints);
    const write = (about, name, shown) => {
      const lines = shown.map((member) => {
        const [base, path] = placed(endpoints[member]);
        return `${camel(member)}: \`\${${base || bases[0]}}${path}\``;
      });
      const parameters = bases.map((base) => `${base}: string`).join(", ");
      if (lines.length) body.push(`/** ${about} by its ${bases.join(" and ")}. */`, `export const ${name} = (${parameters}) => ({ ${lines.join(", ")} });`);
    };
    const names = Object.keys(endpoints);
    // A page has room for those alone that it goes to.
    const further = page ? names.filter((member) => member in ENDPOINTS) : [];
    write(
      "A server's addresses",
      "addresses",
      names.filter((member) => !further.includes(member)),
    );
    write("Those that a page has no use for,", "serverAddresses", further);
  }
  if (Object.keys(requests).length) {
    server = true;
    const shown = Object.fromEntries(Object.entries(requests).filter(([name]) => !CORE_ONLY.includes(name)));
    const life = unknown_life === undefined ? {} : { unknown_life };
    say(
      "How requests look.",
      "SERVER",
      "ServerRules",
      JSON.stringify({ ...settings({ ...shown, ...life }), ...(iss_parameter && { issParameterSupported: true }) }),
    );
  }
  if (metadata) say("Members of the metadata that hold whatever the document says.", "METADATA", "Readonly<Record<string, unknown>>", JSON.stringify(metadata));
  for (const [key, { about, value }] of Object.entries(constants)) say(about, upper(key), "string", JSON.stringify(value));
  for (const [key, { about, columns, rows, only }] of Object.entries(tables)) {
    if (only && only !== "typescript") continue;
    const row = columns.map((name) => `${camel(name)}: string`).join(", ");
    say(about, upper(key), `readonly (readonly [${row}])[]`, JSON.stringify(rows));
  }
  if (!body.length) return undefined;
  const head = [`// ${facts.name}: generated from src/provider/${id}/provider.json by \`npm run generate\`; edit that file.`, ""];
  if (server) head.push('import type { ServerRules } from "../../protocol/profile.js";', "");
  return biome([...head, ...body, ""].join("\n"), `pkg/src/providers/${id}/data.ts`);
}

/** The words for people, in the package's languages. */
function messagesOf() {
  const file = "src/ground/error/messages.txt";
  const rows = readFileSync(join(ROOT, file), "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split("|"));
  // Apart, for whoever has room for the actions' alone.
  const actions = ["fix_configuration", "restart", "try_later", "user_declined", "user_cancelled"];
  const texts = (holds) => JSON.stringify(Object.fromEntries(rows.filter(([name]) => holds(name)).map(([name, ...languages]) => [name, languages])));
  const lines = [
    `// Generated from ${file} by \`npm run generate\`; edit that file.`,
    "",
    `export const ACTIONS: Readonly<Record<string, readonly string[]>> = ${texts((name) => actions.includes(name))};`,
    `export const CODES: Readonly<Record<string, readonly string[]>> = ${texts((name) => !actions.includes(name))};`,
    "",
  ];
  return biome(lines.join("\n"), "pkg/src/core/message_texts.ts");
}

/** Where the documentation of errors stands. */
function docsOf() {
  const file = "src/ground/error/codes.rs";
  const [, address] = readFileSync(join(ROOT, file), "utf8").match(/macro_rules! docs \{[^"]*("[^"]+")/);
  const lines = [
    `// Generated from ${file} by \`npm run generate\`; edit that file.`,
    "",
    "/** Where each error's code has a section of its own: this, and the code. */",
    `export const DOCS = ${address};`,
    "",
  ];
  return biome(lines.join("\n"), "pkg/src/core/docs.ts");
}

/** What no question for a token ends in: codes of id_tokens, key sets, devices and other answers, which a store's records never have. */
const ELSEWHERE = /^(device|introspection|revocation|oauth|jwk|jws|jwt|key|id_token|nonce_mismatch|session|wasm|signature|decryption)_?/;

/** The codes by which a store's records are judged: all of them would not fit into the entry. */
function codesOf() {
  const file = "src/ground/error/codes.rs";
  const rows = readFileSync(join(ROOT, file), "utf8").matchAll(/^ {4}(?:=> )?[A-Z][A-Z_0-9]* "([a-z_]+)" (?:Token|Runtime) /gm);
  const codes = [...rows].map(([, code]) => code).filter((code) => !ELSEWHERE.test(code));
  const lines = [
    `// Generated from ${file} by \`npm run generate\`; edit that file.`,
    "",
    "/** Every code that a question for a token can end in. */",
    `export const CODES: ReadonlySet<string> = new Set(${text(codes.join(" "))}.split(" "));`,
    "",
  ];
  return biome(lines.join("\n"), "pkg/src/tokens/codes.ts");
}

const piped = (command, args, input) => execFileSync(command, args, { cwd: ROOT, input, encoding: "utf8", stdio: ["pipe", "pipe", "inherit"] });
const rustfmt = (source) => piped("rustfmt", ["--edition", "2024", "--emit", "stdout", "--config-path", ROOT], source);
const biome = (source, file) =>
  piped(process.execPath, [join("node_modules", "@biomejs", "biome", "bin", "biome"), "format", `--stdin-file-path=${file}`], source);

/** The list of providers. A page begins flows at few of them, so its wasm has the rules of those alone. */
function listOf(all) {
  const ids = Object.keys(all);
  const ruled = (holds) => ["&STANDARD", ...ids.filter((id) => all[id].rules && holds(all[id])).map((id) => `&${id}::RULES`)].join(", ");
  return rustfmt(`//! Providers: what each real system does differently, as data, and typed builders for the APIs around it.
//!
//! A provider is a folder with a provider.json; nothing below knows its name. \`npm run generate\` writes this list of them.

${ids.map((id) => `pub mod ${id};`).join("\n")}
pub mod call;
pub(crate) mod table;
#[cfg(feature = "serde")]
mod texts;

use crate::ground::lean::LEAN;
use crate::protocol::profile::{Rules, STANDARD};

/// The rules of every provider, and of a server without rules of its own.
// A page begins flows at few of them.
pub static ALL: &[&Rules] = if LEAN { &[${ruled(({ page }) => page)}] } else { &[${ruled(() => true)}] };

/// The rules of a provider by its short name.
///
/// \`\`\`
/// assert_eq!(samtykke::provider::rules("norskgjeld").unwrap().id, "norskgjeld");
/// \`\`\`
pub fn rules(id: &str) -> Option<&'static Rules> {
    ALL.iter().copied().find(|rules| rules.id == id)
}
`);
}

/** Each file that is written, and its text. */
export function generated() {
  const files = new Map();
  const all = Object.fromEntries(providers().map((id) => [id, factsOf(id)]));
  files.set("src/provider/mod.rs", listOf(all));
  for (const [id, facts] of Object.entries(all)) {
    files.set(`src/provider/${id}/data.rs`, rustOf(id, facts));
    const typescript = typescriptOf(id, facts);
    if (typescript) files.set(`pkg/src/providers/${id}/data.ts`, typescript);
  }
  return files.set("pkg/src/core/message_texts.ts", messagesOf()).set("pkg/src/core/docs.ts", docsOf()).set("pkg/src/tokens/codes.ts", codesOf());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, source] of generated()) {
    mkdirSync(dirname(join(ROOT, file)), { recursive: true });
    writeFileSync(join(ROOT, file), source);
  }
}
