// A public client in Chromium: the page itself exchanges its code, across origins, at a server that checks PKCE and allows this origin.
// Refuses an exchange that sends cookies or a secret, and a page that keeps the answer in its address.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { openBrowser } from "../../../lib/browsers.mjs";
import { must } from "../../../lib/process.mjs";
import { serve, strictPolicy } from "../../../lib/server.mjs";
import { page } from "../../page.mjs";
import { toolEnv } from "../../workspace.mjs";

export const name = "public-client";
export const source = "public-client";
export const browser = true;
export const tools = { esbuild: "0.28.2" };

/** The authorization server, with one client: `seen` has what the token endpoint was sent. */
async function authorizationServer() {
  const [codes, seen] = [new Map(), []];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://127.0.0.1");
    if (url.pathname === "/authorize") {
      const { state, code_challenge, redirect_uri } = Object.fromEntries(url.searchParams);
      const code = `made-up.code-${codes.size}`;
      codes.set(code, code_challenge);
      response.writeHead(302, { location: `${redirect_uri}?${new URLSearchParams({ code, state })}` }).end();
      return;
    }
    const cors = { "access-control-allow-origin": request.headers.origin ?? "null" };
    let body = "";
    for await (const chunk of request) body += chunk;
    const form = Object.fromEntries(new URLSearchParams(body));
    seen.push({ method: request.method, cookie: request.headers.cookie, authorization: request.headers.authorization, form });
    const right =
      codes.get(form.code) ===
      createHash("sha256")
        .update(form.code_verifier ?? "")
        .digest("base64url");
    codes.delete(form.code);
    const answer = right ? { access_token: "made-up-token", token_type: "Bearer", expires_in: 300 } : { error: "invalid_grant" };
    response.writeHead(right ? 200 : 400, { ...cors, "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { issuer: `http://127.0.0.1:${server.address().port}`, seen, close: () => (server.closeAllConnections(), server.close()) };
}

export async function check({ dir }) {
  const op = await authorizationServer();
  await must(process.execPath, ["bundle.js", op.issuer], { cwd: dir, env: toolEnv(dir) });
  writeFileSync(join(dir, "out", "index.html"), page('<script type="module" src="/page.js"></script>'));
  const policy = strictPolicy.replace(/connect-src [^;]*/, (directive) => `${directive} ${op.issuer}`);
  const headers = { "content-security-policy": policy.includes("connect-src") ? policy : `${policy}; connect-src 'self' ${op.issuer}` };
  const server = await serve({ folders: { "/": join(dir, "out") }, headers });
  const browser = await openBrowser("chromium");
  try {
    await browser.goto(`${server.origin}/`);
    const result = await browser.until("text in #result", () => browser.text("#result"), 30_000);
    assert.equal(result, "made-up-token 300; again: transaction_used; at /; back to /?cart=7");
    assert.equal(op.seen.length, 1, "one request");
    const [{ method, cookie, authorization, form }] = op.seen;
    assert.deepEqual([method, cookie, authorization], ["POST", undefined, undefined]);
    assert.deepEqual(Object.keys(form).sort(), ["client_id", "code", "code_verifier", "grant_type", "redirect_uri"]);
    return "login, exchange across origins, a code once";
  } finally {
    await browser.close();
    await server.close();
    op.close();
  }
}
