// A public client in Chromium: the page itself exchanges its code, across origins, at a server that checks PKCE and allows this origin.
// Refuses an exchange that sends cookies or a secret, and a page that keeps the answer in its address.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { start } from "samtykke-local";
import { openBrowser } from "../../../lib/browsers.mjs";
import { must } from "../../../lib/process.mjs";
import { serve, strictPolicy } from "../../../lib/server.mjs";
import { page } from "../../page.mjs";
import { toolEnv } from "../../workspace.mjs";

export const name = "public-client";
export const source = "public-client";
export const browser = true;
export const tools = { esbuild: "0.28.2" };

export async function check({ dir }) {
  const headers = {};
  const server = await serve({ folders: { "/": join(dir, "out") }, headers });
  const clients = [{ clientId: "page-1", redirectUris: [`${server.origin}/`] }];
  const local = await start({ providers: ["pages"], config: { providers: { pages: { clients } } } });
  const browser = await openBrowser("chromium");
  try {
    await must(process.execPath, ["bundle.js", local.pages.issuer], { cwd: dir, env: toolEnv(dir) });
    writeFileSync(join(dir, "out", "index.html"), page('<script type="module" src="/page.js"></script>'));
    headers["content-security-policy"] = strictPolicy.replace(/connect-src [^;]*/, (directive) => `${directive} ${local.origin}`);
    await browser.goto(`${server.origin}/`);
    const decided = 'button[value="login"]';
    await browser.until("the server's page", () => browser.text(decided), 30_000);
    await browser.click(decided);
    const result = await browser.until("text in #result", () => browser.text("#result"), 30_000);
    const [token, ...rest] = result.split(" ");
    assert.equal(token.split(".").length, 3, "an access token of the server's");
    assert.equal(rest.join(" "), "600; again: transaction_used; at /; back to /?cart=7");
    const seen = local.pages.requests("token");
    assert.equal(seen.length, 1, "one request");
    const [{ method, headers: sent, form }] = seen;
    assert.deepEqual([method, sent.origin, sent.cookie, sent.authorization], ["POST", server.origin, undefined, undefined]);
    assert.deepEqual(Object.keys(form).sort(), ["client_id", "code", "code_verifier", "grant_type", "redirect_uri"]);
    return "login, exchange across origins, a code once";
  } finally {
    await browser.close();
    await local.close();
    await server.close();
  }
}
