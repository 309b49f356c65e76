// The anchor of a heading, alike on the site, on the repository's pages and in rustdoc: lower case, spaces as hyphens,
// underscores kept. The site's own way would cut codes such as `state_mismatch` apart.

/** @param {string} title a heading's text */
export const slug = (title) =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\w\- ]/gu, "")
    .replaceAll(" ", "-");
