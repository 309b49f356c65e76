// How a client proves who it is: a secret, an assertion it signs, or the certificate of its connection.
// One value, one method. Printing or serialising one shows the method alone.

import { only } from "../core/check.js";
import { hostError } from "../core/error.js";
import { SigningKey } from "../crypto/keys.js";
import { type AssertionRules, RULES } from "./profile.js";

/** The registered name of a client authentication method. */
export type AuthenticationMethod = "none" | "client_secret_basic" | "client_secret_post" | "client_secret_jwt" | "private_key_jwt" | "tls_client_auth";

interface Held {
  readonly secret: string;
  readonly key?: SigningKey;
  readonly rules?: AssertionRules;
}

const held = new WeakMap<ClientAuthentication, Held>();

/** How a client proves who it is. Printing or serialising one shows the method alone. */
export class ClientAuthentication {
  /** Keeps a look-alike object from passing for one at compile time. */
  declare protected readonly kind: "ClientAuthentication";

  /** @internal */
  constructor(
    /** The method's registered name. */
    readonly method: AuthenticationMethod,
    holds: Held,
  ) {
    held.set(this, holds);
    Object.freeze(this);
  }
}

/** @internal What an authentication holds; nothing for a look-alike. */
export const heldBy = (authentication: ClientAuthentication): Held | undefined => held.get(authentication);

function withSecret(method: AuthenticationMethod, secret: string): ClientAuthentication {
  // A line end mostly comes with a secret read from a file or a pipe; half a surrogate pair would be sent as something else.
  if (typeof secret !== "string" || !secret || /[\u0000-\u001f\u007f\ud800-\udfff]/u.test(secret)) {
    throw hostError("invalid_configuration", { expected: "a client secret, not empty, without line ends and control characters" });
  }
  return new ClientAuthentication(method, { secret });
}

/** HTTP Basic; id and secret are form-encoded first (RFC 6749 section 2.3.1). */
export const clientSecretBasic = (secret: string): ClientAuthentication => withSecret("client_secret_basic", secret);

/** The secret in the body; only where a server takes nothing better. */
export const clientSecretPost = (secret: string): ClientAuthentication => withSecret("client_secret_post", secret);

/** An assertion under the secret, HS256, made anew for every request (OIDC Core section 9). The secret has at least 32 octets. */
export const clientSecretJwt = (secret: string): ClientAuthentication => {
  if (new TextEncoder().encode(secret).length < 32) throw hostError("key_refused", { expected: "a client secret of at least 32 octets" });
  return withSecret("client_secret_jwt", secret);
};

/**
 * An assertion signed with a private key, made anew for every request (RFC 7523, OIDC Core section 9). What the provider's
 * assertions look like is in its profile; `rules` change single points of that.
 *
 * @example
 * ```ts
 * const authentication = privateKeyJwt(await SigningKey.fromJwk(JSON.parse(env.CLIENT_JWK)));
 * ```
 */
export function privateKeyJwt(key: SigningKey, rules?: AssertionRules): ClientAuthentication {
  if (!(key instanceof SigningKey)) throw hostError("invalid_configuration", { expected: "a SigningKey" });
  only(rules, RULES);
  return new ClientAuthentication("private_key_jwt", { secret: "", key, ...(rules && { rules }) });
}

/**
 * The certificate of the connection (RFC 8705 section 2.1): for a `fetch` that presents one, such as a Cloudflare mTLS binding's
 * or an undici dispatcher's, given in the client's options. Requests go to the server's aliases for certificates, where it has any.
 */
export const tlsClientAuth = (): ClientAuthentication => new ClientAuthentication("tls_client_auth", { secret: "" });

/** A public client: no proof but PKCE. */
export const none = (): ClientAuthentication => new ClientAuthentication("none", { secret: "" });
