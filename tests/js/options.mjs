// One call for each function of the package that takes options: all but the options is right, and nothing leaves this process.
// Each is given options to add to those that it needs.

import { Client, JwksCache, SigningKey, begin, clientSecretBasic, discover, dpopKeyStore, logoutForm, logoutUrl, privateKeyJwt } from "samtykke";
import * as full from "samtykke";
import * as acmidm from "samtykke/acmidm";
import { callback, redirect } from "samtykke/browser";
import { exchange } from "samtykke/exchange";
import { createEdge } from "samtykke/edge";
import * as adfs from "samtykke/adfs";
import * as halland from "samtykke/halland";
import * as idporten from "samtykke/idporten";
import { HelseId, claimOf } from "samtykke/helseid";
import { readKey } from "samtykke/keys";
import * as maskinporten from "samtykke/maskinporten";
import * as norskgjeld from "samtykke/norskgjeld";
import { readPkcs12 } from "samtykke/pkcs12";
import * as selvbetjening from "samtykke/selvbetjening";
import { TokenSource, denoKvStore, redisStore } from "samtykke/tokens";

import { storageOf } from "./support.mjs";

const OP = "https://op.example";
const redirectUri = "https://app.example.no/callback";
const consent = { environment: "preprod", clientId: "client-1", redirectUri };
const nowhere = async () => {
  throw new Error("sent");
};
const tokens = { accessToken: "a-token", tokenType: "Bearer", requestedScope: "", others: {} };

/** A client of a server that has everything, and the rest of the protocol. */
function protocol(key) {
  const settings = {
    issuer: OP,
    authorizationEndpoint: `${OP}/authorize`,
    tokenEndpoint: `${OP}/token`,
    deviceAuthorizationEndpoint: `${OP}/device`,
    userinfoEndpoint: `${OP}/userinfo`,
    introspectionEndpoint: `${OP}/introspect`,
    revocationEndpoint: `${OP}/revoke`,
    endSessionEndpoint: `${OP}/logout`,
    clientId: "client-1",
    redirectUri,
  };
  const op = full.provider(settings);
  const secret = clientSecretBasic("a secret of the tests");
  const client = new Client(op, secret, { fetch: nowhere });
  const code = `${OP}/ client-1 ${redirectUri} verifier nonce code scope`;
  const device = { deviceCode: "d", expiresAt: Date.now(), interval: 60, requestedScope: "" };
  const api = `${OP}/api`;
  const keys = { known: () => undefined, find: nowhere, remember() {} };
  const expected = { issuer: OP, clientId: "client-1" };
  return {
    "provider(options)": (odd) => full.provider({ ...settings, ...odd }),
    "discover(settings)": (odd) =>
      discover(OP, { clientId: "client-1", fetch: async () => Response.json({ issuer: OP, token_endpoint: `${OP}/token` }), ...odd }),
    "serverMetadata(settings)": (odd) => full.serverMetadata(OP, { fetch: nowhere, ...odd }),
    "protectedResource(settings)": (odd) => full.protectedResource(api, { fetch: nowhere, ...odd }),
    "begin(request)": (odd) => begin(op, { scope: "read", ...odd }),
    "logoutUrl(asked)": (odd) => logoutUrl(op, odd),
    "logoutForm(asked)": (odd) => logoutForm(op, odd),
    "verifyIdToken(expected)": (odd) => full.verifyIdToken("e30.e30.e30", { ...expected, ...odd }, keys),
    "verifyLogoutToken(expected)": (odd) => full.verifyLogoutToken("e30.e30.e30", { ...expected, ...odd }, keys),
    "dpopKeyStore(options)": (odd) => dpopKeyStore(odd),
    "DpopKeyStore.get(options)": (odd) => dpopKeyStore().get("name", odd),
    "JwksCache.constructor(options)": (odd) => new JwksCache(odd),
    "privateKeyJwt(rules)": (odd) => privateKeyJwt(key, odd),
    "readKey(options)": (odd) => readKey("", odd),
    "readPkcs12(options)": (odd) => readPkcs12(new Uint8Array(1), { password: "", ...odd }),
    "SigningKey.fromJwk(options)": (odd) => SigningKey.fromJwk({}, odd),
    "SigningKey.fromPem(options)": (odd) => SigningKey.fromPem("", { alg: "RS256", ...odd }),
    "SigningKey.generate(options)": (odd) => SigningKey.generate(odd),
    "SigningKey.fromCryptoKeys(options)": (odd) => SigningKey.fromCryptoKeys({}, { alg: "ES256", ...odd }),
    "SigningKey.custom(signer)": (odd) => SigningKey.custom({ alg: "ES256", publicJwk: key.publicJwk, sign: nowhere, ...odd }),
    "Client.constructor(options)": (odd) => new Client(op, secret, odd),
    "Client.begin(request)": (odd) => client.begin({ scope: "read", ...odd }),
    "Client.start(request)": (odd) => client.start({ scope: "read", ...odd }),
    "Client.start(options)": (odd) => client.start({ scope: "read" }, odd),
    "Client.exchange(options)": (odd) => client.exchange(code, odd),
    "Client.clientCredentials(options)": (odd) => client.clientCredentials(odd),
    "Client.refresh(options)": (odd) => client.refresh("a-refresh-token", odd),
    "Client.jwtBearer(options)": (odd) => client.jwtBearer({ assertion: "e30.e30.e30", ...odd }),
    "Client.tokenExchange(options)": (odd) => client.tokenExchange({ subjectToken: "a-token", ...odd }),
    "Client.deviceAuthorization(options)": (odd) => client.deviceAuthorization(odd),
    "Client.devicePoll(options)": (odd) => client.devicePoll(device, { signal: AbortSignal.abort(), ...odd }),
    "Client.fetch(options)": (odd) => client.fetch(tokens, { origins: [OP], ...odd }),
    "Client.userinfo(options)": (odd) => client.userinfo(tokens, { unchecked: true, ...odd }),
    "Client.introspect(options)": (odd) => client.introspect("a-token", odd),
    "Client.revoke(options)": (odd) => client.revoke("a-token", odd),
    "Client.logoutUrl(request)": (odd) => client.logoutUrl(odd),
  };
}

function pages() {
  const storage = storageOf();
  const url = `${redirectUri}?code=c&state=s`;
  const history = { replaceState() {} };
  const provider = norskgjeld.norskgjeld(consent);
  return {
    "norskgjeld(options)": (odd) => norskgjeld.norskgjeld({ ...consent, ...odd }),
    "redirect(request)": (odd) => redirect(provider, { purpose: "presentation", ...odd }, { storage, navigate() {} }),
    "redirect(options)": (odd) => redirect(provider, { purpose: "presentation" }, { storage, navigate() {}, ...odd }),
    "exchange(options)": (odd) => exchange(provider, "", odd),
    "callback(options)": (odd) => callback(provider, { url, storage, history, ...odd }),
  };
}

function edges() {
  let heard;
  const client = new Client(norskgjeld.norskgjeld(consent), clientSecretBasic("a secret of the tests"), { fetch: nowhere });
  const settings = { client, keys: "A".repeat(43), onError: (error) => (heard = error) };
  const edge = createEdge(settings);
  const request = (method = "GET", body) =>
    new Request("https://app.example.no/x", { method, headers: { "sec-fetch-site": "same-origin", origin: "https://app.example.no" }, body });
  /** The handlers answer what they refuse. */
  const answered = async (work) => {
    heard = undefined;
    await work;
    if (heard) throw heard;
  };
  const code = `${client.provider.issuer} client-1 ${redirectUri} verifier - ${Math.random()} scope`;
  return {
    "createEdge(options)": (odd) => createEdge({ ...settings, ...odd }),
    "Edge.login(what)": (odd) => answered(edge.login(request(), { purpose: "presentation", ...odd })),
    "Edge.login(options)": (odd) => answered(edge.login(request(), { purpose: "presentation" }, odd)),
    "Edge.exchange(options)": (odd) => answered(edge.exchange(request("POST", code), odd)),
    "Edge.refresh(options)": (odd) => edge.refresh(request(), odd),
    "Edge.logout(options)": (odd) => answered(edge.logout(request("POST"), odd)),
    "Edge.fetch(options)": (odd) => edge.fetch({ tokens }, { origins: [OP], ...odd }),
  };
}

function sources() {
  const asking = { request: async () => tokens, issuer: OP, clientId: "client-1" };
  const source = new TokenSource(asking);
  return {
    "TokenSource.constructor(options)": (odd) => new TokenSource({ ...asking, ...odd }),
    "TokenSource.get(target)": (odd) => source.get({ scope: "read", ...odd }),
    "TokenSource.get(options)": (odd) => source.get({ scope: "read" }, odd),
    "TokenSource.renew(target)": (odd) => source.renew({ scope: "read", ...odd }, tokens),
    "TokenSource.renew(options)": (odd) => source.renew({ scope: "read" }, tokens, odd),
    "TokenSource.bearer(target)": (odd) => source.bearer({ scope: "read", ...odd })(),
    "TokenSource.bearer(options)": (odd) => source.bearer({ scope: "read" }, odd)(),
    "TokenSource.fetch(target)": (odd) => source.fetch({ scope: "read", ...odd }, { origins: [OP] })(`${OP}/x`, { signal: AbortSignal.abort() }),
    "TokenSource.fetch(options)": (odd) => source.fetch({}, { origins: [OP], ...odd }),
    "redisStore(options)": (odd) => redisStore(nowhere, odd),
    "denoKvStore(options)": (odd) => denoKvStore({ atomic() {} }, odd),
  };
}

function providers(key) {
  const debt = norskgjeld.norskgjeld(consent);
  const api = { token: "a-token", fetch: nowhere, retries: 0 };
  const agreement = { nin: "01010112345", purpose: "presentation", days: 1, clientConsentId: "c" };
  const acm = acmidm.acmidm({ environment: "ti", clientId: "client-1", redirectUri });
  const elys = { environment: "beta", token: "a-token", fetch: nowhere };
  const region = { origins: [OP], token: "a-token", subscriberKey: "k", fetch: nowhere };
  const mp = maskinporten.maskinporten({ environment: "test", clientId: "client-1" });
  const machine = new maskinporten.MaskinportenClient(mp, key, { fetch: nowhere, retries: 0 });
  const claims = {};
  return {
    "DebtApi.constructor(options)": (odd) => new norskgjeld.DebtApi(debt, { ...api, ...odd }),
    "DebtApi.debt(options)": (odd) => new norskgjeld.DebtApi(debt, api).debt(odd),
    "DebtApi.debtById(options)": (odd) => new norskgjeld.DebtApi(debt, api).debtById("c", odd),
    "DebtApi.status(options)": (odd) => new norskgjeld.DebtApi(debt, api).status("c", odd),
    "DebtApi.revoke(options)": (odd) => new norskgjeld.DebtApi(debt, api).revoke("c", odd),
    "AgreementApi.constructor(options)": (odd) => new norskgjeld.AgreementApi(debt, { ...api, ...odd }),
    "AgreementApi.register(agreement)": (odd) => new norskgjeld.AgreementApi(debt, api).register({ ...agreement, ...odd }),
    "AgreementApi.register(options)": (odd) => new norskgjeld.AgreementApi(debt, api).register(agreement, odd),
    "ConsentFeed.constructor(options)": (odd) => new norskgjeld.ConsentFeed(debt, { ...api, ...odd }),
    "ConsentFeed.read(options)": (odd) => new norskgjeld.ConsentFeed(debt, api).read(odd),
    "idporten(options)": (odd) => idporten.idporten({ environment: "test", clientId: "client-1", redirectUri, ...odd }),
    "idportenLogin(login)": (odd) => idporten.idportenLogin(odd),
    "exchangeForAltinn(options)": (odd) => idporten.exchangeForAltinn("a-token", { environment: "tt02", issuer: "maskinporten", fetch: nowhere, ...odd }),
    "acmidm(options)": (odd) => acmidm.acmidm({ environment: "ti", clientId: "client-1", ...odd }),
    "acmIdmLogin(options)": (odd) => acmidm.acmIdmLogin(odd),
    "delegate(asked)": (odd) => acmidm.delegate(new Client(acm, privateKeyJwt(key), { fetch: nowhere }), "a-token", { api: "api-1", ...odd }),
    "ElysApi.constructor(options)": (odd) => new acmidm.ElysApi(acm, { ...elys, ...odd }),
    "ElysApi.ping(expected)": (odd) => new acmidm.ElysApi(acm, elys).ping(odd),
    "ElysApi.fetch(init)": (odd) => new acmidm.ElysApi(acm, elys).fetch("/x", odd),
    "halland(options)": (odd) => halland.halland({ issuer: `${OP}/adfs`, clientId: "client-1", ...odd }),
    "adfs(options)": (odd) => adfs.adfs({ issuer: "adfs.example.org", clientId: "client-1", ...odd }),
    "adfsTarget(options)": (odd) => adfs.adfsTarget("api", "read", odd),
    "currentKey(options)": (odd) => adfs.currentKey([], odd),
    "HallandApi.constructor(options)": (odd) => new halland.HallandApi({ ...region, ...odd }),
    "HallandApi.fetch(init)": (odd) => new halland.HallandApi(region).fetch(`${OP}/x`, odd),
    "maskinporten(settings)": (odd) => maskinporten.maskinporten({ environment: "test", clientId: "client-1", ...odd }),
    "caller(expected)": (odd) => maskinporten.caller(claims, { provider: mp, scope: "a:b", ...odd }),
    "europeanCaller(expected)": (odd) => maskinporten.europeanCaller(claims, { provider: mp, scope: "a:b", ...odd }),
    "MaskinportenClient.constructor(options)": (odd) => new maskinporten.MaskinportenClient(mp, key, odd),
    "MaskinportenClient.token(request)": (odd) => machine.token({ scope: "a:b", ...odd }),
    "MaskinportenClient.assertion(request)": (odd) => machine.assertion({ scope: "a:b", ...odd }),
    "SelfService.constructor(options)": (odd) => new maskinporten.SelfService(mp, { ...api, ...odd }),
    ...selfService(new maskinporten.SelfService(mp, api)),
  };
}

/** What stands before the options, for each method of the self-service API. */
function selfService(api) {
  const same = (one) => one;
  const rsa = { kty: "RSA", kid: "k", n: "AQAB", e: "AQAB" };
  const before = {
    clients: [],
    createClient: [{ client_name: "c" }],
    client: ["c"],
    updateClient: ["c", same],
    deactivateClient: ["c"],
    newSecret: ["c"],
    keys: ["c"],
    addKey: ["c", rsa],
    renewKey: ["c", "k"],
    setKeys: ["c", [rsa]],
    removeKey: ["c", "k"],
    key: ["c", "k"],
    replaceKey: ["c", "k", rsa],
    deleteKey: ["c", "k"],
    uploadKey: ["c", "key"],
    onBehalfOf: ["c"],
    addOnBehalfOf: ["c", { onbehalfof: "o" }],
    updateOnBehalfOf: ["c", "o", { onbehalfof: "o" }],
    deleteOnBehalfOf: ["c", "o"],
    scopes: [],
    scope: ["a:b"],
    createScope: [{ prefix: "a", subscope: "b" }],
    updateScope: ["a:b", same],
    deactivateScope: ["a:b"],
    allScopes: [],
    access: ["a:b"],
    accessOf: ["991825827"],
    myAccess: [],
    grantAccess: ["991825827", "a:b"],
    withdrawAccess: ["991825827", "a:b"],
    delegationSources: [],
    prefixes: [],
    organisation: ["991825827"],
    portalUser: [],
    switchSyntheticOrganisation: [{}],
  };
  return Object.fromEntries(Object.entries(before).map(([name, rest]) => [`SelfService.${name}(options)`, (odd) => api[name](...rest, odd)]));
}

async function health(key) {
  const issuer = "https://helseid-sts.test.nhn.no";
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/connect/authorize`,
    token_endpoint: `${issuer}/connect/token`,
    pushed_authorization_request_endpoint: `${issuer}/connect/par`,
    jwks_uri: `${issuer}/jwks`,
    userinfo_endpoint: `${issuer}/connect/userinfo`,
  };
  const fetch = async (url) => (url.includes(".well-known") ? Response.json(metadata) : nowhere());
  const settings = { environment: "test", clientId: "client-1", redirectUri, key, fetch };
  const helseid = await HelseId.connect(settings);
  const state = JSON.stringify({ issuer, clientId: "client-1", scope: "openid", refreshToken: "a-refresh-token" });
  const keeping = { save() {} };
  const session = helseid.session(state, keeping);
  const origins = ["https://api.example"];
  return {
    "claimOf(details)": (odd) => claimOf({ sfmJournalId: "j", ...odd }),
    "HelseId.connect(options)": (odd) => HelseId.connect({ ...settings, ...odd }),
    "HelseId.login(request)": (odd) => helseid.login({ scope: "openid helseid://scopes/identity/security_level", ...odd }),
    "HelseId.finish(options)": (odd) => helseid.finish("t", redirectUri, { ...keeping, ...odd }),
    "HelseId.session(options)": (odd) => helseid.session(state, { ...keeping, ...odd }),
    "HelseId.machine(asked)": (odd) => helseid.machine({ scope: "nhn:kj/api", ...odd }),
    "HelseId.fetch(asked)": (odd) => helseid.fetch({ scope: "nhn:kj/api", ...odd }, { origins })("https://api.example/x"),
    "HelseId.fetch(options)": (odd) => helseid.fetch({ scope: "nhn:kj/api" }, { origins, ...odd }),
    "HelseIdSession.tokens(target)": (odd) => session.tokens({ resource: "nhn:kj", ...odd }),
    "HelseIdSession.fetch(target)": (odd) => session.fetch({ resource: "nhn:kj", ...odd }, { origins })("https://api.example/x"),
    "HelseIdSession.fetch(options)": (odd) => session.fetch({ resource: "nhn:kj" }, { origins, ...odd }),
    "HelseIdSession.userinfo(options)": (odd) => session.userinfo(odd),
  };
}

async function enrolments(key) {
  const login = () => ({ clientCredentials: nowhere, fetch: () => nowhere });
  const settings = { environment: "test", login, fetch: nowhere };
  const service = new selvbetjening.Selvbetjening(settings);
  const identity = { clientId: "client-1", key };
  const client = service.as(identity);
  const handle = await selvbetjening.jwkKeys().create();
  const { d: _, ...jwk } = JSON.parse(handle);
  const environment = "https://selvbetjening.test.nhn.no https://api.selvbetjening.test.nhn.no";
  const record = { v: 1, environment, clientId: "client-1", key: { reference: jwk.kid, public: jwk }, handles: { [jwk.kid]: handle } };
  const kept = new Map([["e", JSON.stringify(record)]]);
  const store = { read: (id) => kept.get(id), write: (id, text) => void kept.set(id, text) };
  const enrolment = await selvbetjening.Enrolment.open(service, "e", { store });
  const draft = { organizationNumber: "999977774" };
  const beginning = () => ({ store, apiKey: "k", redirectUri: "https://app.example.no/confirmed" });
  const quick = { first: 0.001, longest: 0.001, limit: 0.001 };
  const publicJwk = { ...key.publicJwk, alg: key.alg, kid: "k" };
  return {
    "Selvbetjening.constructor(options)": (odd) => new selvbetjening.Selvbetjening({ ...settings, ...odd }),
    "Selvbetjening.createDraft(draft)": (odd) => service.createDraft({ ...draft, ...odd }, publicJwk, { apiKey: "k" }),
    "Selvbetjening.createDraft(options)": (odd) => service.createDraft(draft, publicJwk, { apiKey: "k", ...odd }),
    "Selvbetjening.confirmUrl(older)": (odd) => service.confirmUrl("c", { redirectPort: 80, redirectPath: "/x", ...odd }),
    "Selvbetjening.as(identity)": (odd) => service.as({ ...identity, ...odd }),
    "SelvbetjeningClient.getClient(options)": (odd) => client.getClient(odd),
    "SelvbetjeningClient.waitUntilUsable(options)": (odd) => client.waitUntilUsable({ ...quick, ...odd }),
    "SelvbetjeningClient.waitForApproval(options)": (odd) => client.waitForApproval({ ...quick, ...odd }),
    "SelvbetjeningClient.update(options)": (odd) => client.update((one) => one, odd),
    "SelvbetjeningClient.listKeys(options)": (odd) => client.listKeys(odd),
    "SelvbetjeningClient.findKey(options)": (odd) => client.findKey(publicJwk, odd),
    "SelvbetjeningClient.addKey(options)": (odd) => client.addKey(publicJwk, odd),
    "SelvbetjeningClient.delegations(options)": (odd) => client.delegations(odd),
    "Enrolment.begin(draft)": (odd) => selvbetjening.Enrolment.begin(service, { ...draft, ...odd }, beginning()),
    "Enrolment.begin(options)": (odd) => selvbetjening.Enrolment.begin(service, draft, { ...beginning(), ...odd }),
    "Enrolment.open(options)": (odd) => selvbetjening.Enrolment.open(service, "e", { store, ...odd }),
    "Enrolment.keyTimes(options)": (odd) => enrolment.keyTimes(odd),
    "Enrolment.waitUntilUsable(options)": (odd) => enrolment.waitUntilUsable({ ...quick, ...odd }),
    "Enrolment.rotateKey(options)": (odd) => enrolment.rotateKey({ ...quick, ...odd }),
    "Enrolment.abandonKey(call)": (odd) => enrolment.abandonKey(odd),
    "confirmRoute(options)": (odd) => selvbetjening.confirmRoute(service, { store, ...odd }),
    "loopback(options)": async (odd) => (await selvbetjening.loopback(odd)).close(),
    "Receiver.wait(options)": async (odd) => {
      const receiver = await selvbetjening.loopback();
      return receiver.wait({ seconds: 0.001, ...odd }).finally(() => receiver.close());
    },
  };
}

/** The calls, by `owner.name(parameter)`. */
export async function calls() {
  const key = await SigningKey.generate({ kid: "k" });
  const { privateKey } = await crypto.subtle.generateKey(
    { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ["sign"],
  );
  const rsa = await SigningKey.fromJwk(await crypto.subtle.exportKey("jwk", privateKey), { alg: "RS256", kid: "k" });
  return new Map(
    Object.entries({ ...protocol(key), ...pages(), ...edges(), ...sources(), ...providers(rsa), ...(await health(rsa)), ...(await enrolments(key)) }),
  );
}
