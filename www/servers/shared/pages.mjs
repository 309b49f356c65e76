// The pages that a person sees at a local stand-in, in the demo's own style: plain forms, no script, one style sheet.
// WCAG 2.2 by way of the demo's colours and sizes; CSP Level 3.
// Refuses inline script and style, frames, and to pass for the service it stands in for: each page says what it is.

import { readFileSync } from "node:fs";
import { html } from "./html.mjs";

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

/** `service`: what it stands in for; `lead` under the title; `content` by `html`. */
export function page(status, { service, title, lead, content = "" }) {
  const { text } = html`<!doctype html>
<html lang="nb">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="robots" content="noindex">
  <title>${title} – lokal ${service}</title>
  <link rel="icon" href="/assets/mark.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/assets/pages.css">
</head>
<body class="stand-in">
  <aside class="banner" aria-label="Om denne siden"><strong>Lokal erstatning for ${service}.</strong> Ingen ekte innlogging, ingen ekte opplysninger.</aside>
  <div class="card">
    <header class="whose"><img src="/assets/mark.svg" alt="" width="28" height="28"><p>${service} <span>lokal utgave</span></p></header>
    <main>
      <h1>${title}</h1>
      ${lead && html`<p class="lead">${lead}</p>`}
      ${content}
    </main>
  </div>
  <footer><p>Etterligner ${service} for utvikling og test. Uten tilknytning til Norsk helsenett SF.</p></footer>
</body>
</html>
`;
  return { status, type: "text/html; charset=utf-8", headers: { ...HEADERS, "content-type": "text/html; charset=utf-8" }, body: text };
}
