/**
 * What to tell a person when something goes wrong, in nb, nn, sv, nl and en.
 *
 * @packageDocumentation
 */
export { languageOf, userMessage, type Language } from "../core/messages.js";
