// The whole guide of Selvbetjening on the command line: draft, confirmation in the browser, waiting, status, approval, a new key.
// Usage: API_KEY=… ORGANIZATION=… node examples/selvbetjening.mjs (with `samtykke` installed; in this repository, built)
// Further settings, with their defaults: ENVIRONMENT=test (or production, or the portal's and the API's origin with a space
// between them) and ISSUER (HelseID's of that environment); SCOPES (nhn:selvbetjening/client; with spaces between them);
// STATE=selvbetjening-state.json, which holds the private key: only its owner may read it; PORT (a free one); FORM=present (or
// older); CONFIRM_SECONDS=900; APPROVAL_SECONDS=60 between looks at the approval; ROTATE (when set: replaces the key at last).
// Run again after an interruption, it goes on where it was. It prints no key, no token and no secret.

import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { HelseId } from "samtykke/helseid";
import { Enrolment, SamtykkeError, Selvbetjening, loopback } from "samtykke/selvbetjening";

const ID = "cli";

const setting = (name, usual) => process.env[name] || usual;
const say = (line) => console.log(line);

/** One file for one enrolment, replaced whole, so that an interruption leaves the old one or the new one. */
function fileStore(file) {
  return {
    read: () => readFile(file, "utf8").catch((error) => (error.code === "ENOENT" ? undefined : Promise.reject(error))),
    async write(_, text) {
      await writeFile(`${file}.new`, text, { mode: 0o600 });
      await chmod(`${file}.new`, 0o600);
      await rename(`${file}.new`, file);
    },
  };
}

async function begin(service, keeping) {
  const receiver = await loopback({ port: Number(setting("PORT", 0)) });
  try {
    const draft = { organizationNumber: setting("ORGANIZATION", ""), apiScopes: setting("SCOPES", "nhn:selvbetjening/client").split(" ") };
    const enrolment = await Enrolment.begin(service, draft, {
      ...keeping,
      id: ID,
      apiKey: setting("API_KEY", ""),
      redirectUri: receiver.redirectUri,
      form: setting("FORM", "present"),
    });
    say(`draft ${enrolment.clientId}`);
    say(`stored ${setting("STATE", "selvbetjening-state.json")}`);
    say(`open ${enrolment.confirmUrl}`);
    await enrolment.confirm(await receiver.wait({ seconds: Number(setting("CONFIRM_SECONDS", 900)) }));
    say("confirmed");
    return enrolment;
  } finally {
    await receiver.close();
  }
}

/** Takes up what is stored; a client that a person confirmed without coming back is as good as any other. */
async function resume(service, keeping) {
  const enrolment = await Enrolment.open(service, ID, keeping);
  say(`resumed ${enrolment.clientId}`);
  if (!enrolment.confirmed) say(`open ${enrolment.confirmUrl}`);
  return enrolment;
}

const progress =
  (what) =>
  ({ attempt, seconds, elapsed, client }) =>
    say(
      `waiting for ${what}: asked ${attempt} times in ${elapsed.toFixed(0)} s, again in ${seconds.toFixed(1)} s${client ? `; pending: ${client.pending.join(", ")}` : ""}`,
    );

function show(client) {
  for (const { scope, status, statusReason } of client.apiScopes ?? []) say(`scope ${scope} ${status}${statusReason ? ` (${statusReason})` : ""}`);
  for (const { claimType, status } of client.audienceSpecificClientClaims ?? []) say(`claim ${claimType} ${status}`);
  if (client.unknown.length) say(`not known: ${client.unknown.join(", ")}`);
  say(client.ready ? "ready" : "not ready");
}

async function main() {
  const name = setting("ENVIRONMENT", "test");
  const [portal, api] = name.split(" ");
  const helseid = api ? { issuer: setting("ISSUER", "") } : name;
  // The key of the client binds the tokens, too.
  const login = (identity) => HelseId.connect({ environment: helseid, ...identity });
  const service = new Selvbetjening({ environment: api ? { portal, api } : name, login });
  const keeping = { store: fileStore(setting("STATE", "selvbetjening-state.json")) };
  // Ctrl-C ends the wait, and nothing else: what is stored stays.
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());

  const enrolment = (await keeping.store.read(ID)) ? await resume(service, keeping) : await begin(service, keeping);
  const client = await enrolment.client();
  let current = await client.waitUntilUsable({ signal: stop.signal, onWait: progress("HelseID to know the client") });
  say("usable");
  show(current);
  if (current.pending.length) {
    const seconds = Number(setting("APPROVAL_SECONDS", 60));
    current = await client.waitForApproval({ first: seconds, longest: seconds * 15, signal: stop.signal, onWait: progress("approval") });
    show(current);
  }
  if (process.env.ROTATE) {
    const { thumbprint, expiresAt, recovered } = await enrolment.rotateKey({ signal: stop.signal, onWait: progress("HelseID to know the new key") });
    say(`new key ${thumbprint}${recovered ? ", found in the list" : ""}${expiresAt ? `, until ${new Date(expiresAt * 1000).toISOString()}` : ""}`);
    say(`keys ${(await (await enrolment.client()).listKeys()).length}`);
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SamtykkeError)) throw error;
  console.error(error.message);
  if (error.code === "timeout" || error.code === "aborted") console.error("Nothing is lost: run this again to go on.");
  process.exitCode = 1;
}
