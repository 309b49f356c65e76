// The answer to a pushed authorization request (RFC 9126).

import { type HttpAnswer, answerLines } from "./answer.js";
import { only } from "../core/check.js";
import { call } from "../core/wasm.js";

/** A pushed authorization request that the server has taken. */
export interface PushedRequest {
  /** What stands for the request in the browser's URL; percent-encode it there. Used once. */
  readonly requestUri: string;
  /** Seconds it lives from the answer on. */
  readonly expiresIn: number;
}

/**
 * Judges an answer of a pushed authorization request endpoint (RFC 9126 sections 2.2 and 2.3) that you fetched yourself.
 *
 * @throws {SamtykkeError} `oauth_error` with `oauth` for an OAuth error; otherwise what is wrong with the answer.
 */
export function judgePushedRequest(answer: HttpAnswer, options: { readonly expiresInString?: boolean } = {}): PushedRequest {
  only(options, { expiresInString: 1 }, "authorization");
  return JSON.parse(call(["pushed_answer", options.expiresInString ? 1 : "", ...answerLines(answer)], answer.body)) as PushedRequest;
}
