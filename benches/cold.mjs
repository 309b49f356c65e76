// A cold process: from `import` to the first authorization URL, and to the first token (whose answer is at hand), beside peers that do the
// same; and the import of each entry alone. Each round is a new process of each; they take turns. Only what the package and its first use cost is counted, not the runtime's own start.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
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

const BODY = JSON.stringify({ access_token: "a".repeat(900), token_type: "Bearer", expires_in: 600 });
const answer = async () => new Response(BODY, { headers: { "content-type": "application/json" } });

/** Package, and what a user of it writes to get a token. */
const TOKEN = {
  samtykke: async (library) =>
    (await new library.Client(own(library), library.clientSecretBasic("s"), { fetch: answer }).clientCredentials({ scope: "a" })).accessToken,
  "openid-client": async (library) => {
    const config = new library.Configuration(METADATA, "c", "s");
    config[library.customFetch] = answer;
    return (await library.clientCredentialsGrant(config, { scope: "a" })).access_token;
  },
  oauth4webapi: async (library) => {
    const client = { client_id: "c" };
    const options = { [library.customFetch]: answer };
    const response = await library.clientCredentialsGrantRequest(
      METADATA,
      client,
      library.ClientSecretBasic("s"),
      new URLSearchParams({ scope: "a" }),
      options,
    );
    return (await library.processClientCredentialsResponse(METADATA, client, response)).access_token;
  },
};

/** Package, and what a user of it writes to get a URL. */
const URLS = {
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

/** The entries that a program begins with, but for that of a peer dependency; each is imported by itself. */
const ENTRIES = Object.keys(JSON.parse(readFileSync(new URL("../pkg/package.json", import.meta.url), "utf8")).exports)
  .filter((name) => !name.endsWith(".json") && name !== "./react")
  .map((name) => `samtykke${name.slice(1)}`);

/** What is done, by its name; what it comes to shows that it was done. */
const WORK = {
  ...Object.fromEntries(Object.entries(URLS).map(([name, job]) => [`${name} URL`, [name, job, (url) => url.startsWith("https://op.example/a?")]])),
  ...Object.fromEntries(Object.entries(TOKEN).map(([name, job]) => [`${name} token`, [name, job, (token) => token === "a".repeat(900)]])),
  ...Object.fromEntries(ENTRIES.map((name) => [`${name} import`, [name, (library) => library, (library) => Object.keys(library).length > 0]])),
};

/** Names of what is measured. */
export const JOBS = Object.keys(WORK);

/** Milliseconds of a job in a process of its own. */
export const cold = (name) =>
  Number(execFileSync(process.execPath, [fileURLToPath(import.meta.url), name], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }));

/** Rows in microseconds, and ratios to the peers. */
export function measure(rounds = 15) {
  const times = Object.fromEntries(Object.keys(WORK).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) for (const name of Object.keys(WORK)) if (round < 5 || !name.endsWith(" import")) times[name].push(cold(name));
  const rows = Object.entries(times).map(([name, values]) => ({
    name: `${name}, cold`,
    median_us: Math.round(median(values) * 1000),
    best_us: Math.round(values[0] * 1000),
  }));
  const ratio = (one, other) => {
    const [found, peer] = [one, other].map((name) => rows.find((row) => row.name === `${name}, cold`).median_us);
    return +(found / peer).toFixed(3);
  };
  return {
    rows,
    ratios: {
      cold: ratio("samtykke URL", "openid-client URL"),
      cold_page: ratio("samtykke/browser URL", "oauth4webapi URL"),
      cold_url: ratio("samtykke URL", "oauth4webapi URL"),
      cold_token: ratio("samtykke token", "oauth4webapi token"),
    },
    ceilings: { cold_page: 1.2, cold_token: 1.1 },
  };
}

const name = process.argv[2];
if (process.argv[1] === fileURLToPath(import.meta.url) && name in WORK) {
  const [library, job, done] = WORK[name];
  const start = performance.now();
  const found = await job(await import(library));
  const time = performance.now() - start;
  if (!done(found)) throw new Error(`${name} came to nothing`);
  console.log(time);
}
