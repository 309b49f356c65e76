// norskgjeld as a worker knows it: with the address of its keys, so that an id_token is verified. A page verifies none.

import { type NorskgjeldEnvironment, norskgjeld as ofPage } from "./provider.js";
import { withServer } from "../../protocol/provider.js";
import type { Provider } from "../../protocol/page_provider.js";
import { serverAddresses } from "./data.js";

/**
 * Norsk Gjeldsinformasjon, with your client id and redirect URI. An id_token that comes is verified by norskgjeld's keys.
 *
 * @throws {SamtykkeError} `invalid_configuration` naming the setting; `secret_in_browser`.
 * @example
 * ```ts
 * const consent = norskgjeld({ environment: "preprod", clientId: "eksempelbank-client", redirectUri: "https://app.example.no/callback" });
 * ```
 */
export function norskgjeld(options: { readonly environment: NorskgjeldEnvironment; readonly clientId: string; readonly redirectUri: string }): Provider {
  const base = ofPage(options);
  return withServer(base, serverAddresses(new URL(base.issuer).origin));
}
