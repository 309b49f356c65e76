// A provider with everything a full client may need to know: further endpoints, and how requests must look, as data.
// The core judges each address and rule where it is used; a page's provider, in flow.ts, has none of this.

import { hostError } from "../core/error.js";
import { type Provider, made, provider as pageProvider } from "./flow.js";
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

/** Endpoints that have an alias for clients that present a certificate (RFC 8705 section 5). */
export type AliasedEndpoint =
  | "tokenEndpoint"
  | "pushedAuthorizationRequestEndpoint"
  | "deviceAuthorizationEndpoint"
  | "userinfoEndpoint"
  | "introspectionEndpoint"
  | "revocationEndpoint";

/** Further addresses of a server, and how requests to it look. */
export interface ServerData {
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

/** The settings of {@link provider}. */
export interface ProviderOptions extends ServerData {
  readonly issuer: string;
  /** Where the browser is sent; may be left out where no person logs in. */
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  readonly clientId: string;
  /** May be left out where no person logs in. */
  readonly redirectUri?: string;
  /** Whether the server names itself in every callback (RFC 9207). */
  readonly issParameterSupported?: boolean;
  /** Allows http to loopback, for a server on your own machine. */
  readonly development?: boolean;
}

/**
 * Adds further addresses and rules to a provider that was made here.
 *
 * @internal
 */
export function withServer(base: Provider, server: ServerData): Provider {
  // A mark for the core; the lines hold nothing else of what is added, so what was checked is still checked.
  const mark = server.freeResource ? "r" : "";
  const whole = Object.freeze({ ...base, flags: base.flags + mark, server: Object.freeze({ ...base.server, ...server }) });
  const lines = made.get(base);
  if (lines) made.set(whole, lines.replace(/\nc$/, `${mark}\nc`));
  return whole;
}

/**
 * Any server that keeps to the standards, with whatever it offers beyond the code flow.
 *
 * @throws {SamtykkeError} `invalid_configuration` naming the setting; `secret_in_browser`.
 * @example
 * ```ts
 * const op = provider({
 *   issuer: "https://op.example", authorizationEndpoint: "https://op.example/authorize", tokenEndpoint: "https://op.example/token",
 *   pushedAuthorizationRequestEndpoint: "https://op.example/par", jwksUri: "https://op.example/jwks",
 *   clientId: "client-1", redirectUri: "https://rp.example/cb", requirePushedRequests: true, requireDpop: true,
 * });
 * ```
 */
export function provider(options: ProviderOptions): Provider {
  const { issuer, authorizationEndpoint, tokenEndpoint, clientId, redirectUri, issParameterSupported, development, ...server } = options;
  const page = { issuer, authorizationEndpoint: authorizationEndpoint ?? "", tokenEndpoint, clientId, redirectUri: redirectUri ?? "" };
  // The rest goes along to be searched for secrets.
  const base = pageProvider({ ...server, ...page, issParameterSupported, development } as Parameters<typeof pageProvider>[0]);
  for (const name in server) if (!KNOWN.has(name)) throw hostError("invalid_configuration", { expected: "a known setting", actual: name });
  return withServer(base, server);
}

const KNOWN: ReadonlySet<string> = new Set<keyof ServerData>([
  "pushedAuthorizationRequestEndpoint",
  "deviceAuthorizationEndpoint",
  "jwksUri",
  "userinfoEndpoint",
  "introspectionEndpoint",
  "revocationEndpoint",
  "endSessionEndpoint",
  "mtlsEndpointAliases",
  "requirePushedRequests",
  "requireDpop",
  "requireRequestObject",
  "assertion",
  "freeResource",
  "issuedTokenTypeOptional",
  "sessionEnd",
  "signingAlgorithms",
  "authTimeText",
  "unknownLife",
]);
