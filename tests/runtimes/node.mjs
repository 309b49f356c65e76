// Node: the one that runs these tests, and the newer release lines from npm.
// The package is found by Node's own rules in node_modules, under the conditions "node" and "import".
// Refuses to pass this process's NODE_OPTIONS on: a flag set by a person must not make a suite pass.
import { ask, npmRuntime } from "../../pkg/toolchain.mjs";
import { runProgram } from "./program.mjs";

function nodeRuntime(name, find) {
  return {
    name,
    async detect() {
      const program = await find();
      if (!program) return { available: false, why: `${name} could not be installed from npm` };
      return { available: true, version: `node ${ask(program)}`, program };
    },
    run: ({ found, folder, input, timeoutMs }) => runProgram({ program: found.program, args: [], folder, input, timeoutMs }),
  };
}

export const node = nodeRuntime("node", async () => process.execPath);
export const node22 = nodeRuntime("node22", () => npmRuntime("node22"));
export const node24 = nodeRuntime("node24", () => npmRuntime("node24"));
