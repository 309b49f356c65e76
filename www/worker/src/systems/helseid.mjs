// HelseID and Selvbetjening, the whole guide: a client is drafted by an API key, a person confirms it, its access turns from
// pending to ok, a person logs in with it, and two APIs are called, with a token and a proof for each.
// NHN, Selvbetjening for HelseID and HelseID's security profile; FAPI 2.0; RFC 9449.
// Refuses a confirmation of another draft, and a login that another browser began.
import { SamtykkeError } from "samtykke";
import { open, seal } from "samtykke/edge";
import { HelseId, SigningKey } from "samtykke/helseid";
import { Enrolment, Selvbetjening } from "samtykke/selvbetjening";
import { cookie } from "../guard.mjs";
import { fact, once, settingsOf, visited } from "./tools.mjs";

const APIS = { first: "nhn:phr", second: "nhn:kj" };
const ACCESS = ["nhn:selvbetjening/client", "nhn:phr/mhd/read", "nhn:kj/api"];
const SCOPE = "openid profile offline_access helseid://scopes/identity/pid helseid://scopes/identity/security_level nhn:phr/mhd/read nhn:kj/api";
const LEVEL = "helseid://claims/identity/security_level";

const CONFIRMED = "/systems/confirmed/";
const CALLBACK = "/systems/callback";
/** What the login cookie is sealed for: it passes for no other. */
const PURPOSE = "demo helseid login";
const LIFETIME = 1800;

const earlier = (step, why) =>
  new SamtykkeError({ code: "invalid_parameter", phase: "api", action: "fix_configuration", hint: `Take the step "${step}" first: ${why}.` });

const environment = ({ env }) => ({ issuer: settingsOf(env, "helseid").issuer });

const service = (context) =>
  once(
    context,
    "service",
    async (fetch) =>
      new Selvbetjening({
        environment: settingsOf(context.env, "helseid").selvbetjening,
        fetch,
        login: (identity) => HelseId.connect({ environment: environment(context), ...identity, fetch }),
      }),
  );

function enrolment({ left }) {
  if (!left.enrolment) throw earlier("draft", "there is no client yet");
  return left.enrolment;
}

/** HelseID for the client that was drafted. Its sessions are bound to a key of their own. */
const helse = (context) =>
  once(context, "helseid", async (fetch) => {
    const begun = enrolment(context);
    return HelseId.connect({
      environment: environment(context),
      clientId: begun.clientId,
      redirectUri: `${context.its.origin}${CALLBACK}`,
      key: await begun.key(),
      dpop: await SigningKey.generate(),
      fetch,
    });
  });

async function draft(context) {
  const { left, env, its } = context;
  const { apiKey, organisation } = settingsOf(env, "helseid");
  const store = new Map();
  const begun = await Enrolment.begin(
    await service(context),
    { organizationNumber: organisation, apiScopes: ACCESS, redirectUris: [`${its.origin}${CALLBACK}`] },
    {
      apiKey,
      redirectUri: (id) => `${its.origin}${CONFIRMED}${id}`,
      store: { read: (id) => store.get(id), write: async (id, text) => void store.set(id, text) },
    },
  );
  for (const name of Object.keys(left)) delete left[name];
  left.enrolment = begun;
  return { facts: [fact("client_id", begun.clientId)], fresh: true };
}

/** The language that the visitor reads the page in, for the pages that the step leads to. */
const languageOf = ({ request }) => /^[a-z]{2}$/.exec(new URL(request.url).searchParams.get("language") ?? "")?.[0] ?? "nb";

async function confirm(context) {
  const begun = enrolment(context);
  if (begun.confirmed) return [fact("confirmed", true)];
  context.messages.push(visited(begun.confirmUrl));
  const page = new URL(begun.confirmUrl);
  page.searchParams.set("ui_locales", languageOf(context));
  return { facts: [fact("confirm", begun.confirmUrl)], go: page.href, waiting: true };
}

const confirmed = {
  path: CONFIRMED,
  step: "confirm",
  /** The address holds the draft's name, which only this visitor's portal page was told. */
  expected: ({ left, request }) => left.enrolment?.id === new URL(request.url).pathname.slice(CONFIRMED.length),
  async finish({ left, its, request, messages }) {
    const { pathname, search } = new URL(request.url);
    messages.push(visited(`${its.origin}${pathname}${search}`, { shown: ["status"] }));
    await left.enrolment.confirm(its.origin + pathname + search);
    return [fact("confirmed", left.enrolment.confirmed)];
  },
};

async function status(context) {
  const { left } = context;
  enrolment(context);
  await service(context);
  left.client ??= await left.enrolment.client();
  const { ready, pending, unknown, apiScopes } = await left.client.waitUntilUsable({ first: 0.3, longest: 1, limit: 10 });
  return [
    ...(apiScopes ?? []).map((one) => fact(one.scope, one.status)),
    fact("ready", ready),
    fact("pending", pending),
    ...(unknown.length ? [fact("unknown", unknown)] : []),
  ];
}

/** The login cookie: what binds a login to the browser that began it. */
const bound = (its, value, seconds) => `${its.loginCookie}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${its.plainCookies ? "" : "; Secure"}`;

async function login(context) {
  const { its, messages } = context;
  const { url, transaction } = await (await helse(context)).login({
    scope: SCOPE,
    acrValues: "Level4",
    prompt: "login",
    uiLocales: languageOf(context),
    lifetime: LIFETIME,
  });
  messages.push(visited(url));
  const value = await seal(its.keys, PURPOSE, transaction);
  return { facts: [fact("acr_values", "Level4")], go: url, waiting: true, cookie: bound(its, value, LIFETIME) };
}

const transactionOf = async ({ its, request }) => open(its.keys, PURPOSE, cookie(request, its.loginCookie) ?? "");

const callback = {
  path: CALLBACK,
  step: "login",
  expected: async (context) => context.left.helseid !== undefined && (await transactionOf(context)) !== undefined,
  spent: (its) => bound(its, "", 0),
  async finish(context) {
    const { left, its, request, messages, fetch } = context;
    const { pathname, search } = new URL(request.url);
    const url = its.origin + pathname + search;
    messages.push(visited(url));
    left.fetch = fetch;
    left.session = await left.helseid.finish(await transactionOf(context), url, {
      save: (state) => {
        left.state = state;
      },
    });
    const { claims } = left.session;
    return [fact("name", claims.name), fact("security_level", claims[LEVEL])];
  },
};

async function call(context, audience) {
  const { left, env, fetch } = context;
  left.fetch = fetch;
  if (!left.session) throw earlier("login", "nobody is logged in");
  const origin = settingsOf(env, "helseid").apis[audience];
  const response = await left.session.fetch({ resource: audience }, { origins: [origin] })(`${origin}/documents`);
  const { aud, scope } = await response.json();
  return [fact("status", response.status), fact("aud", aud), fact("scope", scope)];
}

export const helseid = {
  id: "helseid",
  ready: (env) => settingsOf(env, "helseid") !== undefined,
  steps: {
    draft,
    confirm,
    status,
    async approve(context) {
      const { clientId } = enrolment(context);
      await context.env.LOCAL_SYSTEMS.fetch("http://local/approve", { method: "POST", body: JSON.stringify({ approve: clientId }) });
      return [fact("approved", clientId)];
    },
    ready: status,
    login,
    first: (context) => call(context, APIS.first),
    second: (context) => call(context, APIS.second),
    async machine(context) {
      const { tokenType, expiresIn, scope } = await (await helse(context)).machine({ scope: "nhn:kj/api", resource: "nhn:kj" });
      return [fact("token_type", tokenType), fact("expires_in", expiresIn), fact("scope", scope)];
    },
  },
  returns: [confirmed, callback],
};
