// A provider as a page knows it: its addresses and your registration, checked once by the core. No secret has a place here.

import { assertNothingElse } from "../core/error.js";
import { Lines, line, run } from "../core/wasm.js";
import type { ServerData } from "./profile.js";

/** A provider and your registration with it. Plain frozen data; holds no secret. */
export interface Provider {
  /** The profile's name; empty for a server without one. */
  readonly id: string;
  /** Issuer identifier, byte for byte. */
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Your client id. */
  readonly clientId: string;
  /** The redirect URI as registered; sent byte for byte. */
  readonly redirectUri: string;
  /** Marks of the profile, for the core. */
  readonly flags: string;
  /** Origin of the provider's APIs, where it has any. */
  readonly api?: string;
  /** The environment's name, where the provider has several. */
  readonly environment?: string;
  /** Further addresses and how requests look; read by the full client alone. */
  readonly server?: ServerData;
}

/** @internal An address; an empty one for a text that is none. */
export function resolveUrl(address: string | URL, base?: URL): { readonly origin: string; readonly pathname: string; readonly href: string } {
  try {
    return new URL(address, base);
  } catch {
    return { origin: "", pathname: "", href: "" };
  }
}

/** @internal Where an address lets the browser arrive, as the browser itself writes it: without query, in its own spelling. */
export function place(address: string | URL): string {
  const { origin, pathname } = resolveUrl(address);
  return origin + pathname;
}

// The lines of providers made here: checked once, frozen, so that no later step need check them again.
/** @internal */
export const made = new WeakMap<Provider, string>();

const lines = ({ id, issuer, authorizationEndpoint, tokenEndpoint, clientId, redirectUri, flags }: Partial<Provider> = {}) =>
  [id, issuer, authorizationEndpoint, tokenEndpoint, clientId, redirectUri, place(redirectUri!), flags, ""].map(line).join("\n");

/** @internal The lines by which the core knows a client. One that was not made here (copied, sent as JSON) is checked each time. */
export const known = (provider: Provider): string => made.get(provider) ?? lines(provider);

/** As lines of a call. */
export const clientLines = (provider: Provider): Lines => new Lines(known(provider));

/** @internal Checks a provider by the core, and remembers that it was. `rest` is what else was given: nothing, or a secret. */
export function checkProvider(provider: Provider, rest: object): Provider {
  assertNothingElse(rest);
  const text = lines(provider);
  run(`C\n${text}\n`);
  // The last line says "checked here", so it is written here alone.
  made.set(provider, `${text}c`);
  return Object.freeze(provider);
}

/**
 * Any server that keeps to the standards.
 *
 * @throws {SamtykkeError} `invalid_configuration` naming the setting; `secret_in_browser`.
 */
export function provider(options: {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint?: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** Whether the server names itself in every callback (RFC 9207). */
  readonly issParameterSupported?: boolean;
  /** Allows http to `localhost`, 127.0.0.1 and `[::1]`, for a server on your own machine; other servers need `samtykke`'s provider. */
  readonly development?: boolean;
}): Provider {
  const {
    issuer,
    authorizationEndpoint,
    tokenEndpoint = "",
    clientId,
    redirectUri,
    issParameterSupported,
    development,
    ...rest
  } = Object(options) as typeof options;
  const flags = `${issParameterSupported ? "i" : ""}${development ? "d" : ""}`;
  return checkProvider({ id: "", issuer, authorizationEndpoint, tokenEndpoint, clientId, redirectUri, flags }, rest);
}
