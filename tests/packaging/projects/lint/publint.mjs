// publint over the packed tarball, suggestions counted as errors.
import { runTool } from "../../workspace.mjs";

export const name = "publint";
export const source = "publint";
export const tools = { publint: "0.3.25" };

export async function check({ dir, tarball }) {
  const { stdout } = await runTool(dir, "publint", ["run", tarball, "--strict"]);
  if (!/All good!/.test(stdout)) throw new Error(stdout);
}
