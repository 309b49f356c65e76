// Maskinporten's errors as they are documented: id, HTTP status, OAuth error, words (docs.digdir.no, maskinporten_feilsoking).

const ROWS = {
  "MP-011": [400, "invalid_request", "Invalid assertion. Invalid parameter value"],
  "MP-012": [400, "invalid_grant", "Grant is used before"],
  "MP-100": [400, "invalid_grant", "Invalid assertion. Client authentication failed"],
  "MP-110": [400, "invalid_grant", "Invalid assertion. Invalid JWT claim aud"],
  "MP-120": [400, "invalid_grant", "Invalid assertion. The JWT is signed with an invalid certificate"],
  "MP-121": [400, "invalid_grant", "Invalid assertion. Expired key"],
  "MP-122": [400, "invalid_grant", "Invalid organization number for client. Does not match certificate orgno"],
  "MP-123": [400, "invalid_grant", "Invalid JWT header x5c"],
  "MP-124": [400, "invalid_grant", "Invalid JWT signature"],
  "MP-130": [400, "invalid_grant", "JWT is expired"],
  "MP-200": [400, "invalid_scope", "Token request contains invalid scopes for client"],
  "MP-201": [400, "invalid_scope", "Token request contains scopes not allowed for maskinporten"],
  "MP-250": [403, "invalid_scope", "Consumer has not been granted access to the scope"],
  "MP-251": [403, "invalid_scope", "Consumer has not delegated access to the scope to supplier"],
  "MP-301": [400, "invalid_request", "Unknown authorization details type"],
  "MP-302": [400, "invalid_request", "Unknown fields in the authorization details"],
  "MP-303": [400, "invalid_altinn_customer_configuration", "Invalid authorization details values"],
};

/** Every id. */
export const IDS = Object.keys(ROWS);

/** An error of the token endpoint, thrown where it is found. */
export class Refusal extends Error {
  /** @param {string} id one of {@link IDS}, or the words of an error that has none. */
  constructor(id, detail = "") {
    super(id);
    const [status, error, words] = ROWS[id] ?? [400, "invalid_request", id];
    this.status = status;
    this.body = {
      error,
      error_description: ROWS[id] ? `${id}: ${words}${detail && ` ${detail}`}` : words,
      error_uri: "https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking",
    };
  }
}
