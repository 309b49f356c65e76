// Maskinporten's errors, in the forms in which it is seen to send them: the id stands in `error_uri`, the description has words and
// a trace id; some have words and a correlation id alone, and for access that is not granted `error` is `forbidden`.
// Ids, words and statuses: docs.digdir.no, maskinporten_feilsoking; forms: answers in public logs (tests/reality/maskinporten.json).

import { randomBytes, randomUUID } from "node:crypto";

const AUTHENTICATION = "Invalid assertion. Client authentication failed.";

/** Id: status, OAuth error, words; `bare` ones come without `error_uri`. Each `%` is what it is about: a scope, or who. */
const ROWS = {
  "MP-011": [400, "invalid_request", "Invalid assertion. Invalid parameter value"],
  "MP-012": [400, "invalid_grant", "Grant is used before"],
  "MP-100": [400, "invalid_grant", AUTHENTICATION],
  "MP-110": [400, "invalid_grant", `${AUTHENTICATION} Invalid JWT claim aud.`],
  "MP-120": [400, "invalid_grant", `${AUTHENTICATION} The JWT is signed with an invalid certificate.`],
  "MP-121": [400, "invalid_grant", `${AUTHENTICATION} Expired key.`],
  "MP-122": [400, "invalid_grant", `${AUTHENTICATION} Invalid organization number for client. Does not match certificate orgno.`],
  "MP-123": [400, "invalid_grant", `${AUTHENTICATION} Invalid JWT header x5c.`],
  "MP-124": [400, "invalid_grant", `${AUTHENTICATION} Invalid JWT signature.`],
  "MP-130": [400, "invalid_grant", `${AUTHENTICATION} JWT is expired.`],
  "MP-200": [400, "invalid_scope", "Token request contains invalid scopes for client, %"],
  "MP-201": [400, "invalid_scope", "Token request contains scopes not allowed for maskinporten"],
  "MP-250": [403, "forbidden", "Consumer has not been granted access to the scope %.", "bare"],
  "MP-251": [403, "forbidden", "Consumer % has not delegated access to the scope % to supplier %.", "bare"],
  "MP-301": [400, "invalid_request", "Unknown authorization details type"],
  "MP-302": [400, "invalid_request", "Unknown fields in the authorization details"],
  "MP-303": [400, "invalid_altinn_customer_configuration", "Invalid authorization details values"],
  kid: [400, "invalid_grant", `${AUTHENTICATION} Unknown key identifier (kid) for client.`, "bare"],
};

/** Every id. */
export const IDS = Object.keys(ROWS).filter((id) => id.startsWith("MP-"));
/** Those that a client can read: the others come as words. */
export const TOLD = IDS.filter((id) => ROWS[id][3] !== "bare");

/** An error of the token endpoint, thrown where it is found. */
export class Refusal extends Error {
  /** @param {string} id one of {@link IDS}, `kid`, or the words of an error that has none */
  constructor(id, ...about) {
    super(id);
    const [status, error, words, bare] = ROWS[id] ?? [400, "invalid_request", id, "bare"];
    Object.assign(this, { id, status, error, words: words.replace(/%/g, () => about.shift() ?? "example:read"), bare });
  }

  /** The answer's body. Its link is the test environment's: clients take no link that is not https. */
  body() {
    const { id, error, words, bare } = this;
    return bare
      ? { error, error_description: `${words} (correlation id: ${randomUUID()})` }
      : { error, error_description: `${words} (trace_id: ${randomBytes(16).toString("hex")})`, error_uri: `https://test.maskinporten.no/errors/${id}` };
  }
}
