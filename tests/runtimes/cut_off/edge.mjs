// A worker with edge handlers that nobody gave a waitUntil.

import { Client, clientSecretBasic, provider } from "samtykke";
import { createEdge } from "samtykke/edge";

let edge;

const made = (op) =>
  createEdge({
    client: new Client(
      provider({
        issuer: op,
        authorizationEndpoint: `${op}/authorize`,
        tokenEndpoint: `${op}/token`,
        clientId: "client-1",
        redirectUri: "http://localhost/callback",
        development: true,
      }),
      clientSecretBasic("a secret of the tests"),
    ),
    keys: "A".repeat(43),
    login: { scope: "read" },
    insecureLocalhost: true,
    behindProxy: true,
    // What a session is worth to the application, told when there is one.
    onSession: async ({ tokens }) => void (await fetch(`${op}/session`, { method: "POST", body: tokens.accessToken })),
  });

export default {
  async fetch(request, { OP }) {
    edge ??= made(OP);
    return (await edge.route(request)) ?? new Response("none", { status: 404 });
  },
};
