// A suite for servers and workers: a session with tokens of Keycloak's size through login, refresh and logout, from cookies and from
// a store, and two isolates that refresh at once. The server is a function in place of fetch, so that the suite needs no network.
// Refuses nothing; it hands back what came of it.

import { Client, clientSecretBasic, provider } from "samtykke";
import { createEdge } from "samtykke/edge";
import { storedSessions } from "samtykke/edge/store";
import { memoryStore } from "samtykke/tokens";

import { ENDPOINTS, ISSUER, keycloak } from "../../lib/keycloak.mjs";

const ORIGIN = "https://app.example.no";
const KEYS = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** A browser's cookies, and what the largest response set. */
function browser() {
  const jar = new Map();
  let largest = 0;
  const take = (response) => {
    const lines = response.headers.getSetCookie();
    largest = Math.max(largest, lines.join("").length);
    for (const line of lines) {
      const pair = line.split(";", 1)[0];
      const at = pair.indexOf("=");
      if (/Max-Age=0;/.test(line)) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  };
  const request = (path, init = {}) =>
    new Request(new URL(path, ORIGIN), { ...init, headers: { cookie: [...jar].map((pair) => pair.join("=")).join("; "), ...init.headers } });
  return { jar, take, request, largest: () => largest };
}

async function session(options) {
  const server = await keycloak();
  const op = provider({ issuer: ISSUER, ...ENDPOINTS, clientId: "app", redirectUri: `${ORIGIN}/callback` });
  const errors = [];
  const waited = [];
  const edge = () =>
    createEdge({
      client: new Client(op, clientSecretBasic("s"), { fetch: server.fetch }),
      keys: KEYS,
      postLogoutRedirectUri: `${ORIGIN}/bye`,
      waitUntil: (work) => waited.push(work),
      onError: ({ code, cause }) => errors.push(`${code} ${cause?.message ?? ""}`),
      ...options,
    });
  const [one, two] = [edge(), edge()];
  const { jar, take, request, largest } = browser();
  const away = take(await one.login(request("/login"), { scope: "openid offline_access", acrValues: ["1"] }, { returnTo: "/home", state: { items: 3 } }));
  const home = take(await one.callback(request(server.authorize(away.headers.get("location")).url)));
  const first = await two.session(request("/"));
  const kept = first && [first.claims.sub, first.claims.acr, first.tokens.accessToken.length > 1_300, first.tokens.idToken.length > 1_000];
  const before = [...jar].join();
  const both = await Promise.all([one, two, one, two].map((isolate) => isolate.refresh(request("/"), { always: true })));
  for (const { cookies } of both) take(one.answer(new Response("page"), cookies));
  const same = new Set(both.map(({ session }) => session?.tokens.accessToken)).size;
  const { refresh } = server.requests;
  const again = await two.session(request("/"));
  const fresh = again?.tokens.accessToken !== first?.tokens.accessToken;
  const cookieStays = before === [...jar].join();
  const out = take(await one.logout(request("/logout", { method: "POST", headers: { "sec-fetch-site": "same-origin" } })));
  await Promise.all(waited);
  const hint = new URL(out.headers.get("location")).searchParams.has("id_token_hint");
  return {
    home: home.headers.get("location"),
    kept,
    same,
    refresh,
    fresh,
    cookieStays,
    hint,
    left: await one.session(request("/")),
    revoked: server.requests.revoke,
    small: largest() <= 3_800,
    waited: waited.length > 1,
    errors,
  };
}

export async function run() {
  return { cookies: await session({ refresh: "best-effort" }), store: await session({ store: storedSessions(memoryStore()) }) };
}
