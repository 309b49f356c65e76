// What a person is told when something goes wrong, in nb, nn, sv, nl and en. The texts are the core's, generated.

import { TEXTS } from "../generated/messages.js";

/** Languages of the messages. */
export type Language = "nb" | "nn" | "sv" | "nl" | "en";

const COLUMNS: readonly Language[] = ["nb", "nn", "sv", "nl", "en"];

/**
 * The language of a BCP 47 tag such as `navigator.language`; `no` and `da` read bokmål, anything unknown English.
 */
export function languageOf(tag?: string): Language {
  const first = `${tag ?? ""}`.split(/[-_]/, 1)[0]!;
  if (first === "no" || first === "da") return "nb";
  return COLUMNS.find((language) => language === first) ?? "en";
}

/**
 * What to tell the person: by the error's code, else by its action.
 *
 * @example
 * ```ts
 * status.textContent = userMessage(error, languageOf(navigator.language));
 * ```
 */
export function userMessage(error: { readonly code: string; readonly action?: string }, language: Language = "en"): string {
  // Both may come from an address, where anyone can write "constructor".
  const own = (name: unknown) => (typeof name === "string" && Object.hasOwn(TEXTS, name) ? TEXTS[name] : undefined);
  const row = own(error?.code) ?? own(error?.action) ?? TEXTS["restart"]!;
  return row[COLUMNS.indexOf(language)] ?? row[4]!;
}
