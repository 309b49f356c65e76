// Signed authorization responses (JARM): checked, verified, and only then read.

import { hostError } from "../core/error.js";
import { AuthorizationCode, type FormPost, isUsed, use } from "./flow.js";
import { type Party, ask } from "./party.js";

/** @internal Judges a signed answer. */
export async function finishJarm(party: Party, transaction: string | null | undefined, callback: string | URL | FormPost): Promise<AuthorizationCode> {
  if (!transaction) throw hostError("transaction_missing");
  if (isUsed(transaction)) throw hostError("transaction_used");
  const { contentType, body } = callback as FormPost;
  const mediaType = body === undefined ? "" : contentType.replace(/\s+/g, " ") || " ";
  const kept = transaction.includes("\n") ? "?" : transaction;
  let code: string;
  try {
    code = await ask(party, "jarm", [kept, mediaType], {}, `${body ?? callback}`);
  } catch (error) {
    // An answer of the server's uses the transaction up.
    if ((error as { oauth?: unknown }).oauth) use(transaction);
    throw error;
  }
  // Two answers may have been on their way together; the first that was verified is the one.
  if (isUsed(transaction)) throw hostError("transaction_used");
  use(transaction);
  // The core gives the code as a text of its own; what the answer held stands behind the transaction's five words.
  return new AuthorizationCode(transaction, code.split(" ").slice(5, 7).join(" "));
}
