// The clients that the local HelseID knows: those it was started with, and those of whoever joined it, such as Selvbetjening.
// RFC 7591 section 2 for the members; HelseID "Sikkerhetsprofil" for what every client has: private_key_jwt, DPoP, PAR.
// Refuses nothing itself: a client is looked up anew for every request, so that what changes elsewhere counts at once.

/**
 * What a directory says of a client: `publicJwk` or `publicJwks`; `scopes` are those of APIs that it may ask for, all unless given.
 * @typedef {{ clientId: string, redirectUris: string[], publicJwk?: object, publicJwks?: object[], scopes?: string[], tenancy: string, organization: string, children?: string[], delegators?: string[] }} Described
 */

/** Where clients are found: `registered` first, then each directory that joined. */
export class Clients {
  #registered;
  #directories = [];

  constructor(registered) {
    this.#registered = registered;
  }

  /**
   * Adds a directory: `find(id)`; `refuses(id)`, asked once for each request, whether HelseID does as if it knew no such client
   * yet; `heard(id, error)`, told the outcome of each token request.
   */
  join(directory) {
    this.#directories.push(directory);
  }

  /** @returns {Described | undefined} */
  find(id) {
    const own = this.#registered.find(({ clientId }) => clientId === id);
    return own ?? this.#directories.map((directory) => directory.find(id)).find(Boolean);
  }

  refuses(id) {
    return this.#directories.some((directory) => directory.refuses(id));
  }

  heard(id, error) {
    for (const directory of this.#directories) directory.heard(id, error);
  }
}

export const keysOf = ({ publicJwk, publicJwks = [publicJwk] }) => publicJwks;

/** A client in the words of oidc-provider. One algorithm only where one key says so. */
export function metadataOf(client) {
  const { clientId, redirectUris } = client;
  const keys = keysOf(client);
  const person = redirectUris.length > 0;
  return {
    client_id: clientId,
    redirect_uris: redirectUris,
    response_types: person ? ["code"] : [],
    grant_types: [...(person ? ["authorization_code", "refresh_token"] : []), "client_credentials"],
    token_endpoint_auth_method: "private_key_jwt",
    ...(keys.length === 1 && { token_endpoint_auth_signing_alg: keys[0].alg }),
    jwks: { keys },
    dpop_bound_access_tokens: true,
    require_pushed_authorization_requests: true,
  };
}
