// Who logs in at the local HelseID: a person who is asked by a page, or, for tests, one made of code who agrees at once.
// OpenID Connect Core 3.1.2.3 and 3.1.2.6; HelseID "Sikkerhetsprofil": there is no consent screen, so nothing is asked but who.
// Refuses a form that belongs to no login of this browser, and to log in anyone but the people it knows.

import { once } from "node:events";
import { languageOf } from "../shared/languages.mjs";
import { errorPage as shown, loginPage } from "../shared/login.mjs";
import { asset } from "../shared/pages.mjs";
import { LEVEL } from "./people.mjs";

const service = "HelseID";

/** Levels that a person can have, in words. */
const about = ({ [LEVEL]: level, hpr }, say) => `${hpr ? `${say("professional")}. ` : ""}${say("level")} ${level}${level === "4" ? "" : `: ${say("tooLow")}`}`;

/** For errors that cannot be sent back to the program, such as a login that is too old. */
export const errorPage = ({ error, error_description: description }, { base, language }) => shown({ service, base, language, error, description });

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
export function interactions(provider, { people, person, base = "" }) {
  provider.use(async (ctx, next) => {
    const file = asset(ctx.path);
    if (file) return send(ctx, file);
    if (!ctx.path.startsWith("/interaction/")) return next();
    const { req, res } = ctx;
    const language = (params = {}) => languageOf(params.ui_locales, ctx.get("accept-language"));
    const finish = async (result) => ctx.redirect(await provider.interactionResult(req, res, result, { mergeWithLastSubmission: false }));
    const loggedIn = ({ sub }) => ({ login: { accountId: sub, amr: ["bankid"] }, select_account: {} });
    if (person()) return finish(loggedIn(person()));
    let interaction;
    try {
      interaction = await provider.interactionDetails(req, res);
    } catch (error) {
      return send(ctx, errorPage({ error: error.error ?? "server_error", error_description: error.error_description }, { base, language: language() }));
    }
    const { params } = interaction;
    if (ctx.method !== "POST")
      return send(ctx, loginPage({ service, base, people, about, language: language(params), clientId: params.client_id, scope: params.scope.split(" ") }));
    const form = await formOf(req);
    if (form.get("decision") !== "login") return finish({ error: "access_denied", error_description: "The person broke off the login" });
    const chosen = people.find((_, at) => `${at}` === form.get("person"));
    if (!chosen) return send(ctx, errorPage({ error: "invalid_request", error_description: "no such person" }, { base, language: language(params) }));
    await endSession(provider, interaction);
    await interaction.save(interaction.exp - Math.floor(Date.now() / 1000));
    return finish(loggedIn(chosen));
  });
}
