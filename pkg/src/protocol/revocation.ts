// Telling a server that a token is no longer wanted (RFC 7009).

import { type HttpAnswer, answerLines } from "./answer.js";
import { call } from "../core/wasm.js";
import { type TokenCallOptions, tokenCall } from "./introspection.js";
import type { Party } from "./post.js";

/**
 * Judges an answer of a revocation endpoint that you fetched yourself.
 *
 * @throws {SamtykkeError} `oauth_error` with `oauth`; `revocation_failed`, …: the token may still be valid.
 */
export function judgeRevocation(answer: HttpAnswer): void {
  call(["revocation", ...answerLines(answer)], answer.body);
}

/** @internal Revokes a token. */
export const revoke = async (party: Party, token: string, options: TokenCallOptions): Promise<void> =>
  judgeRevocation(await tokenCall(party, "revoke", token, options));
