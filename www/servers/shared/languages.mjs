// In whose language a page speaks: what the program asked for (`ui_locales`), else what the browser prefers, else Bokmål.
// OpenID Connect Core section 3.1.2.1, RFC 9110 section 12.5.4, RFC 5646: the first part of a tag decides, `no` is `nb`.
// Refuses nothing: a language that is not here is passed over.

export const LANGUAGES = ["en", "nb", "nn", "sv", "nl"];

const known = (tag) => {
  const name = tag.trim().toLowerCase().split("-")[0];
  return LANGUAGES.find((one) => one === (name === "no" ? "nb" : name));
};

/** Tags with their weights, the heaviest first. */
const preferred = (header) =>
  (header ?? "")
    .split(",")
    .map((part) => {
      const [tag, weight = "q=1"] = part.split(";");
      return { tag, weight: Number(/q=([\d.]+)/.exec(weight)?.[1] ?? 1) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((one, other) => other.weight - one.weight)
    .map(({ tag }) => tag);

/** `uiLocales`: the request's parameter; `acceptLanguage`: the browser's header. */
export const languageOf = (uiLocales, acceptLanguage) => [...(uiLocales ?? "").split(" "), ...preferred(acceptLanguage)].map(known).find(Boolean) ?? "nb";

/** Texts in one language, from a table whose rows are in the order of {@link LANGUAGES}; `{name}` is filled from `values`. */
export const speaks = (table, language) => {
  const at = LANGUAGES.indexOf(language);
  return (name, values = {}) => {
    const row = table[name];
    if (!row) throw new TypeError(`no text ${name}`);
    return row[at].replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  };
};
