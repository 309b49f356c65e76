// What the three browsers share: a page on http://localhost that loads the suite without a bundler and posts its outcome back.
// The import map leads to the files that package.json exports for browsers; the page's CSP is the strictest the README recommends.
// Refuses a package that only works with a looser policy: any violation that the browser reports is a failure.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { detectBrowser, openBrowser } from "../lib/browsers.mjs";
import { importMap } from "../lib/exports.mjs";
import { serve, strictPolicy } from "../lib/server.mjs";
import { within } from "../lib/wait.mjs";

const script = `import { attempt } from "/suite/attempt.mjs";
const report = (text) => fetch("/outcome", { method: "POST", body: text });
const fail = (error, stack = "") => report(JSON.stringify({ ok: false, error, stack }));
addEventListener("securitypolicyviolation", (event) => {
  if (event.blockedURI.endsWith("/favicon.ico")) return; // asked for by WebKit itself
  fail("the page's CSP was violated: " + event.effectiveDirective + " by " + event.blockedURI, event.sourceFile);
});
addEventListener("error", (event) => fail("uncaught " + event.message));
addEventListener("unhandledrejection", (event) => fail("unhandled rejection: " + event.reason, event.reason?.stack));
const { input } = await (await fetch("/input")).json();
const outcome = await attempt(() => import("/suite/suite.mjs"), input);
setTimeout(() => report(outcome), 20); // a violation is told a moment after it happened; the first report counts
`;

/** The page and its policy. An import map can only stand in the page itself, so the policy allows this one text by its hash. */
function page(map, network) {
  const text = JSON.stringify(map);
  const hash = createHash("sha256").update(text).digest("base64");
  return {
    policy: strictPolicy.replace("script-src", `script-src 'sha256-${hash}'`).replace("connect-src 'self'", ["connect-src 'self'", ...network].join(" ")),
    html: `<!doctype html><meta charset="utf-8"><title>suite</title>
<script type="importmap">${text}</script><script type="module" src="/run.js"></script>`,
  };
}

async function runPage({ name, packageDir, folder, bare, input, network, timeoutMs }) {
  const modules = join(packageDir, "node_modules");
  const { html, policy } = page(importMap(modules, bare), network);
  let outcome;
  const answered = new Promise((resolve) => {
    outcome = resolve;
  });
  const send = (type, body) => (request, response) => {
    response.setHeader("content-type", type);
    response.end(body);
  };
  const server = await serve({
    folders: { "/suite/": folder, "/node_modules/": modules },
    headers: { "content-security-policy": policy },
    routes: {
      "/": send("text/html; charset=utf-8", html),
      "/run.js": send("text/javascript; charset=utf-8", script),
      "/input": send("application/json; charset=utf-8", JSON.stringify({ input })),
      "/outcome": (request, response, body) => {
        outcome(JSON.parse(body.toString("utf8")));
        response.end();
      },
    },
  });
  let browser;
  try {
    browser = await openBrowser(name);
    const started = performance.now();
    // Not awaited: a suite in an endless loop would keep the page, and so this command, from ever being done.
    const opened = browser.goto(`${server.origin}/`).then(
      () => answered,
      (error) => ({ ok: false, error: error.message }),
    );
    const result = await within(timeoutMs, Promise.race([answered, opened]), () => ({
      ok: false,
      error: `timed out after ${timeoutMs} ms`,
      stack: server.requests.join("\n"),
    }));
    return { ...result, version: browser.version, ms: Math.round(performance.now() - started) };
  } finally {
    await browser?.close();
    await server.close();
  }
}

export const browserRuntime = (name) => ({
  name,
  detect: () => detectBrowser(name),
  run: (task) => runPage({ ...task, name }),
});
