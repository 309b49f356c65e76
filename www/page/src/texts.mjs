// Every text of the page in five languages, one row a text, in the order of `languages`.
// Messages about failed runs are not here: they come from `samtykke/messages`, the same for every application.
// Refuses nothing itself; tests/e2e/access.mjs refuses a missing language or placeholder.
import { resultTexts } from "./texts/result.mjs";
import { sequenceTexts } from "./texts/sequence.mjs";
import { startTexts } from "./texts/start.mjs";

export const languages = ["en", "nb", "nn", "sv", "nl"];
export const languageNames = { en: "English", nb: "Bokmål", nn: "Nynorsk", sv: "Svenska", nl: "Nederlands" };

export const texts = { ...startTexts, ...resultTexts, ...sequenceTexts };
