// The exchange of a public client: the page's own, without a secret and without a worker.

import { isLimit } from "../core/check.js";
import { drive } from "../core/drive.js";
import { WRONG, hostError, assertNothingElse } from "../core/error.js";
import type { Transport } from "../core/http.js";
import { joined } from "../core/wasm.js";
import type { AuthorizationCode } from "../protocol/flow.js";
import { type Provider, clientLines } from "../protocol/page_provider.js";
import { type Tokens, tokensOf } from "../protocol/tokens.js";

/** Options of an exchange in a page. */
export interface ExchangeOptions extends Transport {
  /** Ends the wait. The code may have been used by then. */
  readonly signal?: AbortSignal | null;
}

/**
 * Exchanges a code for an access token, by PKCE alone (RFC 6749 section 4.1.3, RFC 7636 section 4.5): for clients that are registered
 * as public, with servers that let pages of your origin ask (CORS). The code is sent once.
 *
 * @throws {SamtykkeError} `token_error` with `oauth`; `transaction_used` for a second try; `transaction_mismatch` for a code of another
 * client; `network_error`, `timeout`, `aborted`: the code may have been used, so start a new flow. A login (`openid`) is refused before
 * the code is sent, as its id_token would have to be verified; so is a provider that wants a client's secret.
 * @example
 * ```ts
 * const { accessToken } = await exchange(provider, code);
 * ```
 */
export async function exchange(provider: Provider, code: AuthorizationCode | string, options: ExchangeOptions = {}): Promise<Tokens> {
  const { fetch, timeout, signal, ...rest } = Object(options) as ExchangeOptions;
  assertNothingElse(rest);
  if (!isLimit(timeout) || (fetch !== undefined && typeof fetch !== "function"))
    throw hostError("invalid_configuration", { ...WRONG, expected: "timeout: seconds, more than 0 and at most 3,600; fetch: a function" });
  const transport = { ...(fetch && { fetch }), ...(timeout && { timeout }) };
  return tokensOf(await drive("public", joined([clientLines(provider), `${code}`]), { transport, signal }));
}
