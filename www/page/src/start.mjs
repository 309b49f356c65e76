// The form that starts a consent: what for, how long, and who starts the login.
// Norsk Gjeldsinformasjon, scopes: presentation at most 365 days, processing at most 28; without days one lookup.
// Refuses a number of days outside the limits, beside the field, before anything is sent.
import { about } from "./about.mjs";
import { h } from "./dom.mjs";
import { t } from "./language.mjs";
import { wrongPanel } from "./wrong.mjs";

const limits = { presentation: 365, processing: 28 };

function choice(name, value, chosen, changed) {
  const id = `${name}-${value}`;
  return h(
    "div.choice",
    {},
    h("input", { type: "radio", id, name, value, checked: value === chosen, "aria-describedby": `${id}-help`, onchange: () => changed(value) }),
    h("label", { for: id }, t(`${name}.${value}`)),
    h("p", { id: `${id}-help` }, t(`${name}.${value}.help`)),
  );
}

const group = (name, values, chosen, changed, ...more) =>
  h(
    "fieldset",
    {},
    h("legend", {}, t(`${name}.legend`)),
    h(
      "div.choices",
      {},
      values.map((value) => choice(name, value, chosen, changed)),
    ),
    more,
  );

/** `wishes` is kept by the caller, so that a change of language loses nothing. */
export function startView(wishes, { redraw, planned, local, go }) {
  const max = limits[wishes.purpose];
  const days = h("input", {
    id: "days",
    name: "days",
    type: "text",
    inputmode: "numeric",
    autocomplete: "off",
    value: wishes.days,
    "aria-describedby": "days-problem",
    oninput: () => {
      wishes.days = days.value;
      problem.textContent = "";
      days.removeAttribute("aria-invalid");
    },
  });
  const problem = h("p.problem", { id: "days-problem", role: "alert" });
  const set = (name) => (value) => {
    wishes[name] = value;
    redraw(`#${name}-${value}`);
  };

  const submit = (event) => {
    event.preventDefault();
    const request = { purpose: wishes.purpose };
    if (wishes.duration === "days") {
      const number = Number(wishes.days.trim());
      if (!/^\d{1,3}$/.test(wishes.days.trim()) || number < 1 || number > max) {
        problem.textContent = t("days.error", { max });
        days.setAttribute("aria-invalid", "true");
        days.focus();
        return;
      }
      request.days = number;
    }
    go(request);
  };

  return [
    h("h1", { tabindex: "-1" }, t("start.title")),
    h("p.lead", {}, t("start.lead")),
    about(),
    h(
      "form",
      { novalidate: true, onsubmit: submit },
      group("purpose", ["presentation", "processing"], wishes.purpose, set("purpose")),
      group(
        "duration",
        ["once", "days"],
        wishes.duration,
        set("duration"),
        wishes.duration === "days" && h("div.days", {}, h("label", { for: "days" }, t("days.label", { max })), days, problem),
      ),
      group("flow", ["page", "worker"], wishes.flow, (value) => {
        wishes.flow = value;
        planned(value);
        redraw(`#flow-${value}`);
      }),
      h("button.primary", { type: "submit" }, t(wishes.wrong === "none" ? "start.button" : "start.button.wrong")),
    ),
    local &&
      wrongPanel(wishes, (kind) => {
        wishes.wrong = kind;
        redraw(`input[name=wrong][value=${kind}]`);
      }),
  ];
}
