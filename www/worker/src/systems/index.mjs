// The systems, and the steps a visitor can take in each. A system is a module: an id, whether it is set up, its steps, and, where
// a step sends the browser away, how it comes back (`returns`: path, step, `expected`, `finish`, and the cookie that is `spent`). How each step went is kept for this visitor.
// RFC 9110 15.4.4: whoever comes back is sent on to the page, so that no address with an answer in it stays in the browser.
// Refuses a step that is not there, a visitor without a run, and an answer to nothing that this browser began.
import { SamtykkeError } from "samtykke";
import { json } from "../headers.mjs";
import { problem } from "../answers.mjs";
import { recording } from "./messages.mjs";
import { acmidm } from "./acmidm.mjs";
import { halland } from "./halland.mjs";
import { helseid } from "./helseid.mjs";
import { maskinporten } from "./maskinporten.mjs";
import { norskgjeld } from "./norskgjeld.mjs";
import { keepResult, keptFor } from "./visitors.mjs";

export const systems = [norskgjeld, maskinporten, helseid, acmidm, halland];

/** `GET /api/systems`: the steps, and how those went that this visitor has taken. */
export const list = ({ env, run }) =>
  json(200, {
    systems: systems
      .filter((system) => system.ready(env))
      .map(({ id, steps }) => ({ id, steps: Object.keys(steps), results: (run !== null && keptFor(run, id)?.results) || {} })),
  });

/** An error as the page may see it. */
async function failure(error) {
  const answer = await problem(error).json();
  const { hint, expected, actual } = error instanceof SamtykkeError ? error : {};
  const theirs = error?.provider?.code ?? error?.oauth?.error;
  return { ...answer, hint, expected, actual, theirs };
}

/**
 * Runs a step's part and keeps how it went. It answers facts, or more: `go` sends the browser elsewhere, and `waiting` says that
 * the step ends when it comes back; `cookie` binds that to this browser; `fresh` makes the steps before void; `differs` says that a
 * comparison failed.
 */
async function taken(context, kept, step, run) {
  const { fetch, messages } = recording();
  const before = Date.now();
  let found;
  try {
    found = await run({ ...context, fetch, messages, left: kept.left });
  } catch (error) {
    found = { error: await failure(error) };
  }
  const { facts, cookie, go, error, waiting, fresh, differs } = Array.isArray(found) ? { facts: found } : found;
  return { cookie, go, result: keepResult(kept, step, { facts, messages, ms: Date.now() - before, error, waiting, fresh, differs }) };
}

/** `POST /api/systems/<system>/<step>` */
export async function step(context, systemId, stepId) {
  const system = systems.find(({ id }) => id === systemId);
  if (!system?.ready(context.env) || !Object.hasOwn(system.steps, stepId))
    return json(404, { code: "invalid_parameter", phase: "configuration", action: "fix_configuration", retryable: false });
  if (context.run === null) return json(401, { code: "session_missing", phase: "session", action: "restart", retryable: false });
  const { result, go, cookie } = await taken(context, keptFor(context.run, systemId, { make: true }), stepId, system.steps[stepId]);
  const response = json(200, { ...result, go });
  if (cookie) response.headers.append("set-cookie", cookie);
  return response;
}

/** The system and its way back that an address belongs to. */
export function returning(pathname) {
  for (const system of systems) {
    for (const way of system.returns ?? []) if (pathname === way.path || (way.path.endsWith("/") && pathname.startsWith(way.path))) return { system, way };
  }
  return undefined;
}

/** `GET` of such an address: ends the step that sent the browser away, and sends it on to the page. */
export async function comeBack(context, { system, way }) {
  const kept = context.run === null || !system.ready(context.env) ? undefined : keptFor(context.run, system.id);
  const before = kept?.results[way.step];
  // An answer to nothing that is open here changes nothing here. After a refusal the person may have gone back and chosen again.
  if (!(before?.waiting || before?.error) || !(await way.expected({ ...context, left: kept.left })))
    throw new SamtykkeError({ code: "transaction_missing", phase: "callback", action: "restart" });
  await taken(context, kept, way.step, way.finish);
  const response = new Response(null, { status: 303, headers: { location: `/systems#${system.id}` } });
  if (way.spent) response.headers.append("set-cookie", way.spent(context.its));
  return response;
}
