// The pages a person sees here: log in, consent, and the server's own error page. Plain forms, no script, in the visitor's language.
// Norsk Gjeldsinformasjon's steps of a consent: login, consent screen, back to the service.
// Refuses to place any value in a page unescaped.

import { html } from "../shared/html.mjs";
import { languageOf, speaks } from "../shared/languages.mjs";
import { PEOPLE } from "./people.mjs";
import { TEXTS } from "./texts.mjs";

/** The language of a request's page: what the program asked for, with this request or at the start of the flow, else what the browser prefers. */
export const tongue = (ctx, flow) => languageOf(new URLSearchParams(ctx.querystring).get("ui_locales") ?? flow?.locales, ctx.get("accept-language"));

/** A text in a language, for what is no page. */
export const textIn = (language, name) => speaks(TEXTS, language)(name);

const STEPS = ["login", "consent"];

const steps = (say, current) => html`
  <ol class="steps" aria-label="${say("steps.label")}">
    ${STEPS.map(
      (name, i) => html`<li${i < current ? html` class="done"` : ""}${i === current ? html` aria-current="step"` : ""}>
        <span class="number" aria-hidden="true">${i < current ? "✓" : i + 1}</span>${say(`steps.${name}`)}
        ${i < current ? html`<span class="hidden"> ${say("steps.done")}</span>` : ""}
      </li>`,
    )}
  </ol>`;

function layout({ language, title, step, content }) {
  const say = speaks(TEXTS, language);
  return html`<!doctype html>
<html lang="${language}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="robots" content="noindex">
  <title>${title} – ${say("title.local")}</title>
  <link rel="icon" href="/assets/mark.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/assets/norskgjeld.css">
  <link rel="stylesheet" href="/assets/parts.css">
</head>
<body>
  <aside class="banner" aria-label="${say("banner.about")}"><strong>${say("banner.what")}</strong> ${say("banner.real")}</aside>
  <div class="card">
    <header>
      <img class="mark" src="/assets/mark.svg" alt="" width="32" height="32">
      <p class="brand">Gjeldsinformasjon <span>${say("edition")}</span></p>
      ${step === undefined ? "" : steps(say, step)}
    </header>
    <main>${content}</main>
  </div>
  <footer>
    <p>${say("footer")}</p>
  </footer>
</body>
</html>
`.text;
}

const tools = (say, actions) => html`
  <details class="tools">
    <summary>${say("tools.title")}</summary>
    <p>${say("tools.text")}</p>
    <div class="row">
      ${actions.map((value) => html`<button type="submit" name="action" value="${value}" class="quiet" formnovalidate>${say(`tools.${value}`)}</button>`)}
    </div>
  </details>`;

/** `problem`: whether the number that was typed could not be used, which is said beside the field. */
export function loginPage({ language, action, clientName, problem, typed = "" }) {
  const say = speaks(TEXTS, language);
  const known = PEOPLE.map(
    ({ nin, name }, i) => html`
      <label class="choice">
        <input type="radio" name="user" value="${nin}"${i === 0 && !problem ? html` checked` : ""}>
        <span class="text"><span class="name">${name}</span><span class="nin">${nin.slice(0, 6)} ${nin.slice(6)}</span><span class="about">${say(`person.${nin}`)}</span></span>
      </label>`,
  );
  return layout({
    language,
    title: say("login"),
    step: 0,
    content: html`
      <h1>${say("login")}</h1>
      <p class="lead"><strong>${clientName}</strong> ${say("login.lead")}</p>
      <form method="post" action="${action}">
        <fieldset>
          <legend>${say("login.who")}</legend>
          ${known}
          <label class="choice other">
            <input type="radio" name="user" value="other"${problem ? html` checked` : ""}>
            <span class="text"><span class="name">${say("login.other")}</span><span class="about">${say("login.otherAbout")}</span></span>
          </label>
          <div class="typed">
            <label for="nin">${say("login.number")}</label>
            <input id="nin" name="nin" type="text" inputmode="numeric" autocomplete="off" maxlength="14" value="${typed}"
              aria-describedby="nin-help${problem ? " nin-problem" : ""}"${problem ? html` aria-invalid="true" autofocus` : ""}>
            <p class="help" id="nin-help">${say("login.help")}</p>
            ${problem ? html`<p class="problem" id="nin-problem"><strong>${say("login.error")}</strong> ${say("login.problem")}</p>` : ""}
          </div>
        </fieldset>
        <div class="actions">
          <button type="submit" name="action" value="login" class="primary">${say("login")}</button>
          <button type="submit" name="action" value="cancel" formnovalidate>${say("tools.cancel")}</button>
        </div>
        ${tools(say, ["error"])}
      </form>`,
  });
}

function duration(say, days) {
  if (days === null) return { short: say("duration.once"), long: say("duration.once.more") };
  return { short: days === 1 ? say("duration.day") : say("duration.days", { days }), long: say("duration.days.more") };
}

export function consentPage({ language, action, clientName, purpose, days, nin, name }) {
  const say = speaks(TEXTS, language);
  const long = duration(say, days);
  return layout({
    language,
    title: say("steps.consent"),
    step: 1,
    content: html`
      <h1>${say("consent", { client: clientName })}</h1>
      <p class="lead">${say("consent.as")} <strong>${name ?? say("consent.user")}</strong> <span class="nin">${nin.slice(0, 6)} ${nin.slice(6)}</span></p>
      <dl class="facts">
        <div><dt>${say("consent.who")}</dt><dd><strong>${clientName}</strong></dd></div>
        <div><dt>${say("consent.purpose")}</dt><dd><strong>${say(`purpose.${purpose}`)}</strong><span>${say(`purpose.${purpose}.more`)}</span></dd></div>
        <div><dt>${say("consent.duration")}</dt><dd><strong>${long.short}</strong><span>${long.long}</span></dd></div>
      </dl>
      <h2>${say("consent.shared")}</h2>
      <ul class="shared">
        ${["cards", "loans", "charge", "number"].map((one) => html`<li>${say(`consent.${one}`)}</li>`)}
      </ul>
      <p class="help">${say("consent.without")}</p>
      <form method="post" action="${action}">
        <div class="actions">
          <button type="submit" name="action" value="approve" class="primary">${say("consent.yes")}</button>
          <button type="submit" name="action" value="deny">${say("consent.no")}</button>
        </div>
        ${tools(say, ["cancel", "error"])}
      </form>`,
  });
}

export function errorPage({ language, error, description }) {
  const say = speaks(TEXTS, language);
  return layout({
    language,
    title: say("error"),
    content: html`
      <h1>${say("error")}</h1>
      <p class="lead">${say("error.lead")}</p>
      <dl class="facts">
        <div><dt>${say("error.code")}</dt><dd><code>${error}</code></dd></div>
        ${description ? html`<div><dt>${say("error.why")}</dt><dd>${description}</dd></div>` : ""}
      </dl>`,
  });
}

/** A page of one title and one line: `name` and `name.lead` of the texts. */
export function messagePage(language, name) {
  const say = speaks(TEXTS, language);
  return layout({ language, title: say(name), content: html`<h1>${say(name)}</h1><p class="lead">${say(`${name}.lead`)}</p>` });
}
