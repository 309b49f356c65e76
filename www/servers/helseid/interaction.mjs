// Who logs in at the local HelseID: a person who is asked by a page, or, for tests, one made of code who agrees at once.
// OpenID Connect Core 3.1.2.3 and 3.1.2.6; HelseID "Sikkerhetsprofil": there is no consent screen, so nothing is asked but who.
// Refuses a form that belongs to no login of this browser, and to log in anyone but the people it knows.

import { once } from "node:events";
import { asset, html, page } from "../shared/pages.mjs";
import { LEVEL } from "./people.mjs";

const service = "HelseID";

/** Levels that a person can have, in words. */
const about = ({ [LEVEL]: level, hpr }) => `${hpr ? "Helsepersonell, s" : "S"}ikkerhetsnivå ${level}${level === "4" ? "" : ": for lavt for mange programmer"}`;

const loginPage = (people, { params }) =>
  page(200, {
    service,
    title: "Logg inn",
    lead: "Et program ber om å få vite hvem du er. Velg en av de oppdiktede personene.",
    content: html`
    <form method="post">
      <fieldset>
        <legend>Hvem er du?</legend>
        ${people.map(
          (person, at) => html`
          <div class="choice">
            <input type="radio" id="person-${at}" name="person" value="${at}"${at === 0 ? html` checked` : ""} aria-describedby="person-${at}-about">
            <label for="person-${at}">${person.name}</label>
            <p id="person-${at}-about">${about(person)}</p>
          </div>`,
        )}
      </fieldset>
      <div class="actions">
        <button type="submit" name="decision" value="login" class="primary">Logg inn</button>
        <button type="submit" name="decision" value="cancel">Avbryt</button>
      </div>
    </form>
    <h2>Programmet ber om</h2>
    <dl class="facts"><dt>Klient</dt><dd><code>${params.client_id}</code></dd></dl>
    <ul class="access">${params.scope.split(" ").map((scope) => html`<li><code>${scope}</code></li>`)}</ul>`,
  });

/** For errors that cannot be sent back to the program, such as a login that is too old. */
export function errorPage({ error, error_description: description }, status = 400) {
  return page(status, {
    service,
    title: "Innloggingen kan ikke fortsette",
    lead: "Gå tilbake til programmet og start på nytt.",
    content: html`<dl class="facts"><dt>Feil</dt><dd><code>${error}</code></dd><dt>Forklaring</dt><dd>${description ?? "–"}</dd></dl>`,
  });
}

function send(ctx, { status, headers, body }) {
  ctx.status = status;
  ctx.set(headers);
  ctx.body = body;
}

async function formOf(request) {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  await once(request, "end");
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

/** The engine would ask a browser with a script to end the session of whoever was logged in before; here it just ends. */
async function endSession(provider, interaction) {
  if (!interaction.session?.uid) return;
  await (await provider.Session.findByUid(interaction.session.uid))?.destroy();
  delete interaction.session;
}

/** `person()` gives who logs in at once; nobody when a page shall ask. */
export function interactions(provider, { people, person }) {
  provider.use(async (ctx, next) => {
    const file = asset(ctx.path);
    if (file) return send(ctx, file);
    if (!ctx.path.startsWith("/interaction/")) return next();
    const { req, res } = ctx;
    const finish = async (result) => ctx.redirect(await provider.interactionResult(req, res, result, { mergeWithLastSubmission: false }));
    const loggedIn = ({ sub }) => ({ login: { accountId: sub, amr: ["bankid"] }, select_account: {} });
    if (person()) return finish(loggedIn(person()));
    let interaction;
    try {
      interaction = await provider.interactionDetails(req, res);
    } catch (error) {
      return send(ctx, errorPage({ error: error.error ?? "server_error", error_description: error.error_description }));
    }
    if (ctx.method !== "POST") return send(ctx, loginPage(people, interaction));
    const form = await formOf(req);
    if (form.get("decision") !== "login") return finish({ error: "access_denied", error_description: "The person broke off the login" });
    const chosen = people.find((_, at) => `${at}` === form.get("person"));
    if (!chosen) return send(ctx, errorPage({ error: "invalid_request", error_description: "no such person" }));
    await endSession(provider, interaction);
    await interaction.save(interaction.exp - Math.floor(Date.now() / 1000));
    return finish(loggedIn(chosen));
  });
}
