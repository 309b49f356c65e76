// Selvbetjening's machines in its wasm, step by step, as tests/machines/table.json says and tests/core/table.rs compares natively: a change
// of settings, a key registered. The service's own client makes and drives them.
// Refuses a step that the crate's machine would not have taken.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Selvbetjening } from "../../pkg/dist/selvbetjening.js";
import { SamtykkeError } from "../../pkg/dist/lib/core/error.js";
import { WRONG_SELVBETJENING, key, machines, plays } from "./machines.mjs";

/** A service whose calls come to what the table gives. */
function serviceOf(next) {
  const call = async () => {
    const { response, refused } = next("response", "refused");
    if (refused === "invalid_client") throw new SamtykkeError({ code: "token_error", phase: "token", oauth: { error: refused } });
    if (refused) throw new SamtykkeError({ code: refused, phase: "api" });
    const { status, headers, json, body } = response;
    return new Response(body ?? JSON.stringify(json), { status, headers: { "content-type": "application/json", ...headers } });
  };
  const login = () => ({ clientCredentials: async () => ({ accessToken: "at-1" }), fetch: () => call });
  return new Selvbetjening({ environment: { portal: "https://portal.example", api: "https://api.example" }, login });
}

/** How a caller has each machine made. */
const MADE = {
  selvbetjening_update: (service, _, next) => service.as({ clientId: "c-1", key }).update(() => next("answered").answered),
  selvbetjening_register(service, { resumed = false }) {
    const [old, fresh] = [1, 2].map(() => service.as({ clientId: "c-1", key }));
    return fresh.register(async () => old, { ...key.publicJwk, alg: "ES256", kid: "k1" }, resumed, {});
  },
};

test("Selvbetjening's machines are those of the table", () => {
  assert.deepEqual(
    Object.keys(MADE).sort(),
    machines.filter((name) => name.startsWith("selvbetjening_")),
  );
});

plays(Object.keys(MADE), "selvbetjening_update", async (what, { next }) => MADE[what.machine](serviceOf(next), what, next), WRONG_SELVBETJENING, "test");
