// Many flows in one process: each call leaves the memory of the wasm as it found it.
// The bound is on resident memory after a warm-up, so that compiled code and buffers are not counted.
// Refuses growth with the number of flows, and answers that differ from the first.

import assert from "node:assert/strict";
import { test } from "node:test";

import { begin, finish } from "samtykke";

import { tokensFrom } from "../lib/answering.mjs";

import { REDIRECT_URI, preprod } from "./support.mjs";

function flows(count) {
  for (let at = 0; at < count; at++) {
    const { transaction, state } = begin(preprod, { purpose: "presentation", days: 1 + (at % 365) });
    const checked = finish(preprod, transaction, `${REDIRECT_URI}?code=c${at}&state=${state}`);
    assert.equal(checked.code, `c${at}`);
  }
}

test("20,000 flows leave the memory as it was", () => {
  flows(2000);
  const before = process.memoryUsage().rss;
  flows(20_000);
  const grown = (process.memoryUsage().rss - before) / (1 << 20);
  assert.ok(grown < 64, `${grown.toFixed(1)} MiB more`);
});

test("large answers in a row do not pile up either", async () => {
  const body = JSON.stringify({ access_token: "x", token_type: "Bearer", padding: "x".repeat(900_000) });
  const judge = () => tokensFrom({ contentType: "application/json", body });
  for (let round = 0; round < 20; round++) await judge();
  const before = process.memoryUsage().rss;
  for (let round = 0; round < 200; round++) assert.equal((await judge()).accessToken, "x");
  const grown = (process.memoryUsage().rss - before) / (1 << 20);
  assert.ok(grown < 64, `${grown.toFixed(1)} MiB more`);
});
