// The page of the systems that are called from machine to machine: choose one, take its steps, see what was sent.
// Every step runs in the worker, where the keys are; what comes back was masked there.
// Refuses to run two steps at once, and to hide a step's failure.
import { labels, language, languageSelect, t } from "../language.mjs";
import { call } from "../worker-client.mjs";
import { messagesView } from "./messages.mjs";
import { stepsView } from "./steps.mjs";

const left = document.getElementById("steps");
const right = document.getElementById("sent");
const columns = right.parentElement;
/** Too narrow for two columns: what was sent stands under its step. */
const narrow = matchMedia("(max-width: 66rem)");
const status = document.getElementById("status");
/** In this tab alone: the step that sent the browser to another site. */
const AWAY = "samtykke-demo-away";
let systems = [];
let chosen = "";
let running = "";
/** By system and step: what came back. */
const results = new Map();
let last;

const key = (step, system = chosen) => `${system} ${step}`;
const keep = (system, step, result) => results.set(key(step, system), Object.assign(result, { system, step }));

function draw(focus) {
  const system = systems.find(({ id }) => id === chosen);
  left.replaceChildren(
    ...stepsView({ systems, system, running, resultOf: (step) => results.get(key(step)), choose, run })
      .flat(Infinity)
      .filter(Boolean),
  );
  right.replaceChildren(...messagesView(last, system).flat(Infinity).filter(Boolean));
  const under = narrow.matches && last?.step && left.querySelector(`[data-step="${last.step}"]`);
  (under || columns).append(right);
  right.scrollTop = 0;
  document.title = `${t("systems.title")} · samtykke`;
  if (focus) left.querySelector(focus)?.focus();
}

function choose(id) {
  chosen = id;
  last = newest();
  history.replaceState(null, "", `#${id}`);
  draw(`#system-${id}`);
}

const said = ({ step, error, waiting }) => `${t(`${chosen}.${step}`)}: ${t(error ? "systems.failed" : waiting ? "systems.away" : "systems.done")}`;

async function run(step) {
  if (running) return;
  running = step;
  draw();
  let result;
  try {
    result = await call("POST", `/api/systems/${chosen}/${step}?language=${language()}`);
  } catch (error) {
    result = { messages: [], error: { code: error.code, action: error.action }, at: Date.now() };
  }
  running = "";
  if (result.fresh) for (const other of systems.find(({ id }) => id === chosen).steps) results.delete(key(other));
  keep(chosen, step, result);
  last = result;
  status.textContent = said(result);
  draw(`#run-${step}`);
  // The rest of this step is a person's: at another site, from which the browser comes back to the worker.
  if (!result.go) return;
  sessionStorage.setItem(AWAY, step);
  location.assign(result.go);
}

/** What the worker kept of the steps that this visitor took, so that whoever comes back finds them where they were. */
async function load() {
  ({ systems } = await call("GET", "/api/systems"));
  results.clear();
  for (const { id, results: kept } of systems) for (const [step, result] of Object.entries(kept)) keep(id, step, result);
}

/** The newest step of the chosen system. */
const newest = () => [...results.values()].filter(({ system }) => system === chosen).sort((one, other) => other.at - one.at)[0];

/** After a walk to another site the person goes on where they left: at the step that sent them there. */
function show() {
  last = newest();
  const step = sessionStorage.getItem(AWAY);
  sessionStorage.removeItem(AWAY);
  draw(step ? `#run-${step}` : undefined);
  const result = step && results.get(key(step));
  if (result) status.textContent = said(result);
}

narrow.addEventListener("change", () => draw());

languageSelect(document.getElementById("language"), () => {
  labels();
  draw();
});
labels();
try {
  await load();
  const asked = location.hash.slice(1);
  chosen = (systems.find(({ id }) => id === asked) ?? systems[0])?.id ?? "";
  show();
} catch (error) {
  last = { messages: [], error: { code: error.code, action: error.action } };
  draw();
}

// A page that the browser had put aside, as when a person presses "back" at the other site, shows what is true now.
addEventListener("pageshow", async ({ persisted }) => {
  if (!persisted) return;
  running = "";
  await load().catch(() => {});
  show();
});
