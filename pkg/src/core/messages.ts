// What a person is told when something goes wrong, in nb, nn, sv, nl and en. The texts are the core's, generated.

import { ACTIONS, CODES } from "./message_texts.js";

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
  return texts(error, [CODES, ACTIONS])[COLUMNS.indexOf(language)]!;
}

/** @internal As {@link userMessage}, by the action alone. */
export const actionMessage = (error: { readonly code: string; readonly action?: string }, language: Language): string =>
  texts(error, [ACTIONS])[COLUMNS.indexOf(language)]!;

function texts(error: { readonly code: string; readonly action?: string }, tables: readonly (typeof ACTIONS)[]): readonly string[] {
  // Both may come from an address, where anyone can write "constructor".
  const own = (name: unknown) => tables.find((table) => typeof name === "string" && Object.hasOwn(table, name))?.[name as string];
  return own(error?.code) ?? own(error?.action) ?? ACTIONS["restart"]!;
}
