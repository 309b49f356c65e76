// The portal's confirm page: shows a draft to the person, who approves or rejects it or decides later, and sends the browser back.
// In the present form to the draft's own redirect URI; in the older one to loopback, by port and path of the query.
// Refuses nothing that a person may do: only one of the three answers confirms, and only its status is `Success`.

import { languageOf, speaks } from "../shared/languages.mjs";
import { asset, html, page } from "../shared/pages.mjs";

const service = "Selvbetjening";

/** What each button does, and how the program hears of it. The real portal documents `Success` alone. */
const DECISIONS = { approve: "Success", later: "Pending", reject: "Aborted" };

export const TEXTS = {
  confirm: ["Confirm the client", "Bekreft klienten", "Stadfest klienten", "Bekräfta klienten", "Bevestig de client"],
  confirmLead: [
    "A program wants to become a client of HelseID for your organisation. Say yes only if you recognise it.",
    "Et program vil bli klient av HelseID for organisasjonen din. Si bare ja hvis du kjenner det igjen.",
    "Eit program vil bli klient av HelseID for organisasjonen din. Sei berre ja viss du kjenner det att.",
    "Ett program vill bli klient hos HelseID för din organisation. Säg bara ja om du känner igen det.",
    "Een programma wil client van HelseID worden voor uw organisatie. Zeg alleen ja als u het herkent.",
  ],
  known: ["The client is confirmed", "Klienten er bekreftet", "Klienten er stadfesta", "Klienten är bekräftad", "De client is bevestigd"],
  knownLead: [
    "It was confirmed before. You can go back to the program.",
    "Den er bekreftet fra før. Du kan gå tilbake til programmet.",
    "Han er stadfesta frå før. Du kan gå tilbake til programmet.",
    "Den är redan bekräftad. Du kan gå tillbaka till programmet.",
    "Hij was al bevestigd. U kunt teruggaan naar het programma.",
  ],
  organisation: ["Organisation", "Organisasjon", "Organisasjon", "Organisation", "Organisatie"],
  client: ["Client", "Klient", "Klient", "Klient", "Client"],
  loginAt: ["Logs in at", "Innlogging hos", "Innlogging hos", "Inloggning hos", "Logt in bij"],
  access: ["Access", "Tilgang", "Tilgang", "Åtkomst", "Toegang"],
  atOnce: ["given at once", "gis med en gang", "blir gitt med ein gong", "ges genast", "meteen gegeven"],
  byOwner: [
    "the API's owner has to approve",
    "eieren av API-et må godkjenne",
    "eigaren av API-et må godkjenne",
    "API:ets ägare måste godkänna",
    "de eigenaar van de API moet goedkeuren",
  ],
  approve: ["Confirm", "Bekreft", "Stadfest", "Bekräfta", "Bevestigen"],
  later: ["Decide later", "Bestem senere", "Avgjer seinare", "Bestäm senare", "Later beslissen"],
  reject: ["Reject", "Avvis", "Avvis", "Avvisa", "Afwijzen"],
  back: ["Back to the program", "Tilbake til programmet", "Tilbake til programmet", "Tillbaka till programmet", "Terug naar het programma"],
  approveDone: ["Confirmed", "Bekreftet", "Stadfesta", "Bekräftad", "Bevestigd"],
  approveDoneLead: [
    "The client can be used once HelseID knows it.",
    "Klienten kan tas i bruk når HelseID kjenner den.",
    "Klienten kan takast i bruk når HelseID kjenner han.",
    "Klienten kan användas när HelseID känner den.",
    "De client kan worden gebruikt zodra HelseID hem kent.",
  ],
  laterDone: ["Not decided", "Ikke bestemt", "Ikkje avgjort", "Inte bestämt", "Niet beslist"],
  laterDoneLead: [
    "The draft stays here until somebody decides.",
    "Utkastet ligger her til noen bestemmer seg.",
    "Utkastet ligg her til nokon bestemmer seg.",
    "Utkastet ligger kvar tills någon bestämmer sig.",
    "Het concept blijft hier tot iemand beslist.",
  ],
  rejectDone: ["Rejected", "Avvist", "Avvist", "Avvisad", "Afgewezen"],
  rejectDoneLead: ["Nothing was changed.", "Ingenting er endret.", "Ingenting er endra.", "Ingenting har ändrats.", "Er is niets veranderd."],
  missing: ["The draft was not found", "Fant ikke utkastet", "Fann ikkje utkastet", "Utkastet hittades inte", "Het concept is niet gevonden"],
  missingLead: [
    "The address is wrong, or the draft was deleted. Go back to the program and make a new one.",
    "Adressen er feil, eller utkastet er slettet. Gå tilbake til programmet og lag et nytt.",
    "Adressa er feil, eller utkastet er sletta. Gå tilbake til programmet og lag eit nytt.",
    "Adressen är fel, eller utkastet har raderats. Gå tillbaka till programmet och gör ett nytt.",
    "Het adres is fout, of het concept is verwijderd. Ga terug naar het programma en maak een nieuw.",
  ],
  unread: ["Not understood", "Ikke forstått", "Ikkje forstått", "Inte förstått", "Niet begrepen"],
  unreadLead: [
    "Go back and choose one of the buttons.",
    "Gå tilbake og velg en av knappene.",
    "Gå tilbake og vel ein av knappane.",
    "Gå tillbaka och välj en av knapparna.",
    "Ga terug en kies een van de knoppen.",
  ],
};

const plain = (language, status, name) => {
  const say = speaks(TEXTS, language);
  return page(status, { service, language, title: say(name), lead: say(`${name}Lead`) });
};

function confirmPage(client, language) {
  const say = speaks(TEXTS, language);
  const row = (name, status) =>
    html`<li><code>${name}</code><span class="tag ${status === "ok" ? "" : "later"}">${say(status === "ok" ? "atOnce" : "byOwner")}</span></li>`;
  const button = (value, text, kind) => html`<button type="submit" name="decision" value="${value}"${kind ? html` class="${kind}"` : ""}>${say(text)}</button>`;
  return page(200, {
    service,
    language,
    title: say(client.confirmed ? "known" : "confirm"),
    lead: say(client.confirmed ? "knownLead" : "confirmLead"),
    content: html`
      <dl class="facts">
        <dt>${say("organisation")}</dt><dd>${client.organization}</dd>
        <dt>${say("client")}</dt><dd><code>${client.id}</code></dd>
        ${client.redirectUris.map((uri) => html`<dt>${say("loginAt")}</dt><dd><code>${uri}</code></dd>`)}
      </dl>
      <h2>${say("access")}</h2>
      <ul class="access">
        ${client.apiScopes.map(({ scope, status }) => row(scope, status))}
        ${client.audienceSpecificClientClaims.map(({ claimType, status }) => row(claimType, status))}
      </ul>
      <form method="post">
        <div class="actions">
          ${client.confirmed ? button("approve", "back", "primary") : [button("approve", "approve", "primary"), button("later", "later"), button("reject", "reject")]}
        </div>
      </form>`,
  });
}

export function createPortal(state) {
  /** Where the browser goes afterwards, if anywhere. */
  function back(client, query) {
    if (client.confirmationRedirectUri) return client.confirmationRedirectUri;
    const [port, path] = [query.get("redirectPort"), query.get("redirectPath")];
    return /^\d{1,5}$/.test(port ?? "") && path?.startsWith("/") ? `http://localhost:${port}${path}` : undefined;
  }

  return {
    async handle({ method, path, query, headers, body }) {
      const file = asset(path);
      if (file) return file;
      const language = languageOf(query.get("ui_locales"), headers["accept-language"]);
      const client = state.clients.get(/^\/confirm-client\/([\w-]+)$/.exec(path)?.[1]);
      if (!client) return plain(language, 404, "missing");
      if (method === "GET") return confirmPage(client, language);
      const decision = new URLSearchParams(body).get("decision");
      if (!Object.hasOwn(DECISIONS, decision ?? "")) return plain(language, 400, "unread");
      const status = DECISIONS[decision];
      state.requests.push(`${decision} ${client.id}`);
      if (decision === "approve" && !client.confirmed) state.confirm(client);
      const target = back(client, query);
      if (!target) return plain(language, 200, `${decision}Done`);
      return { status: 303, body: "", headers: { location: `${target}?status=${status}` } };
    },
  };
}
