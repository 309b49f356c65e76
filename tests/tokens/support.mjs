// Shared by the tests of the token source: tokens as a request would give them, a clock that tests move, sources on it.

import assert from "node:assert/strict";
import { SamtykkeError } from "samtykke";
import { TokenSource } from "samtykke/tokens";

import { tokensFrom } from "../lib/answering.mjs";

export const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Tokens that passed the core's checks. */
export function tokensOf(accessToken, more = {}) {
  return tokensFrom({
    contentType: "application/json",
    body: JSON.stringify({ access_token: accessToken, token_type: "Bearer", expires_in: 120, ...more }),
  });
}

/** A judged error answer, as a client throws it. */
export function answerError(status, body = '{"error":"invalid_client"}', { contentType = "application/json", retryAfter } = {}) {
  return tokensFrom({ status, contentType, body, retryAfter }).then(
    () => assert.fail("a good answer"),
    (error) => error,
  );
}

/**
 * A source that counts its questions. `answer` gets the target, how many questions came before, and the signal; it gives
 * tokens, or throws. `clock.add` moves the source's clock and no timer.
 */
export function sourceOf(answer = (_, at) => tokensOf(`t${at + 1}`), settings = {}) {
  const asked = [];
  const clock = { skew: 0, add: (milliseconds) => (clock.skew += milliseconds), now: () => Date.now() + clock.skew };
  const source = new TokenSource({
    issuer: "https://op.example",
    clientId: "client-1",
    clock: clock.now,
    request: async (target, signal) => {
      asked.push(target);
      return answer(target, asked.length - 1, signal);
    },
    ...settings,
  });
  return { source, asked, clock };
}

export async function failsWith(promise, code, more = {}) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof SamtykkeError, String(error?.stack ?? error));
    assert.equal(error.code, code);
    for (const [name, value] of Object.entries(more)) assert.deepEqual(JSON.parse(JSON.stringify(error[name])), value, name);
    return true;
  });
}
