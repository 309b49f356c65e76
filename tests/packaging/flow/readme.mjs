// The README's page and worker blocks and its Content-Security-Policy, as a consumer copies them.
// docs/systems/norskgjeld.md, "Credentials", 2: local and preprod differ in `environment`; the redirect URI is the application's own.
// Refuses a README in which the text to be changed is not there exactly once: then this test would prove something else.
import { block, read } from "../../lib/documents.mjs";

const readme = read("README.md");

function found(pattern, what) {
  const match = readme.match(pattern);
  if (!match) throw new Error(`README.md has no ${what}`);
  return match[1];
}

function change(text, changes) {
  for (const [from, to] of changes) {
    if (text.split(from).length !== 2) throw new Error(`README.md's block does not say ${from} exactly once`);
    text = text.replace(from, () => to);
  }
  return text;
}

/** The page's eight lines, against the provider whose addresses Vite puts in. */
export const pageBlock = () =>
  change(block("page"), [
    ['environment: "preprod"', "environment: { auth: import.meta.env.VITE_AUTH_URL, api: import.meta.env.VITE_API_URL }"],
    ['redirectUri: "https://app.example.no/callback"', 'redirectUri: new URL("/callback", location.origin).href'],
  ]);

/** The worker's ten lines, against the provider whose addresses are bindings; in development it stands behind Vite's proxy. */
export const workerBlock = () =>
  change(block("worker"), [
    ['environment: "preprod"', "environment: { auth: env.AUTH_URL, api: env.API_URL }"],
    ['returnTo: "/debt"', 'returnTo: "/debt", behindProxy: true'],
  ]);

/** The policy that "a page with this library, its own worker and nothing else" gets. */
export const policy = () => found(/```text csp\n(default-src [^\n]*)\n```/, "Content-Security-Policy");
