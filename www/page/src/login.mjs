// Starts a consent and takes the answer, by samtykke's browser entry: the part of the protocol that runs in the page.
// RFC 6749 4.1.1 and 4.1.2, RFC 7636, RFC 9700; the address with the code is replaced before anything else happens.
// Refuses nothing by itself: every check is in `callback`, and what it throws goes to the person as it is.
import { callback, norskgjeld, redirect } from "samtykke/browser";
import { fieldsOf } from "../../worker/src/mask.mjs";
import { language } from "./language.mjs";
import { keepJourney, newJourney } from "./memory.mjs";
import { loseTransactions, misspell, shortLife, tooLong } from "./wrong.mjs";

const providerFor = (service) =>
  norskgjeld({
    environment: service.environment,
    clientId: service.clientId,
    redirectUri: `${location.origin}/callback`,
  });

const queryOf = (address) => new URL(address).searchParams;

/** The page builds the request itself; the library keeps the transaction in this tab's session storage. */
export function leaveFromPage(service, request, wrong) {
  const journey = newJourney("page", wrong);
  let url;
  const asked = { ...request, extra: { ui_locales: language() } };
  redirect(providerFor(service), wrong === "expired" ? shortLife(asked) : asked, {
    navigate: (to) => {
      url = to;
    },
  });
  journey.events.prepare = {
    state: "done",
    fields: [
      ...fieldsOf(
        "tab",
        [...queryOf(url)].filter(([name]) => name === "state" || name === "nonce"),
      ),
      { in: "tab", name: "code_verifier", value: "…", length: 43 },
    ],
  };
  leave(journey, wrong === "state" ? misspell(url) : url);
}

/** The worker builds the request; the page follows a link that says only what the consent is for. */
export function leaveFromWorker(_service, request, wrong) {
  const journey = newJourney("worker", wrong);
  const query = new URLSearchParams({ purpose: request.purpose, ...(request.days ? { days: String(request.days) } : {}), language: language() });
  journey.events.login = { state: "done", fields: fieldsOf("query", query) };
  leave(journey, `/login?${query}`);
}

function leave(journey, url) {
  if (journey.flow === "page") {
    journey.events.authorize = { state: "done", path: new URL(url).pathname, fields: fieldsOf("query", queryOf(url)) };
  }
  journey.events.decide = { state: "running", fields: [] };
  journey.away = true;
  keepJourney(journey);
  location.assign(url);
}

/** Checks the answer in `address`. Throws the library's own error. Notes the steps in the journey. */
export async function takeAnswer(service, address, journey) {
  const query = queryOf(address);
  journey.events.decide = { state: "done", fields: [] };
  journey.events.return = { state: "done", fields: fieldsOf("query", query) };
  if (journey.wrong === "lost") loseTransactions();
  if (journey.wrong === "expired") await tooLong();
  try {
    const code = callback(providerFor(service), { url: address });
    journey.events.check = { state: "done", fields: [] };
    return code;
  } catch (error) {
    // The provider's own answer passed the check; then it is the answer that ended the run.
    if (error.oauth) journey.events.return.state = /^user_/.test(error.action) ? "ended" : "failed";
    journey.events.check = { state: error.oauth ? "done" : "failed", fields: [{ in: "result", name: "code.error", value: error.code ?? "api_error" }] };
    throw error;
  }
}
