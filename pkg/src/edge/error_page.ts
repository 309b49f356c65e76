// The page that a person sees when a login failed: what happened and what to do, in their language, without a script.

import { type Language, actionMessage, languageOf } from "../core/messages.js";

/** Title, and the way on. */
const WORDS: Readonly<Record<Language, readonly [title: string, again: string, code: string]>> = {
  nb: ["Innloggingen lyktes ikke", "Start på nytt", "Feilkode"],
  nn: ["Innlogginga lukkast ikkje", "Start på nytt", "Feilkode"],
  sv: ["Inloggningen misslyckades", "Börja om", "Felkod"],
  nl: ["Het aanmelden is mislukt", "Opnieuw beginnen", "Foutcode"],
  en: ["The login failed", "Start again", "Error code"],
};

/** @internal The best of the languages that a browser asks for (RFC 9110 section 12.5.4). */
export function languageFor(accepted: string | null): Language {
  const ranges = (accepted ?? "").slice(0, 1000).matchAll(/(?:^|,)\s*(nb|nn|no|da|sv|nl|en)\b[^,;]*(?:;\s*q=([\d.]*)[^,]*)?/gi);
  const wanted = [...ranges].map(([, tag, weight = "1"]) => ({ tag, weight: Number(weight) })).filter(({ weight }) => weight > 0);
  // A sort keeps the order of equals.
  return languageOf(wanted.sort((one, two) => two.weight - one.weight)[0]?.tag);
}

const escaped = (text: string) => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** @internal The page; `again` is where a new login begins. */
export function errorPage(error: { readonly code: string; readonly action: string }, language: Language, again: string | undefined): string {
  const [title, start, code] = WORDS[language];
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<main>
<h1>${title}</h1>
<p>${escaped(actionMessage(error, language))}</p>
${again === undefined ? "" : `<p><a href="${escaped(again)}">${start}</a></p>\n`}<p><small>${code}: ${escaped(error.code)}</small></p>
</main>
</html>
`;
}
