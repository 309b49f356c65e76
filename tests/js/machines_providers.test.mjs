// The providers' own machines of tests/machines/table.json, each in the wasm of its provider, through the provider's public API; and what
// befalls them where a step fails.

import { MaskinportenClient, SelfService, maskinporten } from "../../pkg/dist/maskinporten.js";
import { AgreementApi, DebtApi, norskgjeld } from "../../pkg/dist/norskgjeld.js";
import { SigningKey } from "../../pkg/dist/lib/crypto/keys.js";
import { calls } from "../../pkg/dist/lib/providers/calls.js";
import { NOW, WRONG_CALL, cases, plays, signing } from "./machines.mjs";
import { inject } from "./injected.mjs";
import { joined } from "../../pkg/dist/lib/core/wasm.js";

const preprod = norskgjeld({ environment: "preprod", clientId: "client-1", redirectUri: "https://rp.example/cb" });
const debt = ({ fetch, token }) => new DebtApi(preprod, { fetch, token, traceId: "trace-1" });

const rsa = await SigningKey.custom({
  alg: "RS256",
  kid: "key-1",
  publicJwk: { kty: "RSA", e: "AQAB", n: `u${"7".repeat(340)}w` },
  // As long as the modulus, where the signer makes one.
  sign: async () => {
    const signed = await signing.now();
    return signed.length === 64 ? new Uint8Array(256).fill(1) : signed;
  },
});
const service = ({ fetch, token }) => new SelfService(maskinporten({ environment: "test", clientId: "client-1" }), { fetch, token });

/** By what the table calls them; `host` holds `fetch`, `token` and `change`. */
const MADE = {
  norskgjeld_debt: ({ id, signal }, host) => debt(host).debtById(id, { signal }),
  norskgjeld_status: ({ id, signal }, host) => debt(host).status(id, { signal }),
  norskgjeld_revoke: ({ id, signal }, host) => debt(host).revoke(id, { signal }),
  norskgjeld_register: ({ nin, signal }, { fetch, token }) =>
    new AgreementApi(preprod, { fetch, token, traceId: "trace-1" }).register({ nin, purpose: "processing", days: 28, clientConsentId: "own-1" }, { signal }),
  // One page: the feed's own are a chain of them.
  norskgjeld_feed: ({ cursor, next, signal }, { fetch, token }) =>
    calls("norskgjeld_feed", joined(["preprod", "trace-1", 2, ...(next ? ["", next] : [cursor, 2])]), { transport: { fetch }, signal, token }),
  maskinporten_call: ({ operation, arguments: values, body, signal }, host) =>
    service(host)[operation](...values, ...(body ? [JSON.parse(body)] : []), { signal }),
  maskinporten_keys: ({ id, edit, key, signal }, host) => service(host)[`${edit}Key`](id, edit === "add" ? JSON.parse(key) : key, { signal }),
  maskinporten_token: ({ scope, patience = 0, signal }, { fetch }) =>
    new MaskinportenClient(maskinporten({ environment: "test", clientId: "client-1" }), rsa, { fetch, patience }).token({ scope, ...(signal && { signal }) }),
  maskinporten_update: ({ what, name, signal }, host) => service(host)[what === "scope" ? "updateScope" : "updateClient"](name, host.change, { signal }),
};

for (const provider of ["norskgjeld", "maskinporten"]) {
  const own = Object.keys(MADE).filter((name) => name.startsWith(`${provider}_`));
  plays(own, provider, (what, host) => MADE[what.machine](what, host), WRONG_CALL);
  inject({
    cases: cases.filter(({ what }) => own.includes(what.machine)),
    now: NOW,
    made: Object.fromEntries(own.map((name) => [name, (_, what, __, ___, host) => MADE[name](what, host)])),
    clientOf: () => undefined,
    signing: (sign) => void (signing.now = sign),
    isOwn: (name) => name.startsWith(provider),
    any: provider,
  });
}
