// A provider from its issuer alone, and an API's metadata from its challenge. What you give yourself wins over what is found.

import { snake } from "./party.js";
import { type CallSettings, bare } from "./answer.js";
import { type Names, isObject, only, present } from "../core/check.js";
import { TRANSPORT, checkTransport } from "../core/http.js";
import { drive } from "../core/drive.js";
import { joined } from "../core/wasm.js";
import { hostError } from "../core/error.js";
import { type Development, developmentMarks } from "../core/development.js";
import type { Provider } from "./page_provider.js";
import { PROVIDER, type ProviderOptions, checkNames, provider } from "./provider.js";
import type { AliasedEndpoint } from "./profile.js";

/** A server's metadata, checked, in the standards' own names (RFC 8414 section 2). An object without a prototype. */
export interface ServerMetadata {
  readonly issuer: string;
  readonly authorization_endpoint?: string;
  readonly token_endpoint: string;
  readonly jwks_uri?: string;
  readonly scopes_supported?: readonly string[];
  readonly [name: string]: unknown;
}

/** By what metadata is judged. */
export interface MetadataRules {
  /**
   * Members that win over those the server publishes, in the standards' names; `null` for "not there". A provider may
   * publish what it does not accept: say here what holds.
   */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Pins endpoints to the issuer's origin and these; any public host unless given. */
  readonly origins?: readonly string[];
  /** Allows http to this machine, and to the origins named. */
  readonly development?: Development;
}

/** How {@link serverMetadata} looks. */
export interface MetadataSettings extends MetadataRules, CallSettings {
  /** `openid` or `oauth`: one address only. Both unless given, OpenID's first (OIDC Discovery section 4, RFC 8414 section 3). */
  readonly wellKnown?: "openid" | "oauth";
}

/** How {@link discover} looks, and the settings of {@link provider}: each that is given wins over what is found. */
export type DiscoverySettings = MetadataSettings & Partial<ProviderOptions> & { readonly issuer?: never; readonly clientId: string };

const METADATA: Names<MetadataSettings> = { ...TRANSPORT, metadata: 1, origins: 1, development: 1, signal: 1, wellKnown: 1 };

/**
 * Finds and checks a server's metadata. At most two requests; no redirect is followed. Keep the result for a day or so.
 *
 * @throws {SamtykkeError} `metadata_issuer_mismatch`, `metadata_malformed`, `endpoint_refused`, `invalid_configuration`, …;
 * `network_error`, `timeout`, `aborted`.
 */
export async function serverMetadata(issuer: string, settings: MetadataSettings = {}): Promise<ServerMetadata> {
  only(settings, METADATA);
  checkTransport(settings);
  const { development, origins, metadata, wellKnown, signal } = settings;
  if (origins?.some((origin) => origin.includes(" "))) throw hostError("invalid_configuration", { expected: "origins: one in each text" });
  const lines = [issuer, developmentMarks(development), wellKnown, origins ? 1 : "", origins?.join(" "), metadata && JSON.stringify(metadata)];
  return bare(JSON.parse(await drive("metadata", joined(lines), { transport: settings, signal })) as ServerMetadata);
}

type Pairs = readonly (readonly [keyof ProviderOptions, string])[];
/** Ours, which in snake case are the metadata's. */
const ENDPOINTS: Pairs = [
  "authorizationEndpoint",
  "tokenEndpoint",
  "jwksUri",
  "userinfoEndpoint",
  "pushedAuthorizationRequestEndpoint",
  "deviceAuthorizationEndpoint",
  "introspectionEndpoint",
  "revocationEndpoint",
  "endSessionEndpoint",
].map((name) => [name as keyof ProviderOptions, snake(name)]);
const FLAGS: Pairs = [
  ["issParameterSupported", "authorization_response_iss_parameter_supported"],
  ["requirePushedRequests", "require_pushed_authorization_requests"],
  ["requireRequestObject", "require_signed_request_object"],
];
const LISTS: Pairs = [
  ["dpopAlgorithms", "dpop_signing_alg_values_supported"],
  ["responseModes", "response_modes_supported"],
];

/**
 * Makes a provider of what a server publishes at its issuer, or at the address of its metadata, and of what you say yourself, which wins. Make it once and keep it. What the server
 * signs with is RS256 unless you name others (`signingAlgorithms`): its own list never widens what a client takes.
 *
 * @throws {SamtykkeError} As {@link serverMetadata}, and as `provider`.
 * @example
 * ```ts
 * const helseid = await discover("https://helseid-sts.test.nhn.no", {
 *   clientId, redirectUri, requirePushedRequests: true, requireDpop: true, // whatever its metadata says
 * });
 * ```
 */
export async function discover(issuer: string, settings: DiscoverySettings): Promise<Provider> {
  if (!isObject(settings)) throw hostError("invalid_configuration", { expected: "settings as an object: { clientId, … }" });
  checkNames(settings, { ...METADATA, ...PROVIDER });
  const own = Object.fromEntries(
    Object.entries(settings).filter(([name, value]) => value !== undefined && (name === "development" || !Object.hasOwn(METADATA, name))),
  ) as Partial<ProviderOptions>;
  const named = [...ENDPOINTS, ...FLAGS].filter(([name]) => own[name] !== undefined).map(([name, member]) => [member, own[name]]);
  const members = await serverMetadata(issuer, {
    ...present(settings, Object.keys(METADATA)),
    metadata: { ...settings.metadata, ...Object.fromEntries(named) },
  });
  const options: Record<string, unknown> = {};
  for (const [name, member] of [...ENDPOINTS, ...FLAGS, ...LISTS]) options[name] = members[member];
  const algorithms = members["token_endpoint_auth_signing_alg_values_supported"] as readonly string[] | undefined;
  const aliases = members["mtls_endpoint_aliases"] as Record<string, string> | undefined;
  if (aliases)
    options["mtlsEndpointAliases"] = Object.fromEntries(
      ENDPOINTS.flatMap(([name, member]) => (aliases[member] ? [[name as AliasedEndpoint, aliases[member]]] : [])),
    );
  // A client that no person logs in with has neither of the two.
  if (!own.redirectUri) options["authorizationEndpoint"] = "";
  for (const name in options) if (options[name] === undefined) delete options[name];
  const assertion = algorithms && { assertion: { algorithms, ...own.assertion } };
  return provider({ ...(options as Partial<ProviderOptions>), ...own, ...assertion, issuer: members.issuer } as ProviderOptions);
}

/** An API's metadata (RFC 9728), checked. It is the API's word: never a reason to send credentials to a server you did not choose. */
export interface ProtectedResource {
  /** The resource identifier. */
  readonly resource: string;
  /** Issuers whose tokens the API takes. */
  readonly authorizationServers: readonly string[];
  /** Scopes to ask for; empty when none are named. */
  readonly scopes: readonly string[];
  /** Whether tokens must be bound to a DPoP key. */
  readonly dpopRequired: boolean;
  /** The whole document. An object without a prototype. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** How {@link protectedResource} looks. */
export interface ResourceSettings extends CallSettings {
  /** The `WWW-Authenticate` value of the API's refusal; then `resource` is the URL that was asked for. */
  readonly wwwAuthenticate?: string | null;
  /** Your server's issuer: refused unless the API names it. */
  readonly issuer?: string;
  /** Allows http to this machine, and to the origins named. */
  readonly development?: Development;
}

const RESOURCE: Names<ResourceSettings> = { ...TRANSPORT, signal: 1, wwwAuthenticate: 1, issuer: 1, development: 1 };

/**
 * Reads what an API says of itself: at the address its challenge names, or at the well-known one.
 *
 * @throws {SamtykkeError} `resource_mismatch`, `metadata_malformed`, `endpoint_refused`, `challenge_malformed`, …
 */
export async function protectedResource(resource: string, settings: ResourceSettings = {}): Promise<ProtectedResource> {
  only(settings, RESOURCE);
  const { wwwAuthenticate, issuer, development } = settings;
  const lines = [resource, developmentMarks(development), issuer, wwwAuthenticate?.replace(/\s+/g, " ")];
  const document = bare(JSON.parse(await drive("resource", joined(lines), { transport: settings, signal: settings.signal })) as Record<string, unknown>);
  return {
    resource,
    authorizationServers: (document["authorization_servers"] ?? []) as string[],
    scopes: (document["scopes_supported"] ?? []) as string[],
    dpopRequired: document["dpop_bound_access_tokens_required"] === true,
    document,
  };
}
