// Selvbetjening's machines in its wasm, step by step, as tests/machines/table.json says and tests/core/table.rs compares natively: a change
// of settings, a key registered. The service's own client makes and drives them; and what befalls them where a step fails.
// Refuses a step that the crate's machine would not have taken.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Selvbetjening } from "../../pkg/dist/selvbetjening.js";
import { fault, inject } from "./injected.mjs";
import { NOW, WRONG_SELVBETJENING, cases, key, machines, plays, signing } from "./machines.mjs";

/** A service whose calls, and the tokens for them, come from a client of the caller's. */
const serviceOf = (call, clientCredentials) =>
  new Selvbetjening({
    environment: { portal: "https://portal.example", api: "https://api.example" },
    login: () => ({ clientCredentials, fetch: () => call }),
  });

/** Calls that come to what the table gives. */
const given = (next) => async () => {
  const { response, refused } = next("response", "refused");
  if (refused) return fault(refused);
  const { status, headers, json, body } = response;
  return new Response(body ?? JSON.stringify(json), { status, headers: { "content-type": "application/json", ...headers } });
};

/** How a caller has each machine made; `change` says what settings are to be. */
const MADE = {
  selvbetjening_update: (service, { signal }, change) => service.as({ clientId: "c-1", key }).update(change, { signal }),
  selvbetjening_register(service, { resumed = false, signal }) {
    const [old, fresh] = [1, 2].map(() => service.as({ clientId: "c-1", key }));
    return fresh.register(async () => old, { ...key.publicJwk, alg: "ES256", kid: "k1" }, resumed, { signal });
  },
};

test("Selvbetjening's machines are those of the table", () => {
  assert.deepEqual(
    Object.keys(MADE).sort(),
    machines.filter((name) => name.startsWith("selvbetjening_")),
  );
});

plays(
  Object.keys(MADE),
  "selvbetjening_update",
  async (what, { next }) =>
    MADE[what.machine](
      serviceOf(given(next), async () => ({ accessToken: "at-1" })),
      what,
      () => next("answered").answered,
    ),
  WRONG_SELVBETJENING,
  "test",
);

inject({
  cases: cases.filter(({ what }) => Object.hasOwn(MADE, what.machine)),
  now: NOW,
  made: Object.fromEntries(Object.entries(MADE).map(([name, play]) => [name, (service, what, _, __, { change }) => play(service, what, change)])),
  clientOf: (_, __, ___, { call, credentials }) => serviceOf(call, credentials),
  signing: (sign) => void (signing.now = sign),
  any: "selvbetjening_update",
  lines: "test",
  isOwn: (name) => name.startsWith("selvbetjening_"),
});
