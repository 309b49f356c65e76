// What an ES256 assertion costs in a runtime, beside that runtime's own fastest bare signature: a token request that is signed, less one with
// a secret, over one signature. A suite that tests/runtimes runs anywhere; where a clock stands still while nothing is awaited (workerd)
// it says so. By itself (`node benches/assertion.mjs`): in each runtime that is there, by the packed package.

import { Client, SigningKey, clientSecretBasic, privateKeyJwt, provider } from "samtykke";

const OP = "https://op.example";
const ES256 = { name: "ECDSA", hash: "SHA-256" };

const median = (values) => values.sort((one, other) => one - other)[values.length >> 1];

/** What signs fastest here: WebCrypto, or Node's own crypto where that is there. */
function signers(pair, jwk, message) {
  const own = globalThis.process?.getBuiltinModule?.("node:crypto");
  const key = own?.createPrivateKey({ key: jwk, format: "jwk" });
  return {
    "bare signature, WebCrypto": () => crypto.subtle.sign(ES256, pair.privateKey, message),
    ...(own && { "bare signature, node:crypto": () => own.sign("sha256", message, { key, dsaEncoding: "ieee-p1363" }) }),
  };
}

export async function run({ rounds = 30, warm = 8, each = 100 } = {}) {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const key = await SigningKey.fromJwk({ kty, crv, x, y, d }, { kid: "1" });
  const settings = { issuer: OP, authorizationEndpoint: `${OP}/a`, tokenEndpoint: `${OP}/t`, clientId: "client-1", redirectUri: "https://rp.example/cb" };
  const body = JSON.stringify({ access_token: "a".repeat(900), token_type: "Bearer", expires_in: 600 });
  const fetch = async () => new Response(body, { headers: { "content-type": "application/json" } });
  const [secret, signed] = [clientSecretBasic("correct horse battery staple, 32 octets"), privateKeyJwt(key)].map(
    (authentication) => new Client(provider(settings), authentication, { fetch }),
  );
  const message = new TextEncoder().encode("a".repeat(300));
  const work = {
    ...signers(pair, { kty, crv, x, y, d }, message),
    secret: () => secret.clientCredentials({ scope: "read" }),
    signed: () => signed.clientCredentials({ scope: "read" }),
  };
  const times = Object.fromEntries(Object.keys(work).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, job] of Object.entries(work)) {
      const start = performance.now();
      for (let at = 0; at < each; at++) await job();
      if (round >= warm) times[name].push(((performance.now() - start) / each) * 1000);
    }
  }
  const found = Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
  const bare = Math.min(...Object.entries(found).flatMap(([name, value]) => (name.startsWith("bare") ? [value] : [])));
  if (!bare) return { gap: "its clock stands still" };
  const assertion = found.signed - found.secret;
  return { assertion_us: +assertion.toFixed(1), bare_us: +bare.toFixed(1), ratio: +(assertion / bare).toFixed(3) };
}

async function everywhere() {
  const { runSuite, runtimes } = await import("../tests/runtimes/index.mjs");
  const { installTarball, pack } = await import("../tests/lib/pack.mjs");
  const { join } = await import("node:path");
  const folder = join(process.cwd(), "target", "bench");
  const packageDir = await installTarball(await pack(join(folder, "tarball")), join(folder, "project"));
  for (const { name } of runtimes) {
    const outcome = await runSuite({ runtime: name, packageDir, suite: "benches/assertion.mjs", input: {}, timeoutMs: 120_000 });
    if ("unavailable" in outcome) console.log(`${name}: not run, ${outcome.unavailable}`);
    else if (!outcome.ok) throw new Error(`${name}: ${outcome.error}`);
    else {
      const { gap, assertion_us, bare_us, ratio } = outcome.output;
      console.log(`${name} (${outcome.version}): ${gap ?? `assertion ${assertion_us} µs, bare signature ${bare_us} µs, ratio ${ratio} (at most 1.25)`}`);
    }
  }
}

if (globalThis.process?.argv?.[1]?.endsWith("benches/assertion.mjs")) await everywhere();
