// The local HelseID, as `start` opens it: below a path of the shared port, with its login page.

import { SignJWT } from "jose";

import { createGate } from "../shared/gate.mjs";
import { REDIRECT_URI, startHelseId } from "./index.mjs";
import { key } from "./keys.mjs";
import { PEOPLE } from "./people.mjs";

/** Settings that its configuration may hold. */
export const SETTINGS = ["clients", "people", "faults"];

const ENDPOINTS = { authorize: "authorization", token: "token", par: "par", userinfo: "userinfo", endsession: "logout", revocation: "revocation" };

const endpointOf = (path) => {
  if (path === "/.well-known/openid-configuration/jwks") return "jwks";
  if (path.startsWith("/.well-known/")) return "discovery";
  return ENDPOINTS[path.split("/")[2]] ?? "login";
};

export async function open({ origin, base, clock, config }) {
  const people = config.people ?? PEOPLE;
  const { privateJwk } = await key("client PS256");
  const own = (config.clients ?? []).map(({ redirectUris = [], tenancy = "single", ...client }) => ({ redirectUris, tenancy, ...client }));
  const helseid = await startHelseId({ issuer: origin + base, pages: true, people, clients: own });
  const gate = createGate({
    base,
    endpoints: ["login", "jwks", "discovery", ...Object.values(ENDPOINTS)],
    endpointOf,
    port: () => helseid.port,
    named: config.faults,
    now: () => clock.now(),
  });
  return {
    issuer: helseid.issuer,
    environment: { issuer: helseid.issuer },
    clients: config.clients ?? [
      { clientId: "single", privateJwk, redirectUris: [REDIRECT_URI], organization: "994598759" },
      { clientId: "multi", privateJwk, redirectUris: [REDIRECT_URI], organization: "994598759" },
    ],
    people: people.map(({ sub, name }) => ({ sub, name })),
    gates: { main: gate },
    control: helseid,
    issueToken: ({ aud = "nhn:kj", scope = "nhn:kj/api", life = 600, ...claims } = {}) =>
      new SignJWT({ client_id: "single", scope: scope.split(" "), ...claims })
        .setProtectedHeader({ alg: "RS256", typ: "at+jwt", kid: helseid.signing.kid })
        .setIssuer(helseid.issuer)
        .setAudience(aud)
        .setIssuedAt()
        .setExpirationTime(`${life}s`)
        .setJti(crypto.randomUUID())
        .sign(helseid.signing.privateKey),
    clock: "the machine's",
    reset: () => void (helseid.log.length = 0),
    close: () => helseid.close(),
  };
}
