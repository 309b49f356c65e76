// The portal's confirm page: shows a draft to the person, who approves or rejects it or decides later, and sends the browser back.
// In the present form to the draft's own redirect URI; in the older one to loopback, by port and path of the query.
// Refuses nothing that a person may do: only one of the three answers confirms, and only its status is `Success`.

import { asset, html, page } from "../shared/pages.mjs";

const service = "Selvbetjening";

/** What each button does, and how the program hears of it. The real portal documents `Success` alone. */
const DECISIONS = {
  approve: { status: "Success", done: "Bekreftet", lead: "Klienten kan tas i bruk når HelseID kjenner den." },
  later: { status: "Pending", done: "Ikke bestemt", lead: "Utkastet ligger her til noen bestemmer seg." },
  reject: { status: "Aborted", done: "Avvist", lead: "Ingenting er endret." },
};

const missing = () =>
  page(404, { service, title: "Fant ikke utkastet", lead: "Adressen er feil, eller utkastet er slettet. Gå tilbake til programmet og lag et nytt." });

function confirmPage(client) {
  const names = { ok: ["", "gis med en gang"], pending: ["later", "eieren av API-et må godkjenne"], updatePending: ["later", "eieren av API-et må godkjenne"] };
  const row = (name, status) => html`<li><code>${name}</code><span class="tag ${names[status]?.[0] ?? "later"}">${names[status]?.[1] ?? status}</span></li>`;
  const button = (value, text, kind) => html`<button type="submit" name="decision" value="${value}"${kind ? html` class="${kind}"` : ""}>${text}</button>`;
  return page(200, {
    service,
    title: client.confirmed ? "Klienten er bekreftet" : "Bekreft klienten",
    lead: client.confirmed
      ? "Den er bekreftet fra før. Du kan gå tilbake til programmet."
      : "Et program vil bli klient av HelseID for organisasjonen din. Si bare ja hvis du kjenner det igjen.",
    content: html`
      <dl class="facts">
        <dt>Organisasjon</dt><dd>${client.organization}</dd>
        <dt>Klient</dt><dd><code>${client.id}</code></dd>
        ${client.redirectUris.map((uri) => html`<dt>Innlogging hos</dt><dd><code>${uri}</code></dd>`)}
      </dl>
      <h2>Tilgang</h2>
      <ul class="access">
        ${client.apiScopes.map(({ scope, status }) => row(scope, status))}
        ${client.audienceSpecificClientClaims.map(({ claimType, status }) => row(claimType, status))}
      </ul>
      <form method="post">
        <div class="actions">
          ${client.confirmed ? button("approve", "Tilbake til programmet", "primary") : [button("approve", "Bekreft", "primary"), button("later", "Bestem senere"), button("reject", "Avvis")]}
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
    async handle({ method, path, query, body }) {
      const file = asset(path);
      if (file) return file;
      const client = state.clients.get(/^\/confirm-client\/([\w-]+)$/.exec(path)?.[1]);
      if (!client) return missing();
      if (method === "GET") return confirmPage(client);
      const decision = new URLSearchParams(body).get("decision");
      if (!Object.hasOwn(DECISIONS, decision ?? "")) return page(400, { service, title: "Ikke forstått", lead: "Gå tilbake og velg en av knappene." });
      const { status, done, lead } = DECISIONS[decision];
      state.requests.push(`${decision} ${client.id}`);
      if (decision === "approve" && !client.confirmed) state.confirm(client);
      const target = back(client, query);
      if (!target) return page(200, { service, title: done, lead });
      return { status: 303, body: "", headers: { location: `${target}?status=${status}` } };
    },
  };
}
