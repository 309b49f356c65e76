// Makes markup by a template literal: what is put in is escaped, except what it made itself.
// HTML Standard 13.1.2 (attributes in double quotes) and 13.1.3.
// Refuses to place any value in a page unescaped.

const escaped = (text) => String(text).replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]);

/** Escapes what is put in, except what `html` itself has made. */
class Html {
  constructor(text) {
    this.text = text;
  }
}
export const html = (strings, ...values) => {
  const put = (value) => {
    if (value === undefined || value === null || value === false) return "";
    if (Array.isArray(value)) return value.map(put).join("");
    return value instanceof Html ? value.text : escaped(value);
  };
  return new Html(strings.reduce((out, part, i) => out + part + (i < values.length ? put(values[i]) : ""), ""));
};
