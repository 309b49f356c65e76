// The pages that a person sees at a local stand-in, in the demo's own style: plain forms, no script, one style sheet.
// WCAG 2.2 by way of the demo's colours and sizes; CSP Level 3.
// Refuses inline script and style, frames, and to pass for the service it stands in for: each page says what it is.

import { readFileSync } from "node:fs";
import { html } from "./html.mjs";
import { speaks } from "./languages.mjs";

export { html };

const file = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const style = ["tokens", "frame", "form", "pages"].map((name) => file(`${name}.css`)).join("\n");

const HEADERS = {
  "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

const ASSETS = { "/assets/pages.css": ["text/css; charset=utf-8", style], "/assets/mark.svg": ["image/svg+xml", file("mark.svg")] };

/** The style sheet and the mark; nothing for other paths. */
export function asset(path) {
  const [type, body] = ASSETS[path] ?? [];
  return body && { status: 200, type, headers: { ...HEADERS, "content-type": type }, body };
}

export const TEXTS = {
  about: ["About this page", "Om denne siden", "Om denne sida", "Om den här sidan", "Over deze pagina"],
  standIn: [
    "A local stand-in for {service}.",
    "Lokal erstatning for {service}.",
    "Lokal erstatning for {service}.",
    "Lokal ersättare för {service}.",
    "Lokale vervanging van {service}.",
  ],
  nothingReal: [
    "No real login, no real information.",
    "Ingen ekte innlogging, ingen ekte opplysninger.",
    "Inga ekte innlogging, ingen ekte opplysningar.",
    "Ingen riktig inloggning, inga riktiga uppgifter.",
    "Geen echte inlog, geen echte gegevens.",
  ],
  edition: ["local edition", "lokal utgave", "lokal utgåve", "lokal utgåva", "lokale uitgave"],
  local: ["local {service}", "lokal {service}", "lokal {service}", "lokal {service}", "lokale {service}"],
  imitates: [
    "Imitates {service} for development and tests. Not connected with {owner}.",
    "Etterligner {service} for utvikling og test. Uten tilknytning til {owner}.",
    "Etterliknar {service} for utvikling og test. Utan tilknyting til {owner}.",
    "Efterliknar {service} för utveckling och test. Utan anknytning till {owner}.",
    "Bootst {service} na voor ontwikkeling en test. Niet verbonden met {owner}.",
  ],
};

/** `service`: what it stands in for, `owner`: whose that is; `lead` under the title; `content` by `html`; `base`: the path it is mounted at. */
export function page(status, { service, owner = "Norsk helsenett SF", language = "nb", base = "", title, lead, content = "" }) {
  const say = speaks(TEXTS, language);
  const { text } = html`<!doctype html>
<html lang="${language}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="robots" content="noindex">
  <title>${title} – ${say("local", { service })}</title>
  <link rel="icon" href="${base}/assets/mark.svg" type="image/svg+xml">
  <link rel="stylesheet" href="${base}/assets/pages.css">
</head>
<body class="stand-in">
  <aside class="banner" aria-label="${say("about")}"><strong>${say("standIn", { service })}</strong> ${say("nothingReal")}</aside>
  <div class="card">
    <header class="whose"><img src="${base}/assets/mark.svg" alt="" width="28" height="28"><p>${service} <span>${say("edition")}</span></p></header>
    <main>
      <h1>${title}</h1>
      ${lead && html`<p class="lead">${lead}</p>`}
      ${content}
    </main>
  </div>
  <footer><p>${say("imitates", { service, owner })}</p></footer>
</body>
</html>
`;
  return {
    status,
    type: "text/html; charset=utf-8",
    headers: { ...HEADERS, "content-type": "text/html; charset=utf-8", "content-language": language },
    body: text,
  };
}
