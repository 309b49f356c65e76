// The pages of a login: who it is that logs in, and what went wrong, in the visitor's language.
// OpenID Connect Core sections 3.1.2.3 and 3.1.2.6. Plain forms, no script.
// Refuses nothing: a person may log in, break off, and let the server fail where that is offered.

import { html, page } from "./pages.mjs";
import { speaks } from "./languages.mjs";

export const TEXTS = {
  login: ["Log in", "Logg inn", "Logg inn", "Logga in", "Inloggen"],
  lead: [
    "A program asks who you are. Choose one of the made-up people.",
    "Et program ber om å få vite hvem du er. Velg en av de oppdiktede personene.",
    "Eit program ber om å få vite kven du er. Vel ein av dei oppdikta personane.",
    "Ett program ber att få veta vem du är. Välj en av de påhittade personerna.",
    "Een programma wil weten wie u bent. Kies een van de verzonnen personen.",
  ],
  who: ["Who are you?", "Hvem er du?", "Kven er du?", "Vem är du?", "Wie bent u?"],
  cancel: ["Cancel", "Avbryt", "Avbryt", "Avbryt", "Annuleren"],
  fail: ["Let the server fail", "La serveren svikte", "La serveren svikte", "Låt servern svikta", "Laat de server falen"],
  asked: ["What the program asks for", "Programmet ber om", "Programmet ber om", "Programmet ber om", "Het programma vraagt"],
  client: ["Client", "Klient", "Klient", "Klient", "Client"],
  professional: ["Health professional", "Helsepersonell", "Helsepersonell", "Vårdpersonal", "Zorgverlener"],
  tooLow: [
    "too low for many programs",
    "for lavt for mange programmer",
    "for lågt for mange program",
    "för låg för många program",
    "te laag voor veel programma's",
  ],
  level: ["Level of assurance", "Sikkerhetsnivå", "Tryggleiksnivå", "Tillitsnivå", "Betrouwbaarheidsniveau"],
  stopped: [
    "The login cannot go on",
    "Innloggingen kan ikke fortsette",
    "Innlogginga kan ikkje halde fram",
    "Inloggningen kan inte fortsätta",
    "Het inloggen kan niet doorgaan",
  ],
  back: [
    "Go back to the program and start again.",
    "Gå tilbake til programmet og start på nytt.",
    "Gå tilbake til programmet og start på nytt.",
    "Gå tillbaka till programmet och börja om.",
    "Ga terug naar het programma en begin opnieuw.",
  ],
  error: ["Error", "Feil", "Feil", "Fel", "Fout"],
  why: ["Explanation", "Forklaring", "Forklaring", "Förklaring", "Uitleg"],
};

/** `about(person, say)`: what is said of a person; `fails`: whether a person may let the server fail. */
export function loginPage({ service, owner, language, base, people, about = ({ sub }) => sub, fails, clientId, scope, acr }) {
  const say = speaks(TEXTS, language);
  return page(200, {
    service,
    owner,
    language,
    base,
    title: say("login"),
    lead: say("lead"),
    content: html`
    <form method="post">
      <fieldset>
        <legend>${say("who")}</legend>
        ${people.map(
          (person, at) => html`
          <div class="choice">
            <input type="radio" id="person-${at}" name="person" value="${at}"${at === 0 ? html` checked` : ""} aria-describedby="person-${at}-about">
            <label for="person-${at}">${person.name}</label>
            <p id="person-${at}-about">${about(person, say)}</p>
          </div>`,
        )}
      </fieldset>
      <div class="actions">
        <button type="submit" name="decision" value="login" class="primary">${say("login")}</button>
        <button type="submit" name="decision" value="cancel">${say("cancel")}</button>
        ${fails ? html`<button type="submit" name="decision" value="error">${say("fail")}</button>` : ""}
      </div>
    </form>
    <h2>${say("asked")}</h2>
    <dl class="facts"><dt>${say("client")}</dt><dd><code>${clientId}</code></dd>${acr ? html`<dt>${say("level")}</dt><dd><code>${acr}</code></dd>` : ""}</dl>
    <ul class="access">${scope.map((one) => html`<li><code>${one}</code></li>`)}</ul>`,
  });
}

/** For errors that cannot be sent back to the program. */
export function errorPage({ service, owner, language, base, error, description, status = 400 }) {
  const say = speaks(TEXTS, language);
  return page(status, {
    service,
    owner,
    language,
    base,
    title: say("stopped"),
    lead: say("back"),
    content: html`<dl class="facts"><dt>${say("error")}</dt><dd><code>${error}</code></dd><dt>${say("why")}</dt><dd>${description ?? "–"}</dd></dl>`,
  });
}
