// Vue, rendered on a server and taken over in the browser: the page's part runs in both. Vite builds for each without a setting, and
// with everything bundled into the server's file. Its page says what the server rendered before, or Vue would tell of a mismatch.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../../lib/process.mjs";
import { flowLine } from "../../expected.mjs";
import { resultOf } from "../../page.mjs";
import { runTool, toolEnv } from "../../workspace.mjs";

export const name = "vue-ssr";
export const source = "vue-ssr";
export const browser = true;
export const tools = { vite: "8.3.8", vue: "3.5.45", "@vitejs/plugin-vue": "6.0.11" };

async function rendered(dir, env) {
  await runTool(dir, "vite", ["build", "--ssr", "server.js", "--outDir", "server"], { env });
  const print = 'import { render } from "./server/server.js"; console.log(await render());';
  const { stdout, stderr } = await must(process.execPath, ["--input-type=module", "-e", print], { cwd: dir, env: toolEnv(dir) });
  assert.equal(stderr, "");
  return stdout.trim();
}

export async function check({ dir }) {
  const html = await rendered(dir, {});
  assert.equal(html, `<output id="result">${flowLine}</output>`);
  assert.equal(await rendered(dir, { BUNDLED: "1" }), html);
  await runTool(dir, "vite", ["build", "--outDir", "client"]);
  const page = join(dir, "client", "index.html");
  const before = readFileSync(page, "utf8");
  assert.ok(before.includes('<div id="app"></div>'));
  writeFileSync(page, before.replace('<div id="app"></div>', `<div id="app">${html.replace(flowLine, "not taken over yet")}</div>`));
  assert.equal(await resultOf(join(dir, "client")), flowLine);
}
