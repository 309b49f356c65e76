// A cold process: from `import` to the first authorization URL, beside peers that do the same. Each round is a new process of
// each; they take turns. Only what the package and its first use cost is counted, not the runtime's own start.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const METADATA = { issuer: "https://op.example", authorization_endpoint: "https://op.example/a", token_endpoint: "https://op.example/t" };
const REDIRECT = "https://rp.example/cb";
const own = (library) =>
  library.provider({
    issuer: METADATA.issuer,
    authorizationEndpoint: METADATA.authorization_endpoint,
    tokenEndpoint: METADATA.token_endpoint,
    clientId: "c",
    redirectUri: REDIRECT,
  });

/** Package, and what a user of it writes to get a URL. */
const WORK = {
  samtykke: (library) => new library.Client(own(library), library.clientSecretBasic("s")).begin({ scope: "openid" }).url,
  "samtykke/browser": (library) => library.begin(own(library), { scope: "openid" }).url,
  "openid-client": async (library) => {
    const config = new library.Configuration(METADATA, "c", "s");
    const code_challenge = await library.calculatePKCECodeChallenge(library.randomPKCECodeVerifier());
    return library.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT,
      scope: "openid",
      state: library.randomState(),
      nonce: library.randomNonce(),
      code_challenge,
      code_challenge_method: "S256",
    }).href;
  },
  oauth4webapi: async (library) => {
    const url = new URL(METADATA.authorization_endpoint);
    const code_challenge = await library.calculatePKCECodeChallenge(library.generateRandomCodeVerifier());
    const parameters = {
      client_id: "c",
      response_type: "code",
      scope: "openid",
      state: library.generateRandomState(),
      nonce: library.generateRandomNonce(),
      redirect_uri: REDIRECT,
      code_challenge,
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  },
};

const median = (values) => values.sort((one, other) => one - other)[values.length >> 1];

/** Rows in microseconds, and ratios to the peers. */
export function measure(rounds = 15) {
  const times = Object.fromEntries(Object.keys(WORK).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of Object.keys(WORK))
      times[name].push(
        Number(execFileSync(process.execPath, [fileURLToPath(import.meta.url), name], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })),
      );
  }
  const rows = Object.entries(times).map(([name, values]) => ({
    name: `${name} cold: import to URL`,
    median_us: Math.round(median(values) * 1000),
    best_us: Math.round(values[0] * 1000),
  }));
  const [all, page, everything, flow] = rows.map(({ median_us }) => median_us);
  return { rows, ratios: { cold: +(all / everything).toFixed(3), cold_page: +(page / flow).toFixed(3) } };
}

const name = process.argv[2];
if (process.argv[1] === fileURLToPath(import.meta.url) && name in WORK) {
  const start = performance.now();
  const url = await WORK[name](await import(name));
  const time = performance.now() - start;
  if (!url.startsWith("https://op.example/a?")) throw new Error(`${name} made no URL`);
  console.log(time);
}
