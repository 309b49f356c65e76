// The token and revocation endpoints as Hydra answers them, in front of oidc-provider's own.
// RFC 6749 4.1.3, 4.4.2, 5.1 and 5.2; RFC 7009; RFC 7636 4.6; Norsk Gjeldsinformasjon's "token endpoint" page.
// Refuses a replayed code (and takes back what it gave), a verifier nobody announced, and a foreign audience.

import { Readable } from "node:stream";

import { writeBasic } from "./basic.mjs";
import { authenticateClient, Refusal } from "./client-auth.mjs";

const BODY_LIMIT = 64 * 1024;
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;
const SECRET_NAMES = ["client_secret", "code", "code_verifier", "token", "refresh_token"];

async function readBody(req) {
  const chunks = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new Refusal(400, "invalid_request", "The request body is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Reads the form, and judges how it was sent. */
async function readForm(ctx, endpoint, journal) {
  const sin = (code, detail) => journal.violation(code, endpoint, detail);
  const { headers } = ctx.request;
  const query = new URLSearchParams(ctx.querystring);
  for (const name of SECRET_NAMES) if (query.has(name)) sin("secret_in_url", `${name} stood in the URL of a POST`);
  if (headers.cookie) sin("cookie_sent", "a cookie was sent to a back-channel endpoint");
  // Node's own fetch sends sec-fetch-mode; only a browser says where a request comes from.
  if (headers.origin || headers["sec-fetch-site"]) sin("called_from_browser", "a page called a back-channel endpoint");
  const accept = headers.accept ?? "";
  if (endpoint === "token" && !accept.includes("application/json")) sin("accept_missing", "the Accept header does not name application/json");
  const body = await readBody(ctx.req);
  if (!/^application\/x-www-form-urlencoded(?:;|$)/i.test(headers["content-type"] ?? "")) {
    sin("content_type", "the body is not application/x-www-form-urlencoded");
    return { form: new URLSearchParams(), wire: new URLSearchParams() };
  }
  const wire = new URLSearchParams(body);
  const form = new URLSearchParams();
  for (const [name, value] of wire) {
    if (form.has(name)) sin("duplicate_parameter", `${name} was sent more than once`);
    else form.set(name, value); // like Go's Form.Get, the first one counts
  }
  return { form, wire };
}

/** Hands oidc-provider a request it accepts for the reasons that were just checked here. */
function forward(ctx, client, fields) {
  const body = Buffer.from(new URLSearchParams(fields).toString());
  const { headers } = ctx.request;
  headers.authorization = writeBasic(client.id, client.secret);
  headers["content-type"] = "application/x-www-form-urlencoded";
  headers["content-length"] = String(body.length);
  headers.accept = "application/json";
  delete headers["transfer-encoding"];
  delete headers.origin; // oidc-provider would refuse it; Hydra without CORS does not look at it
  ctx.req = Object.assign(Readable.from([body]), { headers, method: ctx.method, url: ctx.url });
}

export function createTokenEndpoints({ provider, handles, clients, audiences, journal, idTokens, json }) {
  async function exchangeFields(form, client) {
    const sin = (code, detail) => journal.violation(code, "token", detail);
    if (form.has("audience")) sin("audience_on_code_exchange", "audience does not belong in a code exchange");
    if (!form.get("redirect_uri")) sin("redirect_uri_missing", "the code exchange carries no redirect_uri");
    const jti = handles.open(form.get("code"));
    const code = jti && (await provider.AuthorizationCode.find(jti, { ignoreExpiration: true }));
    if (!code || code.clientId !== client.id) throw new Refusal(400, "invalid_grant", "The authorization code is not known.");
    if (code.consumed) {
      sin("code_replayed", "an authorization code was sent a second time");
      await provider.AccessToken.revokeByGrantId(code.grantId);
      throw new Refusal(400, "invalid_grant", "The authorization code has already been used.");
    }
    if (code.redirectUri !== form.get("redirect_uri")) {
      sin("redirect_uri_changed", "redirect_uri is not byte for byte the one of the authorization request");
    }
    const verifier = form.get("code_verifier") ?? "";
    if (verifier !== "" && !code.codeChallenge) {
      sin("verifier_without_challenge", "a code_verifier was sent, but no code_challenge before it");
      throw new Refusal(400, "invalid_grant", "No PKCE session belongs to this authorization code.");
    }
    if (verifier !== "" && !VERIFIER.test(verifier)) {
      sin("verifier_malformed", "code_verifier is not 43 to 128 unreserved characters");
      throw new Refusal(400, "invalid_grant", "The code_verifier is malformed.");
    }
    return {
      grant_type: "authorization_code",
      code: jti,
      redirect_uri: form.get("redirect_uri") ?? "",
      ...(verifier === "" ? {} : { code_verifier: verifier }),
    };
  }

  function credentialsFields(ctx, form, client) {
    const scopes = (form.get("scope") ?? "").split(" ").filter(Boolean);
    for (const scope of scopes) {
      if (!client.scopes.includes(scope)) throw new Refusal(400, "invalid_scope", `The client may not ask for scope '${scope}'.`);
    }
    const asked = (form.get("audience") ?? "").split(" ").filter(Boolean);
    if (asked.length === 0) {
      journal.violation("audience_missing", "token", "client_credentials without an audience");
      throw new Refusal(400, "invalid_request", "The parameter 'audience' is missing.");
    }
    for (const audience of asked) {
      if (!audiences.allowed(audience)) {
        journal.violation("audience_foreign", "token", "the audience belongs to no service of this environment");
        throw new Refusal(400, "invalid_request", audiences.refusal(audience));
      }
    }
    ctx.state.audience = asked;
    return { grant_type: "client_credentials", ...(scopes.length ? { scope: scopes.join(" ") } : {}) };
  }

  async function token(ctx, next) {
    const { form, wire } = await readForm(ctx, "token", journal);
    ctx.state.params = wire;
    const grant = form.get("grant_type");
    if (!grant) throw new Refusal(400, "invalid_request", "The parameter 'grant_type' is missing.");
    const client = authenticateClient({ authorization: ctx.get("authorization"), form, clients, journal, endpoint: "token" });
    let fields;
    if (grant === "authorization_code") fields = await exchangeFields(form, client);
    else if (grant === "client_credentials") fields = credentialsFields(ctx, form, client);
    else throw new Refusal(400, "unsupported_grant_type", "Only authorization_code and client_credentials are offered.");
    forward(ctx, client, fields);
    await next();
    if (ctx.status !== 200) {
      // oidc-provider's client errors name its own words; the code and status are what counts here.
      const { error = "server_error" } = ctx.body ?? {};
      throw new Refusal(ctx.status, error, "The request was refused.");
    }
    json(ctx, 200, await tokenBody(ctx.body));
  }

  async function tokenBody({ access_token: id, id_token: idToken, scope = "" }) {
    const accessToken = handles.seal(id);
    return {
      access_token: accessToken,
      expires_in: 3599, // an hour, less the second Hydra's rounding takes
      ...(idToken ? { id_token: await idTokens.rewrite(idToken, { id, accessToken }) } : {}),
      scope,
      token_type: "bearer",
    };
  }

  async function revoke(ctx, next) {
    const { form, wire } = await readForm(ctx, "revoke", journal);
    ctx.state.params = wire;
    const client = authenticateClient({ authorization: ctx.get("authorization"), form, clients, journal, endpoint: "revoke" });
    if (!form.get("token")) throw new Refusal(400, "invalid_request", "The parameter 'token' is missing.");
    const id = handles.open(form.get("token"));
    ctx.status = 200;
    ctx.body = "";
    if (id === undefined) return; // RFC 7009 2.2: an unknown token is not an error
    forward(ctx, client, { token: id });
    await next();
    if (ctx.status !== 200) throw new Refusal(ctx.status, ctx.body?.error ?? "server_error", "The request was refused.");
  }

  return { token, revoke };
}
