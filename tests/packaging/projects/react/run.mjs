// React in StrictMode, in its newest version and the oldest that is supported: the flow ends once, and every run of the effect sees it.
// Refuses a success that is lost because React runs an effect twice, and a flow that is finished by each run.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../../lib/process.mjs";
import { page, resultOf } from "../../page.mjs";
import { toolEnv } from "../../workspace.mjs";

const project = (name, version) => ({
  name,
  source: "react",
  browser: true,
  tools: { esbuild: "0.28.2", react: version, "react-dom": version },
  async check({ dir }) {
    await must(process.execPath, ["bundle.js"], { cwd: dir, env: toolEnv(dir) });
    writeFileSync(join(dir, "out", "index.html"), page('<div id="root"></div><script type="module" src="/page.js"></script>'));
    // Effects run twice, the work once; the component that comes later finds the outcome; the router's hash is left.
    assert.equal(
      await resultOf(join(dir, "out")),
      "made-up.code cart-7 /#offers; late: done; failed: failed transaction_missing; runs: 2 1; at /?tab=2#offers",
    );
  },
});

export const react = project("react", "19.3.1");
export const react18 = project("react-18", "18.3.1");
