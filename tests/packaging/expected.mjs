// What every mini-project must say when the package works in it: the same lines, from the three files in shared/.
// The host and the route are those of the provider's own documentation; the secret shows that both halves were form-encoded (RFC 6749, 2.3.1).
import assert from "node:assert/strict";

export const flowLine = "access-preprod.norskgjeld.no made-up.code state_mismatch";
export const exchangeLine = "made-up-token 3599 <- POST /oauth2/token eksempelbank-client|a%b+c d:e/f~g authorization_code made-up.code 43";
export const edgeLine = "303 access-preprod.norskgjeld.no sealed 303 / made-up-token";
export const serverLines = [flowLine, exchangeLine, edgeLine];

/** Asserts that a program printed just these lines. */
export function assertPrinted(stdout, lines) {
  assert.deepEqual(stdout.trim().split(/\r?\n/), lines);
}
