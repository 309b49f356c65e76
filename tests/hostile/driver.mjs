// Drives a client through one module against the hostile server, over real HTTP, and says what came of it.
// A client is an adapter of a few steps (clients/*.mjs): samtykke by its public API, or a peer that proves the server.
// Refuses to call it a refusal when a request went out after it, or when the client broke a rule before it.

import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { browse } from "./server/authorization.mjs";
import { postLogoutToken } from "./server/logout.mjs";
import { startServer } from "./server/server.mjs";

/** Long enough for a request on localhost that somebody had meant to send. */
const SETTLE = 20;

async function login(run) {
  await run("discover", (client) => client.discover());
  await again(run);
}

/** A login of a client that knows its server. */
async function again(run) {
  const url = await run("start", (client) => client.start());
  const answer = await run("browse", () => browse(url));
  run.answers.push(answer);
  if (run.late) minutesPass(run.late);
  await run("callback", (client) => client.callback(answer));
  await run("exchange", (client) => client.exchange());
}

const FLOWS = {
  login: async (run, world) => {
    await login(run);
    const step = world.profile.uses;
    await run(step, (client) => client[step]());
  },
  refresh: async (run) => {
    await login(run);
    await run("refresh", (client) => client.refresh());
    await run("userinfo", (client) => client.userinfo());
  },
  "refreshed by challenges": async (run) => {
    await login(run);
    for (const status of [401, 401]) {
      await run("api", async (client) => equal(await client.api(), status));
      await run("refresh", (client) => client.refresh());
    }
    await run("api", (client) => client.api());
  },
  "two logins": async (run, world) => {
    await login(run);
    if (world.change.rotate === "between logins") world.rotate();
    minutesPass(6);
    await again(run);
    await run("userinfo", (client) => client.userinfo());
  },
  logout: async (run) => {
    await login(run);
    const { url, state } = await run("logout", (client) => client.logout());
    run.back = { sent: state, found: new URL(await run("browse", () => browse(url))).searchParams.get("state") ?? undefined };
    // What an application does with the way back: the page is shown either way, the word of the URL is not believed.
    run.left = run.back.found === state ? "state equal" : "state differs";
  },
  "client credentials": async (run) => {
    await run("discover", (client) => client.discover());
    await run("credentials", (client) => client.credentials());
    await run("api", async (client) => equal(await client.api(), 200));
  },
  "device code": async (run) => {
    await run("discover", (client) => client.discover());
    await run("device", (client) => client.device());
  },
  introspection: async (run) => {
    await login(run);
    equal(await run("introspect", (client) => client.introspect()), true);
  },
  revocation: async (run, world) => {
    await login(run);
    await run("revoke", (client) => client.revoke());
    equal(world.tokens.size, 0);
  },
  "back-channel logout": async (run, world) => {
    await login(run);
    const endpoint = await listener((jwt) => {
      run.logoutToken = jwt;
      return run("logout token", (client) => client.logoutToken(jwt));
    });
    try {
      const answer = await postLogoutToken(world, endpoint.url);
      run.left = `${answer.status} ${answer.headers.get("cache-control")}`;
    } finally {
      endpoint.close();
    }
  },
};

const { now } = Date;

/** For server and client alike: keys that were just fetched need not be asked for again at once. */
function minutesPass(minutes) {
  Date.now = () => now() + minutes * 60_000;
}

function equal(found, wanted) {
  if (found !== wanted) throw new Error(`${found}, not ${wanted}`);
}

/** The client's back-channel logout endpoint, as an application would write it: 200 or 400, never cached. */
async function listener(judge) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const jwt = new URLSearchParams(Buffer.concat(chunks).toString()).get("logout_token");
    const status = await judge(jwt).then(
      () => 200,
      () => 400,
    );
    response.writeHead(status, { "cache-control": "no-store" }).end();
  });
  await new Promise((done) => server.listen(0, "localhost", done));
  return { url: `http://localhost:${server.address().port}/`, close: () => void (server.closeAllConnections(), server.close()) };
}

/**
 * Runs one row (see modules/oidc.mjs).
 *
 * @param {new (world, row, fetch?) => object} Adapter
 * @param {typeof fetch} [fetch] for recorders; without it the client uses its own.
 */
export async function drive(Adapter, row, { fetch } = {}) {
  const world = await startServer({ profile: row.profile, change: row.change, more: row.more });
  const steps = [];
  let refused = null;
  try {
    const client = new Adapter(world, row, fetch);
    await client.ready?.();
    const run = async (at, step) => {
      steps.push(at);
      try {
        return await step(client);
      } catch (error) {
        refused ??= { at, error, requests: world.log.length };
        throw error;
      }
    };
    run.answers = [];
    run.late = row.request?.late;
    await FLOWS[row.flow](run, world).catch((error) => {
      if (!refused) throw error;
    });
    await pause(refused ? SETTLE : 0);
    if (world.broken) throw world.broken;
    const { answers, left, back, logoutToken } = run;
    const later = refused ? world.log.length - refused.requests : 0;
    return { refused, steps, later, log: world.log.map((one) => one.at), violations: world.violations, world, client, answers, left, back, logoutToken };
  } finally {
    Date.now = now;
    await world.close();
  }
}

/** Requests that may come before a refusal at a step, and no others. Reading metadata and keys is no use of anything. */
const BEFORE = {
  discover: [],
  start: ["par"],
  callback: ["par", "authorize"],
  exchange: ["par", "authorize", "token"],
  userinfo: ["par", "authorize", "token", "userinfo"],
  api: ["par", "authorize", "token", "api"],
  refresh: ["par", "authorize", "token", "userinfo", "api"],
  device: ["device", "token"],
  introspect: ["par", "authorize", "token", "introspect"],
  revoke: ["par", "authorize", "token", "revoke"],
  "logout token": ["par", "authorize", "token"],
};

/** What is wrong with an outcome, in words; empty when it is as the row demands. */
export function faults(row, outcome, isTyped) {
  const { refused, later, log, violations, left, client } = outcome;
  const found = [...new Set(violations)].map((one) => `the client broke a rule: ${one}`);
  const wanted = row.refused ?? row.at;
  if (wanted) {
    if (!refused) return [...found, `not refused; it should have been at ${wanted}`];
    if (refused.at !== wanted) found.push(`refused at ${refused.at}, not at ${wanted} (${refused.error.code ?? ""} ${refused.error.message})`);
    if (!isTyped(refused.error)) found.push(`refused by a ${refused.error.constructor.name}: ${refused.error.message}`);
    if (later > 0) found.push(`${later} requests after the refusal: ${log.slice(-later)}`);
    const stray = log.filter((at) => !["discovery", "jwks", ...(BEFORE[wanted] ?? [])].includes(at));
    if (stray.length) found.push(`requests that had no place before it: ${stray}`);
    if (row.oauth && refused.error.oauth?.error !== row.oauth) found.push(`the error ${row.oauth} did not reach the caller as data`);
    if (row.flow === "back-channel logout" && left !== "400 no-store") found.push(`the logout endpoint answered ${left}`);
    return found;
  }
  if (refused) found.push(`failed at ${refused.at}: ${refused.error.code ?? ""} ${refused.error.message}`);
  if (row.flow === "back-channel logout" && left !== "200 no-store") found.push(`the logout endpoint answered ${left}`);
  if (row.request?.body && client.heard.body !== row.request.body) found.push(`the API received the body ${client.heard.body}`);
  if (log.includes("claims") || log.includes("unknown")) found.push(`requests to where nothing should be asked: ${log}`);
  return found;
}
