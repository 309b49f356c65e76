// What the person sees when a run did not end with their debt: what happened, what to do next, and a way on.
// RFC 6749 4.1.2.1 and Norsk Gjeldsinformasjon's callback errors; the sentence itself comes from samtykke/messages.
// Refuses to show what a provider wrote: only our own words and the library's stable code.
import { userMessage } from "samtykke/messages";
import { h, icon, icons } from "./dom.mjs";
import { language, t } from "./language.mjs";

const actions = new Set(["user_declined", "user_cancelled", "restart", "try_later", "fix_configuration"]);
// A person who declined or cancelled did nothing wrong, so those two are not drawn as alarms.
const calm = new Set(["user_declined", "user_cancelled"]);

export function outcomeView(error, { again, retry }) {
  const action = actions.has(error.action) ? error.action : "none";
  const title = h("h1", { tabindex: "-1" }, t(`outcome.${action}`));
  const quiet = calm.has(action);
  return [
    h(
      quiet ? "section.outcome.calm" : "section.outcome",
      {},
      h("div.sign", {}, icon(quiet ? icons.info : icons.alert)),
      title,
      h("p.lead", {}, userMessage(error, language())),
      h(
        "div.actions",
        {},
        retry && h("button.primary", { type: "button", onclick: retry }, t("retry.button")),
        h(retry ? "button" : "button.primary", { type: "button", onclick: again }, t("again.button")),
      ),
      h("p.code", {}, t("outcome.code", { code: error.code })),
    ),
  ];
}
