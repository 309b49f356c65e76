// The examples in the package's doc comments: each compiles as a strict consumer's code, and those that need no other server run.
// Names that stand for the reader's own (`env`, `client`, …) are declared here; everything else must be what the package exports.
// Refuses an example that is in no fence, a name nobody knows, and a list of runs that names none.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as jose from "jose";

import { linkPackage } from "../verdicts/run.mjs";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const SRC = join(ROOT, "pkg", "src");
const TSC = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
linkPackage();

/** Each example: the file it stands in, its place there, its code. */
const EXAMPLES = readdirSync(SRC, { recursive: true })
  .filter((name) => name.endsWith(".ts"))
  .sort()
  .flatMap((file) => {
    const source = readFileSync(join(SRC, file), "utf8");
    const found = [...source.matchAll(/@example\s*\n\s*\* ```ts\n([\s\S]*?)\n\s*\* ```/g)];
    assert.equal(found.length, source.split("@example").length - 1, `${file}: an example in no fence`);
    return found.map(([, code], at) => ({ file, name: `${file.replace(/\W/g, "_")}${at}`, code: code.replace(/^\s*\* ?/gm, "") }));
  });

/** Public names and the entry that has them. */
const EXPORTS = new Map([["useOnce", "samtykke/react"]]);
const { exports } = JSON.parse(readFileSync(join(ROOT, "pkg", "package.json"), "utf8"));
for (const name of Object.keys(exports).filter((one) => !one.endsWith(".json") && one !== "./react")) {
  const entry = name.slice(1);
  for (const one of Object.keys(await import(`samtykke${entry}`))) if (!EXPORTS.has(one)) EXPORTS.set(one, `samtykke${entry}`);
}

/** The reader's own, and of what type; by the file where it differs. */
const OWN = {
  env: "any",
  code: 'import("samtykke").AuthorizationCode',
  client: 'import("samtykke").Client',
  tokens: 'import("samtykke").Tokens',
  apiKey: "string",
  idToken: "string",
  accessToken: "string",
  clientId: "string",
  redirectUri: "string",
  issuer: "string",
  nonce: "string",
  jwksUri: "string",
  transaction: "string",
  jwks: 'import("samtykke").JwksCache',
  provider: 'import("samtykke").Provider',
  consent: 'import("samtykke").Provider',
  mp: 'import("samtykke").Provider',
  key: 'import("samtykke").SigningKey',
  store: 'import("samtykke/tokens").TokenStore',
  send: 'import("samtykke/tokens").RedisSend',
  helseid: 'import("samtykke/helseid").HelseId',
  session: 'import("samtykke/helseid").HelseIdSession',
  api: 'import("samtykke/acmidm").ElysApi',
  service: 'import("samtykke/selvbetjening").Selvbetjening',
  enrolment: 'import("samtykke/selvbetjening").Enrolment',
  admin: 'import("samtykke/maskinporten").MaskinportenClient',
  request: "Request",
  url: "URL",
  status: "HTMLElement",
  error: 'import("samtykke").SamtykkeError',
  showDeclined: "() => void",
  retryOnce: "() => void",
  open: "(url: string) => void",
  createClient: "any",
  readFile: "(path: string) => Promise<Uint8Array<ArrayBuffer>>",
  Deno: "any",
  DurableObject: "new (ctx: any, env: any) => { ctx: any }",
};
const THERE = {
  "edge/node.ts": {
    edge: 'import("samtykke/edge").Edge',
    app: "{ use(handler: unknown): void; get(path: string, handler: (request: any, response: any) => void): void }",
  },
  "edge/next.ts": { edge: 'import("samtykke/edge").Edge', NextResponse: "any", headers: "any", after: "any" },
  "edge/sveltekit.ts": { edge: 'import("samtykke/edge").Edge' },
  "providers/selvbetjening/confirm_route.ts": { store: 'import("samtykke/selvbetjening").EnrolmentStore' },
  "providers/selvbetjening/enrolment.ts": { store: 'import("samtykke/selvbetjening").EnrolmentStore' },
  "providers/selvbetjening/service.ts": { client: 'import("samtykke/selvbetjening").SelvbetjeningClient' },
  "providers/maskinporten/client.ts": { client: 'import("samtykke/maskinporten").MaskinportenClient' },
  "providers/adfs/provider.ts": { server: 'import("samtykke").Provider' },
  "tokens/source.ts": { tokens: 'import("samtykke/tokens").TokenSource', acm: 'import("samtykke").Provider', audience: "string" },
};
const HOST = new Set(["sessionStorage", "location", "navigator", "console", "URL", "JSON", "Date"]);

/** Names used and not made in a block, without those behind a dot or before a colon. */
function names(code) {
  const plain = code
    .replace(/\/\/.*$/gm, "")
    .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""')
    .replaceAll("...", " ");
  const used = new Set([...plain.matchAll(/(?<![.\w])([A-Za-z_]\w*)(?!\w*\s*:(?!:))/g)].map(([, name]) => name));
  const made = new Set([...plain.matchAll(/(?:const|class|let) (\w+)/g)].map(([, name]) => name));
  for (const [, inside] of plain.matchAll(/const [{[]([^}\]]*)[}\]]/g)) for (const name of inside.split(/[\s,:]+/)) made.add(name);
  return [...used].filter((name) => !made.has(name));
}

/** A provider of the reader's, unless it is the function that makes one. */
const isOwn = (name, code) => name in OWN && !(name === "provider" && code.includes("provider("));
const imports = (code) =>
  names(code)
    .filter((name) => EXPORTS.has(name) && !isOwn(name, code))
    .map((name) => `import { ${name} } from "${EXPORTS.get(name)}";\n`)
    .join("");
const isModule = (code) => /^export /m.test(code);

test("every example compiles for a strict consumer", () => {
  mkdirSync(join(ROOT, "target"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "target", "comments-"));
  try {
    for (const { file, name, code } of EXAMPLES) {
      const types = { ...OWN, ...THERE[file] };
      const own = names(code)
        .filter((used) => used in types && !HOST.has(used) && (isOwn(used, code) || !EXPORTS.has(used)))
        .map((used) => `declare const ${used}: ${types[used]};\n`)
        .join("");
      writeFileSync(join(folder, `${name}.ts`), `${imports(code)}${own}${isModule(code) ? code : `export async function example() {\n${code}\n}`}\n`);
    }
    const strict = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2023,dom,dom.iterable", "--types", ""];
    const { status, stdout, stderr } = spawnSync(process.execPath, [TSC, ...strict, ...EXAMPLES.map(({ name }) => join(folder, `${name}.ts`))], {
      cwd: folder,
      encoding: "utf8",
      timeout: 120_000,
    });
    assert.equal(status, 0, stdout + stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const json = (body, status = 200) => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

/** What the reader would have: keys, tokens, a server that answers. */
async function surroundings() {
  const { Client, JwksCache, SamtykkeError, SigningKey, clientSecretBasic, norskgjeld, provider } = await import("samtykke");
  const { privateKey, publicKey } = await jose.generateKeyPair("RS256", { extractable: true });
  const issuer = "https://op.example";
  const nonce = "n".repeat(43);
  const idToken = await new jose.SignJWT({ nonce })
    .setProtectedHeader({ alg: "RS256", kid: "1" })
    .setIssuer(issuer)
    .setAudience("client-1")
    .setSubject("s")
    .setIssuedAt()
    .setExpirationTime("1m")
    .sign(privateKey);
  const metadata = (at) => ({
    issuer: at,
    authorization_endpoint: `${at}/a`,
    token_endpoint: `${at}/t`,
    jwks_uri: `${at}/jwks`,
    pushed_authorization_request_endpoint: `${at}/par`,
    code_challenge_methods_supported: ["S256"],
  });
  const fetch = async (url) => {
    const { pathname, origin } = new URL(url);
    if (pathname === "/jwks") return json({ keys: [{ ...(await jose.exportJWK(publicKey)), kid: "1" }] });
    if (pathname.startsWith("/.well-known/")) return json(metadata(origin));
    return json({ access_token: "x.y", token_type: "Bearer", expires_in: 60, scope: "debt.unsecured.presentation" });
  };
  const consent = norskgjeld({ environment: "preprod", clientId: "client-1", redirectUri: "https://rp.example/cb" });
  const client = new Client(consent, clientSecretBasic("s"), { fetch });
  const login = client.begin({ purpose: "presentation" });
  const left = [];
  const op = provider({
    issuer,
    authorizationEndpoint: `${issuer}/a`,
    tokenEndpoint: `${issuer}/t`,
    clientId: "client-1",
    redirectUri: "https://rp.example/cb",
  });
  const begun = new Client(op, clientSecretBasic("s")).begin({ scope: "read" });
  return {
    fetch,
    left,
    issuer,
    nonce,
    client,
    consent,
    idToken,
    accessToken: "x.y",
    clientId: "client-1",
    redirectUri: "https://rp.example/cb",
    jwksUri: `${issuer}/jwks`,
    jwks: new JwksCache({ fetch }),
    code: client.finish(login.transaction, `https://rp.example/cb?code=c&state=${login.state}`),
    tokens: { accessToken: "x.y", tokenType: "Bearer" },
    key: await SigningKey.generate(),
    retryOnce: () => left.push("retry"),
    showDeclined: () => left.push("declined"),
    provider: op,
    transaction: begun.transaction,
    error: new SamtykkeError({ code: "login_cancelled", action: "user_cancelled", phase: "callback", retryable: false, hint: "", doc: "" }),
    location: { href: `https://rp.example/cb?error=access_denied&state=${begun.state}`, assign: (url) => left.push(url) },
    sessionStorage: { setItem: (name) => left.push(name) },
    navigator: { language: "nb-NO" },
    status: {},
    request: new Request("https://rp.example/login"),
    env: {
      CLIENT_SECRET: "s",
      CLIENT_JWK: JSON.stringify({ ...(await jose.exportJWK(privateKey)), alg: "RS256" }),
      CLIENT_ID: "client-1",
      COOKIE_KEYS: ["k".repeat(43)],
      TOKEN_KEYS: ["k".repeat(43)],
      KV: { get: async () => null, put: async () => left.push("kv") },
    },
    send: async () => null,
  };
}

/** Examples that run as they stand, by the file, and what must come of them. */
const RUN = {
  "protocol/authentication.ts": [({ authentication }) => assert.equal(authentication.method, "private_key_jwt")],
  "protocol/challenge.ts": [(_, { left }) => assert.deepEqual(left, ["retry"])],
  "protocol/client.ts": [({ tokens }) => assert.equal(tokens.accessToken, "x.y"), ({ response }) => assert.equal(response.status, 200)],
  "protocol/discovery.ts": [({ helseid }) => assert.equal(helseid.server.requireDpop, true)],
  "edge/edge.ts": [null, (_, __, returned) => assert.equal(returned.status, 303)],
  "core/error.ts": [(_, { left }) => assert.deepEqual(left, ["declined"])],
  "protocol/flow.ts": [({ login }, { left }) => assert.deepEqual(left, [login.state, login.url])],
  "providers/helseid/details.ts": [() => {}],
  "providers/norskgjeld/provider.ts": [({ consent }) => assert.equal(consent.clientId, "eksempelbank-client")],
  "protocol/id_token.ts": [({ claims }) => assert.equal(claims.sub, "s")],
  "protocol/jwks.ts": [({ jwks }) => assert.deepEqual(jwks.save(), {})],
  "crypto/keys.ts": [({ key, fresh }) => assert.deepEqual([key.alg, fresh.alg], ["RS256", "ES256"])],
  "core/messages.ts": [(_, { status }) => assert.ok(status.textContent.length > 10)],
  "protocol/provider.ts": [({ op }) => assert.equal(op.issuer, "https://op.example")],
  "tokens/stores/memory.ts": [({ store }) => assert.equal(typeof store.read ?? typeof store.get, "function")],
  "tokens/stores/sealed.ts": [({ store }) => assert.ok(store)],
};

test("the examples that need no server of their own run, and do what they say", async (t) => {
  mkdirSync(join(ROOT, "target"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "target", "comments-"));
  const { fetch } = globalThis;
  try {
    let count = 0;
    for (const [file, checks] of Object.entries(RUN)) {
      const there = EXAMPLES.filter((one) => one.file === file);
      assert.equal(there.length, checks.length, file);
      for (const [at, { name, code }] of there.entries()) {
        if (!checks[at]) continue;
        await t.test(name, async () => {
          const around = await surroundings();
          globalThis.fetch = around.fetch;
          const own = names(code).filter((used) => used in around && used !== "fetch" && (isOwn(used, code) || !EXPORTS.has(used)));
          const made = [...code.matchAll(/^const (?:\{ (\w+) \}|\[(\w+)\]|(\w+))/gm)].map((found) => found.slice(1).find(Boolean));
          const path = join(folder, `${name}.mjs`);
          const body = `${imports(code)}export default async ({ ${own.join(", ")} }, kept) => {\nconst returned = await (async () => {\n${code}\nObject.assign(kept, { ${made.join(", ")} });\n})();\nreturn returned;\n};\n`;
          writeFileSync(path, body);
          const kept = {};
          const returned = await (await import(pathToFileURL(path).href)).default(around, kept);
          checks[at](kept, around, returned);
        });
        count += 1;
      }
    }
    assert.ok(count > 12);
  } finally {
    globalThis.fetch = fetch;
    rmSync(folder, { recursive: true });
  }
});

test("no example draws its randomness from a constant, loses headers, or waits without an end", () => {
  const markdown = (folder) =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(folder, name));
  const examples = readdirSync(join(ROOT, "examples"), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".rs") && name !== "verdicts.rs")
    .map((name) => join("examples", name));
  const files = ["README.md", "src/lib.rs", ...markdown("docs"), ...examples];
  assert.ok(files.length > 30);
  for (const file of files) {
    const text = readFileSync(join(ROOT, file), "utf8");
    assert.doesNotMatch(text, /&\[\d+(?:u8)?; \d+\]|= \(?\[[1-9]\d*(?:u8)?; \d+\]/, `${file}: randomness from a constant`);
    // A response from its parts has no nonce and no challenge.
    assert.doesNotMatch(text, /Response::new\(/, `${file}: a response without its headers`);
  }
  const io = readFileSync(join(ROOT, "examples", "io", "mod.rs"), "utf8");
  assert.match(io, /headers\(\)\.iter\(\)/);
  assert.match(io, /if started\.elapsed\(\) > LIMIT/);
});
