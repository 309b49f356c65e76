// Selvbetjening's machines in its wasm, step by step, as tests/machines/table.json says and tests/core/table.rs compares natively: a draft,
// a question of a wait, a change of settings, a key replaced or given up. The service's own client and its enrolments make and drive
// them; and what befalls them where a step fails. Refuses a step that the crate's machine would not have taken.

import assert from "node:assert/strict";
import { test } from "node:test";

import { SigningKey } from "../../pkg/dist/lib/crypto/keys.js";
import { Enrolment, Selvbetjening } from "../../pkg/dist/selvbetjening.js";
import { fault, inject } from "./injected.mjs";
import { NOW, WRONG_SELVBETJENING, cases, key, machines, plays, signing } from "./machines.mjs";

/** A service whose calls, and the tokens for them, come from a client of the caller's. */
const serviceOf = (call, clientCredentials, fetch) =>
  new Selvbetjening({
    environment: { portal: "https://portal.example", api: "https://api.example" },
    login: () => ({ clientCredentials, fetch: () => call }),
    fetch,
  });

/** Calls that come to what the table gives. */
const given = (next) => async () => {
  const { response, refused } = next("response", "refused");
  if (refused) return fault(refused);
  const { status, headers, json, body } = response;
  return new Response(body ?? JSON.stringify(json), { status, headers: { "content-type": "application/json", ...headers } });
};

/** The key that a client of the table has before it gets another. */
const old = await SigningKey.custom({
  alg: "ES256",
  publicJwk: { kty: "EC", crv: "P-256", x: "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0", y: "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps" },
  sign: () => signing.now(),
});
const keys = { create: async () => "new", open: async (name) => ({ new: key, old })[name] };

/** A program's store: what is in it, and what writes to it. */
const keeping = (write, text) => ({ store: { read: () => text, write: (_, text) => write(text) }, keys });

/** The enrolment of a record. */
const opened = (service, { record }, write) => {
  const handles = { [old.thumbprint]: "old", [key.thumbprint]: "new" };
  return Enrolment.open(service, "e", keeping(write, JSON.stringify({ ...record, handles })));
};

/** One question of a wait: it is over at its pause. */
async function ask(service, { approval, next, signal }) {
  const client = service.as({ clientId: "c-1", key });
  const options = signal ? { signal } : {};
  if (next) return service.drive("selvbetjening_wait", ["", "", "", ""], next, { as: () => client, options });
  const ending = new AbortController();
  signal?.addEventListener("abort", () => ending.abort(signal.reason));
  let paused = false;
  const onWait = () => {
    paused = true;
    ending.abort();
  };
  const wait = approval ? client.waitForApproval({ signal: ending.signal, onWait }) : client.waitUntilUsable({ signal: ending.signal, onWait });
  return wait.catch((error) => {
    if (!paused) throw error;
  });
}

/** How a caller has each machine made; `change` says what settings are to be, `write` stores a record. */
const MADE = {
  selvbetjening_draft: (service, { older, signal }, { write }) =>
    Enrolment.begin(
      service,
      { organizationNumber: "999977774" },
      {
        ...keeping(write),
        ...(signal && { signal }),
        apiKey: "correct-horse",
        id: "e",
        redirectUri: "http://localhost:4406/confirmed/8fdK",
        form: older ? "older" : "present",
      },
    ),
  selvbetjening_wait: ask,
  selvbetjening_update: (service, { signal }, { change }) => service.as({ clientId: "c-1", key }).update(change, { signal }),
  selvbetjening_rotate: async (service, what, { write }) => {
    const { first, limit, signal } = what;
    return (await opened(service, what, write)).rotateKey({ ...(first && { first }), ...(limit && { limit }), ...(signal && { signal }) });
  },
  selvbetjening_abandon: async (service, what, { write }) => (await opened(service, what, write)).abandonKey(what.signal ? { signal: what.signal } : {}),
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
  async (what, { next, fetch, store, change }) => {
    const service = serviceOf(given(next), async () => ({ accessToken: "at-1" }), fetch);
    return MADE[what.machine](service, what, { change, write: store });
  },
  WRONG_SELVBETJENING,
  "test",
);

inject({
  cases: cases.filter(({ what }) => Object.hasOwn(MADE, what.machine)),
  now: NOW,
  made: Object.fromEntries(Object.entries(MADE).map(([name, play]) => [name, (service, what, write, _, { change }) => play(service, what, { change, write })])),
  clientOf: (_, fetch, __, { call, credentials }) => serviceOf(call, credentials, fetch),
  signing: (sign) => void (signing.now = sign),
  any: "selvbetjening_update",
  lines: "test",
  isOwn: (name) => name.startsWith("selvbetjening_"),
});
