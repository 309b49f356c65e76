// The left side: the systems to choose from, and the steps of the chosen one, each with what it is for and how it went.
// WAI-ARIA radio group by plain inputs; the next step to take has the primary button.
// Refuses nothing: a step that needs another one first says so by its own error.
import { h, icon, icons } from "../dom.mjs";
import { hasText, t } from "../language.mjs";

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

function stepItem(id, step, { result, next, running, latest, run }) {
  const state = running === step ? "running" : !result ? "waiting" : result.error ? "failed" : result.waiting ? "away" : "done";
  const title = `${id}-${step}`;
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
    result?.facts?.length > 0 && facts(result.facts),
    state === "away" && h("p.away", {}, t("systems.away")),
    result?.error && h("p.problem", {}, t("systems.failed"), " ", h("code", {}, result.error.code)),
    result?.error && hasText(`${id}.${step}.retry`) && h("p.help", {}, t(`${id}.${step}.retry`)),
    latest && h("p.below", {}, h("a", { href: "#sent" }, t("systems.skip"))),
  );
}

export function stepsView({ systems, system, running, latest, resultOf, choose, run }) {
  const next = system?.steps.find((step) => !resultOf(step) || resultOf(step).error || resultOf(step).waiting);
  return [
    h("h1", { tabindex: "-1" }, t("systems.title")),
    h("p.lead", {}, t("systems.lead")),
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
        system.steps.map((step) => stepItem(system.id, step, { result: resultOf(step), next: step === next, latest: step === latest, running, run })),
      ),
  ];
}
