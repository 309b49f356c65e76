// A provider with everything a full client may need to know: further endpoints, and how requests must look, as data.
// The core judges each address and rule where it is used; a page's provider, in page_provider.ts, has none of this.

import { type Names, only } from "../core/check.js";
import { type Development, developmentMarks } from "../core/development.js";
import { hostError } from "../core/error.js";
import { RULES, type ServerData } from "./profile.js";
import { type Provider, checkProvider, made } from "./page_provider.js";

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
  /** Allows http to this machine, and to the origins named. */
  readonly development?: Development;
}

/**
 * Adds further addresses and rules to a provider that was made here.
 *
 * @internal
 */
export function withServer(base: Provider, server: ServerData): Provider {
  // A mark for the core; the lines hold nothing else of what is added, so what was checked is still checked.
  const mark = server.freeResource ? "r" : "";
  const { rules = base.id } = server;
  const whole = Object.freeze({ ...base, id: rules, flags: mark + base.flags, server: Object.freeze({ ...base.server, ...server }) });
  const lines = made.get(base);
  if (lines) made.set(whole, rules + lines.slice(base.id.length).replace(/(.*\nc)$/, `${mark}$1`));
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
  checkNames(options, PROVIDER);
  const flags = (issParameterSupported ? "i" : "") + developmentMarks(development);
  const addresses = { issuer, authorizationEndpoint: authorizationEndpoint ?? "", tokenEndpoint: tokenEndpoint ?? "" };
  const base = checkProvider({ id: "", ...addresses, clientId, redirectUri: redirectUri ?? "", flags }, {});
  only(server.assertion, RULES);
  return withServer(base, server);
}

/** @internal The names of {@link provider}'s settings. */
export const PROVIDER: Names<ProviderOptions> = {
  issuer: 1,
  authorizationEndpoint: 1,
  tokenEndpoint: 1,
  clientId: 1,
  redirectUri: 1,
  issParameterSupported: 1,
  development: 1,
  rules: 1,
  pushedAuthorizationRequestEndpoint: 1,
  deviceAuthorizationEndpoint: 1,
  jwksUri: 1,
  userinfoEndpoint: 1,
  introspectionEndpoint: 1,
  revocationEndpoint: 1,
  endSessionEndpoint: 1,
  mtlsEndpointAliases: 1,
  requirePushedRequests: 1,
  requireDpop: 1,
  dpopAlgorithms: 1,
  responseModes: 1,
  requireRequestObject: 1,
  assertion: 1,
  freeResource: 1,
  issuedTokenTypeOptional: 1,
  sessionEnd: 1,
  signingAlgorithms: 1,
  authTimeText: 1,
  unknownLife: 1,
};

/** @internal Refuses names that nobody reads, and a secret: a provider is public, and a page may have it. */
export function checkNames(settings: object, names: object): void {
  if (Object.keys(settings).some((name) => /secret|private_?key/i.test(name))) {
    const hint = "Give it to the client, as new Client(provider, clientSecretBasic(secret)); a provider holds nothing that is secret.";
    throw hostError("secret_in_browser", "document" in globalThis ? {} : { hint });
  }
  only(settings, names);
}
