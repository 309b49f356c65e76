// Telling a server that a token is no longer wanted (RFC 7009).

import { only } from "../core/check.js";
import { TOKEN_CALL, type TokenCallOptions } from "./introspection.js";
import { type Party, ask } from "./party.js";

/** @internal Revokes a token. */
export async function revoke(party: Party, token: string, options: TokenCallOptions): Promise<void> {
  only(options, TOKEN_CALL, "token");
  const { hint, signal } = options;
  await ask(party, "revoke", [token, hint], { signal });
}
