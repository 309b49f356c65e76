// Norsk Gjeldsinformasjon as a provider: its environments' addresses, and a server of your own that stands in for it.

import { checkProvider, place, type Provider } from "../../protocol/page_provider.js";
import { WRONG, hostError } from "../../core/error.js";
import { ENVIRONMENTS, addresses } from "./data.js";

/** norskgjeld's environments, or your own server's origins for development. */
export type NorskgjeldEnvironment = "preprod" | "production" | { readonly auth: string; readonly api: string };

/**
 * Norsk Gjeldsinformasjon, with your client id and redirect URI.
 *
 * @throws {SamtykkeError} `invalid_configuration` naming the setting; `secret_in_browser`.
 * @example
 * ```ts
 * const consent = norskgjeld({ environment: "preprod", clientId: "eksempelbank-client", redirectUri: "https://app.example.no/callback" });
 * ```
 */
export function norskgjeld(options: { readonly environment: NorskgjeldEnvironment; readonly clientId: string; readonly redirectUri: string }): Provider {
  const { environment, clientId, redirectUri, ...rest } = Object(options) as typeof options;
  const own = typeof environment === "object" && environment;
  const [, auth = "", api = ""] = own ? ["", own.auth, own.api] : (ENVIRONMENTS.find(([name]) => name === environment) ?? []);
  // An origin is all that its address comes to.
  if (place(auth) !== `${auth}/` || place(api) !== `${api}/`) {
    throw hostError("invalid_configuration", { ...WRONG, expected: "environment: preprod, production" });
  }
  const name = own ? `${auth} ${api}` : environment;
  return checkProvider({ id: "norskgjeld", ...addresses(auth), clientId, redirectUri, flags: own ? "d" : "", api, environment: name as string }, rest);
}
