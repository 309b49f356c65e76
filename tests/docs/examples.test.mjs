// The documents' examples are run as they stand: page and worker blocks against stubs of their surroundings, those of the
// providers against local ones. Rust blocks are compiled and run as documentation tests of the crate.

import assert from "node:assert/strict";
import { execSync } from "node:child_process";
import { createPrivateKey, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { browse } from "../hostile/server/authorization.mjs";
import { key } from "../hostile/server/keys.mjs";
import { startServer } from "../hostile/server/server.mjs";
import { BLOCKS, ROOT, block, load } from "../lib/documents.mjs";
import { linkPackage } from "../verdicts/run.mjs";

linkPackage();
const { API, CALLBACK, CLIENT, LOGIN, ORGANISATION, RETURN, browse: surf, startAcmIdm } = await import("samtykke-local/acmidm");
const { CLIENT: HALLAND, KEYS, startHalland } = await import("samtykke-local/halland");
const { key: helseidKey } = await import("samtykke-local/internal/helseid/keys.mjs");
const { browse: follow, startApi, startHelseId } = await import("samtykke-local/helseid");
const { TEMPLATE, decide, startSelvbetjening } = await import("samtykke-local/selvbetjening");
const { OWN: ENTERPRISE } = await import("samtykke-local/internal/maskinporten/certificates.mjs");
const { world: maskinportenWorld } = await import("../maskinporten/support.mjs");

class Storage extends Map {
  getItem = (key) => this.get(key) ?? null;
  setItem = (key, value) => this.set(key, value);
  removeItem = (key) => this.delete(key);
  key = (at) => [...this.keys()][at] ?? null;
  get length() {
    return this.size;
  }
}

test("the page block starts a flow, comes back and posts the code", async (t) => {
  const posted = [];
  const start = {};
  const saved = globalThis.fetch;
  Object.assign(globalThis, {
    sessionStorage: new Storage(),
    document: { querySelector: () => start },
    history: { replaceState: (_, __, path) => posted.push(path) },
    location: { href: "https://app.example.no/", assign: (url) => (globalThis.location.left = url) },
    fetch: async (path, init) => (posted.push([path, init]), new Response(null, { status: 204 })),
  });
  t.after(() => {
    globalThis.fetch = saved;
    for (const name of ["sessionStorage", "document", "history", "location"]) delete globalThis[name];
  });
  await load("page");
  start.onclick();
  const left = new URL(globalThis.location.left);
  assert.equal(left.origin, "https://access-preprod.norskgjeld.no");
  assert.equal(left.searchParams.get("scope"), "debt.unsecured.presentation.100");
  globalThis.location.href = `https://app.example.no/callback?code=abc.def&scope=debt.unsecured.presentation&state=${left.searchParams.get("state")}`;
  await load("page");
  assert.equal(posted[0], "https://app.example.no/callback");
  assert.equal(posted[1][0], "/exchange");
  assert.match(posted[1][1].body, / abc\.def /);
});

test("the worker block logs in, takes the callback and serves the debt", async () => {
  const { default: worker } = await load("worker");
  const env = {
    CLIENT_ID: "eksempelbank-client",
    CLIENT_SECRET: "a%b+c d:e/f~g",
    REDIRECT_URI: "https://app.example.no/callback",
    COOKIE_KEYS: randomBytes(32).toString("base64url"),
  };
  const jar = new Map();
  const ask = async (path) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await worker.fetch(new Request(`https://app.example.no${path}`, { headers: { cookie } }), env);
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      if (/Max-Age=0/.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  };
  const saved = globalThis.fetch;
  globalThis.fetch = async (url, init) =>
    url.endsWith("/oauth2/token")
      ? Response.json({ access_token: "x.y", expires_in: 3599, scope: "debt.unsecured.presentation", token_type: "bearer" })
      : Response.json({ ssn: "14842249091", loans: [{ creditorName: init.headers.authorization, loan: null }] });
  try {
    assert.equal((await ask("/debt")).status, 401);
    const login = await ask("/login");
    const state = new URL(login.headers.get("location")).searchParams.get("state");
    const back = await ask(`/callback?code=abc.def&scope=debt.unsecured.presentation&state=${state}`);
    assert.equal(back.headers.get("location"), "/debt");
    assert.deepEqual(await (await ask("/debt")).json(), [{ creditorName: "Bearer x.y", loan: null }]);
  } finally {
    globalThis.fetch = saved;
  }
});

test("the error block prints what its comments say", async (t) => {
  const printed = [];
  t.mock.method(console, "log", (...values) => printed.push(values.join(" ")));
  await load("errors");
  const said = [...block("errors").matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((found) => found[1]);
  assert.deepEqual(printed, said);
});

test("the lines and the command for a .p12 give a key that gets a token", () =>
  maskinportenTest(async (mp) => {
    const folder = mkdtempSync(join(ROOT, "target", "block-p12-"));
    const home = process.cwd();
    try {
      writeFileSync(join(folder, "own.pem"), `${ENTERPRISE.key}\n${ENTERPRISE.certificate}`);
      const openssl = (command) => execSync(command, { cwd: folder, input: "\n", stdio: ["pipe", "pipe", "ignore"] });
      openssl("openssl pkcs12 -export -in own.pem -out organisation.p12 -passout pass:grunn");
      process.chdir(folder);
      process.env.CLIENT_ID = mp.certified;
      process.env.P12_PASSWORD = "grunn";
      const { tokenType } = await load("p12");
      assert.equal(tokenType, "Bearer");
      openssl(`${BLOCKS.find(({ harness, language }) => harness === "p12" && language === "sh").text.trim()} -passin pass:grunn`);
      const { readPkcs12 } = await import("samtykke/pkcs12");
      const pem = await readPkcs12(readFileSync("organisation.p12"), { password: "grunn" });
      assert.equal(createPrivateKey(readFileSync("key.pem")).equals(createPrivateKey(pem)), true);
    } finally {
      process.chdir(home);
      delete process.env.CLIENT_ID;
      delete process.env.P12_PASSWORD;
      rmSync(folder, { recursive: true });
    }
  }));

test("the API block builds its calls", async () => {
  process.env.CLIENT_SECRET = "a%b+c d:e/f~g";
  await load("apis");
});

test("the server block logs in at a server that asks for pushed requests, private keys, DPoP with nonces and iss", async () => {
  const world = await startServer({ profile: "fapi2" });
  try {
    const { connect, login, back } = await load("server");
    const { privateJwk } = await key("client ES256");
    const env = { CLIENT_ID: world.client.id, REDIRECT_URI: world.client.redirectUris[0], CLIENT_JWK: JSON.stringify(privateJwk) };
    const client = await connect(world.issuer, env, { signingAlgorithms: ["ES256"], development: true });
    const { url, transaction } = await login(client);
    const { tokens, response } = await back(client, transaction, await browse(url), world.api);
    assert.equal(response.status, 200);
    assert.equal(tokens.claims.iss, world.issuer);
    assert.equal(tokens.tokenType, "DPoP");
    assert.deepEqual(world.violations, []);
  } finally {
    await world.close();
  }
});

test("the HelseID block logs in at a local HelseID and calls two APIs with a token for each", async (t) => {
  const server = await startHelseId();
  const [phr, kj] = [await startApi(server, "nhn:phr"), await startApi(server, "nhn:kj")];
  t.after(() => Promise.all([server, phr, kj].map((one) => one.close())));
  const { connect, login, back, machine } = await load("helseid");
  const { privateJwk } = await helseidKey("client PS256");
  const env = { CLIENT_ID: "single", REDIRECT_URI: "http://localhost:1337/callback", CLIENT_JWK: JSON.stringify(privateJwk) };
  const helseid = await connect(env, { environment: { issuer: server.issuer } });
  const { url, transaction } = await login(helseid);
  const saved = [];
  const responses = await back(helseid, transaction, await follow(url), (text) => void saved.push(text), { phr: phr.origin, kj: kj.origin });
  const [first, second] = await Promise.all(responses.map((response) => response.json()));
  assert.deepEqual([first.aud, second.aud], ["nhn:phr", "nhn:kj"]);
  assert.equal(second["helseid://claims/client/claims/orgnr_child"], "883974832");
  assert.ok(saved.length >= 2);
  assert.equal((await machine(helseid)).tokenType, "DPoP");
  assert.deepEqual([phr.refused, kj.refused], [[], []]);
});

test("the Selvbetjening block walks from an API key to a client with a new key", async (t) => {
  const world = await startSelvbetjening({ refusals: 1 });
  t.after(() => world.close());
  t.mock.method(console, "log", () => {});
  const { connect, enrol, use } = await load("selvbetjening");
  const kept = new Map();
  const store = { read: (id) => kept.get(id), write: (id, text) => void kept.set(id, text) };
  const service = connect(world.environment, { issuer: world.issuer });
  const draft = { organizationNumber: TEMPLATE.organizations[0], apiScopes: ["nhn:selvbetjening/client"] };
  const enrolment = await enrol(service, store, TEMPLATE.apiKey, draft, async (url) => void (await fetch(await decide(url))));
  const { ready, unknown, keys } = await use(enrolment);
  assert.deepEqual([ready, unknown, keys.length, kept.size], [true, [], 2, 1]);
  assert.deepEqual(world.control.clients()[0].redirectUris, ["https://journal.example.no/callback"]);
  assert.deepEqual(world.control.violations(), []);
});

/** The test environment as these blocks name it, served from here: its issuer is the real one, byte for byte. */
async function maskinportenTest(run) {
  const issuer = "https://test.maskinporten.no/";
  const mp = await maskinportenWorld({ issuer });
  const saved = globalThis.fetch;
  globalThis.fetch = (url, init) => {
    const text = String(url).replace(issuer, `${mp.origin}/`).replace("https://api.test.samarbeid.digdir.no", mp.origin);
    return text.startsWith(mp.origin) ? saved(text, init) : Promise.resolve(Response.json({ url: text, ...init }));
  };
  try {
    await run(mp);
  } finally {
    globalThis.fetch = saved;
    await mp.close();
  }
}

test("the Maskinporten blocks get tokens and register", () =>
  maskinportenTest(async (mp) => {
    const { default: worker } = await load("mp-worker");
    const things = await (await worker.fetch(new Request("https://app.example.no/"), { CLIENT_ID: mp.clientId, CLIENT_JWK: JSON.stringify(mp.jwk) })).json();
    assert.equal(things.url, "https://api.example.no/things");
    assert.match(things.headers.authorization, /^Bearer eyJ/);

    const folder = mkdtempSync(join(ROOT, "target", "readme-keys-"));
    try {
      const [KEY_FILE, CERTIFICATE_FILE] = ["key.pem", "certificate.pem"].map((name) => join(folder, name));
      writeFileSync(KEY_FILE, ENTERPRISE.key);
      writeFileSync(CERTIFICATE_FILE, ENTERPRISE.certificate);
      Object.assign(process.env, { CLIENT_ID: mp.certified, KEY_FILE, CERTIFICATE_FILE });
      const { token } = await load("mp-node");
      assert.equal((await token({ scope: "difitest:api3" })).tokenType, "Bearer");
      mp.control.fault("MP-121");
      const { problem } = await token({ scope: "difitest:api3" }).then(
        () => assert.fail("refused"),
        (error) => error,
      );
      assert.deepEqual([problem.id, problem.kind, problem.again], ["MP-121", "key_expired", "never"]);
    } finally {
      rmSync(folder, { recursive: true });
      for (const name of ["CLIENT_ID", "KEY_FILE", "CERTIFICATE_FILE"]) delete process.env[name];
    }

    const settings = { CLIENT_ID: mp.clientId, CLIENT_JWK: JSON.stringify(mp.jwk), ORGANISATION: "910753614" };
    globalThis.Deno = { env: { get: (name) => settings[name] } };
    try {
      const { accessToken, expiresIn } = await load("mp-deno");
      assert.match(accessToken, /^eyJ/);
      assert.equal(expiresIn, 120);
      assert.equal(mp.control.assertions.at(-1).claims.consumer_org, "889640782");
    } finally {
      delete globalThis.Deno;
    }

    const { register } = await load("mp-self-service");
    const { MaskinportenClient, SigningKey, maskinporten } = await import("samtykke/maskinporten");
    const provider = maskinporten({ environment: "test", clientId: mp.admin.clientId });
    const admin = new MaskinportenClient(provider, await SigningKey.fromJwk(mp.admin.privateJwk));
    const { kty, n, e } = mp.jwk;
    const { id, keys } = await register(provider, admin, { kty, n, e, kid: "key-1" });
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      ["key-1"],
    );
    assert.ok(mp.control.requests.includes("PUT /scopes/access/889640782?scope=difitest%3Athings"));
    assert.equal(mp.control.store.client(id).client_name, "My client");
  }));

test("the code that replaces hand-written Maskinporten code keeps its token", () =>
  maskinportenTest(async (mp) => {
    const { connect, token } = await load("migrated-maskinporten");
    const pem = createPrivateKey({ key: mp.jwk, format: "jwk" }).export({ type: "pkcs8", format: "pem" });
    const tokens = await connect({ KEY: pem, KEY_ID: mp.jwk.kid, CLIENT_ID: mp.clientId });
    assert.equal(await token(tokens, "difitest:api3"), await token(tokens, "difitest:api3"));
    assert.equal(mp.control.assertions.length, 1);
  }));

test("the ACM/IDM block gets a token, pings eLys and explains, logs a person in, gets a token in their name and switches", async () => {
  const world = await startAcmIdm();
  try {
    const { connect, check, login, forApi, leave } = await load("acmidm");
    const env = { CLIENT_ID: CLIENT, CLIENT_JWK: JSON.stringify(world.key), API_CLIENT_ID: API };
    const options = { environment: { issuer: world.issuer }, api: { origin: world.elys.origin } };
    const elys = await connect(env, options);
    assert.deepEqual(await check(elys, ORGANISATION), { matches: true, mismatches: [], kind: "apis" });
    const wrong = await check(await connect({ ...env, API_CLIENT_ID: "unknown" }, options), "OVO000001");
    assert.deepEqual([wrong.matches, wrong.mismatches[0].point, wrong.kind], [false, "organisation_code", "client"]);
    const person = await connect({ ...env, CLIENT_ID: LOGIN, REDIRECT_URI: CALLBACK }, options);
    const { url, transaction } = await login(person);
    const tokens = await person.client.exchange(person.client.finish(transaction, await surf(url)));
    assert.equal(tokens.claims.vo_orgcode, ORGANISATION);
    assert.notEqual((await forApi(person, tokens, API)).accessToken, tokens.accessToken);
    assert.match(leave(person, RETURN).url, /&switch$/);
  } finally {
    await world.close();
  }
});

test("the Region Halland block signs with its certificate, calls the API with both keys, and has advice", async () => {
  const world = await startHalland();
  try {
    const { connect, apiOf, units, advice } = await load("halland");
    const { keyPem, pem } = world.certificate;
    const env = {
      ADFS: world.adfs.issuer,
      CLIENT_ID: HALLAND,
      KEY: keyPem,
      CERTIFICATE: pem,
      API: world.gateway.origin,
      PRIMARY_KEY: "renewed",
      SECONDARY_KEY: KEYS[1],
    };
    const client = await connect(env, { development: true });
    const api = apiOf(client, env, { development: true });
    assert.equal((await units(api, env)).api, "hsainfoapi.regionhalland.se");
    const error = await client.clientCredentials({ resource: "unknown" }).catch((error) => error);
    assert.match(advice(error), /resursid/);
  } finally {
    await world.close();
  }
});

test("the code that replaces MSAL gets a token of AD FS for the API's resource", async () => {
  const world = await startHalland();
  try {
    const { connect, tokenFor } = await load("migrated-adfs");
    const { keyPem, pem } = world.certificate;
    const tokens = await connect({ ADFS: world.adfs.issuer, CLIENT_ID: HALLAND, KEY: keyPem, CERTIFICATE: pem }, { development: true });
    const token = await tokenFor(tokens, "hsainfoapi.regionhalland.se", "hsainfoapi.read");
    const { aud } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
    assert.match(String(aud), /hsainfoapi\.regionhalland\.se/);
  } finally {
    await world.close();
  }
});

test("the tokens block shares one token, and calls an API behind a gateway", async () => {
  const { Client, clientSecretBasic, provider } = await import("samtykke");
  const { connect, things } = await load("tokens");
  const asked = [];
  const fetch = async (url, { headers }) => {
    const sent = new Headers(headers);
    asked.push(`${new URL(url).pathname} ${sent.get("ocp-apim-subscription-key") ?? ""}`.trim());
    if (url.endsWith("/token")) return Response.json({ access_token: "made-up", token_type: "Bearer", expires_in: 120 });
    return sent.get("authorization") === "Bearer made-up" ? Response.json({ things: [] }) : new Response(null, { status: 401 });
  };
  // As little of Redis as the store needs when nothing was kept before.
  const redis = { sendCommand: async ([command]) => (command === "TIME" ? ["1700000000", "0"] : command === "GET" ? null : ["1.a", "1700000000000", null]) };
  const client = new Client(provider({ issuer: "https://op.example", tokenEndpoint: "https://op.example/token", clientId: "c" }), clientSecretBasic("s"), {
    fetch,
  });
  const tokens = connect(client, redis, { TOKEN_KEYS: randomBytes(32).toString("base64url") });
  const answers = await Promise.all([1, 2].map(() => things(tokens, "https://api.example", "subscriber-1")));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  assert.deepEqual(asked, ["/token", "/things subscriber-1", "/things subscriber-1"]);
});
