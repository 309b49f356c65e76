// The site's own tools: the check of links, where links out of the pages' folder lead, and the menu.
// docs/site.mjs builds the site; `npm run docs -- --check` is the same as the stage's.
// Refuses a page that no menu leads to.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { check } from "../../docs/check.mjs";
import { page } from "../../docs/links.mjs";
import { slug } from "../../docs/slug.mjs";
import { withEntry } from "../../pkg/generate.mjs";
import { DOCUMENTS, ROOT, anchors, read } from "../lib/documents.mjs";

test("the check of links finds what is dead, and nothing else", (t) => {
  mkdirSync(join(ROOT, "target"), { recursive: true });
  const site = mkdtempSync(join(ROOT, "target", "site-check-"));
  t.after(() => rmSync(site, { recursive: true }));
  const write = (file, text) => {
    mkdirSync(dirname(join(site, file)), { recursive: true });
    writeFileSync(join(site, file), text);
  };
  const good = '<a href="/b/page.html#there">1</a> <a href="b/page">2</a> <a href="#own">3</a> <a href="https://elsewhere.example/x">4</a> <i id="own"></i>';
  write("index.html", `${good}<link rel="x" href="/style.css">`);
  write("style.css", "");
  write("b/page.html", '<h2 id="there"></h2><a href="../index.html">up</a><a href="mailto:a@b.example">m</a>');
  write("rust/made.html", '<a href="nowhere.html">x</a>');
  assert.deepEqual(check(site).dead, []);
  write("bad.html", '<a href="gone.html">1</a><a href="b/page.html#gone">2</a><script src="https://elsewhere.example/x.js"></script><img src="/no.png">');
  assert.deepEqual(check(site).dead, [
    "bad.html: gone.html",
    "bad.html: b/page.html#gone, no such anchor",
    "bad.html: script from https://elsewhere.example/x.js",
    "bad.html: /no.png",
  ]);
});

test("links out of the pages' folder lead to copies, others stay", () => {
  assert.equal(page("systems/helseid.md", "../../tests/NEGATIVE.md"), "/files/tests/NEGATIVE.md.txt");
  assert.equal(page("keys.md", "../SECURITY.md#reporting"), "/files/SECURITY.md.txt");
  for (const same of ["../keys.md", "#here", "/api/index.html", "https://elsewhere.example", "halland.md#errors"])
    assert.equal(page("systems/helseid.md", same), same);
});

test("an anchor is what people expect of it", () => {
  assert.equal(slug("In the page: eight lines"), "in-the-page-eight-lines");
  assert.equal(slug("`state_mismatch`"), "state_mismatch");
  assert.deepEqual([...anchors("# A\n```sh x\n# no\n```\n## B b\n## B b\n")], ["a", "b-b", "b-b-1"]);
});

test("every provider has its page, or stands on another's", () => {
  const ids = withEntry();
  assert.ok(ids.length > 4);
  const pages = DOCUMENTS.filter((one) => one.startsWith("docs/systems/"));
  for (const name of ids) assert.ok(pages.includes(`docs/systems/${name}.md`) || pages.some((one) => read(one).includes(`"samtykke/${name}"`)), name);
  for (const page of pages) {
    for (const part of ["Get credentials", "Try it locally", "Before production", "Errors"])
      assert.match(read(page), new RegExp(`^## ${part}$`, "m"), `${page}: ${part}`);
  }
});

test("an address on this machine is no link", () => {
  // The site would follow it, and find nothing.
  for (const file of DOCUMENTS.filter((one) => one.startsWith("docs/"))) {
    const prose = read(file)
      .replace(/^(```+).*\n[\s\S]*?^\1$/gm, "")
      .replace(/`[^`\n]*`/g, "");
    assert.doesNotMatch(prose, /https?:\/\/(localhost|127\.)/, file);
  }
});

test("every page stands in the menu, once", () => {
  const menu = read("docs/.vitepress/config.mjs").split("sidebar:")[1];
  for (const file of DOCUMENTS.filter((one) => one.startsWith("docs/") && one !== "docs/index.md")) {
    const name = file.slice(5, -3);
    assert.equal(menu.split(`"${name}"`).length - 1, 1, name);
  }
});
