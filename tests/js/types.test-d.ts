// The public types as a consumer's compiler sees them: usable where they should be, strict where they must be.
// Compiled, never run, by types.test.mjs; each `@ts-expect-error` fails the compilation when the error goes away.
// Refuses `any` in a public place, and a type by which a secret could reach the browser entry.

import { Client, type ClientAuthentication, SamtykkeError, clientSecretBasic, none, type AuthorizationCode, type Fetch, type Tokens } from "samtykke";
import * as browser from "samtykke/browser";
import { createEdge, open, seal, type Edge, type Session } from "samtykke/edge";
import { storedSessions } from "samtykke/edge/store";
import { languageOf, userMessage, type Language } from "samtykke/messages";
import { HelseId, type SigningKey, claimOf, type HelseIdSession, type HelseIdTokens, type Organization } from "samtykke/helseid";
import { TokenSource, denoKvStore, durableObjectStore, memoryStore, redisStore, sealedStore, type TokenObject, type TokenStore } from "samtykke/tokens";
import { ElysApi } from "samtykke/acmidm";
import { HallandApi, adfsTarget } from "samtykke/halland";
import { SelfService } from "samtykke/maskinporten";
import { AgreementApi, ConsentFeed, DebtApi, audiences, type ConsentEvent, type DebtInformation } from "samtykke/norskgjeld";
import { Enrolment, Selvbetjening, type CurrentClient, type Rotation } from "samtykke/selvbetjening";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type IsAny<T> = 0 extends 1 & T ? true : false;
/** Whether `any` stands where a caller meets it: in a member, a parameter or a result. */
type HasAny<T> =
  IsAny<T> extends true
    ? true
    : T extends (...parameters: infer P) => infer R
      ? IsAny<R> extends true
        ? true
        : true extends { [K in keyof P]: IsAny<P[K]> }[number]
          ? true
          : IsAny<Awaited<R>>
      : true extends { [K in keyof T]-?: IsAny<T[K]> }[keyof T]
        ? true
        : false;
const check = <_T extends true>(): void => {};
const checkNot = <_T extends false>(): void => {};

// The page.
const consent: browser.Provider = browser.norskgjeld({ environment: "preprod", clientId: "c", redirectUri: "https://app.example.no/callback" });
const login: browser.Login = browser.begin(consent, { purpose: "presentation", days: 100, openid: true });
const code: AuthorizationCode = browser.finish(consent, login.transaction, new URL("https://app.example.no/callback"));
check<Same<typeof code.grantedScope, string | undefined>>();
check<Same<ReturnType<typeof browser.callback>, AuthorizationCode & { readonly kept: browser.Kept }>>();
browser.redirect(consent, { purpose: "processing" }, { state: { step: 2 }, returnTo: "/offers" });
check<Same<ReturnType<typeof browser.callback>["kept"]["returnTo"], string>>();
// @ts-expect-error a function is no state
browser.redirect(consent, { purpose: "processing" }, { returnTo: () => "/offers" });
check<Same<ReturnType<typeof browser.redirect>, void>>();
check<Same<ReturnType<typeof browser.isCallback>, boolean>>();
browser.redirect(consent, { purpose: "processing" }, { storage: sessionStorage, navigate: (url: string) => location.assign(url) });
browser.callback(consent, { url: location.href, storage: localStorage, history });
browser.begin(consent, { scope: "a b", extra: { max_age: 0, resource: ["https://a.example", "https://b.example"] }, responseMode: "form_post" });

// @ts-expect-error a secret has no place in a page
browser.norskgjeld({ environment: "preprod", clientId: "c", redirectUri: "https://app.example.no/callback", clientSecret: "s" });
browser.provider({
  issuer: "https://op.example",
  authorizationEndpoint: "https://op.example/a",
  clientId: "c",
  redirectUri: "https://a.example/",
  // @ts-expect-error nor in the settings of another server
  secret: "s",
});
// @ts-expect-error nor in a request
browser.begin(consent, { purpose: "presentation", clientSecret: "s" });
// @ts-expect-error the browser entry has no client
browser.Client;
// @ts-expect-error nor any way to hold a secret
browser.clientSecretBasic;
// @ts-expect-error nor an exchange of its own
browser.exchange;
// @ts-expect-error two environments there are, no third
browser.norskgjeld({ environment: "test", clientId: "c", redirectUri: "https://app.example.no/callback" });
// @ts-expect-error a purpose is one of two words
browser.begin(consent, { purpose: "marketing" });
// @ts-expect-error a code made by hand is none: it was not checked
const forged: AuthorizationCode = { code: "c" };
// @ts-expect-error a provider is data that stays as it is
consent.clientId = "other";
// @ts-expect-error so is a code
code.code = "other";

// The worker.
const send: Fetch = async (url: string, init: RequestInit) => new Response(url + init.method);
const client = new Client(consent, clientSecretBasic("s"), { fetch: send, timeout: 5 });
const exchanged: Promise<Tokens> = client.exchange(code, { signal: AbortSignal.timeout(1) });
const tokens: Tokens = await client.clientCredentials({ audience: audiences(consent).debt, scope: "debt.unsecured.presentation" });
check<Same<typeof tokens.tokenType, "Bearer" | "DPoP" | "N_A">>();
check<Same<(typeof tokens.others)[string], unknown>>();
check<Same<typeof tokens.expiresAt, number | undefined>>();
const authentication: ClientAuthentication = none();
check<
  Same<typeof authentication.method, "none" | "client_secret_basic" | "client_secret_post" | "client_secret_jwt" | "private_key_jwt" | "tls_client_auth">
>();
client.finish(login.transaction, { contentType: "application/x-www-form-urlencoded", body: "code=c" });
client.exchange("a text a page posted");

// @ts-expect-error a secret alone is no client authentication
new Client(consent, "s");
// @ts-expect-error a look-alike is none either
new Client(consent, { method: "client_secret_basic" });
// @ts-expect-error the secret cannot be read back
authentication.secret;
// @ts-expect-error one method for a client
new Client(consent, none(), clientSecretBasic("s"));
// @ts-expect-error a code is exchanged, not a transaction
client.exchange(login);
// @ts-expect-error tokens stay as they are
tokens.accessToken = "x";
// @ts-expect-error what another member holds is unknown until it is looked at
tokens.others["x"].y;

// The APIs.
const debt: DebtInformation = await new DebtApi(consent, { token: async () => tokens.accessToken, traceId: "t", retries: 1 }).debt({
  signal: AbortSignal.timeout(1),
});
const first = debt.loans?.[0]?.loan?.interestBearingBalance;
check<Same<typeof first, number | undefined>>();
const { withdrawn } = await new DebtApi(consent, { token: "t" }).revoke("id");
check<Same<typeof withdrawn, boolean>>();
const { events, cursor, lost } = await new ConsentFeed(consent, { token: "t" }).read({ cursor: 13, limit: 500 });
check<Same<typeof events, readonly ConsentEvent[]>>();
check<Same<[typeof cursor, typeof lost], [number, boolean]>>();
await new AgreementApi(consent, { token: "t" }).register({ nin: "14842249091", purpose: "presentation", days: 1, clientConsentId: "x" });

// @ts-expect-error a token is needed
new DebtApi(consent, {});
// @ts-expect-error an agreement names its purpose
new AgreementApi(consent, { token: "t" }).register({ nin: "14842249091", days: 1, clientConsentId: "x" });
// @ts-expect-error a cursor is a number
new ConsentFeed(consent, { token: "t" }).read({ cursor: "13" });

// The edge handlers.
const edge: Edge = createEdge({ client, keys: ["k"], claim: async (state: string) => state !== "", onError: (error) => error.toJSON() });
const answer: Promise<Response> = edge.login(new Request("https://app.example.no/login"), { purpose: "presentation" }, { returnTo: "/result" });
const session: Session | null = await edge.session(new Request("https://app.example.no/"));
// @ts-expect-error a session may be missing
session.tokens;
if (session) {
  check<Same<typeof session.tokens.accessToken, string>>();
  const lines: readonly string[] = await edge.keep(new Request("https://app.example.no/"), { seen: true });
  const sub: string | undefined = session.claims?.sub;
  // A session's tokens fit whatever takes tokens.
  void [
    lines,
    sub,
    client.userinfo(session.tokens),
    client.refresh(session.tokens),
    client.introspect(session.tokens.accessToken),
    edge.fetch(session, { origins: ["https://api.example"] }),
  ];
}
const opened: string | undefined = await open("k", "session", await seal("k", "session", "text"));
createEdge({ client, keys: ["k"], store: storedSessions(memoryStore()), backchannelLogout: true });
// @ts-expect-error a store of tokens alone compares nothing before it sets
storedSessions({} as TokenStore);
// @ts-expect-error a store is no place for sessions yet
createEdge({ client, keys: ["k"], store: memoryStore() });
// @ts-expect-error handlers need keys
createEdge({ client });
// @ts-expect-error and a client, not its provider
createEdge({ client: consent, keys: ["k"] });

// Errors and messages.
try {
  await exchanged;
} catch (error) {
  if (error instanceof SamtykkeError) {
    check<Same<typeof error.action, "fix_configuration" | "restart" | "try_later" | "user_declined" | "user_cancelled" | "none">>();
    check<Same<typeof error.phase, "configuration" | "authorization" | "callback" | "token" | "api" | "session" | "runtime">>();
    check<Same<typeof error.retryable, boolean>>();
    const language: Language = languageOf(navigator.language);
    const text: string = userMessage(error, language);
    const uri: string | undefined = error.oauth?.uri;
    const wait: number | undefined = error.http?.retryAfter;
    void [text, uri, wait];
    // @ts-expect-error an error stays as it is
    error.code = "other";
  }
}
const sameClass: typeof SamtykkeError = browser.SamtykkeError;
// @ts-expect-error five languages there are
userMessage({ code: "x" }, "de");

// The token source: the clients of stores fit as they are, and wrong asks do not compile.
const stores = (
  nodeRedis: { sendCommand(command: readonly string[]): Promise<unknown> },
  ioredis: { call(command: string, ...rest: (string | Uint8Array | number)[]): Promise<unknown> },
  binding: Parameters<typeof durableObjectStore>[0],
  kv: Parameters<typeof denoKvStore>[0],
): TokenStore[] => [
  memoryStore(),
  redisStore((...command) => nodeRedis.sendCommand(command)),
  redisStore((...command) => ioredis.call(...command)),
  durableObjectStore(binding),
  sealedStore(denoKvStore(kv), ["key"]),
];
const source = (client: Client) => new TokenSource({ client, store: memoryStore(), margin: 30 });
const held = async (from: TokenSource): Promise<Tokens> => from.get({ scope: ["a", "b"], subject: "x" }, { signal: AbortSignal.timeout(1) });
// The providers' own APIs take their tokens from a source.
export const joined = (from: TokenSource, acm: ConstructorParameters<typeof ElysApi>[0], mp: ConstructorParameters<typeof SelfService>[0]) => [
  new HallandApi({ origins: ["https://api.example.se"], subscriberKey: "k", token: from.bearer(adfsTarget("api.example.se", "api.read")) }),
  new ElysApi(acm, { environment: "beta", token: from.bearer({ scope: "vo_info", audience: "id" }) }),
  new SelfService(mp, { token: from.bearer({ scope: "idporten:scopes.write" }) }),
];
// @ts-expect-error one who asks by a function says whose tokens they are
export const nameless = () => new TokenSource({ request: async () => held(source(none() as never)) });
// @ts-expect-error a target is made of texts
export const numbered = (from: TokenSource) => from.get({ subject: 12345678901 });
// @ts-expect-error a token goes to named origins
export const anywhere = (from: TokenSource) => from.fetch({}, {});
checkNot<HasAny<TokenSource[keyof TokenSource]>>();
checkNot<HasAny<TokenStore[keyof TokenStore]>>();
checkNot<HasAny<TokenObject["fetch"]>>();
checkNot<HasAny<typeof redisStore>>();
checkNot<HasAny<typeof durableObjectStore>>();
checkNot<HasAny<typeof denoKvStore>>();

// No `any` where a caller meets it.
checkNot<HasAny<typeof browser.begin>>();
checkNot<HasAny<typeof browser.finish>>();
checkNot<HasAny<typeof browser.provider>>();
checkNot<HasAny<typeof browser.norskgjeld>>();
checkNot<HasAny<Tokens>>();
checkNot<HasAny<AuthorizationCode>>();
checkNot<HasAny<browser.Provider>>();
checkNot<HasAny<browser.Login>>();
checkNot<HasAny<DebtInformation>>();
checkNot<HasAny<ConsentEvent>>();
checkNot<HasAny<Session>>();
checkNot<HasAny<SamtykkeError>>();
checkNot<HasAny<Client["exchange"]>>();
checkNot<HasAny<Client["clientCredentials"]>>();
checkNot<HasAny<DebtApi["debt"]>>();
checkNot<HasAny<DebtApi["status"]>>();
checkNot<HasAny<ConsentFeed["read"]>>();
checkNot<HasAny<AgreementApi["register"]>>();
checkNot<HasAny<Edge[keyof Edge]>>();
checkNot<HasAny<typeof seal>>();

// HelseID.
export async function health(key: SigningKey): Promise<HelseIdTokens> {
  const helseid = await HelseId.connect({ environment: "test", clientId: "c", redirectUri: "https://journal.example.no/callback", key, securityLevel: 4 });
  const begun: browser.Login = await helseid.login({
    scope: "openid",
    acrValues: "Level4",
    prompt: "login",
    details: { organization: { tenancy: "single", child: "1" } },
  });
  const session: HelseIdSession = await helseid.finish(begun.transaction, "https://journal.example.no/callback", { save: async () => {} });
  const parent: Organization = { tenancy: "multi", parent: "1" };
  check<Same<Awaited<ReturnType<HelseIdSession["tokens"]>>, HelseIdTokens>>();
  check<Same<HelseIdTokens["rejectedScope"], readonly string[]>>();
  checkNot<HasAny<HelseIdTokens>>();
  claimOf({ organization: parent, raw: [{ type: "x" }] });
  // @ts-expect-error a multi-tenant organisation has a parent
  claimOf({ organization: { tenancy: "multi", child: "1" } });
  // @ts-expect-error the old name of the production environment is none
  await HelseId.connect({ environment: "prod", clientId: "c", key });
  // @ts-expect-error a secret has no place
  await HelseId.connect({ environment: "test", clientId: "c", key, clientSecret: "x" });
  // @ts-expect-error details never go with a code (HID-1009)
  await helseid.finish(begun.transaction, "x", { save: () => {}, details: {} });
  // @ts-expect-error a session is always stored
  await helseid.finish(begun.transaction, "x", {});
  return session.tokens({ resource: "nhn:phr", details: { organization: parent } });
}

// Selvbetjening: a Client serves as its connection, and an update gives back all five lists.
const selvbetjening = new Selvbetjening({ environment: "test", login: () => new Client(consent, none()) });
declare const enrolment: Enrolment;
check<Same<Awaited<ReturnType<typeof enrolment.rotateKey>>, Rotation>>();
checkNot<HasAny<CurrentClient>>();
checkNot<HasAny<typeof selvbetjening>>();
void enrolment.client().then((client) => client.update((settings) => ({ ...settings, redirectUris: null })));
// @ts-expect-error partial settings would wipe the rest
void enrolment.client().then((client) => client.update(({ apiScopes }) => ({ apiScopes })));
// @ts-expect-error two environments there are, no third
new Selvbetjening({ environment: "preprod", login: () => new Client(consent, none()) });
// @ts-expect-error a draft has no key of its own: it is the enrolment's
void Enrolment.begin(selvbetjening, { organizationNumber: "1", publicJwk: "{}" }, { apiKey: "k", store: { read: () => null, write() {} }, redirectUri: "x" });

export { answer, authentication, held, source, stores, edge, forged, opened, sameClass };
