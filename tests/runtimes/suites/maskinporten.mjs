// A suite for servers and workers: Maskinporten's grant, its errors, and the self-service, with both of the package's wasm modules at work.
// The server is a stub here, so that the suite needs no network; `tests/maskinporten` has the real one.
// Refuses nothing; it hands back what was sent and what came of it.

import { MaskinportenClient, SelfService, SigningKey, maskinporten, problem } from "samtykke/maskinporten";

const part = (text) => JSON.parse(atob(text.replace(/-/g, "+").replace(/_/g, "/")));

export async function run() {
  const sent = [];
  const ids = new Set();
  const fetch = async (url, init) => {
    const { pathname, search } = new URL(url);
    if (!url.endsWith("/token")) {
      sent.push({ call: `${init.method} ${pathname}${search}`, bearer: new Headers(init.headers).get("authorization") });
      return Response.json(
        pathname.endsWith("/scopes") ? { name: "difitest:things" } : { scope: "difitest:things", state: "APPROVED", consumer_orgno: "889640782" },
      );
    }
    const form = new URLSearchParams(init.body);
    const [header, claims] = form.get("assertion").split(".", 2).map(part);
    ids.add(claims.jti);
    sent.push({
      url,
      grant: form.get("grant_type"),
      alg: header.alg,
      kid: header.kid,
      names: Object.keys(claims).sort().join(" "),
      aud: claims.aud,
      life: claims.exp - claims.iat,
    });
    if (claims.scope === "difitest:ungranted") return Response.json({ error: "access_denied", error_description: "MP-250: no access" }, { status: 400 });
    return Response.json({ access_token: "token-1", token_type: "Bearer", expires_in: 119, scope: claims.scope });
  };
  const mp = maskinporten({ environment: "test", clientId: "c" });
  const client = new MaskinportenClient(mp, await SigningKey.generate({ alg: "RS256", kid: "k" }), { fetch });
  const { accessToken, expiresIn } = await client.token({ scope: "difitest:api3", resource: "https://api.example.no" });
  const api = new SelfService(mp, { token: accessToken, fetch });
  const { name } = await api.createScope({ prefix: "difitest", subscope: "things", description: "Things" });
  const { state } = await api.grantAccess("889640782", name);
  const denied = await client.token({ scope: "difitest:ungranted" }).catch(problem);
  const refused = await api.grantAccess("889640783", name).catch(({ code }) => code);
  return { sent, ids: ids.size, expiresIn, name, state, denied: [denied.id, denied.kind, denied.again], refused };
}
