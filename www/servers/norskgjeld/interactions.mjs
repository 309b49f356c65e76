// What a person does at this server: log in, then approve, deny, cancel, or make it fail.
// Norsk Gjeldsinformasjon's error callbacks; Hydra's CSRF cookie, which ties a flow to one browser and one tab.
// Refuses a form from another browser or an overtaken tab (request_forbidden), a late one, and a finished one.

import { personOf } from "./people.mjs";
import { consentPage, errorPage, loginPage, textIn, tongue } from "./pages.mjs";

const CSRF_COOKIE = "oauth2_authentication_csrf";
const PATH = /^\/(login|consent)\/([A-Za-z0-9_-]{20,64})$/;
const FORM_LIMIT = 8 * 1024;

const OUTCOMES = { cancel: "login_cancelled", deny: "consent_denied", error: "server_error" };

async function readForm(req) {
  const chunks = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size > FORM_LIMIT) return new URLSearchParams();
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}

export const isInteraction = (path) => PATH.exec(path)?.[1];

export function createInteractions({ provider, clock, flows, consents, page, sendBack }) {
  const cookieOptions = { httpOnly: true, sameSite: "lax", path: "/", overwrite: true };

  /** Ties a new flow to the browser; a flow begun in another tab loses its cookie here. */
  function tie(ctx, flow) {
    ctx.cookies.set(CSRF_COOKIE, flow.id, cookieOptions);
  }

  const gone = (ctx, status, error, why, flow) =>
    page(ctx, status, errorPage({ language: tongue(ctx, flow), error, description: textIn(tongue(ctx, flow), why) }));

  function render(ctx, step, flow, extra = {}) {
    const { client, scope } = flow;
    const shared = { language: tongue(ctx, flow), action: ctx.path, clientName: client.name };
    const body =
      step === "login"
        ? loginPage({ ...shared, ...extra })
        : consentPage({
            ...shared,
            purpose: scope.purpose,
            days: scope.days,
            nin: flow.nin,
            name: personOf(flow.nin)?.name,
          });
    return page(ctx, extra.problem ? 422 : 200, body, flow.redirectUri);
  }

  async function finish(ctx, result) {
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
    ctx.status = 303;
  }

  async function login(ctx, form, flow) {
    const chosen = form.get("user") === "other" ? (form.get("nin") ?? "").replace(/\s/g, "") : (form.get("user") ?? "");
    if (!/^[0-9]{11}$/.test(chosen)) {
      return render(ctx, "login", flow, { problem: true, typed: form.get("nin") ?? "" });
    }
    flow.nin = chosen;
    flow.loggedInAt = clock.now();
    return finish(ctx, { login: { accountId: chosen, remember: false } });
  }

  async function approve(ctx, flow) {
    const { client, scope, nin } = flow;
    const grant = new provider.Grant({ accountId: nin, clientId: client.id });
    grant.addOIDCScope(scope.granted);
    const grantId = await grant.save();
    const { base, days } = scope;
    consents.create({ clientId: client.id, nin, scope: base, days, grantId, loggedInAt: flow.loggedInAt });
    return finish(ctx, { consent: { grantId } });
  }

  async function handle(ctx) {
    const [, step, uid] = PATH.exec(ctx.path);
    const flow = flows.byUid(uid);
    if (!flow) return gone(ctx, 404, "request_unauthorized", "gone.unknown");
    const interaction = await provider.Interaction.find(uid);

    if (ctx.method !== "POST") {
      if (flow.done || !interaction) return gone(ctx, 410, "request_unauthorized", "gone.over", flow);
      return render(ctx, step, flow);
    }
    const form = await readForm(ctx.req);
    ctx.state.params = form;
    if (ctx.cookies.get(CSRF_COOKIE) !== flow.id) {
      return sendBack(ctx, flow, { error: "request_forbidden", description: "No CSRF value of this flow is in the cookie." });
    }
    if (flow.done) return sendBack(ctx, flow, { error: "access_denied", description: "The verifier has already been used." });
    if (!interaction) return sendBack(ctx, flow, { error: "request_unauthorized", description: "The request has expired." });

    const action = form.get("action");
    if (OUTCOMES[action]) {
      flow.outcome = OUTCOMES[action];
      return finish(ctx, { error: flow.outcome, error_description: "" });
    }
    if (step === "login" && action === "login") return login(ctx, form, flow);
    if (step === "consent" && action === "approve") return approve(ctx, flow);
    return gone(ctx, 400, "invalid_request", "gone.choice", flow);
  }

  return { tie, handle };
}
