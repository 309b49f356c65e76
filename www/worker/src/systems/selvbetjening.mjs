// Selvbetjening's guide: draft a client by an API key, have a person confirm it, watch its access turn from pending to ok.
// NHN, Selvbetjening for HelseID.
// Refuses to confirm anything but the draft that was begun; the person who confirms is made up, as is who approves.
import { Client, discover, privateKeyJwt } from "samtykke";
import { Enrolment, Selvbetjening } from "samtykke/selvbetjening";
import { fact, once, settingsOf } from "./tools.mjs";

const REDIRECT = "http://localhost:4406/confirmed";

const service = (context) => once(context, "service", async (fetch) => {
  const { environment, issuer } = settingsOf(context.env, "selvbetjening");
  const login = async ({ clientId, key }) => {
    const helseid = await discover(issuer, {
      clientId, development: true, requireDpop: true, freeResource: true, fetch, assertion: { typ: "client-authentication+jwt", lifetime: 30, notBefore: true },
    });
    return new Client(helseid, privateKeyJwt(key), { dpop: key, fetch });
  };
  return new Selvbetjening({ environment, login, fetch });
});

async function status(context) {
  const { left } = context;
  await service(context);
  left.client ??= await left.enrolment?.client();
  const current = await left.client.waitUntilUsable({ first: 0.2, longest: 1, limit: 10 });
  return [fact("ready", current.ready), fact("pending", current.pending), fact("unknown", current.unknown)];
}

export const selvbetjening = {
  id: "selvbetjening",
  ready: (env) => settingsOf(env, "selvbetjening") !== undefined,
  steps: {
    async draft(context) {
      const { left, env } = context;
      const { apiKey, organisation } = settingsOf(env, "selvbetjening");
      left.store ??= new Map();
      left.client = undefined;
      left.enrolment = await Enrolment.begin(await service(context), { organizationNumber: organisation, apiScopes: ["nhn:selvbetjening/client", "nhn:phr/mhd"] }, {
        apiKey, redirectUri: REDIRECT, store: { read: (id) => left.store.get(id), write: async (id, text) => void left.store.set(id, text) },
      });
      return [fact("client_id", left.enrolment.clientId), fact("confirm", left.enrolment.confirmUrl)];
    },
    async confirm({ left, fetch }) {
      // What a person does in the browser: opens the page, and says yes.
      const answer = await fetch(left.enrolment.confirmUrl, { method: "POST", body: new URLSearchParams({ decision: "approve" }), redirect: "manual" });
      await left.enrolment.confirm(answer.headers.get("location"));
      return [fact("confirmed", left.enrolment.confirmed)];
    },
    status,
    async approve({ left, env }) {
      await env.LOCAL_SYSTEMS.fetch("http://local/approve", { method: "POST", body: JSON.stringify({ approve: left.enrolment.clientId }) });
      return [fact("approved", left.enrolment.clientId)];
    },
    ready: status,
  },
};
