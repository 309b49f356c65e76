// The documentation site: VitePress over the pages beside this folder. `npm run docs` builds and serves it.
// Every page stands in the menu; a link that leads nowhere fails the build. Nothing is loaded from elsewhere.

import { readFileSync } from "node:fs";
import { defineConfig } from "vitepress";
import { page } from "../links.mjs";
import { slug } from "../slug.mjs";

/** A page's menu entry; its heading is the text, unless a shorter one is given. */
const entry = (path, text) => {
  const [, heading] = readFileSync(new URL(`../${path}.md`, import.meta.url), "utf8").match(/^# (.*)$/m);
  return { text: text ?? heading, link: `/${path}` };
};
const group = (text, ...items) => ({ text, items: items.map((one) => (Array.isArray(one) ? entry(...one) : entry(one))) });

export default defineConfig({
  title: "samtykke",
  description: "OAuth 2.0 and OpenID Connect for Nordic and Flemish public APIs, in pages, workers, back ends and Rust",
  lang: "en",
  outDir: "../target/site",
  cacheDir: "../target/site-cache",
  srcExclude: ["node_modules/**"],
  cleanUrls: false,
  // Built beside the pages, and checked with them by ../check.mjs.
  ignoreDeadLinks: [/^\/(?:api|rust|files)\//],
  markdown: {
    anchor: { slugify: slug },
    toc: { slugify: slug },
    headers: { slugify: slug },
    config: (md) => {
      // What lies outside this folder has a copy under /files.
      const open = md.renderer.rules.link_open ?? ((tokens, at, options, _env, self) => self.renderToken(tokens, at, options));
      md.renderer.rules.link_open = (tokens, at, options, env, self) => {
        const token = tokens[at];
        token.attrSet("href", page(env.relativePath, token.attrGet("href")));
        return open(tokens, at, options, env, self);
      };
    },
  },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Start", link: "/start/page" },
      { text: "Systems", link: "/systems/norskgjeld" },
      { text: "Errors", link: "/errors" },
      { text: "API", link: "/api/index.html", target: "_self" },
      { text: "Rust API", link: "/rust/samtykke/index.html", target: "_self" },
    ],
    sidebar: [
      group("Start", ["start/page", "In a page"], ["start/worker", "In a worker"], ["start/backend", "In a back end"], ["start/rust", "In Rust"]),
      group(
        "Systems",
        "systems/norskgjeld",
        "systems/helseid",
        "systems/maskinporten",
        ["systems/idporten", "ID-porten"],
        ["systems/acmidm", "ACM/IDM Vlaanderen"],
        ["systems/adfs", "AD FS"],
        "systems/halland",
      ),
      group("Guides", ["sessions", "Sessions"], "tokens", "keys", "servers", "errors"),
      group(
        "Recipes",
        "recipes/hono",
        "recipes/react-router",
        "recipes/nuxt",
        "recipes/strict-mode",
        "recipes/csp",
        "recipes/stores",
        "recipes/kms",
        "recipes/private-networks",
        "recipes/testing",
      ),
      group("Come from", "migrate/openid-client", "migrate/oidc-client-ts", "migrate/arctic", "migrate/msal", "migrate/maskinporten"),
      group("Know", "security", "architecture", "formats", ["helseid-security-profile", "HelseID's security profile"]),
    ],
    docFooter: { prev: "Before", next: "Next" },
  },
});
