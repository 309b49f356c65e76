// Shared by the tests of the local Norsk Gjeldsinformasjon: a provider on free ports and a plain-fetch client.
// RFC 6749 2.3.1, 4.1.3, 4.4.2 and RFC 7636 by hand, so that no client library is the judge.
// Refuses nothing; a test sends exactly what it says.

import { createHash, randomBytes } from "node:crypto";

import { startNorskgjeld } from "samtykke-local/norskgjeld";

export const CALLBACK = "http://localhost:4402/callback";
export const USER = "14842249091";
export const OTHER_USER = "29868099311";

/** Starts a provider on free ports and stops it after the tests of `t` (a test context or `after`). */
export async function start(options = {}) {
  const provider = await startNorskgjeld({ authPort: 0, apiPort: 0, ...options });
  return Object.assign(provider, tools(provider));
}

export const pkce = () => {
  const verifier = randomBytes(32).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
};

export const basic = (id, secret) => `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString("base64")}`;

export const rawBasic = (id, secret) => `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;

function tools({ authUrl, apiUrl, audiences, client, control }) {
  const authorization = basic(client.id, client.secret);

  const post = (path, fields, headers = {}) =>
    fetch(`${authUrl}${path}`, {
      method: "POST",
      headers: { authorization, accept: "application/json", ...headers },
      body: fields instanceof URLSearchParams ? fields : new URLSearchParams(fields),
    });

  const token = async (fields, headers) => {
    const response = await post("/oauth2/token", fields, headers);
    const text = await response.text();
    return { response, status: response.status, text, body: text.startsWith("{") ? JSON.parse(text) : undefined };
  };

  /** Approves with PKCE and exchanges the code. `params` go on the authorization URL. */
  async function consent({ user, redirectUri = CALLBACK, ...params } = {}) {
    const { verifier, challenge } = pkce();
    const issued = await control.issueCode({
      user,
      code_challenge: challenge,
      code_challenge_method: "S256",
      redirect_uri: redirectUri,
      ...params,
    });
    const fields = { grant_type: "authorization_code", code: issued.code, redirect_uri: redirectUri, code_verifier: verifier };
    return { ...issued, verifier, fields };
  }

  async function login(params) {
    const { fields } = await consent(params);
    return (await token(fields)).body;
  }

  const clientToken = async (service = "debt", scope = "debt.unsecured.presentation debt.unsecured.processing", headers) =>
    (await token({ grant_type: "client_credentials", audience: audiences[service], scope }, headers)).body.access_token;

  async function api(path, bearer, init = {}) {
    const response = await fetch(`${apiUrl}${path}`, {
      ...init,
      headers: { accept: "application/json", "x-trace-id": "trace-1", ...(bearer ? { authorization: `Bearer ${bearer}` } : {}), ...init.headers },
    });
    const text = await response.text();
    return { response, status: response.status, text, body: text.startsWith("{") ? JSON.parse(text) : undefined };
  }

  /** Opens an authorization URL without following anything. */
  const open = (params) => fetch(control.authorizationUrl(params), { redirect: "manual" });
  const answerOf = async (params) => {
    const response = await open(params);
    return { status: response.status, location: response.headers.get("location"), text: await response.text() };
  };
  const sins = () => control.violations().map(({ code }) => code);

  return { post, token, consent, login, clientToken, api, open, answerOf, sins };
}
