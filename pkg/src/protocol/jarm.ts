// Signed authorization responses (JARM): checked, verified, and only then read.

import { call } from "../core/wasm.js";
import { hostError } from "../core/error.js";
import { AuthorizationCode, type FormPost, isUsed, use } from "./flow.js";
import { type Provider, clientLines } from "./page_provider.js";
import { now } from "../core/clock.js";
import { type KeySource, verified } from "./jwks.js";

/** @internal Judges a signed answer. */
export async function finishJarm(
  provider: Provider,
  transaction: string | null | undefined,
  callback: string | URL | FormPost,
  keys: KeySource,
): Promise<AuthorizationCode> {
  if (!transaction) throw hostError("transaction_missing");
  if (isUsed(transaction)) throw hostError("transaction_used");
  const { contentType, body } = callback as FormPost;
  const mediaType = body === undefined ? "" : contentType.replace(/\s+/g, " ") || " ";
  const kept = transaction.includes("\n") ? "?" : transaction;
  const algorithms: readonly string[] = provider.server?.signingAlgorithms ?? ["RS256"];
  const text = call(["jarm", clientLines(provider), algorithms.join(" "), now(), kept, mediaType], `${body ?? callback}`);
  const end = text.indexOf("\n");
  const claims = await verified(text.slice(0, end), keys, () => text.slice(end + 1));
  // Two answers may have been on their way together; the first that was verified is the one.
  if (isUsed(transaction)) throw hostError("transaction_used");
  use(transaction);
  return new AuthorizationCode(transaction, call(["jarm_finish", clientLines(provider), now(), kept], claims));
}
