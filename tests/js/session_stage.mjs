// A browser, an edge and a server of Keycloak's kind, for the tests of sessions.

import assert from "node:assert/strict";

import { Client, clientSecretBasic, provider } from "samtykke";
import { createEdge } from "samtykke/edge";

import { ENDPOINTS, ISSUER, keycloak } from "../lib/keycloak.mjs";
import { Jar, ORIGIN, assertSafe, key } from "./browser.mjs";

const REDIRECT_URI = `${ORIGIN}/callback`;
const op = provider({ issuer: ISSUER, ...ENDPOINTS, clientId: "app", redirectUri: REDIRECT_URI });
export const clientFor = ({ fetch }, options = {}) => new Client(op, clientSecretBasic("s"), { fetch, ...options });

/** A browser, an edge, and a server of Keycloak's kind. */
export async function stage({ server, jar = new Jar(), keys = [key()], client, ...options } = {}) {
  const world = server ?? (await keycloak());
  const errors = [];
  const make = (more = {}) => createEdge({ client: client ?? clientFor(world), keys, onError: (error) => errors.push(error), ...options, ...more });
  const edge = make();
  const request = (path, { headers, method } = {}) => new Request(new URL(path, ORIGIN), { method, headers: { cookie: jar.header(), ...headers } });
  const take = (response) => jar.take(response);
  async function signIn(what = { scope: "openid offline_access" }, more, person) {
    const away = take(await edge.login(request("/login"), what, more));
    assert.equal(away.status, 303, errors.join());
    const back = world.authorize(away.headers.get("location"), person);
    const home = take(await edge.callback(request(back.url)));
    assertSafe(home);
    return { home, ...back };
  }
  const refresh = async (of = edge, always = true) => {
    const found = await of.refresh(request("/"), { always });
    take(of.answer(new Response("page"), found.cookies));
    return found;
  };
  const post = (path, headers = {}) => request(path, { method: "POST", headers: { "sec-fetch-site": "same-origin", ...headers } });
  return { world, jar, edge, make, errors, request, take, signIn, refresh, post, keys, session: () => edge.session(request("/")) };
}
