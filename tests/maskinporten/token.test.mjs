// samtykke/maskinporten asks for tokens: what is signed, what is refused before, what is asked for again and what never is.
// The judge is the local Maskinporten, which verifies with `jose`.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";

import { discover } from "samtykke";
import { DebtApi } from "samtykke/norskgjeld";
import { TokenSource } from "samtykke/tokens";
import { MaskinportenClient, SamtykkeError, SelfService, SigningKey, caller, consent, maskinporten, problem, systemUser } from "samtykke/maskinporten";
import { OTHER as OTHER_ENTERPRISE, OWN as ENTERPRISE } from "samtykke-local/internal/maskinporten/certificates.mjs";
import { CUSTOMER, OTHER, PERSON, world } from "./support.mjs";

const mp = await world();
after(() => mp.close());
const { control } = mp;

const fails = async (run, code) => {
  const error = await Promise.resolve()
    .then(run)
    .then(
      () => assert.fail(`${code} was expected`),
      (error) => error,
    );
  assert.ok(error instanceof SamtykkeError, String(error.stack));
  assert.equal(error.code, code, error.message);
  return error;
};
/** Runs something and gives the assertions that came meanwhile. */
async function counted(run) {
  const before = control.assertions.length;
  await run();
  return control.assertions.slice(before);
}

test("a token by a registered key, with exactly the documented claims", async () => {
  const [{ header, claims }] = await counted(async () => {
    const tokens = await mp.ours().token({ scope: "difitest:api3" });
    assert.deepEqual([tokens.tokenType, tokens.expiresIn, tokens.scope, tokens.requestedScope], ["Bearer", 60, "difitest:api3", "difitest:api3"]);
  });
  assert.deepEqual(header, { alg: "RS256", kid: mp.jwk.kid });
  assert.deepEqual(Object.keys(claims), ["iss", "aud", "jti", "iat", "exp", "scope"]);
  assert.equal(claims.exp - claims.iat, 120);
  assert.equal(claims.aud, mp.environment.issuer);
});

test("RS384 and RS512, and the enterprise certificate", async () => {
  for (const alg of ["RS384", "RS512"]) {
    const key = await SigningKey.fromJwk({ ...mp.jwk, alg });
    assert.equal((await counted(() => new MaskinportenClient(mp.provider, key).token({ scope: "difitest:api3" })))[0].header.alg, alg);
  }
  const certified = maskinporten({ environment: mp.environment, clientId: mp.certified });
  const key = await SigningKey.fromPem(ENTERPRISE.key, { alg: "RS256", certificates: ENTERPRISE.certificate });
  const [{ header }] = await counted(() => new MaskinportenClient(certified, key).token({ scope: "difitest:api3" }));
  assert.deepEqual(Object.keys(header), ["alg", "x5c"]);
  assert.ok(Array.isArray(header.x5c));
  const other = await SigningKey.fromPem(OTHER_ENTERPRISE.key, { alg: "RS256", certificates: OTHER_ENTERPRISE.certificate });
  const error = await fails(() => new MaskinportenClient(certified, other).token({ scope: "difitest:api3" }), "token_error");
  assert.equal(problem(error).id, "MP-122");
});

test("audience, person, delegation, system user and consent", async () => {
  const api = mp.ours();
  const verified = async (request) =>
    (await jwtVerify((await api.token(request)).accessToken, createRemoteJWKSet(new URL(`${mp.environment.issuer}jwk`)), { issuer: mp.environment.issuer }))
      .payload;
  const restricted = await verified({ scope: "difitest:api3", resource: "https://api.example/", pid: PERSON });
  assert.deepEqual([restricted.aud, restricted.pid], ["https://api.example/", PERSON]);
  const who = caller(restricted, { provider: mp.provider, scope: "difitest:api3", audience: "https://api.example/" });
  assert.deepEqual([who.consumer.number, who.pid, who.supplier], [OTHER, PERSON, undefined]);
  await fails(() => caller(restricted, { provider: mp.provider, scope: "difitest:api3" }), "claim_refused");
  await fails(
    () => caller({ ...restricted, consumer: { authority: "x", ID: "1" } }, { provider: mp.provider, scope: "difitest:api3", audience: "https://api.example/" }),
    "claim_refused",
  );
  const [{ claims }] = await counted(() => api.token({ scope: "difitest:api3", resource: { text: "https://api.example/" } }));
  assert.equal(claims.resource, "https://api.example/");

  const delegated = await verified({ scope: "difitest:delegated", consumerOrg: CUSTOMER });
  const both = caller(delegated, { provider: mp.provider, scope: "difitest:delegated" });
  assert.deepEqual([both.consumer.id, both.supplier.number, both.delegationSource], [`0192:${CUSTOMER}`, OTHER, "https://tt02.altinn.no/"]);

  control.systemUsers.push({ id: crypto.randomUUID(), organisation: CUSTOMER, system: "s", clients: [mp.clientId], externalRef: "ref-1" });
  const [user] = (await verified({ scope: "difitest:api3", authorizationDetails: systemUser(CUSTOMER, "ref-1") })).authorization_details;
  assert.equal(user.systemuser_org.ID, `0192:${CUSTOMER}`);
  const id = crypto.randomUUID();
  control.consents.push({ id, from: `urn:altinn:person:identifier-no:${PERSON}`, to: {}, consented: "", validTo: "" });
  const [given] = (await verified({ scope: "difitest:api3", authorizationDetails: consent(id, { person: PERSON }) })).authorization_details;
  assert.equal(given.id, id);
  const missing = await fails(() => api.token({ scope: "difitest:api3", authorizationDetails: systemUser(CUSTOMER) }), "token_error");
  assert.deepEqual([problem(missing).id, missing.oauth.error], ["MP-303", "invalid_altinn_customer_configuration"]);
});

test("what Maskinporten would refuse is refused before it is signed", async () => {
  const api = mp.ours();
  const entry = systemUser(CUSTOMER);
  assert.deepEqual(
    await counted(async () => {
      for (const [request, code] of [
        [{ scope: "" }, "invalid_scope"],
        [{ scope: "", authorizationDetails: entry }, "invalid_scope"],
        [{ scope: "a  b" }, "invalid_scope"],
        [{ scope: ["a"] }, "invalid_parameter"],
        [undefined, "invalid_parameter"],
        [{ scope: "a", consumerOrg: OTHER }, "invalid_parameter"],
        [{ scope: "a", consumerOrg: `0192:${CUSTOMER}` }, "invalid_parameter"],
        [{ scope: "a", consumerOrg: "88964078" }, "invalid_parameter"],
        [{ scope: "a", consumerOrg: "889640783" }, "invalid_parameter"],
        [{ scope: "a", consumerOrg: "" }, "invalid_parameter"],
        [{ scope: "a", consumerOrg: CUSTOMER, iss_onbehalfof: "x" }, "invalid_parameter"],
        [{ scope: "a", consumerOrg: CUSTOMER, onBehalfOf: "c-1::x" }, "invalid_parameter"],
        [{ scope: "a", onBehalfOf: "" }, "invalid_parameter"],
        [{ scope: "a", claims: { nbf: 1 } }, "invalid_parameter"],
        [{ scope: "a", audience: "x" }, "invalid_parameter"],
        [{ scope: "a", pid: "1" }, "invalid_parameter"],
        [{ scope: "a", pid: +PERSON }, "invalid_parameter"],
        [{ scope: "a", resource: "" }, "invalid_parameter"],
        [{ scope: "a", authorizationDetails: [entry, entry] }, "invalid_parameter"],
        [{ scope: "a", authorizationDetails: { ...entry, systemuserid: "1" } }, "invalid_parameter"],
        [{ scope: "a", authorizationDetails: { ...entry, systemuser_org: { authority: "iso6523-actorid-upis", ID: CUSTOMER } } }, "invalid_parameter"],
        [{ scope: "a", authorizationDetails: consent("1", { person: PERSON }) }, "invalid_parameter"],
      ])
        await fails(() => api.token(request), code);
    }),
    [],
  );
  const made = (key, options) => () => new MaskinportenClient(mp.provider, key, options);
  await fails(made(await SigningKey.generate()), "invalid_configuration");
  await fails(made(await SigningKey.generate({ alg: "PS256", kid: "k" })), "invalid_configuration");
  const { kid: _, ...unnamed } = mp.jwk;
  await fails(made(await SigningKey.fromJwk(unnamed)), "invalid_configuration");
  await fails(made(await SigningKey.fromPem(ENTERPRISE.key, { alg: "RS256", kid: "k", certificates: ENTERPRISE.certificate })), "invalid_configuration");
  await fails(made({}), "invalid_configuration");
  for (const options of [{ lifetime: 121 }, { lifetime: 0 }, { retries: -1 }, { patience: 121 }, { organisation: "x" }]) {
    assert.ok(
      ["invalid_configuration", "invalid_parameter"].includes(
        (await fails(made(mp.key, options), options.organisation ? "invalid_parameter" : "invalid_configuration")).code,
      ),
    );
  }
  await fails(() => maskinporten({ environment: "ver2", clientId: "c" }), "invalid_configuration");
  await fails(() => maskinporten({ environment: "test", clientId: "c", selfService: "http://x.example" }), "invalid_configuration");
  assert.equal(maskinporten({ environment: "test", clientId: "c", selfService: "guide" }).api, "https://integrasjon-ver2.difi.no");
  assert.equal(maskinporten({ environment: "production", clientId: "c" }).api, "https://api.samarbeid.digdir.no/api/v1");
});

test("a server that stands in for Maskinporten: its issuer is enough, and it may want the client id in the form", async () => {
  const forms = [];
  const answer = async (url, { body }) => {
    forms.push([url, Object.fromEntries(new URLSearchParams(body))]);
    return Response.json({ access_token: "t", token_type: "Bearer", expires_in: 60, scope: "a:b" });
  };
  const issuer = "http://localhost:8080/maskinporten";
  const own = maskinporten({ environment: { issuer }, clientId: "c-1" });
  const client = new MaskinportenClient(own, mp.key, { fetch: answer });
  await client.token({ scope: "a:b", extra: { client_id: "c-1" } });
  await client.token({ scope: "a:b", onBehalfOf: "c-1::other" });
  const tokens = new TokenSource({ ...client.asked });
  await tokens.get({ scope: "a:b", extra: { client_id: "c-1" } });
  assert.deepEqual(
    forms.map(([url, form]) => [url, form.client_id]),
    [
      [`${issuer}/token`, "c-1"],
      [`${issuer}/token`, undefined],
      [`${issuer}/token`, "c-1"],
    ],
  );
  assert.equal(decodeJwt(forms[1][1].assertion).iss_onbehalfof, "c-1::other");
  await fails(() => client.token({ scope: "a:b", extra: { client_id: "another" } }), "reserved_parameter");
  // What is used is asked for: the self-service API's address, and no sooner than a call of it.
  const error = await fails(() => new SelfService(own, { token: "t" }).clients(), "endpoint_missing");
  assert.match(error.message, /selfService/);
  const api = new SelfService(maskinporten({ environment: { issuer, selfService: "http://localhost:8080/api/v1" }, clientId: "c-1" }), {
    token: "t",
    fetch: async (url) => (assert.equal(url, "http://localhost:8080/api/v1/clients"), Response.json([])),
  });
  assert.deepEqual(await api.clients(), []);
  await fails(() => maskinporten({ environment: { issuer, token_endpoint: "x" }, clientId: "c" }), "invalid_configuration");
  await fails(() => maskinporten({ environment: { issuer: "http://elsewhere.example" }, clientId: "c" }), "invalid_configuration");
});

test("a page does not get to hold the key", async () => {
  globalThis.document = {};
  try {
    await fails(() => mp.ours(), "secret_in_browser");
    await mp.ours({ dangerouslyAllowBrowser: true }).token({ scope: "difitest:api3" });
  } finally {
    delete globalThis.document;
  }
});

test("neither provider is taken for the other", async () => {
  const production = maskinporten({ environment: "production", clientId: "c" });
  await fails(() => new DebtApi(production, { token: "x", fetch: () => assert.fail("sent") }).debt(), "invalid_configuration");
  await fails(() => new SelfService({ environment: "production" }, { token: "x" }), "invalid_configuration");
});

test("every attempt has an assertion of its own", async () => {
  for (const fault of [
    { status: 503 },
    { status: 429, headers: { "retry-after": "0" } },
    { destroy: true },
    { status: 500, type: "application/json", body: "{" },
  ]) {
    control.fault(fault);
    const seen = await counted(() => mp.ours().token({ scope: "difitest:api3" }));
    assert.equal(seen.length, 2, JSON.stringify(fault));
    assert.notEqual(seen[0].claims.jti, seen[1].claims.jti);
  }
  // An answer that never came: the assertion may have been used, so it is not sent again.
  control.fault({ wait: 400 });
  const seen = await counted(() => mp.ours({ timeout: 0.2 }).token({ scope: "difitest:api3" }));
  assert.equal(new Set(seen.map(({ claims }) => claims.jti)).size, 2);
  for (let at = 0; at < 3; at++) control.fault({ status: 503 });
  const given = await counted(() => fails(() => mp.ours().token({ scope: "difitest:api3" }), "http_status_unexpected"));
  assert.equal(given.length, 3);
  control.fault({ status: 429, headers: { "retry-after": "3600" } });
  const long = await counted(() => fails(() => mp.ours().token({ scope: "difitest:api3" }), "http_status_unexpected"));
  assert.equal(long.length, 1, "nobody waits an hour");
});

test("every documented error is told with what to do; MP-012 is tried once more, no other is", async () => {
  for (const id of control.ids) {
    control.fault(id);
    if (id === "MP-012") control.fault(id);
    const seen = await counted(async () => {
      const error = await fails(() => mp.ours().token({ scope: "difitest:api3" }), "token_error");
      const { advice, ...found } = problem(error);
      const told = control.told.includes(id);
      assert.equal(found.id, told ? id : undefined);
      assert.notEqual(found.kind, "unknown");
      assert.ok(advice.length > 20);
      assert.equal(error.oauth.uri, told ? `https://test.maskinporten.no/errors/${id}` : undefined);
      assert.equal(error.provider.traceId.length, told ? 32 : 36);
    });
    assert.equal(seen.length, id === "MP-012" ? 2 : 1, id);
  }
  control.fault("MP-012");
  assert.ok((await mp.ours().token({ scope: "difitest:api3" })).accessToken);
  control.fault("MP-100");
  const seen = await counted(() => mp.ours({ patience: 0.05 }).token({ scope: "difitest:api3" }));
  assert.equal(seen.length, 2, "what was just registered is waited for");
});

test("answers that are none", async () => {
  for (const [fault, code] of [
    [{ status: 400, body: "<html>" }, "http_status_unexpected"],
    [{ status: 400 }, "http_status_unexpected"],
    [{ status: 400, type: "application/json", body: "{}" }, "http_status_unexpected"],
    [{ status: 200, type: "application/json", body: '{"token_type":"Bearer"}' }, "token_response_malformed"],
    [{ status: 200, type: "application/json", body: '{"access_token":"x","token_type":"Bearer","expires_in":-5}' }, "token_response_malformed"],
    [{ status: 200, type: "application/json", body: '{"access_token":"x","token_type":"Bearer","expires_in":"599"}' }, "token_response_malformed"],
    [{ status: 302, headers: { location: "https://other.example/" } }, "redirect_refused"],
  ]) {
    control.fault(fault);
    const error = await fails(() => mp.ours({ retries: 0 }).token({ scope: "difitest:api3" }), code);
    assert.equal(typeof problem(error).advice, "string");
  }
  for (const body of ['{"access_token":"x","token_type":"bearer"}', '{"access_token":"x","token_type":"Bearer","expires_in":0}']) {
    control.fault({ type: "application/json", body });
    const { expiresIn, expiresAt } = await mp.ours().token({ scope: "difitest:api3" });
    assert.ok(expiresIn === undefined || (expiresIn === 0 && expiresAt <= Date.now() / 1000));
  }
});

test("a clock that is ahead is told of, one that is behind does not matter", async () => {
  const seen = await counted(async () => {
    const error = await fails(() => mp.ours({ clockOffset: 12 }).token({ scope: "difitest:api3" }), "token_error");
    assert.deepEqual([problem(error).kind, problem(error).again], ["clock", "never"]);
  });
  assert.equal(seen.length, 1, "no endless trying");
  assert.ok((await mp.ours({ clockOffset: -60 }).token({ scope: "difitest:api3" })).accessToken);
});

test("the metadata is read, and one that names another server, or sends elsewhere, is refused", async () => {
  const { issuer, tokenEndpoint } = mp.environment;
  const settings = { clientId: "c", wellKnown: "oauth", development: true };
  assert.equal((await discover(issuer, settings)).tokenEndpoint, tokenEndpoint);
  const document = await (await fetch(`${issuer}.well-known/oauth-authorization-server`)).json();
  const answering = (more) => ({ ...settings, origins: [new URL(issuer).origin], fetch: async () => Response.json({ ...document, ...more }) });
  assert.equal((await discover(issuer, answering({}))).tokenEndpoint, tokenEndpoint);
  await fails(() => discover(issuer, answering({ issuer: issuer.slice(0, -1) })), "metadata_issuer_mismatch");
  await fails(() => discover(issuer, answering({ token_endpoint: "https://other.example/token" })), "endpoint_refused");
});

test("a token source keeps what it is given, and keeps apart who it is for", async () => {
  const tokens = new TokenSource(mp.ours().asked);
  const seen = await counted(async () => {
    const same = await Promise.all(
      ["difitest:api3 difitest:delegated", "difitest:delegated difitest:api3"].map((scope) =>
        tokens.get({ scope, organisation: CUSTOMER }).catch((error) => error),
      ),
    );
    assert.equal(same[0].code, "token_error", "the customer delegated one of them alone");
    const own = await tokens.get({ scope: "difitest:api3" });
    assert.equal(await tokens.get({ scope: ["difitest:api3"] }), own);
    const others = [
      await tokens.get({ scope: "difitest:api3", subject: PERSON }),
      await tokens.get({ scope: "difitest:api3", resource: "https://api.example/" }),
      await tokens.get({ scope: "difitest:delegated", organisation: CUSTOMER }),
    ];
    assert.equal(new Set([own, ...others].map(({ accessToken }) => accessToken)).size, 4);
    assert.deepEqual(
      others.map(({ accessToken }) => decodeJwt(accessToken)).map(({ pid, aud, supplier }) => pid ?? aud ?? supplier.ID),
      [PERSON, "https://api.example/", `0192:${OTHER}`],
    );
    await fails(() => tokens.get({ scope: "difitest:api3", audience: "x" }), "invalid_parameter");
  });
  assert.equal(seen.length, 5);
  control.fault({ type: "application/json", body: '{"access_token":"short","token_type":"Bearer","expires_in":30}' });
  const source = new TokenSource({ ...mp.ours().asked, margin: 120 });
  await source.get({ scope: "difitest:api3" });
  assert.equal((await source.get({ scope: "difitest:api3" })).accessToken, "short", "a short life is used for a part of it");
});

test("by a token source too a used assertion is replaced once, a new registration waited for, and trouble repeated by the source alone", async () => {
  const get = (options) => counted(async () => assert.ok((await new TokenSource(mp.ours(options).asked).get({ scope: "difitest:api3" })).accessToken));
  control.fault("MP-012");
  assert.equal((await get()).length, 2);
  control.fault("MP-100");
  assert.equal((await get({ patience: 0.05 })).length, 2);
  control.fault({ status: 503 });
  assert.equal((await get()).length, 2);
  for (const id of ["MP-012", "MP-012"]) control.fault(id);
  await fails(() => new TokenSource({ ...mp.ours().asked, retries: 0 }).get({ scope: "difitest:api3" }), "token_error");
  control.fault({ status: 503 });
  const seen = await counted(() =>
    fails(() => new TokenSource({ ...mp.ours({ retries: 5 }).asked, retries: 0 }).get({ scope: "difitest:api3" }), "http_status_unexpected"),
  );
  assert.equal(seen.length, 1, "not repeated by both");
});

test("nothing that is signed or secret is shown", async () => {
  const client = mp.ours();
  const assertion = await client.assertion({ scope: "difitest:api3", pid: PERSON });
  assert.equal(decodeJwt(assertion).pid, PERSON);
  assert.deepEqual(decodeProtectedHeader(assertion), { alg: "RS256", kid: mp.jwk.kid });
  control.fault("MP-110");
  const error = await fails(() => client.token({ scope: "difitest:api3", pid: PERSON }), "token_error");
  const { inspect } = await import("node:util");
  const shown = [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), inspect(client), JSON.stringify(client)].join("\n");
  for (const secret of [PERSON, mp.jwk.d, "eyJ"]) assert.ok(!shown.includes(secret), secret);
});
