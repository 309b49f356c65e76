// Decides protocol cases by the package's public API alone: a suite for any runtime.
// A case's `expect` is never read. Each verdict is one line of JSON, equal byte for byte in every runtime:
// {"id","verdict","detail"} with verdict accept, reject, as_error or select; detail as said at each kind below.

import {
  Client,
  KeySet,
  SamtykkeError,
  SigningKey,
  begin,
  challenges,
  clientSecretBasic,
  clientSecretPost,
  finish,
  provider,
  selectKey,
  serverMetadata,
  verifyIdToken,
} from "samtykke";
import { builder } from "./builders.mjs";

const DEFAULTS = { issuer: "https://op.example", client_id: "client-1", redirect_uri: "https://rp.example/cb" };

class Undecided extends Error {}

/** A refusal that is no error of the library's, or is told by the server's own word. */
class Refused {
  constructor(detail, verdict = "reject") {
    this.detail = detail;
    this.verdict = verdict;
  }
}

/** `{"$concat": ["text", ["unit", times]]}` written out. */
function text(value) {
  if (Array.isArray(value)) return value.map(text);
  if (typeof value !== "object" || value === null || !("$concat" in value)) return value;
  return value.$concat.map((piece) => (Array.isArray(piece) ? piece[0].repeat(piece[1]) : piece)).join("");
}

const settings = (context) => ({
  issuer: context.issuer,
  authorizationEndpoint: `${context.issuer}/authorize`,
  tokenEndpoint: `${context.issuer}/token`,
  clientId: context.client_id,
  redirectUri: context.redirect_uri,
  issParameterSupported: context.iss_supported ?? false,
});

/** detail: the code; the OAuth error; or the error's code. */
function callback(one, context, now) {
  const mine = provider(settings(context));
  const theirs = context.state_issuer ? provider(settings({ ...context, issuer: context.state_issuer })) : mine;
  const responseMode = context.response_mode ?? "query";
  if (!["query", "fragment", "form_post"].includes(responseMode)) throw new Undecided(`response_mode ${responseMode}`);
  const age = context.expired ? 1e6 : (context.state_age_s ?? context.age_s ?? 0);
  clock(now - age);
  const login = begin(theirs, { responseMode });
  clock(now);
  // The expected state may be weaker than one that could be begun with; the transaction is then as if it had been.
  const transaction = context.no_transaction ? null : login.transaction.replace(login.state, context.expected_state ?? login.state);
  const answer = one.body === undefined ? text(one.url) : { contentType: one.content_type ?? "application/x-www-form-urlencoded", body: text(one.body) };
  let code = finish(mine, transaction, answer);
  if (context.replay) code = finish(mine, transaction, answer);
  if (context.code !== undefined && code.code !== context.code) throw new Error(`the code reads ${code.code}`);
  return code.code;
}

/** detail: the token type in its canonical form; the OAuth error; or the error's code. */
async function tokenResponse(one, context) {
  const server = provider(settings(DEFAULTS));
  const dpop = context.dpop ? await SigningKey.generate() : undefined;
  const client = new Client(server, clientSecretBasic("correct horse"), { fetch: answering(one), jwks: { keys: [] }, ...(dpop && { dpop }) });
  const { transaction, state } = begin(server, { scope: context.requested_scope ?? (context.openid ? "openid" : "read") });
  const code = finish(server, transaction, `${DEFAULTS.redirect_uri}?code=${crypto.randomUUID()}&state=${state}`);
  try {
    return (await client.exchange(code)).tokenType;
  } catch (error) {
    // A client says of such a challenge what it lacks, and sends nothing again.
    if (error.code === "dpop_nonce_missing") return new Refused("use_dpop_nonce", "as_error");
    throw error;
  }
}

const BUILDER = [
  "authorization_endpoint",
  "redirect_uri",
  "scope",
  "state",
  "nonce",
  "code_verifier",
  "extra",
  "client_auth",
  "public_client_secret",
  "code_challenge_method",
  "max_age",
  "prompt",
  "claims",
  "authorization_details",
  "resource",
];

/** detail: the URL, with the values of state, nonce and code_challenge as `…`; or the error's code. */
function authorizationRequest(one) {
  const input = one.input;
  const strange = Object.keys(input).find((name) => !BUILDER.includes(name));
  if (strange) {
    const decide = builder(input);
    if (!decide) throw new Undecided(strange);
    return decide();
  }
  const extra = { ...input.extra };
  for (const name of ["code_challenge_method", "max_age", "prompt", "claims", "authorization_details", "resource"]) {
    if (name in input) extra[name] = Array.isArray(input[name]) && name !== "resource" ? JSON.stringify(input[name]) : input[name];
  }
  const options = settings({ ...DEFAULTS, redirect_uri: text(input.redirect_uri) ?? DEFAULTS.redirect_uri });
  if (input.authorization_endpoint) options.authorizationEndpoint = text(input.authorization_endpoint);
  if (input.public_client_secret) options.clientSecret = "correct horse battery staple";
  const server = provider(options);
  if (input.client_auth) {
    const method = { basic: clientSecretBasic, post: clientSecretPost };
    new Client(server, ...input.client_auth.map((name) => method[name]("correct horse battery staple")));
  }
  const { url } = begin(server, {
    scope: text(input.scope) ?? "openid",
    state: text(input.state),
    nonce: text(input.nonce),
    codeVerifier: text(input.code_verifier),
    extra,
  });
  return url.replace(/([?&](?:state|nonce|code_challenge)=)[^&]*/g, "$1…");
}

const base64url = (text) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** A verdict of its own, `select`. detail: the key's id, or its thumbprint when it has none; or the error's code. */
function keyChoice(one) {
  const token = `${base64url(JSON.stringify(one.jws_header))}.e30.${"A".repeat(86)}`;
  const { kid, thumbprint } = selectKey(token, one.jwks, ["ES256", "RS256"]);
  return kid ?? thumbprint;
}

/** detail: the subject; or the error's code. */
async function idToken(one, context, _now, { jwks }) {
  const refreshOf = context.refresh_of;
  const { sub } = await verifyIdToken(
    text(one.id_token),
    {
      issuer: context.issuer,
      clientId: context.client_id,
      algorithms: [context.expected_alg],
      nonce: context.expected_nonce ?? undefined,
      skew: context.skew_s,
      maxAge: context.max_age,
      accessToken: text(context.access_token),
      code: text(context.code),
      state: text(context.state),
      acrValues: context.acr_values?.split(" "),
      trustedAudiences: context.trusted_audiences,
      refreshOf,
    },
    new KeySet(jwks),
  );
  return sub;
}

const answer = (one) => ({
  status: one.status,
  contentType: one.content_type,
  body: text(one.body),
  retryAfter: one.headers?.["Retry-After"],
  wwwAuthenticate: one.headers?.["WWW-Authenticate"],
});

/** A `fetch` that answers as a case says. */
function answering(one) {
  const { status, contentType, body, retryAfter, wwwAuthenticate } = answer(one);
  const named = { "content-type": contentType, "retry-after": retryAfter, "www-authenticate": wwwAuthenticate };
  // Octets have no media type of their own.
  const octets = [204, 304].includes(status) ? null : new TextEncoder().encode(body);
  const headers = Object.entries(named).filter(([, value]) => value !== undefined && value !== null);
  return async () => new Response(octets, { status, headers });
}

/** detail: the token endpoint; or the error's code. */
const metadata = async (one, context) =>
  (await serverMetadata(text(one.issuer ?? context.issuer), { wellKnown: "openid", fetch: answering(one) })).token_endpoint;

/** detail: the request_uri; the OAuth error; or the error's code. */
async function parResponse(one) {
  const server = provider({ ...settings(DEFAULTS), pushedAuthorizationRequestEndpoint: "https://op.example/par" });
  const client = new Client(server, clientSecretBasic("correct horse"), { fetch: answering(one) });
  return new URL((await client.start({ scope: "read" })).url).searchParams.get("request_uri");
}

/** detail: the `sub`; or the error's code. Where a signed answer was agreed, the server's key set is empty. */
async function userinfo(one, context) {
  const server = provider({ ...settings(DEFAULTS), userinfoEndpoint: "https://op.example/userinfo" });
  const client = new Client(server, undefined, { fetch: answering(one), jwks: { keys: [] } });
  return (await client.userinfo({ accessToken: "token", tokenType: "Bearer" }, { subject: "user-1", signed: !!context.signed })).sub;
}

/** detail: each challenge's `scheme`, `token68` where there is one, and `params` in the order of their names. */
const wwwAuthenticate = (one) =>
  JSON.stringify(
    challenges(text(one.header)).map(({ scheme, token68, parameters }) => ({
      scheme,
      ...(token68 !== undefined && { token68 }),
      params: Object.fromEntries(Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1))),
    })),
  );

/** detail: the token type, or the status where an API answers (its challenge is a 401), and how many requests it took; or the error's code. */
async function dpopNonce(one) {
  const left = [...one.responses];
  let sent = 0;
  const fetch = async () => {
    sent++;
    const next = left.shift();
    if (!next) throw new Error("a request too many");
    return new Response(text(next.body), {
      status: next.status,
      headers: { ...next.headers, ...(next.content_type && { "content-type": next.content_type }) },
    });
  };
  const server = provider({ issuer: "https://op.example", tokenEndpoint: "https://op.example/token", clientId: "client-1" });
  const client = new Client(server, clientSecretBasic("correct horse"), { fetch, dpop: await SigningKey.generate() });
  try {
    if (one.responses[0].status === 401 && one.responses[0].headers["WWW-Authenticate"]) {
      const { ok, status } = await client.fetch({ accessToken: "tok", tokenType: "DPoP" }, { origins: ["https://rs.example"] })("https://rs.example/r");
      // What an API refuses is handed to the caller as it came.
      return ok ? `${status} ${sent}` : new Refused(`${status} ${sent}`);
    }
    return `${(await client.clientCredentials({ scope: "read" })).tokenType} ${sent}`;
  } finally {
    // biome-ignore lint/correctness/noUnsafeFinally: a request too many outweighs whatever else went wrong
    if (sent > one.max_requests) throw new Error(`${one.id}: ${sent} requests, ${one.max_requests} allowed`);
  }
}

const KINDS = {
  callback,
  token_response: tokenResponse,
  authorization_request: authorizationRequest,
  jwks: keyChoice,
  id_token: idToken,
  metadata,
  par_response: parResponse,
  userinfo,
  www_authenticate: wwwAuthenticate,
  dpop_nonce: dpopNonce,
};
/** What a case that is not refused is called, where it is not `accept`. */
const ACCEPTED = { jwks: "select" };

const real = Date.now;
const clock = (seconds) => {
  Date.now = () => seconds * 1000;
};

/** `files`: [{ kind, defaults, jwks, now, cases }]. Answers the verdict lines and the cases it cannot decide. */
export async function run({ files }) {
  const lines = [];
  const undecided = [];
  try {
    for (const { kind, defaults, jwks, now, cases } of files) {
      for (const one of cases) {
        const context = { ...DEFAULTS, ...defaults, ...one.context };
        clock(now);
        let verdict = ACCEPTED[kind] ?? "accept";
        let detail;
        try {
          if (!KINDS[kind]) throw new Undecided(kind);
          detail = await KINDS[kind](one, context, now, { jwks });
          if (detail instanceof Refused) ({ verdict, detail } = detail);
        } catch (error) {
          if (error instanceof Undecided) {
            undecided.push(`${one.id}: ${error.message}`);
            continue;
          }
          if (!(error instanceof SamtykkeError)) throw Object.assign(error, { message: `${one.id}: ${error.message}` });
          verdict = error.oauth ? "as_error" : "reject";
          detail = error.oauth?.error ?? error.code;
        }
        lines.push(JSON.stringify({ id: one.id, verdict, detail }));
      }
    }
  } finally {
    Date.now = real;
  }
  return { lines, undecided };
}
