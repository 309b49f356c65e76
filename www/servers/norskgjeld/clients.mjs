// The clients this provider knows, and the demo client it starts with.
// RFC 6749 2 and 3.1.2.2; Norsk Gjeldsinformasjon registers id, secret, callbacks and purposes by contract.
// Refuses an http redirect_uri that is not loopback, a fragment, and a purpose nobody offers.

import { ALL_SCOPES } from "./scopes.mjs";

/** Its secret is awkward on purpose: it only works when it is form-encoded before base64. */
export const DEMO_CLIENT = Object.freeze({
  id: "eksempelbank-client",
  secret: "a%b+c d:e/f~g",
  name: "Eksempelbank",
  redirectUris: Object.freeze(["http://localhost:4402/callback", "http://localhost:4402/auth/callback"]),
});

const LOOPBACK = /^(?:localhost|.+\.localhost|127\.0\.0\.1|\[::1\])$/;

function checkRedirectUri(uri) {
  const url = new URL(uri);
  if (uri.includes("#")) throw new TypeError("a redirect_uri must not have a fragment");
  if (url.protocol === "https:") return uri;
  if (url.protocol === "http:" && LOOPBACK.test(url.hostname)) return uri;
  throw new TypeError("a redirect_uri must be https, or http on a loopback host");
}

export class Clients {
  #byId = new Map();

  constructor(list) {
    for (const client of list) this.add(client);
  }

  add({ id, secret, name = id, redirectUris = [], scopes = ALL_SCOPES }) {
    if (!id || !secret) throw new TypeError("a client needs an id and a secret");
    for (const scope of scopes) {
      if (!ALL_SCOPES.includes(scope)) throw new TypeError(`unknown scope ${scope}`);
    }
    const client = { id, secret, name, redirectUris: redirectUris.map(checkRedirectUri), scopes: [...scopes] };
    this.#byId.set(id, client);
    return client;
  }

  get(id) {
    return this.#byId.get(id);
  }

  addRedirectUri(id, uri) {
    const client = this.get(id);
    if (!client) throw new TypeError("no such client");
    if (!client.redirectUris.includes(checkRedirectUri(uri))) client.redirectUris.push(uri);
  }

  /** The same client in the words of OpenID Connect Dynamic Client Registration, for oidc-provider. */
  metadata(id) {
    const client = this.get(id);
    if (!client) return undefined;
    return {
      client_id: client.id,
      client_secret: client.secret,
      client_name: client.name,
      application_type: "web", // a native client would have loopback ports ignored
      redirect_uris: client.redirectUris.length ? [...client.redirectUris] : ["https://unregistered.invalid/"],
      response_types: ["code"],
      grant_types: ["authorization_code", "client_credentials"],
      token_endpoint_auth_method: "client_secret_basic",
      id_token_signed_response_alg: "RS256",
      scope: client.scopes.join(" "),
    };
  }
}
