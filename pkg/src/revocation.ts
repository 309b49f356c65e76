// Telling a server that a token is no longer wanted (RFC 7009).

import { answerLines, ask } from "./answer.js";
import { type ClientAuthentication, proof } from "./client.js";
import { call } from "./engine.js";
import { type Provider, clientLines } from "./flow.js";
import { type TokenSettings } from "./introspection.js";

/**
 * Revokes a token; one the server does not know counts as revoked. It withdraws no consent: that is a provider's own call.
 *
 * @throws {SamtykkeError} `endpoint_missing` where the provider has none; `oauth_error` with `oauth`; `revocation_failed`,
 * `network_error`, …: the token may still be valid.
 */
export async function revoke(
  provider: Provider,
  authentication: ClientAuthentication,
  token: string,
  settings: TokenSettings = {},
): Promise<void> {
  const endpoint = provider.server?.revocationEndpoint;
  const text = call(["revocation_request", clientLines(provider), ...proof(authentication), endpoint, token, settings.hint]);
  const answer = await ask(text, "token", settings);
  call(["revocation", ...answerLines(answer)], answer.body);
}
