// The portal's confirm page: shows a draft to the person, who approves or rejects it, and sends the browser back.
// In the present form to the draft's own redirect URI; in the older one to loopback, by port and path of the query.

const escaped = (text) => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
const page = (title, body) => `<!doctype html><html lang="nb"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><main><h1>${title}</h1>${body}</main></html>`;
const html = (status, title, body) => ({ status, type: "text/html; charset=utf-8", body: page(title, body), headers: { "content-security-policy": "default-src 'none'; frame-ancestors 'none'" } });

export function createPortal(state) {
  /** Where the browser goes afterwards, if anywhere. */
  function back(client, query) {
    if (client.confirmationRedirectUri) return client.confirmationRedirectUri;
    const [port, path] = [query.get("redirectPort"), query.get("redirectPath")];
    return /^\d{1,5}$/.test(port ?? "") && path?.startsWith("/") ? `http://localhost:${port}${path}` : undefined;
  }

  return {
    async handle({ method, path, query, body }) {
      const client = state.clients.get(/^\/confirm-client\/([\w-]+)$/.exec(path)?.[1]);
      if (!client) return html(404, "Fant ikke utkastet", "");
      const target = back(client, query);
      if (method === "GET") {
        const scopes = client.apiScopes.map(({ scope }) => `<li>${escaped(scope)}</li>`).join("");
        const choice = (value, text) => `<button name="decision" value="${value}">${text}</button>`;
        return html(200, "Bekreft klienten", `<p>Organisasjon ${escaped(client.organization)}</p><ul>${scopes}</ul><form method="post">${choice("approve", "Bekreft")}${choice("reject", "Avbryt")}</form>`);
      }
      const approved = new URLSearchParams(body).get("decision") === "approve";
      state.requests.push(`${approved ? "approve" : "reject"} ${client.id}`);
      if (approved && !client.confirmed) state.confirm(client);
      if (!target) return html(200, approved ? "Bekreftet" : "Avbrutt", "");
      return { status: 303, body: "", headers: { location: `${target}?status=${approved ? "Success" : "Aborted"}` } };
    },
  };
}
