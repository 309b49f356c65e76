// The pages a person sees here: log in, consent, and the server's own error page. Plain forms, no script.
// Norsk Gjeldsinformasjon's steps of a consent: login, consent screen, back to the service.
// Refuses to place any value in a page unescaped.

import { html } from "../shared/html.mjs";
import { PEOPLE } from "./people.mjs";

const STEPS = ["Logg inn", "Samtykke"];

const steps = (current) => html`
  <ol class="steps" aria-label="Steg i samtykket">
    ${STEPS.map(
      (name, i) => html`<li${i < current ? html` class="done"` : ""}${i === current ? html` aria-current="step"` : ""}>
        <span class="number" aria-hidden="true">${i < current ? "✓" : i + 1}</span>${name}
        ${i < current ? html`<span class="hidden"> (fullført)</span>` : ""}
      </li>`,
    )}
  </ol>`;

function layout({ title, step, content }) {
  return html`<!doctype html>
<html lang="nb">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="robots" content="noindex">
  <title>${title} – lokal testleverandør</title>
  <link rel="icon" href="/assets/mark.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/assets/norskgjeld.css">
  <link rel="stylesheet" href="/assets/parts.css">
</head>
<body>
  <aside class="banner" aria-label="Om denne siden"><strong>Lokal testleverandør.</strong> Ingen ekte innlogging, ingen ekte opplysninger.</aside>
  <div class="card">
    <header>
      <img class="mark" src="/assets/mark.svg" alt="" width="32" height="32">
      <p class="brand">Gjeldsinformasjon <span>lokal utgave</span></p>
      ${step === undefined ? "" : steps(step)}
    </header>
    <main>${content}</main>
  </div>
  <footer>
    <p>Etterligner Norsk Gjeldsinformasjon for utvikling og test. Uten tilknytning til Norsk Gjeldsinformasjon AS.</p>
  </footer>
</body>
</html>
`.text;
}

const tools = (actions) => html`
  <details class="tools">
    <summary>Testverktøy</summary>
    <p>Se hvordan tjenesten tar imot et avbrudd eller en feil.</p>
    <div class="row">
      ${actions.map(([value, label]) => html`<button type="submit" name="action" value="${value}" class="quiet" formnovalidate>${label}</button>`)}
    </div>
  </details>`;

/** `problem` is shown beside the field after a form that could not be used. */
export function loginPage({ action, clientName, problem, typed = "" }) {
  const known = PEOPLE.map(
    ({ nin, name, about }, i) => html`
      <label class="choice">
        <input type="radio" name="user" value="${nin}"${i === 0 && !problem ? html` checked` : ""}>
        <span class="text"><span class="name">${name}</span><span class="nin">${nin.slice(0, 6)} ${nin.slice(6)}</span><span class="about">${about}</span></span>
      </label>`,
  );
  return layout({
    title: "Logg inn",
    step: 0,
    content: html`
      <h1>Logg inn</h1>
      <p class="lead"><strong>${clientName}</strong> ber om å få se gjelden din. Velg hvem du vil være, så ser du hva de ber om.</p>
      <form method="post" action="${action}">
        <fieldset>
          <legend>Testbruker</legend>
          ${known}
          <label class="choice other">
            <input type="radio" name="user" value="other"${problem ? html` checked` : ""}>
            <span class="text"><span class="name">En annen</span><span class="about">Skriv et fødselsnummer. Personen har ingen gjeld.</span></span>
          </label>
          <div class="typed">
            <label for="nin">Fødselsnummer</label>
            <input id="nin" name="nin" type="text" inputmode="numeric" autocomplete="off" maxlength="14" value="${typed}"
              aria-describedby="nin-help${problem ? " nin-problem" : ""}"${problem ? html` aria-invalid="true" autofocus` : ""}>
            <p class="help" id="nin-help">11 siffer. Bruk bare oppdiktede numre.</p>
            ${problem ? html`<p class="problem" id="nin-problem"><strong>Feil:</strong> ${problem}</p>` : ""}
          </div>
        </fieldset>
        <div class="actions">
          <button type="submit" name="action" value="login" class="primary">Logg inn</button>
          <button type="submit" name="action" value="cancel" formnovalidate>Avbryt innloggingen</button>
        </div>
        ${tools([["error", "Utløs en serverfeil"]])}
      </form>`,
  });
}

const PURPOSE = {
  presentation: {
    short: "Vise deg gjelden din",
    long: "Opplysningene skal bare vises for deg. De skal ikke brukes til å vurdere en søknad.",
  },
  processing: {
    short: "Behandle en søknad om kreditt",
    long: "Opplysningene brukes når du søker om lån eller vil refinansiere.",
  },
};

function duration(days) {
  if (days === null) {
    return { short: "Ett oppslag, innen 10 minutter", long: "Samtykket er brukt opp når gjelden er hentet én gang." };
  }
  return {
    short: days === 1 ? "1 dag" : `${days} dager`,
    long: "Gjelden kan hentes flere ganger i denne tiden. Du kan trekke samtykket når du vil.",
  };
}

export function consentPage({ action, clientName, purpose, days, nin, name }) {
  const why = PURPOSE[purpose];
  const long = duration(days);
  return layout({
    title: "Samtykke",
    step: 1,
    content: html`
      <h1>Vil du dele gjelden din med ${clientName}?</h1>
      <p class="lead">Du er logget inn som <strong>${name ?? "testbruker"}</strong> <span class="nin">${nin.slice(0, 6)} ${nin.slice(6)}</span></p>
      <dl class="facts">
        <div><dt>Hvem spør</dt><dd><strong>${clientName}</strong></dd></div>
        <div><dt>Formål</dt><dd><strong>${why.short}</strong><span>${why.long}</span></dd></div>
        <div><dt>Hvor lenge</dt><dd><strong>${long.short}</strong><span>${long.long}</span></dd></div>
      </dl>
      <h2>Dette blir delt</h2>
      <ul class="shared">
        <li>Kredittkort og rammekreditter: ramme, saldo og rente</li>
        <li>Forbrukslån: opprinnelig lån, restgjeld, løpetid og rente</li>
        <li>Faktureringskort: saldo</li>
        <li>Fødselsnummeret ditt, så tjenesten ser at det er deg</li>
      </ul>
      <p class="help">Boliglån og billån med pant er ikke med.</p>
      <form method="post" action="${action}">
        <div class="actions">
          <button type="submit" name="action" value="approve" class="primary">Ja, jeg samtykker</button>
          <button type="submit" name="action" value="deny">Nei, ikke del</button>
        </div>
        ${tools([
          ["cancel", "Avbryt innloggingen"],
          ["error", "Utløs en serverfeil"],
        ])}
      </form>`,
  });
}

export function errorPage({ error, description }) {
  return layout({
    title: "Forespørselen kan ikke brukes",
    content: html`
      <h1>Forespørselen kan ikke brukes</h1>
      <p class="lead">Tjenesten du kom fra, sendte noe denne siden ikke kan svare på. Du blir ikke sendt tilbake; gå tilbake til tjenesten og begynn på nytt.</p>
      <dl class="facts">
        <div><dt>Feilkode</dt><dd><code>${error}</code></dd></div>
        ${description ? html`<div><dt>Årsak</dt><dd>${description}</dd></div>` : ""}
      </dl>`,
  });
}

export const messagePage = (title, text) => layout({ title, content: html`<h1>${title}</h1><p class="lead">${text}</p>` });
