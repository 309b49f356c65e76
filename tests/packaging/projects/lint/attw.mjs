// "Are the types wrong?" over the packed tarball, in its profile for packages that are ES modules only.
import { runTool } from "../../workspace.mjs";

export const name = "attw";
export const source = "attw";
export const tools = { "@arethetypeswrong/cli": "0.18.5" };

export async function check({ dir, tarball }) {
  // It would ask the registry for @types/samtykke otherwise; the package brings its own types.
  await runTool(dir, "@arethetypeswrong/cli", [tarball, "--profile", "esm-only", "--no-definitely-typed", "--no-emoji"], { name: "attw" });
}
