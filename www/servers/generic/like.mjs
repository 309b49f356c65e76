// In whose words a refusal is told: those of a real server, as they were seen (servers.json), or plain ones of RFC 6749 section 5.2.
// A cause is what went wrong, in the words of the rows; where a server has no row for it, the plain answer stands.
// Refuses a server that nobody has seen.

import { readFileSync } from "node:fs";

const { rows } = JSON.parse(readFileSync(new URL("servers.json", import.meta.url), "utf8"));

/** Servers whose words are known. */
export const SERVERS = [...new Set(rows.map(({ server }) => server))];

/** Endpoint and cause: status, error, words. */
const PLAIN = {
  "token wrong secret": [401, "invalid_client", "Client authentication failed."],
  "token unknown or disabled client": [401, "invalid_client", "The client is not known."],
  "token key not registered": [401, "invalid_client", "No registered key verifies the assertion."],
  "token clock an hour ahead": [401, "invalid_client", "The assertion was issued in the future."],
  "token DPoP demanded, none sent": [400, "invalid_dpop_proof", "A DPoP proof is missing."],
  "token refresh token used again": [400, "invalid_grant", "The refresh token was used before."],
  "token session over": [400, "invalid_grant", "The refresh token has expired."],
  "token code expired or used": [400, "invalid_grant", "The code has expired or was used before."],
  "token token exchange without permission": [400, "unauthorized_client", "The client may not exchange tokens."],
  "token token exchange of rubbish": [400, "invalid_request", "The subject token is none."],
  "par public client": [401, "invalid_client", "The client does not authenticate."],
  "introspection client_secret_post": [401, "invalid_client", "Client authentication failed."],
};

const rowOf = (like, at, causes) => rows.find((row) => row.server === like && row.at === at && causes.includes(row.cause));

/** A row as an answer: an object is JSON, a text has the media type that is named, nothing has none. */
function answerOf({ status, body = "", ...row }) {
  const json = typeof body === "object";
  const type = json ? "application/json" : row["content-type"];
  const challenge = row["www-authenticate"];
  return {
    status,
    headers: { ...(type && { "content-type": type }), ...(challenge && { "www-authenticate": challenge }) },
    body: json ? JSON.stringify(body) : body,
  };
}

/** What a server's rows can be asked for by name: endpoint, cause, and the answer. */
export const faultsOf = (like) =>
  rows
    .filter(({ server, status, at }) => server === like && status && at !== "callback")
    .map((row) => ({ endpoint: row.at, fault: row.cause, answer: () => answerOf(row) }));

/** What a server of this kind says at an endpoint when `cause` went wrong; nothing where it has no words of its own. */
export function told(like, at, ...causes) {
  const row = like && rowOf(like, at, causes);
  return row?.status ? answerOf(row) : undefined;
}

/** A refusal, thrown where it is found. `cause` is one of the table, or an OAuth error. */
export class Refusal extends Error {
  constructor(at, cause, words) {
    super(words ?? cause);
    Object.assign(this, { at, cause, words });
  }

  answer(like) {
    const own = told(like, this.at, this.cause);
    if (own) return own;
    const [status, error, description] = PLAIN[`${this.at} ${this.cause}`] ?? [this.cause === "invalid_client" ? 401 : 400, this.cause, this.words];
    const challenge = status === 401 ? { "www-authenticate": `Basic realm="local"` } : {};
    return {
      status,
      headers: { "content-type": "application/json", "cache-control": "no-store", ...challenge },
      body: JSON.stringify({ error, ...(description && { error_description: description }) }),
    };
  }
}
