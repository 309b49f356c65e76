// Bun, resolving the package from node_modules under its own condition "bun".
// Called by the path of its binary: the link in .bin is made by an install script, which newer npm versions may skip.
// Refuses to install anything by itself (--no-install): Bun would otherwise fetch what is missing.
import { ask, npmRuntime } from "../../pkg/toolchain.mjs";
import { runProgram } from "./program.mjs";

export const bun = {
  name: "bun",
  async detect() {
    const program = await npmRuntime("bun");
    if (!program) return { available: false, why: "bun could not be installed from npm" };
    return { available: true, version: `bun ${ask(program)}`, program };
  },
  run: ({ found, folder, input, timeoutMs }) => runProgram({ program: found.program, args: ["--no-install"], folder, input, timeoutMs }),
};
