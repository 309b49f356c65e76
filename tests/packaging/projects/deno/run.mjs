// Deno without any permission: the package reads no file, no environment and no network by itself.
import { ask, npmRuntime } from "../../../../pkg/toolchain.mjs";
import { must, plainEnv } from "../../../lib/process.mjs";
import { denoFlags } from "../../../runtimes/deno.mjs";
import { assertPrinted, serverLines } from "../../expected.mjs";

export const name = "deno";
export const source = "deno";

export async function check({ dir }) {
  const program = await npmRuntime("deno");
  if (!program) return { gap: "deno could not be installed from npm" };
  const { stdout } = await must(program, [...denoFlags, "main.js"], { cwd: dir, env: plainEnv(dir, { DENO_NO_UPDATE_CHECK: "1" }) });
  assertPrinted(stdout, serverLines);
  return ask(program).split(" (")[0];
}
