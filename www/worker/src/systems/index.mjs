// The systems that are called from machine to machine, and the steps a visitor can take in each.
// A system is a module: an id, whether it is set up, and its steps; what a step leaves for the next is kept for this visitor.
// Refuses a step that is not there, a visitor without a run, and to keep anything longer than ten minutes.
import { SamtykkeError } from "samtykke";
import { json } from "../headers.mjs";
import { problem } from "../answers.mjs";
import { recording } from "./messages.mjs";
import { acmidm } from "./acmidm.mjs";
import { halland } from "./halland.mjs";
import { helseid } from "./helseid.mjs";
import { maskinporten } from "./maskinporten.mjs";
import { norskgjeld } from "./norskgjeld.mjs";
import { selvbetjening } from "./selvbetjening.mjs";

export const systems = [norskgjeld, maskinporten, helseid, selvbetjening, acmidm, halland];

const LIFE = 10 * 60 * 1000;
const VISITORS = 100;
const kept = new Map();

/** What this visitor's steps left behind in a system. */
function leftBy(run, system) {
  const now = Date.now();
  for (const [name, { at }] of kept) if (now - at > LIFE || kept.size > VISITORS) kept.delete(name);
  const name = `${run} ${system}`;
  if (!kept.has(name)) kept.set(name, { at: now, left: {} });
  return kept.get(name).left;
}

/** `GET /api/systems` */
export const list = ({ env }) => json(200, { systems: systems.filter((system) => system.ready(env)).map(({ id, steps }) => ({ id, steps: Object.keys(steps) })) });

/** `POST /api/systems/<system>/<step>` */
export async function step({ env, its, run }, systemId, stepId) {
  const system = systems.find(({ id }) => id === systemId);
  if (!system?.ready(env) || !Object.hasOwn(system.steps, stepId)) return json(404, { code: "invalid_parameter", phase: "configuration", action: "fix_configuration", retryable: false });
  if (run === null) return json(401, { code: "session_missing", phase: "session", action: "restart", retryable: false });
  const { fetch, messages } = recording();
  const before = Date.now();
  try {
    const facts = await system.steps[stepId]({ env, its, fetch, left: leftBy(run, systemId) });
    return json(200, { facts, messages, ms: Date.now() - before });
  } catch (error) {
    const answer = await problem(error).json();
    const { hint, expected, actual } = error instanceof SamtykkeError ? error : {};
    const theirs = error?.provider?.code ?? error?.oauth?.error;
    return json(200, { messages, ms: Date.now() - before, error: { ...answer, hint, expected, actual, theirs } });
  }
}
