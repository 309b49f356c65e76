// Bun, as a program and as a bundle that Bun makes for itself.
import { ask, npmRuntime } from "../../../../pkg/toolchain.mjs";
import { must, plainEnv } from "../../../lib/process.mjs";
import { assertPrinted, serverLines } from "../../expected.mjs";

export const name = "bun";
export const source = "bun";

export async function check({ dir }) {
  const program = await npmRuntime("bun");
  if (!program) return { gap: "bun could not be installed from npm" };
  const env = plainEnv(dir);
  const { stdout } = await must(program, ["--no-install", "main.js"], { cwd: dir, env });
  assertPrinted(stdout, serverLines);
  await must(program, ["build", "main.js", "--target=bun", "--outfile=out/main.js"], { cwd: dir, env });
  assertPrinted((await must(program, ["--no-install", "out/main.js"], { cwd: dir, env })).stdout, serverLines);
  return `bun ${ask(program)}`;
}
