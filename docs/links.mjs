// Links of the pages that lead out of this folder: the site has a copy of each file, as text, under /files.

import { posix } from "node:path";

/** Where a link leads from a page: nothing within the folder is changed. */
export function page(from, href) {
  if (!href || /^[a-z]+:|^[/#]/i.test(href)) return href;
  const path = outside(from, href);
  return path ? `/files/${path}.txt` : href;
}

/** The path, from the repository's root, of what a link names outside this folder. */
export function outside(from, href) {
  const target = posix.join("docs", posix.dirname(from), href.split("#")[0]);
  return target === "docs" || target.startsWith("docs/") ? undefined : target;
}
