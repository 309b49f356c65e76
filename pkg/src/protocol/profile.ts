// What a full client may need to know of a server beyond what a page does: further endpoints, and how requests must look, as data.

import type { Names } from "../core/check.js";
import type { SignatureAlgorithm } from "../crypto/webcrypto.js";

/** Whether a member of an assertion's header is sent: never, when the key has it, or always (a key without it is refused). */
export type Presence = "never" | "if_known" | "always";

/** How a client assertion looks (RFC 7523 section 3). What is not given is as the standards ask. */
export interface AssertionRules {
  /**
   * `aud`, one string: the issuer (the default), the address the request goes to as it is called, or a text the provider
   * names, as `{ literal }`.
   */
  readonly audience?: "issuer" | "endpoint" | { readonly literal: string };
  /** `kid` in the header; `if_known` unless given. */
  readonly kid?: Presence;
  /** The certificate's SHA-1 thumbprint in the header; `never` unless given. */
  readonly x5t?: Presence;
  /** The certificate's SHA-256 thumbprint in the header; `never` unless given. */
  readonly x5tS256?: Presence;
  /** The certificates in the header; `never` unless given. */
  readonly x5c?: Presence;
  /** `typ` in the header: `JWT` unless given, `null` for none. */
  readonly typ?: string | null;
  /** Seconds from `iat` to `exp`: 1 to 600; 60 unless given. */
  readonly lifetime?: number;
  /** Whether `nbf` is sent, equal to `iat`. */
  readonly notBefore?: boolean;
  /** Further claims, as JSON. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Algorithms the provider takes; any unless given. */
  readonly algorithms?: readonly string[];
  /** Whether `client_id` also stands in the form, beside the assertion; yes unless given. */
  readonly clientId?: boolean;
}

/** @internal */
export const RULES: Names<AssertionRules> = {
  audience: 1,
  kid: 1,
  x5t: 1,
  x5tS256: 1,
  x5c: 1,
  typ: 1,
  lifetime: 1,
  notBefore: 1,
  claims: 1,
  algorithms: 1,
  clientId: 1,
};

/** Endpoints that have an alias for clients that present a certificate (RFC 8705 section 5). */
export type AliasedEndpoint =
  | "tokenEndpoint"
  | "pushedAuthorizationRequestEndpoint"
  | "deviceAuthorizationEndpoint"
  | "userinfoEndpoint"
  | "introspectionEndpoint"
  | "revocationEndpoint";

/** How requests to a server look, whatever its addresses are. */
export interface ServerRules extends Omit<ServerData, `${string}Endpoint` | "jwksUri" | "mtlsEndpointAliases"> {
  readonly issParameterSupported?: boolean;
}

/** Further addresses of a server, and how requests to it look. */
export interface ServerData {
  /** A provider whose rules hold here, such as which client authentication it takes; those of the standards unless given. */
  readonly rules?: "acmidm" | "adfs" | "halland" | "idporten";
  /** Pushed authorization requests (RFC 9126). */
  readonly pushedAuthorizationRequestEndpoint?: string;
  /** Device authorization (RFC 8628). */
  readonly deviceAuthorizationEndpoint?: string;
  /** The server's public keys (RFC 7517). */
  readonly jwksUri?: string;
  readonly userinfoEndpoint?: string;
  readonly introspectionEndpoint?: string;
  readonly revocationEndpoint?: string;
  readonly endSessionEndpoint?: string;
  /** Aliases for clients that present a certificate (RFC 8705 section 5). */
  readonly mtlsEndpointAliases?: Readonly<Partial<Record<AliasedEndpoint, string>>>;
  /** Whether flows must be begun by a pushed request, with `client.start`. */
  readonly requirePushedRequests?: boolean;
  /** Whether tokens must be bound to a DPoP key. */
  readonly requireDpop?: boolean;
  /** Algorithms the server takes for DPoP proofs; a key for another is refused before anything is sent. Any unless given. */
  readonly dpopAlgorithms?: readonly string[];
  /** Ways the server answers by; another `responseMode` is refused before anything is sent. Any unless given. */
  readonly responseModes?: readonly string[];
  /** Whether authorization requests must be signed. */
  readonly requireRequestObject?: boolean;
  /** How a client assertion looks. */
  readonly assertion?: AssertionRules;
  /** Takes any text as `resource`, where a provider's are no URIs, such as `nhn:phr` or a bare host name. */
  readonly freeResource?: boolean;
  /** Accepts a token exchange answered without `issued_token_type`, which RFC 8693 section 2.2.1 requires. */
  readonly issuedTokenTypeOptional?: boolean;
  /** Error codes that mean, at a refresh, that the session is over; they become `session_ended`. None unless given. */
  readonly sessionEnd?: readonly string[];
  /** Algorithms the server signs id_tokens and authorization responses with; `["RS256"]` unless given. */
  readonly signingAlgorithms?: readonly SignatureAlgorithm[];
  /** Whether an id_token's `auth_time` may be an RFC 3339 text and not only a number (OIDC Core section 2). */
  readonly authTimeText?: boolean;
  /** Seconds for which a token source keeps a token whose `expires_in` is not said; 60 unless given, 0 for no time at all. */
  readonly unknownLife?: number;
}
