// The page's language: the browser's wishes first, then what the person chose here.
// RFC 4647 (lookup), with "no" read as Bokmål; amounts and dates by ECMA-402.
// Refuses a key that has no text: a missing translation is a bug to see, not to hide.
import { systemTexts } from "./systems/texts.mjs";
import { languageNames, languages, texts as pageTexts } from "./texts.mjs";

const texts = { ...pageTexts, ...systemTexts };

const KEY = "samtykke-demo-language";
let current = choose();

function choose() {
  const kept = localStorage.getItem(KEY);
  if (languages.includes(kept)) return kept;
  for (const wish of navigator.languages ?? []) {
    const base = wish.toLowerCase().split("-")[0];
    if (base === "no" || base === "da") return "nb"; // the nearest one offered
    if (languages.includes(base)) return base;
  }
  return "en";
}

export const language = () => current;

export function t(key, values = {}) {
  const row = texts[key];
  if (!row) throw new Error(`no text for ${key}`);
  return row[languages.indexOf(current)].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export const hasText = (key) => key in texts;

/** Writes the texts of what stands in the document itself. */
export function labels() {
  document.documentElement.lang = language();
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
}

/** Fills the select and calls back after each change. */
export function languageSelect(select, changed) {
  for (const code of languages) {
    const option = document.createElement("option");
    option.value = code;
    option.lang = code;
    option.textContent = languageNames[code];
    option.selected = code === current;
    select.append(option);
  }
  select.addEventListener("change", () => {
    current = select.value;
    localStorage.setItem(KEY, current);
    changed();
  });
}

// Norwegian money is written the Norwegian way in Norwegian; elsewhere the way of the reader.
const locale = () => ({ en: "en-GB", nb: "nb-NO", nn: "nn-NO", sv: "sv-SE", nl: "nl-NL" })[current];

/** An amount in øre (NOK x 100). Whole kroner are written without decimals. */
export function money(ore) {
  const kroner = ore / 100;
  const digits = Number.isInteger(kroner) ? 0 : 2;
  return new Intl.NumberFormat(locale(), {
    style: "currency",
    currency: "NOK",
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(kroner);
}

/** An interest rate in hundredths of a per cent. */
export const percent = (hundredths) =>
  new Intl.NumberFormat(locale(), { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 2 }).format(hundredths / 10_000);

export const when = (epochSeconds, withTime) =>
  new Intl.DateTimeFormat(locale(), { dateStyle: "long", ...(withTime ? { timeStyle: "short" } : {}) }).format(new Date(epochSeconds * 1000));
