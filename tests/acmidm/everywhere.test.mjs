// The packed package with ACM/IDM and Region Halland in every server-side runtime: Node, workerd, Deno, Bun; the same outcome in each.
// A runtime that is not there is a gap, told by name.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Client, SigningKey, privateKeyJwt } from "samtykke";
import { acmIdmLogin, acmidm } from "samtykke/acmidm";
import { CLIENT as HALLAND, HSA, KEYS, startHalland } from "samtykke-local/halland";
import { installTarball, pack } from "../lib/pack.mjs";
import { runSuite } from "../runtimes/index.mjs";
import { API, CALLBACK, CLIENT, LOGIN, ORGANISATION, browse, startAcmIdm } from "samtykke-local/acmidm";

const HERE = dirname(fileURLToPath(import.meta.url));
const FOLDER = join(dirname(dirname(HERE)), "target", "acmidm");
let acm, region, packageDir, login;
before(async () => {
  packageDir = await installTarball(await pack(join(FOLDER, "tarball")), join(FOLDER, "project"));
  [acm, region] = await Promise.all([startAcmIdm(), startHalland()]);
  // A person logs in once; each runtime gets the token of that login.
  const key = await SigningKey.fromJwk(acm.key, { alg: "RS256" });
  const client = new Client(acmidm({ environment: { issuer: acm.issuer }, clientId: LOGIN, redirectUri: CALLBACK }), privateKeyJwt(key));
  const { url, transaction } = client.begin(acmIdmLogin());
  const { accessToken } = await client.exchange(client.finish(transaction, await browse(url)));
  login = { client: LOGIN, callback: CALLBACK, token: accessToken };
});
after(() => Promise.all([acm?.close(), region?.close()]));

for (const runtime of ["node", "node22", "node24", "workerd", "deno", "bun"]) {
  test(`both providers in ${runtime}`, async (t) => {
    const origin = (url) => new URL(url).origin;
    const { keyPem: key, pem: certificate } = region.certificate;
    const { issuer } = region.adfs;
    const result = await runSuite({
      runtime,
      packageDir,
      suite: join(HERE, "everywhere", "suite.mjs"),
      input: {
        acm: { issuer: acm.issuer, client: CLIENT, jwk: acm.key, api: API, elys: acm.elys.origin, organisation: ORGANISATION, login },
        adfs: { issuer, client: HALLAND, key, certificate, resource: HSA, gateway: region.gateway.origin, keys: KEYS },
      },
      network: [origin(acm.issuer), acm.elys.origin, origin(issuer), region.gateway.origin],
    });
    if (result.unavailable) {
      console.log(`gap: ACM/IDM and Region Halland in ${runtime}: ${result.unavailable}`);
      return t.skip(result.unavailable);
    }
    assert.ok(result.ok, `${result.error}\n${result.stack}`);
    assert.deepEqual(result.output, {
      scope: "vo_info elys_depzorg",
      audience: "apis",
      matches: true,
      points: ["organisation_code"],
      refused: ["token_error", null, "invalid_scope", null],
      expiresSoon: false,
      delegated: "apis",
      machine: ["token_invalid", null, "invalid_token", null],
      units: { api: HSA, body: "" },
      gateway: ["subscription_key_refused", "invalid", null, null],
      resource: ["token_error", "MSIS9602", "invalid_resource", "fix_configuration"],
    });
    console.log(`ran: ACM/IDM and Region Halland in ${result.version}`);
  });
}
