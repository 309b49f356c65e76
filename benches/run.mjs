// `npm run -s bench [-- --json]`: what the package does beside the peers' same work, in one run, on this machine; the weakest first.
// Times are medians of many rounds that take turns, so that a busy machine slows all alike; read the ratios.

import * as peer from "oauth4webapi";
import { linkPackage } from "../tests/verdicts/run.mjs";

linkPackage();
const ours = await import("samtykke/browser");

const settings = { environment: "preprod", clientId: "eksempelbank-client", redirectUri: "https://app.example.no/callback" };
const provider = ours.norskgjeld(settings);
const server = { issuer: provider.issuer, authorization_endpoint: provider.authorizationEndpoint };
const client = { client_id: settings.clientId };
const state = peer.generateRandomState();
const back = `https://app.example.no/callback?code=${"c".repeat(87)}&scope=debt.unsecured.presentation&state=`;

/** What the peer's users write to get a URL: verifier, challenge, state, nonce, then the parameters. */
async function peerBegin() {
  const verifier = peer.generateRandomCodeVerifier();
  const challenge = await peer.calculatePKCECodeChallenge(verifier);
  const url = new URL(server.authorization_endpoint);
  const parameters = {
    client_id: client.client_id,
    response_type: "code",
    scope: "debt.unsecured.presentation.100 openid",
    state: peer.generateRandomState(),
    redirect_uri: settings.redirectUri,
    code_challenge: challenge,
    code_challenge_method: "S256",
    nonce: peer.generateRandomNonce(),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url: url.href, verifier };
}

const ROUND = 500;
const logins = [];

const work = {
  "samtykke begin": () => {
    logins.length = 0;
    for (let i = 0; i < ROUND; i++) logins.push(ours.begin(provider, { purpose: "presentation", days: 100, openid: true }));
  },
  "oauth4webapi begin": async () => {
    for (let i = 0; i < ROUND; i++) await peerBegin();
  },
  "samtykke finish": () => {
    for (const login of logins) ours.finish(provider, login.transaction, back + login.state);
  },
  "oauth4webapi finish": () => {
    for (let i = 0; i < ROUND; i++) peer.validateAuthResponse(server, client, new URL(back + state), state);
  },
};

const times = Object.fromEntries(Object.keys(work).map((name) => [name, []]));
for (let round = 0; round < 60; round++) {
  for (const [name, job] of Object.entries(work)) {
    const start = performance.now();
    await job();
    if (round >= 10) times[name].push(((performance.now() - start) / ROUND) * 1000);
  }
}
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const rows = Object.entries(times).map(([name, values]) => ({ name, median_us: +median(values).toFixed(2), best_us: +values[0].toFixed(2) }));
const of = (name) => rows.find((row) => row.name === name).median_us;
// The scale: on the machine where the ceilings of 12 µs and 4 µs were set, the peer took 49.5 µs and 2.2 µs for the same work.
const report = {
  rows,
  ratios: { begin: +(of("samtykke begin") / of("oauth4webapi begin")).toFixed(3), finish: +(of("samtykke finish") / of("oauth4webapi finish")).toFixed(3) },
  ceilings: { begin: +(12 / 49.5).toFixed(3), finish: +(4 / 2.2).toFixed(3) },
};
const parts = [
  await (await import("./crypto.mjs")).measure(),
  await (await import("./flow.mjs")).measure(),
  (await import("./cold.mjs")).measure(),
  { rows: [], ...(await import("./memory.mjs")).measure() },
];
for (const { rows: more, ratios, ceilings, megabytes } of parts) {
  report.rows.push(...more);
  Object.assign(report.ratios, ratios);
  Object.assign(report.ceilings, ceilings);
  if (megabytes) report.waiting_megabytes = megabytes;
}
const assertion = await (await import("./assertion.mjs")).run();
report.ratios.assertion = assertion.ratio;
report.ceilings.assertion = 1.25;
const { ratios, microseconds, ceilings, rows: tokenRows, gap } = await (await import("./tokens.mjs")).measure();
report.rows.push(...tokenRows);
report.tokens = { ratios, microseconds, ceilings, ...(gap && { gap }) };

/** What each ratio compares. */
const WHAT = {
  begin: "begin, to oauth4webapi",
  finish: "finish, to oauth4webapi",
  token_by_secret: "a token by secret, no network, to oauth4webapi",
  token_by_key: "a token by private_key_jwt and DPoP, no network, to oauth4webapi",
  id_token: "id_token, to WebCrypto's bare verification",
  login: "login over loopback with a verified id_token, CPU, to oauth4webapi",
  login_whole: "the same, to openid-client",
  login_strict: "login by PAR, private_key_jwt and DPoP, CPU, to oauth4webapi",
  login_refused: "a login that is refused, CPU, to oauth4webapi",
  edge: "login at the edge to a session that is read, CPU, to oauth4webapi's bare login",
  cold: "cold process to the first URL, samtykke to openid-client",
  cold_page: "cold process to the first URL, samtykke/browser to oauth4webapi",
  cold_url: "cold process to the first URL, samtykke to oauth4webapi",
  cold_token: "cold process to the first token, samtykke to oauth4webapi",
  waiting: "memory while 1,000 requests wait, to oauth4webapi",
  waiting_whole: "the same, to openid-client",
  assertion: "ES256 assertion, to the fastest bare signature here",
};
if (process.argv.includes("--json")) console.log(JSON.stringify(report));
else {
  for (const { name, median_us, best_us } of report.rows)
    console.log(`${name.padEnd(56)} ${String(median_us).padStart(8)} µs median ${String(best_us).padStart(8)} µs best`);
  const { samtykke, ...peers } = report.waiting_megabytes;
  const others = Object.entries(peers).map(([name, megabytes]) => `${name} ${megabytes}`);
  console.log(`1,000 requests that wait: ${samtykke} MB (at most ${report.ceilings.waiting_mb}); ${others.join(", ")}`);
  console.log("ratios, the weakest first: how far of its ceiling, where it has one");
  const share = (name) => report.ratios[name] / (report.ceilings[name] ?? Number.POSITIVE_INFINITY);
  const names = Object.keys(report.ratios).sort((one, other) => share(other) - share(one) || report.ratios[other] - report.ratios[one]);
  for (const name of names)
    console.log(`  ${String(report.ratios[name]).padStart(6)} ${(report.ceilings[name] ? `(at most ${report.ceilings[name]})` : "").padEnd(17)} ${WHAT[name]}`);
  console.log(
    `token source: a kept token ${microseconds.kept} µs (at most ${ceilings.kept_us}); ratio to the bare engine: Redis ${ratios.redis}, Durable Object ${ratios.durable_object} (at most 1.2)`,
  );
  console.log(
    `  a whole get from Redis adds ${microseconds.redis_get_adds} µs to its round trip (ratio over loopback ${ratios.redis_get}, sealed ${ratios.redis_get_sealed}; of a token another process replaced ${ratios.redis_replaced}, sealed ${ratios.redis_replaced_sealed}); a sealed read of a Durable Object ${ratios.durable_object_sealed}`,
  );
  console.log(
    `  sealed, beside the round trip and the runtime's own AES-GCM: Redis ${ratios.redis_get_sealed_opening}, replaced ${ratios.redis_replaced_sealed_opening}, Durable Object ${ratios.durable_object_sealed_opening} (at most 1.2)`,
  );
  if (gap) console.log(`gap: ${gap}`);
}
