// HelseID's machines in its wasm, step by step, as tests/machines/table.json says and tests/core/table.rs compares natively: a login,
// a token of the client's own, a session alone and in many processes. HelseID's own client makes and drives them.
// Refuses a step that the crate's machine would not have taken.

import assert from "node:assert/strict";
import { test } from "node:test";

import { HelseId } from "../../pkg/dist/helseid.js";
import { ask, parties } from "../../pkg/dist/lib/protocol/party.js";
import { inject } from "./injected.mjs";
import { NOW, WRONG_SESSION, cases, key, machines, plays, signing } from "./machines.mjs";

/** A client of HelseID's. What its metadata says is not the table's. */
async function helseidOf({ jwks, shared, optional }, fetch, sessionStore) {
  const at = (path) => `https://op.example/connect/${path}`;
  const metadata = {
    issuer: "https://op.example",
    authorization_endpoint: at("authorize"),
    token_endpoint: at("token"),
    pushed_authorization_request_endpoint: at("par"),
    jwks_uri: at("jwks"),
  };
  return HelseId.connect({
    environment: { issuer: metadata.issuer },
    clientId: "client-1",
    redirectUri: "https://rp.example/cb",
    key,
    jwks,
    fetch: (url, init) => (String(url).includes("/.well-known/") ? Promise.resolve(Response.json(metadata)) : fetch(url, init)),
    ...(shared && { sessionStore, sessionStoreOptional: !!optional }),
  });
}

/** How a caller has each machine made. */
const MADE = {
  helseid_login: (helseid, { scope, signal }) => helseid.login({ scope, signal }),
  helseid_credentials: (helseid, { scope, resource, signal }) => helseid.machine({ scope, signal, ...(resource && { resource }) }),
  async helseid_session(helseid, { code, state, resource, load, signal }, { store, kept }) {
    // A callback gives the client its code; here the code is there.
    if (code) return ask(parties.get(await helseid.client()), "helseid_session", [4, code, "", "", "", "", "", "", ""], { store, signal });
    return helseid
      .session(JSON.stringify(state), { save: store, ...(load && { load: async () => (await kept("loaded"))?.text }) })
      .tokens({ resource, signal });
  },
};

test("HelseID's machines are those of the table", () => {
  assert.deepEqual(
    Object.keys(MADE).sort(),
    machines.filter((name) => name.startsWith("helseid_")),
  );
});

plays(
  Object.keys(MADE),
  "helseid_credentials",
  async (what, { fetch, store, kept, sessionStore }, begin) => {
    const helseid = await helseidOf(what, fetch, sessionStore);
    begin();
    return MADE[what.machine](helseid, what, { store, kept });
  },
  WRONG_SESSION,
);

inject({
  cases: cases.filter(({ what }) => Object.hasOwn(MADE, what.machine)),
  now: NOW,
  made: Object.fromEntries(Object.entries(MADE).map(([name, play]) => [name, (helseid, what, store, _, { kept }) => play(helseid, what, { store, kept })])),
  clientOf: (what, fetch, _, { sessionStore }) => helseidOf(what, fetch, sessionStore),
  signing: (sign) => void (signing.now = sign),
  any: "helseid_credentials",
  isOwn: (name) => name.startsWith("helseid_"),
});
