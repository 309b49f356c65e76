// The call behind each step, as the worker makes it (www/worker/src/systems), and the step that has to be taken before.
// A step that somebody else takes has no call of its own.
// Refuses nothing itself; tests/e2e/access.mjs refuses a call that the worker does not make, and a step without one.

const ping = "new ElysApi(provider, { environment, token })\n  .ping({ organisationCode, scope })";
const halland = (key) => `new HallandApi({ origins, subscriberKey: ${key}, token })\n  .fetch(url)`;
const session = "session.fetch({ resource }, { origins })(url)";
const usable = "client.waitUntilUsable()";

export const calls = {
  "norskgjeld.token": { call: 'client.clientCredentials({ scope: "consent.create", audience })' },
  "norskgjeld.register": { call: "new AgreementApi(provider, { token })\n  .register({ nin, purpose, days, clientConsentId })" },
  "norskgjeld.debt": { call: "new DebtApi(provider, { token }).debtById(consent)", after: "register" },
  "norskgjeld.feed": { call: "new ConsentFeed(provider, { token }).read()" },
  "norskgjeld.withdraw": { call: "new DebtApi(provider, { token }).revoke(consent)", after: "register" },
  "maskinporten.token": { call: "tokens.get({ scope })" },
  "maskinporten.cached": { call: "tokens.get({ scope })", after: "token" },
  "maskinporten.scope": { call: "service.createScope({ prefix, subscope, description })" },
  "maskinporten.access": { call: "service.grantAccess(consumer, scope)", after: "scope" },
  "maskinporten.client": { call: 'service.createClient(maskinportenClient("demo", [scope]))', after: "scope" },
  "maskinporten.key": { call: "service.addKey(clientId, key.publicJwk)", after: "client" },
  "maskinporten.use": { call: "client.token({ scope })", after: "key" },
  "maskinporten.withdraw": { call: "service.withdrawAccess(consumer, scope)", after: "access" },
  "helseid.draft": { call: "Enrolment.begin(service, draft, { apiKey, store, redirectUri })" },
  "helseid.confirm": { call: "enrolment.confirm(callback)", after: "draft" },
  "helseid.status": { call: usable, after: "confirm" },
  "helseid.approve": { after: "status" },
  "helseid.ready": { call: usable, after: "approve" },
  "helseid.login": { call: 'helseid.login({ scope, acrValues: "Level4" })', after: "ready" },
  "helseid.first": { call: session, after: "login" },
  "helseid.second": { call: session, after: "login" },
  "helseid.machine": { call: "helseid.machine({ scope, resource })", after: "ready" },
  "acmidm.token": { call: "tokens.get({ scope, audience })" },
  "acmidm.cached": { call: "tokens.get({ scope, audience })", after: "token" },
  "acmidm.ping": { call: ping },
  "acmidm.mismatch": { call: ping },
  "halland.token": { call: "tokens.get(adfsTarget(resource, scope))" },
  "halland.cached": { call: "tokens.get(adfsTarget(resource, scope))", after: "token" },
  "halland.other": { call: "tokens.get(adfsTarget(resource, scope))" },
  "halland.call": { call: halland("key") },
  "halland.renewed": { call: halland("[old, renewed]") },
};
