// A suite for Node, Deno, Bun and workerd: the person comes back to the receiver on loopback, or to the route of a worker.

import { Client, none } from "samtykke";
import { Enrolment, Selvbetjening, confirmRoute, loopback } from "samtykke/selvbetjening";

/** The receiver; what kept it from listening, where a runtime cannot. */
async function receive(port) {
  let receiver;
  try {
    receiver = await loopback({ port, host: "127.0.0.1" });
  } catch (error) {
    return error.code;
  }
  const ask = async (url, init) => {
    const response = await fetch(url, init);
    return [response.status, (await response.text()).split("\n")[0]];
  };
  const waiting = receiver.wait({ seconds: 20 });
  const url = `${receiver.redirectUri}?status=Success`;
  const answers = [await ask(new URL("/favicon.ico", url)), await ask(url, { method: "POST" }), await ask(url)];
  return { answers, same: (await waiting) === url };
}

/** The route, with a service made of one answer. */
async function route() {
  const kept = new Map();
  const store = { read: (id) => kept.get(id), write: (id, text) => void kept.set(id, text) };
  const sent = [];
  const service = new Selvbetjening({
    environment: "test",
    login: () => new Client({}, none()),
    fetch: async (url, init) => (sent.push([url, init.headers["api-key"], typeof JSON.parse(init.body).publicJwk]), Response.json({ clientId: "c-1" })),
  });
  const enrolment = await Enrolment.begin(
    service,
    { organizationNumber: "999977774" },
    { apiKey: "k", store, redirectUri: (id) => `https://app.example.no/confirmed/${id}` },
  );
  const confirmed = confirmRoute(service, { store });
  const ask = async (query) => (await confirmed(new Request(`https://app.example.no/confirmed/${enrolment.id}${query}`))).status;
  return { sent, confirmUrl: enrolment.confirmUrl, answers: [await ask("?status=Aborted"), await ask("?status=Success"), await ask("?status=Success")] };
}

export async function run({ port }) {
  return { received: await receive(port), routed: await route() };
}
