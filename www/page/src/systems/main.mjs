// The page of the systems that are called from machine to machine: choose one, take its steps, see what was sent.
// Every step runs in the worker, where the keys are; what comes back was masked there.
// Refuses to run two steps at once, and to hide a step's failure.
import { labels, languageSelect, t } from "../language.mjs";
import { call } from "../worker-client.mjs";
import { messagesView } from "./messages.mjs";
import { stepsView } from "./steps.mjs";

const left = document.getElementById("steps");
const right = document.getElementById("sent");
const status = document.getElementById("status");
let systems = [];
let chosen = "";
let running = "";
/** By system and step: what came back. */
const results = new Map();
let last;

const key = (step) => `${chosen} ${step}`;

function draw(focus) {
  const system = systems.find(({ id }) => id === chosen);
  left.replaceChildren(...stepsView({ systems, system, running, latest: last?.step, resultOf: (step) => results.get(key(step)), choose, run }).flat(Infinity).filter(Boolean));
  right.replaceChildren(...messagesView(last).flat(Infinity).filter(Boolean));
  document.title = `${t("systems.title")} · samtykke`;
  if (focus) left.querySelector(focus)?.focus();
}

function choose(id) {
  chosen = id;
  last = undefined;
  history.replaceState(null, "", `#${id}`);
  draw(`#system-${id}`);
}

async function run(step) {
  if (running) return;
  running = step;
  draw();
  let result;
  try {
    result = await call("POST", `/api/systems/${chosen}/${step}`);
  } catch (error) {
    result = { messages: [], error: { code: error.code, action: error.action } };
  }
  running = "";
  result.step = step;
  result.system = chosen;
  results.set(key(step), result);
  last = result;
  status.textContent = `${t(`${chosen}.${step}`)}: ${t(result.error ? "systems.failed" : "systems.done")}`;
  draw(`#run-${step}`);
}

languageSelect(document.getElementById("language"), () => { labels(); draw(); });
labels();
try {
  ({ systems } = await call("GET", "/api/systems"));
  const asked = location.hash.slice(1);
  chosen = (systems.find(({ id }) => id === asked) ?? systems[0])?.id ?? "";
} catch (error) {
  last = { messages: [], error: { code: error.code, action: error.action } };
}
draw();
