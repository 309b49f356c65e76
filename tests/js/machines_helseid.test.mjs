// HelseID's machines in its wasm, step by step, as tests/machines/table.json says and tests/core/table.rs compares natively: a login,
// a token of the client's own, a session alone and in many processes. HelseID's own client makes and drives them.
// Refuses a step that the crate's machine would not have taken.

import assert from "node:assert/strict";
import { test } from "node:test";

import { HelseId } from "../../pkg/dist/helseid.js";
import { ask, parties } from "../../pkg/dist/lib/protocol/party.js";
import { WRONG_SESSION, key, machines, plays } from "./machines.mjs";

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
  helseid_login: (helseid, { scope }) => helseid.login({ scope }),
  helseid_credentials: (helseid, { scope, resource }) => helseid.machine({ scope, ...(resource && { resource }) }),
  async helseid_session(helseid, { code, state, resource, load }, { store, kept }) {
    // A callback gives the client its code; here the code is there.
    if (code) return ask(parties.get(await helseid.client()), "helseid_session", [4, code, "", "", "", "", "", "", ""], { store });
    return helseid.session(JSON.stringify(state), { save: store, ...(load && { load: async () => (await kept("loaded"))?.text }) }).tokens({ resource });
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
