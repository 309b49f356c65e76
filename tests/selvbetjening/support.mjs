// What the tests of Selvbetjening share: a service, a client at the local HelseID, a store that remembers its writes.

import assert from "node:assert/strict";
import { Client, discover, privateKeyJwt } from "samtykke";
import { Enrolment, SamtykkeError, Selvbetjening } from "samtykke/selvbetjening";
import { TEMPLATE, startSelvbetjening } from "samtykke-local/selvbetjening";

export const ORGANIZATION = TEMPLATE.organizations[0];
export const DRAFT = { organizationNumber: ORGANIZATION, apiScopes: ["nhn:selvbetjening/client"] };
export const REDIRECT = "http://localhost:4406/confirmed/8fdK";
export const QUICK = { first: 0.02, longest: 0.05, limit: 5 };

export const code = (name) => (error) => {
  assert.ok(error instanceof SamtykkeError, `${error?.stack}`);
  assert.equal(error.code, name, error.message);
  return true;
};

/** A store in memory; `writes` are what was written, in order. */
export function memoryStore() {
  const kept = new Map();
  const writes = [];
  return { kept, writes, read: (id) => kept.get(id), write: async (id, text) => void (writes.push(JSON.parse(text)), kept.set(id, text)) };
}

export const loginTo =
  (world) =>
  async ({ clientId, key }) => {
    const helseid = await discover(world.issuer, {
      clientId,
      development: true,
      requireDpop: true,
      freeResource: true,
      assertion: { typ: "client-authentication+jwt", lifetime: 30, notBefore: true },
    });
    return new Client(helseid, privateKeyJwt(key), { dpop: key });
  };

/** A local service, closed after the test, and the library's view of it. */
export async function begun(t, settings, options) {
  const world = await startSelvbetjening(settings);
  t.after(() => world.close());
  const service = new Selvbetjening({ environment: world.environment, login: loginTo(world), ...options });
  const store = memoryStore();
  return { world, service, store, control: world.control };
}

/** A client that is confirmed and usable. */
export async function enrolled(t, settings, options, draft = DRAFT) {
  const all = await begun(t, settings, options);
  const enrolment = await Enrolment.begin(all.service, draft, { apiKey: TEMPLATE.apiKey, store: all.store, redirectUri: REDIRECT });
  const record = all.control.clients()[0];
  all.control.state.confirm(record);
  return { ...all, enrolment, record };
}
