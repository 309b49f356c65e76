// The page: decides what an address means, then moves from view to view and keeps the sequence beside it up to date.
// Addresses: / start, /callback answer to the page, /consent after a good login, /failed?error=… after a bad one.
// Refuses to leave a code or an error in the address bar: the address is cleaned before the answer is looked at.
import { labels, languageSelect } from "./language.mjs";
import { leaveFromPage, leaveFromWorker, takeAnswer } from "./login.mjs";
import { forgetJourney, journey as keptJourney, keepJourney, newJourney } from "./memory.mjs";
import { outcomeView } from "./outcome.mjs";
import { busyView, checkingView, resultView, revokedView, signedInView } from "./result.mjs";
import { sequence } from "./sequence.mjs";
import { startView } from "./start.mjs";
import { failedStep } from "./failed.mjs";
import { follow } from "./follow.mjs";
import { announce } from "./wrong.mjs";
import * as worker from "./worker-client.mjs";

const person = document.getElementById("person");
const status = document.getElementById("status");
const drawing = sequence(document.getElementById("sequence"));
const wishes = { purpose: "presentation", duration: "once", days: "28", flow: "page", wrong: "none", panel: false };
let journey = keptJourney() ?? newJourney("page");
let service = { environment: "preprod", clientId: "", local: false };
let redraw = () => {};

/** Shows a view, and shows it again in another language when that is chosen. */
function view(make, { say = true } = {}) {
  const draw = () => person.replaceChildren(...make().flat(Infinity).filter(Boolean));
  redraw = () => {
    person.classList.remove("entering");
    draw();
  };
  person.classList.add("entering");
  draw();
  const title = person.querySelector("h1");
  document.title = `${title.textContent} · samtykke`;
  if (say) {
    status.textContent = title.textContent;
    title.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }
}

function restart() {
  forgetJourney();
  announce("none");
  journey = newJourney(wishes.flow);
  history.replaceState(null, "", "/");
  wishes.wrong = "none";
  drawing.draw(journey);
  showStart(true);
}

function showStart(say) {
  view(
    () =>
      startView(wishes, {
        local: service.local,
        redraw: (focus) => {
          redraw();
          person.querySelector(focus)?.focus();
        },
        planned: (flow) => {
          journey = newJourney(flow);
          drawing.draw(journey);
        },
        go: (request) => {
          announce(wishes.wrong);
          (wishes.flow === "page" ? leaveFromPage : leaveFromWorker)(service, request, wishes.wrong);
        },
      }),
    { say },
  );
}

function showProblem(error, retry) {
  const known = { code: error.code ?? "api_error", action: error.action ?? "none" };
  const step = failedStep(journey);
  if (step) journey.events[step] = { fields: [], ...journey.events[step], state: "failed" };
  for (const event of Object.values(journey.events)) if (event.state === "running") event.state = "failed";
  journey.away = false;
  keepJourney(journey);
  drawing.show(journey);
  announce("none");
  view(() => outcomeView(known, { again: restart, retry }));
}

/** Runs one call to the worker while its back channel is drawn as it happens. */
async function calling(first, last, run) {
  journey.events[first] = { fields: [], ...journey.events[first], state: "running" };
  drawing.show(journey);
  const stop = follow(journey, () => drawing.show(journey));
  const started = performance.now();
  try {
    const answer = await run();
    const ms = Math.round(performance.now() - started);
    await stop();
    journey.events[first] = { fields: [], ...journey.events[first], state: "done" };
    journey.events[last] = { fields: [], ...journey.events[last], state: "done", ms };
    return answer;
  } catch (error) {
    await stop();
    journey.events[first] = { ...journey.events[first], state: "done" };
    throw error;
  } finally {
    keepJourney(journey);
    drawing.show(journey);
  }
}

async function askForDebt() {
  view(busyView);
  try {
    const debt = await calling("askDebt", "shown", worker.debt);
    const { consent } = await worker.session();
    announce("none");
    view(() => resultView(debt, consent, { again: restart, revoke: withdraw, logout }));
  } catch (error) {
    showProblem(error, error.retryable ? askForDebt : undefined);
  }
}

async function withdraw() {
  journey.withdrawing = true;
  try {
    await calling("withdraw", "withdrawn", worker.withdraw);
    view(() => revokedView({ again: restart }));
  } catch (error) {
    showProblem(error);
  }
}

async function logout() {
  try {
    await worker.logout();
    restart();
  } catch (error) {
    showProblem(error);
  }
}

/** The answer came to the page: check it here, then let the worker exchange the code. */
async function returnedToPage(address) {
  view(checkingView);
  journey.away = false;
  try {
    const code = await takeAnswer(service, address, journey);
    drawing.show(journey);
    await worker.newTrace();
    await calling("exchange", "session", () => worker.exchange(code));
  } catch (error) {
    return showProblem(error);
  }
  if (journey.wrong === "replay") {
    journey.wrong = "none";
    keepJourney(journey);
    return location.replace(address);
  }
  history.replaceState(null, "", "/consent");
  return askForDebt();
}

/** The answer went to the worker, which sent the browser here. Its record has the steps in between. */
async function returnedFromWorker(problem) {
  journey.away = false;
  await follow(journey, () => drawing.show(journey))();
  journey.events.decide = { state: "done", fields: [] };
  keepJourney(journey);
  drawing.show(journey);
  return problem ? showProblem(problem) : askForDebt();
}

async function arrive() {
  const address = location.href;
  const { pathname, searchParams } = new URL(address);
  if (pathname === "/callback") history.replaceState(null, "", "/callback");
  if (pathname === "/failed") history.replaceState(null, "", "/");
  drawing.draw(journey);
  if (pathname === "/callback") view(checkingView);
  let answer;
  try {
    answer = await worker.session();
  } catch (error) {
    return showProblem(error);
  }
  service = answer.service;
  document.querySelector(".where").hidden = !service.local;
  if (pathname === "/callback") return returnedToPage(address);
  if (pathname === "/failed" && searchParams.has("error")) {
    return returnedFromWorker({ code: searchParams.get("error").slice(0, 60), action: searchParams.get("action") });
  }
  if (pathname === "/consent" && answer.consent) {
    if (journey.away && journey.flow === "worker") return returnedFromWorker();
    return view(() => signedInView(answer.consent, { again: restart, ask: askForDebt, logout }));
  }
  journey = newJourney(wishes.flow);
  drawing.draw(journey);
  return showStart(false);
}

languageSelect(document.getElementById("language"), () => {
  labels();
  redraw();
  drawing.draw(journey);
  document.title = `${person.querySelector("h1").textContent} · samtykke`;
});
labels();
// A page that comes back from the browser's cache after "Back" shows a login that is no longer under way.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.replace("/");
});
await arrive();
