// Draws the steps as a sequence: an ordered list for those who listen, arrows between lifelines for those who look.
// The order and the parties come from steps.mjs, what was sent from the journey and from the worker's record.
// Refuses to draw a value that was not masked before it came here: it has no way to unmask or to shorten one.
import { h, icon, icons } from "./dom.mjs";
import { hasText, t } from "./language.mjs";
import { parties, plans, steps, withdrawal } from "./steps.mjs";

const place = (party) => parties.indexOf(party) + 1;

function field({ in: where, name, value, length }) {
  const meaning = [`param.${name}`, `param.${name}.${where}`].find(hasText);
  return h(
    "div.field",
    {},
    h("dt", {}, name),
    h("dd.value", {}, length === undefined ? value : t("detail.masked", { value, length })),
    h("dd.meaning", {}, meaning ? t(meaning) : ""),
  );
}

function detail(id, event) {
  const { specs, call } = steps[id];
  const fields = event?.fields ?? [];
  return h(
    "div.detail",
    {},
    h("p", {}, t(`step.${id}.text`)),
    call && h("p.made", {}, `${t("systems.call")}: `, h("code", {}, call)),
    fields.length > 0 && h("dl.fields", {}, fields.map(field)),
    !event && h("p.help", {}, t("detail.planned")),
    specs.length > 0 &&
      h(
        "p.specs",
        {},
        `${t("detail.spec")}: `,
        specs.map(({ label, href }, index) => [index > 0 && ", ", h("a", { href, rel: "noreferrer", target: "_blank" }, label)]),
      ),
  );
}

function row(id, index, event, isOpen) {
  const step = steps[id];
  const state = event?.state ?? "planned";
  const self = step.from === step.to;
  // The soft hyphens in the names are for narrow columns only.
  const [from, to] = [step.from, step.to].map((party) => t(`party.${party}`).replaceAll("\u00ad", ""));
  const spoken = `${self ? t("seq.self", { from }) : t("seq.to", { from, to })}, ${t(`state.${state}`)}: `;
  const method = event?.method ?? step.method;
  const path = event?.path ?? step.path;
  const summary = h(
    "summary",
    {},
    h("span.number", { "aria-hidden": "true" }, String(index + 1)),
    h("span.hidden", {}, spoken),
    h(
      "span.message",
      {},
      h("span.between", { "aria-hidden": "true" }, self ? from : `${from} → ${to}`),
      h("span.name", {}, t(`step.${id}`), ["failed", "ended"].includes(state) && h("span.stopped", { "aria-hidden": "true" }, t(`state.${state}`))),
      h("span.arrow", { "aria-hidden": "true" }),
      method &&
        h(
          "code",
          {},
          [method, path].filter(Boolean).join(" "),
          event?.ms !== undefined && (step.answer || state === "failed") && [" · ", h("span.time", {}, `${event.ms} ms`)],
        ),
    ),
    icon(icons.chevron, "chevron"),
  );
  return h(
    "li.step",
    {
      "data-id": id,
      "data-state": state,
      "data-kind": self ? "self" : step.answer ? "answer" : "call",
      "data-left": Math.min(place(step.from), place(step.to)),
      "data-right": Math.max(place(step.from), place(step.to)),
      "data-way": place(step.from) <= place(step.to) ? "right" : "left",
    },
    h("details", { open: isOpen }, summary, detail(id, event)),
  );
}

/** Keeps one drawing up to date: `draw` after a change of flow or language, `show` after each event. */
export function sequence(root) {
  let ids = [];
  let drawn = new Map();
  let progress;

  const stepList = (journey) => [...plans[journey.flow], ...(journey.withdrawing ? withdrawal : [])];

  function draw(journey) {
    const opened = new Set([...root.querySelectorAll("details[open]")].map((one) => one.parentElement.dataset.id));
    ids = stepList(journey);
    drawn = new Map();
    progress = h("p.progress", {});
    root.replaceChildren(
      h("header", {}, h("div", {}, h("h2", { id: "sequence-title" }, t("seq.title")), progress), h("p", {}, t("seq.lead"))),
      h(
        "div.parties",
        { "aria-hidden": "true" },
        parties.map((party) => h("span", { "data-party": party }, t(`party.${party}`))),
      ),
      h(
        "ol.steps",
        {},
        ids.map((id, index) => {
          const event = journey.events[id];
          const made = row(id, index, event, opened.has(id));
          drawn.set(id, { row: made, seen: JSON.stringify(event) });
          return made;
        }),
      ),
    );
    count(journey);
  }

  function count(journey) {
    const done = ids.filter((id) => ["done", "failed", "ended"].includes(journey.events[id]?.state)).length;
    progress.textContent = done === 0 ? "" : t("seq.progress", { done, all: ids.length });
  }

  function show(journey) {
    if (stepList(journey).join() !== ids.join()) return draw(journey);
    ids.forEach((id, index) => {
      const event = journey.events[id];
      const before = drawn.get(id);
      if (JSON.stringify(event) === before.seen) return;
      const isOpen = before.row.querySelector("details").open;
      const held = before.row.contains(document.activeElement);
      const made = row(id, index, event, isOpen);
      made.classList.add("fresh");
      before.row.replaceWith(made);
      if (held) made.querySelector("summary").focus();
      drawn.set(id, { row: made, seen: JSON.stringify(event) });
    });
    count(journey);
  }

  return { draw, show };
}
