// Telling a server that a token is no longer wanted (RFC 7009).

import { type HttpAnswer, answerLines } from "./answer.js";
import { only } from "../core/check.js";
import { call } from "../core/wasm.js";
import { TOKEN_CALL, type TokenCallOptions } from "./introspection.js";
import { type Party, ask } from "./party.js";

/**
 * Judges an answer of a revocation endpoint that you fetched yourself.
 *
 * @throws {SamtykkeError} `oauth_error` with `oauth`; `revocation_failed`, …: the token may still be valid.
 */
export function judgeRevocation(answer: HttpAnswer): void {
  call(["revocation", ...answerLines(answer)], answer.body);
}

/** @internal Revokes a token. */
export async function revoke(party: Party, token: string, options: TokenCallOptions): Promise<void> {
  only(options, TOKEN_CALL, "token");
  const { hint, signal } = options;
  await ask(party, "revoke", [token, hint], { signal });
}
