// Whole flows against the local Norsk Gjeldsinformasjon, which judges requests by its own code: worker, page, APIs, feed.
// The provider records every sin a client commits; there must be none.
// Refuses a second exchange: a replayed answer must not reach the server, which would kill the first token.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { Client, clientSecretBasic, norskgjeld } from "samtykke";
import { callback as finishInPage, redirect } from "samtykke/browser";
import { AgreementApi, ConsentFeed, DebtApi, audiences } from "samtykke/norskgjeld";

import { DEMO_CLIENT, approve, startNorskgjeld } from "samtykke-local/norskgjeld";
import { failure, stage } from "./browser.mjs";
import { fails, storageOf } from "./support.mjs";

const ORIGIN = "http://localhost:4402";
const USER = "14842249091";
let nogi;

before(async () => {
  nogi = await startNorskgjeld({ authPort: 0, apiPort: 0 });
});
after(() => nogi.close());
beforeEach(() => nogi.control.clear());

const settings = (path) => ({ environment: { auth: nogi.authUrl, api: nogi.apiUrl }, clientId: DEMO_CLIENT.id, redirectUri: `${ORIGIN}${path}` });
const clientAt = (path) => new Client(norskgjeld(settings(path)), clientSecretBasic(DEMO_CLIENT.secret));
const tokenRequests = () => nogi.control.requests().token ?? 0;
const sins = () => nogi.control.violations().map(({ code }) => code);
const pathOf = (url) => url.slice(ORIGIN.length);

test("worker flow: login, consent, one exchange, debt, withdrawal", async () => {
  const client = clientAt("/auth/callback");
  const { login, callback, session, jar } = stage({ client, origin: ORIGIN });
  const { location } = await login({ what: { purpose: "presentation", days: 30 } });
  const answer = pathOf(await approve(location, { user: USER }));
  const cookie = jar.header();
  const exchanges = tokenRequests();
  assert.equal((await callback(answer)).headers.get("location"), "/");
  assert.equal(failure(await callback(answer, { cookie })), "transaction_used");
  assert.equal(tokenRequests(), exchanges + 1);
  const { tokens } = await session();
  const debt = await new DebtApi(client.provider, { token: tokens.accessToken, traceId: "trace-1" }).debt();
  assert.equal(debt.ssn, USER);

  const service = await client.clientCredentials({ audience: audiences(client.provider).debt, scope: "debt.unsecured.presentation" });
  const api = new DebtApi(client.provider, { token: service.accessToken, traceId: "trace-2" });
  const { id } = debt.consent;
  assert.equal((await api.status(id)).active, true);
  assert.deepEqual(await api.revoke(id), { withdrawn: true });
  assert.deepEqual(await api.revoke(id), { withdrawn: false });
  assert.equal((await api.status(id)).active, false);
  await fails(api.debtById(id), { code: "consent_inactive", action: "restart" });
  assert.deepEqual(sins(), []);
});

test("page flow: the page checks, the worker exchanges, a single-use consent is spent", async () => {
  const page = norskgjeld(settings("/callback"));
  const storage = storageOf();
  let url;
  redirect(page, { purpose: "presentation" }, { storage, navigate: (to) => (url = to) });
  const checked = finishInPage(page, { url: await approve(url, { user: USER }), storage, history: { replaceState() {} } });
  const { posted, session } = stage({ client: clientAt("/callback"), origin: ORIGIN });
  assert.equal((await posted(JSON.stringify(checked))).status, 204);
  const api = new DebtApi(page, { token: (await session()).tokens.accessToken, traceId: "trace-3" });
  assert.equal((await api.debt()).ssn, USER);
  assert.deepEqual(sins(), []);
  await fails(api.debt(), { code: "consent_inactive", phase: "api", action: "restart" });
});

test("a person who declines, cancels or meets a failure is told apart", async () => {
  for (const [decision, code] of [
    ["deny", "consent_denied"],
    ["cancel", "login_cancelled"],
    ["error", "authorization_error"],
  ]) {
    const { login, callback, jar, errors } = stage({ client: clientAt("/auth/callback"), origin: ORIGIN });
    const { location } = await login();
    assert.equal(failure(await callback(pathOf(await approve(location, { user: USER, decision })))), code);
    assert.equal(errors[0].oauth.description, undefined);
    assert.deepEqual(jar.names("login"), []);
  }
});

test("an agreement is registered, appears in the feed, and conflicts with other data", async () => {
  const client = clientAt("/callback");
  const services = audiences(client.provider);
  const create = await client.clientCredentials({ audience: services.agreement, scope: "consent.create" });
  const agreements = new AgreementApi(client.provider, { token: create.accessToken });
  const agreement = { nin: USER, purpose: "processing", days: 28, clientConsentId: "lån-7" };
  const registered = await agreements.register(agreement);
  assert.equal(registered.clientConsentId, "lån-7");
  assert.ok(registered.expiresAt > Date.now() / 1000);
  assert.equal((await agreements.register(agreement)).id, registered.id);
  await fails(agreements.register({ ...agreement, days: 27 }), { code: "conflict" });
  const read = await client.clientCredentials({ audience: services.consentEvents, scope: "client.access.consent.events" });
  const feed = new ConsentFeed(client.provider, { token: read.accessToken });
  const batch = await feed.read({ limit: 2 });
  assert.ok(batch.events.some(({ consentId, eventType }) => consentId === registered.id && eventType === "SAMTYKKE_OPPRETTET"));
  assert.deepEqual(await feed.read({ cursor: batch.cursor }), { events: [], cursor: batch.cursor, lost: false });
  await fails(new ConsentFeed(client.provider, { token: create.accessToken, retries: 0 }).read(), { phase: "api" });
});
