// Deno, with no permission whatever but for the origins a suite names: no files, no network, no environment, no prompt.
// The package comes from node_modules as installed; nothing is looked up or fetched.
// Refuses any remote module: what is not in node_modules is an error.
import { ask, npmRuntime } from "../../pkg/toolchain.mjs";
import { runProgram } from "./program.mjs";

export const denoFlags = ["run", "--no-prompt", "--no-remote", "--cached-only", "--no-lock", "--no-config", "--node-modules-dir=manual"];

export const deno = {
  name: "deno",
  async detect() {
    const program = await npmRuntime("deno");
    if (!program) return { available: false, why: "deno could not be installed from npm" };
    return { available: true, version: ask(program).split("\n")[0].replace(/ \(.*/, ""), program };
  },
  run({ found, folder, input, network, timeoutMs }) {
    const leave = network.length ? [`--allow-net=${network.map((origin) => new URL(origin).host).join(",")}`] : [];
    return runProgram({ program: found.program, args: [...denoFlags, ...leave], folder, input, timeoutMs });
  },
};
