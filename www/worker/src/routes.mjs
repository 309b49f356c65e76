// What the worker does at each address. Navigations end in a redirect, calls from the page in JSON or nothing.
// RFC 6749 4.1.1 to 4.1.4 and 4.4; Norsk Gjeldsinformasjon, GET /v1/debt and DELETE /v1/debt/{id}.
// Refuses by throwing the library's own errors; it never asks twice for what may be had once.
import { DebtApi, audiences } from "samtykke/norskgjeld";
import { problemPage } from "./answers.mjs";
import { chosenFault, shortLife, tooLong, troubleAtCallback, troubleAtLogin, troubleAtProvider } from "./faults.mjs";
import { json } from "./headers.mjs";
import { fieldsOf } from "./mask.mjs";
import { eventsOf, forget } from "./record.mjs";
import { publicService, service } from "./settings.mjs";

const PAGE = "/callback";
const WORKER = "/auth/callback";
const query = (address) => new URL(address).searchParams;
const sealed = [{ in: "cookie", name: "cookie", value: "…" }];

async function login({ request, its, record }) {
  const asked = query(request.url);
  const kind = chosenFault(request, its);
  const { edge } = service(its, WORKER, { fetch: record.fetch });
  const days = asked.get("days");
  const language = asked.get("language");
  const begun = await edge.login(request, {
    purpose: asked.get("purpose"),
    ...(days === null ? {} : { days: Number(days) }),
    ...(/^[a-z]{2}$/.test(language ?? "") && { extra: { ui_locales: language } }),
    ...shortLife(kind),
  });
  // The library says in JSON why it did not begin; a person who followed a link needs a page.
  if (begun.status !== 303) return problemPage(await begun.json());
  const response = troubleAtLogin(kind, begun);
  const location = new URL(response.headers.get("location"));
  record.note("login", { fields: fieldsOf("query", asked) });
  record.note("sendOn", { fields: [...sealed, { in: "header", name: "location", value: location.origin + location.pathname }] });
  record.note("authorize", { path: location.pathname, fields: fieldsOf("query", location.searchParams) });
  record.note("decide", { state: "running" });
  return response;
}

async function callback({ request, env, its, record }) {
  const kind = chosenFault(request, its);
  record.note("decide", {});
  record.note("return", { path: WORKER, fields: fieldsOf("query", query(request.url)) });
  record.note("callback", { state: "running", fields: [...fieldsOf("query", query(request.url)), ...sealed] });
  await tooLong(kind);
  await troubleAtProvider(kind, env);
  const { edge } = service(its, WORKER, { fetch: record.fetch });
  const response = await edge.callback(request);
  await record.settled();
  const outcome = query(new URL(response.headers.get("location"), its.origin));
  const failed = outcome.get("error");
  // The provider's own answer, as when the person declined, passed the check; then it is the answer that ended the run.
  const chosen = /^user_/.test(outcome.get("action") ?? "");
  const theirs = chosen || failed === "authorization_error";
  const stopped = failed && !theirs && !record.called.has("token");
  if (theirs) record.note("return", { state: chosen ? "ended" : "failed", path: WORKER, fields: fieldsOf("query", query(request.url)) });
  record.note("callback", {
    state: stopped ? "failed" : "done",
    fields: [...fieldsOf("query", query(request.url)), ...sealed, ...(failed ? [{ in: "result", name: "code.error", value: failed }] : [])],
  });
  if (!failed) record.note("session", { method: "303", path: "/consent", fields: sealed });
  return troubleAtCallback(kind, request, response);
}

async function exchange({ request, env, its, record }) {
  await troubleAtProvider(chosenFault(request, its), env);
  const { edge } = service(its, PAGE, { fetch: record.fetch });
  record.note("exchange", {
    fields: [
      { in: "body", name: "code", value: "…" },
      { in: "body", name: "code_verifier", value: "…" },
    ],
  });
  const response = await edge.exchange(request);
  if (response.ok) record.note("session", { fields: sealed });
  return response;
}

/** What the page may know of a session: what was asked for, what was given, until when the token works. */
const consentFacts = ({ tokens }) => ({ requestedScope: tokens.requestedScope, scope: tokens.scope, expiresAt: tokens.expiresAt });

async function session({ request, its, record }) {
  const { edge } = service(its, WORKER, { fetch: record.fetch });
  const found = await edge.session(request);
  return json(200, { service: publicService(its), consent: found ? consentFacts(found) : null });
}

const refusal = (status, code, phase) => json(status, { code, phase, action: "restart", retryable: false });
const signedOut = () => refusal(401, "session_missing", "session");

/** A scope without days is good for one lookup; the real provider counts a second one as a fault of ours. */
const forOneLookup = ({ requestedScope = "" }) => !/\.\d+( openid)?$/.test(requestedScope);

/** Every call has a number of its own, by which the provider's support can find it. */
const debtApi = (provider, token, its, record) => new DebtApi(provider, { token, fetch: record.fetch, timeout: its.timeout, traceId: crypto.randomUUID() });

async function debt({ request, its, record }) {
  const { edge, provider } = service(its, WORKER, { fetch: record.fetch });
  const found = await edge.session(request);
  if (!found) return signedOut();
  record.note("askDebt", { fields: sealed });
  const { accessToken } = found.tokens;
  if (found.data?.consentId && forOneLookup(found.tokens)) return refusal(403, "consent_inactive", "api");
  // The national identity number stays here: the page has no use for it.
  const { ssn, ...rest } = await debtApi(provider, accessToken, its, record).debt();
  record.note("shown", { fields: [{ in: "body", name: "loans", value: `[${rest.loans?.length ?? 0}]` }] });
  const response = json(200, rest);
  // Sealed with the session, so that a person can withdraw their own consent and nobody else's.
  return rest.consent?.id ? edge.answer(response, await edge.keep(request, { consentId: rest.consent.id })) : response;
}

async function withdraw({ request, its, record }) {
  const { edge, provider, client } = service(its, WORKER, { fetch: record.fetch });
  const found = await edge.session(request);
  const id = found?.data?.consentId;
  if (!id) return signedOut();
  record.note("withdraw", { fields: sealed });
  const scope = found.tokens.scope?.split(" ").find((one) => one.startsWith("debt."));
  const { accessToken } = await client.clientCredentials({ scope, audience: audiences(provider).debt });
  await debtApi(provider, accessToken, its, record).revoke(id);
  record.note("withdrawn", {});
  return leave(edge, request);
}

/** The library's logout takes a POST and answers with a redirect; a script of the page needs the cookies alone. */
async function leave(edge, request) {
  const response = await edge.logout(new Request(request.url, { method: "POST", headers: request.headers }));
  if (response.status !== 303) return response;
  const made = new Response(null, { status: 204, headers: response.headers });
  made.headers.delete("location");
  return made;
}

const logout = async ({ request, its, record }) => leave(service(its, WORKER, { fetch: record.fetch }).edge, request);

const trace = async ({ run }) => json(200, { events: eventsOf(run) });

async function newTrace({ run }) {
  forget(run);
  return new Response(null, { status: 204 });
}

/** `fresh` begins a new run in the record. */
export const navigations = {
  "GET /login": { handle: login, fresh: true },
  "GET /auth/callback": { handle: callback },
};

export const api = {
  "POST /exchange": { handle: exchange },
  "GET /api/session": { handle: session },
  "GET /api/debt": { handle: debt },
  "DELETE /api/consent": { handle: withdraw },
  "POST /logout": { handle: logout },
  "GET /api/trace": { handle: trace },
  "DELETE /api/trace": { handle: newTrace },
};
