// The right side: what the last step sent and what came back, each signed statement taken apart, and an error with what to do.
// RFC 7519 section 4.1 for the claims' names, which are not translated.
// Refuses to show anything that the worker did not mask.
import { userMessage } from "samtykke/messages";
import { h, icon, icons } from "../dom.mjs";
import { hasText, language, t } from "../language.mjs";
import { callOf } from "./steps.mjs";
import { WORDS } from "./words.mjs";

const value = ({ value: text, length }) => (length === undefined ? text : `${text} (${t("systems.masked", { length })})`);

/** What a claim is for, in words, when it has some. */
const meaning = (name) => (hasText(`claim.${name}`) ? h("span.meaning", {}, t(`claim.${name}`)) : null);

const table = (title, rows, explained) =>
  rows.length > 0 &&
  h(
    "div.part",
    {},
    h(explained ? "h4" : "h3", {}, title),
    h(
      "dl.rows",
      {},
      rows.map((row) => [h("dt", {}, row.name), h("dd", {}, h("span.value", {}, value(row)), explained && meaning(row.name))]),
    ),
  );

const apart = ({ name, header, claims }) =>
  h(
    "div.apart",
    {},
    h("h3", {}, t("systems.apart", { name })),
    header ? [table(t("systems.header"), header, true), table(t("systems.claims"), claims, true)] : h("p.help", {}, t("systems.opaque")),
  );

function message({ browser, method, host, path, status, ms, fields, signed, answer }, at, all) {
  const good = browser || (status >= 200 && status < 300);
  return h(
    "li.exchange",
    { "data-good": good },
    h(
      "details",
      { open: at === all.length - 1 || signed.length > 0 },
      h(
        "summary",
        {},
        h("span.method", {}, method),
        h("span.address", {}, h("span.host", {}, host), h("span.path", {}, path)),
        h("span.answered", {}, browser ? t("systems.browser") : status ? `${status} · ${ms} ms` : t("systems.none")),
      ),
      signed.map(apart),
      table(t("systems.request"), fields),
      table(t("systems.answer"), answer),
    ),
  );
}

function errorCard({ code, action, hint, expected, actual, theirs }) {
  return h(
    "section.step-error",
    {},
    h("h3", {}, icon(icons.alert), t("systems.whatToDo")),
    h("p", {}, userMessage({ code, action }, language())),
    hint && h("p.help", {}, hint),
    h(
      "dl.facts",
      {},
      h("dt", {}, t("systems.code")),
      h("dd.value", {}, code),
      theirs && [h("dt", {}, t("systems.theirs")), h("dd.value", {}, theirs)],
      expected && [h("dt", {}, t("systems.expected")), h("dd.value", {}, expected)],
      actual && [h("dt", {}, t("systems.actual")), h("dd.value", {}, actual)],
    ),
  );
}

/** Before anything was sent: what there is to see, the call behind each step, and the words. */
const plan = ({ id, steps }) => [
  h("h2", { id: "sent-title" }, t("systems.plan", { name: t(`${id}.name`) })),
  h("p.help", {}, t("systems.begin", { step: t(`${id}.${steps[0]}`) })),
  h(
    "ol.plan",
    {},
    steps.map((step, at) =>
      h(
        "li",
        {},
        h("span.number", { "aria-hidden": "true" }, `${at + 1}`),
        h("div", {}, h("p.name", {}, t(`${id}.${step}`)), h("p.help", {}, t(`${id}.${step}.help`))),
      ),
    ),
  ),
  h("h3.words-title", {}, t("systems.words")),
  h(
    "dl.words",
    {},
    WORDS.map((word) => [h("dt", {}, t(`word.${word}`)), h("dd", {}, t(`word.${word}.text`))]),
  ),
];

/** `last`: the step to show; `system`: the chosen one, for when nothing was sent yet. */
export function messagesView(last, system) {
  if (!last && system) return plan(system);
  const title = h("h2", { id: "sent-title" }, last?.step ? t("systems.sentBy", { step: t(`${last.system}.${last.step}`) }) : t("systems.sent"));
  if (!last) return [title, h("p.help", {}, t("systems.nothing"))];
  return [
    title,
    last.step && callOf(last.system, last.step),
    last.error && errorCard(last.error),
    last.messages.length > 0
      ? h("ol.messages", {}, last.messages.map(message))
      : !last.error && !last.waiting && h("p.cached", {}, icon(icons.check), t("systems.cached", { ms: last.ms })),
  ];
}
