// A suite for servers and workers: a machine's token from HelseID, with both of the package's wasm modules at work.
// The server is a stub here, so that the suite needs no network; `tests/helseid` has the real one.
// Refuses nothing; it hands back what was sent and what came of it.

import { HelseId, SigningKey, claimOf } from "samtykke/helseid";

const ISSUER = "https://helseid-sts.test.nhn.no";
const part = (text) => JSON.parse(atob(text.replace(/-/g, "+").replace(/_/g, "/")));
const encoded = (value) => btoa(JSON.stringify(value)).replace(/=/g, "").replace(/\+/g, "-").replace(/\//g, "_");

export async function run() {
  const key = await SigningKey.generate({ alg: "PS256", kid: "k" });
  const sent = [];
  const fetch = async (url, init) => {
    if (url.endsWith("/openid-configuration")) {
      const [authorization_endpoint, token_endpoint, pushed_authorization_request_endpoint] = ["authorize", "token", "par"].map(
        (path) => `${ISSUER}/connect/${path}`,
      );
      return Response.json({ issuer: ISSUER, authorization_endpoint, token_endpoint, pushed_authorization_request_endpoint, jwks_uri: `${ISSUER}/jwks` });
    }
    const form = new URLSearchParams(init.body);
    const [head, claims] = form.get("client_assertion").split(".");
    const proof = part(init.headers.dpop.split(".")[1]);
    sent.push({ url, typ: part(head).typ, aud: part(claims).aud, details: part(claims).assertion_details?.type, nonce: proof.nonce });
    if (!proof.nonce) return Response.json({ error: "use_dpop_nonce" }, { status: 400, headers: { "dpop-nonce": "n-1" } });
    const token = [encoded({ alg: "RS256" }), encoded({ aud: "nhn:kj", cnf: { jkt: key.thumbprint } }), "AAAA"].join(".");
    return Response.json({ access_token: token, token_type: "DPoP", expires_in: 600, rejected_scope: "a:b/c" });
  };
  const helseid = await HelseId.connect({ environment: "test", clientId: "c", key, fetch });
  const asked = { scope: "nhn:kj/api", resource: "nhn:kj", details: { organization: { tenancy: "multi", parent: "999977775" } } };
  const [one, two] = await Promise.all([helseid.machine(asked), helseid.machine(asked)]);
  let refused;
  try {
    claimOf({ organization: { tenancy: "multi", parent: "1" } });
  } catch (error) {
    refused = { code: error.code, expected: error.expected, hint: error.hint };
  }
  return { sent, same: one === two, type: one.tokenType, rejected: one.rejectedScope, refused };
}
