// The built site's links, each followed: pages, anchors, styles, scripts, API and Rust pages; and nothing loaded from elsewhere.
// Refuses a link to no file, to no anchor of our own pages, and a script, style or picture of another host. Within the Rust pages
// rustdoc answers for its links: those in comments of other crates lead nowhere.

import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";

const files = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? files(join(folder, one.name)) : [join(folder, one.name)]));

const plain = (text) => text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'");

/** Where a link leads in the site, and to which of its anchors. */
function resolved(site, from, link) {
  const [path, anchor = ""] = link.split("#");
  const [bare] = path.split("?");
  const target = bare ? posix.join(bare.startsWith("/") ? "" : posix.dirname(from), decodeURIComponent(bare)) : from;
  const file = join(site, target);
  if (existsSync(file) && statSync(file).isDirectory()) return [join(file, "index.html"), anchor];
  return [!existsSync(file) && existsSync(`${file}.html`) ? `${file}.html` : file, anchor];
}

/**
 * @param {string} site the built site's folder
 * @returns {{ pages: number, links: number, dead: string[] }}
 */
export function check(site) {
  const texts = new Map();
  const read = (file) => {
    if (!texts.has(file)) texts.set(file, readFileSync(file, "utf8"));
    return texts.get(file);
  };
  const dead = [];
  let links = 0;
  const pages = files(site).filter((file) => file.endsWith(".html"));
  for (const file of pages) {
    const from = relative(site, file).split(sep).join("/");
    if (from.startsWith("rust/")) continue;
    // typedoc's anchors are its own business.
    const ours = !from.startsWith("api/");
    const text = read(file).replace(/<!--[\s\S]*?-->/g, "");
    for (const [, tag, attribute, value] of text.matchAll(/<(\w+)\b[^>]*?\s(href|src)="([^"]*)"/g)) {
      const link = plain(value);
      if (/^(?:https?:)?\/\//.test(link)) {
        if (tag !== "a" && attribute && ours) dead.push(`${from}: ${tag} from ${link}`);
        continue;
      }
      if (/^[a-z]+:/i.test(link) || link === "") continue;
      links += 1;
      const [target, anchor] = resolved(site, from, link);
      if (!existsSync(target)) dead.push(`${from}: ${link}`);
      else if (ours && anchor && target.endsWith(".html") && !read(target).includes(`id="${decodeURIComponent(anchor)}"`))
        dead.push(`${from}: ${link}, no such anchor`);
    }
  }
  return { pages: pages.length, links, dead: [...new Set(dead)] };
}
