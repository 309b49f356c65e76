// The left side: the systems to choose from, and the steps of the chosen one, each with what it is for and how it went.
// WAI-ARIA radio group by plain inputs; the next step to take has the primary button.
// Refuses nothing: a step that needs another one first says which, and by its own error if it is taken all the same.
import { h, icon, icons } from "../dom.mjs";
import { about } from "../about.mjs";
import { hasText, t } from "../language.mjs";
import { calls } from "./calls.mjs";

const choice = ({ id }, chosen, choose) =>
  h(
    "div.choice",
    {},
    h("input", {
      type: "radio",
      id: `system-${id}`,
      name: "system",
      value: id,
      checked: id === chosen,
      "aria-describedby": `system-${id}-help`,
      onchange: () => choose(id),
    }),
    h("label", { for: `system-${id}` }, t(`${id}.name`)),
    h("p", { id: `system-${id}-help` }, t(`${id}.about`)),
  );

const facts = (rows) =>
  h(
    "dl.facts",
    {},
    rows.map(({ name, value }) => [h("dt", {}, name), h("dd.value", {}, value || "–")]),
  );

/** How a step went. A comparison that failed is a failure, though the call itself went well. */
function stateOf(result, isRunning) {
  if (isRunning) return "running";
  if (!result) return "waiting";
  if (result.error || result.differs) return "failed";
  return result.waiting ? "away" : "done";
}

/** The step to take first, unless it was taken. */
function first(id, step, resultOf) {
  const { after } = calls[`${id}.${step}`];
  const before = after && resultOf(after);
  return after && stateOf(before, false) !== "done" ? after : undefined;
}

/** The call behind a step, as the worker makes it. */
export function callOf(id, step) {
  const { call } = calls[`${id}.${step}`];
  return call ? h("pre.call", {}, h("span.hidden", {}, `${t("systems.call")}: `), h("code", {}, call)) : h("p.help", {}, t("systems.others"));
}

function stepItem(id, step, { result, next, running, resultOf, run }) {
  const state = stateOf(result, running === step);
  const title = `${id}-${step}`;
  const before = first(id, step, resultOf);
  return h(
    "li.machine-step",
    { "data-step": step, "data-state": state },
    h(
      "div.head",
      {},
      h("h3", { id: title }, t(`${id}.${step}`), state === "done" && icon(icons.check, "icon done"), state === "failed" && icon(icons.alert, "icon failed")),
      h(
        next ? "button.primary" : "button",
        { type: "button", id: `run-${step}`, "aria-describedby": title, onclick: () => run(step) },
        t(running === step ? "systems.running" : result ? "systems.again" : "systems.run"),
      ),
    ),
    h("p.help", {}, t(`${id}.${step}.help`)),
    before && !result && h("p.first", {}, t("systems.after", { step: t(`${id}.${before}`) })),
    callOf(id, step),
    result?.differs && h("p.problem", {}, t("systems.differs")),
    result?.facts?.length > 0 && facts(result.facts),
    state === "away" && h("p.away", {}, t("systems.away")),
    result?.error && h("p.problem", {}, t("systems.failed"), " ", h("code", {}, result.error.code)),
    result?.error && before && h("p.first", {}, t("systems.after", { step: t(`${id}.${before}`) })),
    result?.error && hasText(`${id}.${step}.retry`) && h("p.help", {}, t(`${id}.${step}.retry`)),
  );
}

export function stepsView({ systems, system, running, resultOf, choose, run }) {
  const next = system?.steps.find((step) => !resultOf(step) || resultOf(step).error || resultOf(step).waiting);
  return [
    h("h1", { tabindex: "-1" }, t("systems.title")),
    h("p.lead", {}, t("systems.lead")),
    about(),
    system &&
      h(
        "form",
        { onsubmit: (event) => event.preventDefault() },
        h(
          "fieldset",
          {},
          h("legend", {}, t("systems.legend")),
          h(
            "div.choices",
            {},
            systems.map((one) => choice(one, system.id, choose)),
          ),
        ),
      ),
    system && h("h2.steps-title", { id: "steps-title" }, t("systems.steps")),
    system &&
      h(
        "ol.machine-steps",
        { "aria-labelledby": "steps-title" },
        system.steps.map((step) => stepItem(system.id, step, { result: resultOf(step), next: step === next, running, resultOf, run })),
      ),
  ];
}
