// A TypeScript consumer: the strictest settings, the package's own declarations checked too, in both ways of resolving a module.
// "bundler" has the browser's types, "nodenext" only Node's, "workers" only Cloudflare's: the declarations must be complete under each.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "../../workspace.mjs";

export const name = "typescript";
export const source = "typescript";
// Two compilers: the current one and the last of the line that most projects still use.
export const tools = { typescript: "7.0.2", "typescript-5": "npm:typescript@5.9.3", "@types/node": "20.19.43", "@cloudflare/workers-types": "5.20260730.1" };

const strict = {
  strict: true,
  noEmit: true,
  skipLibCheck: false,
  target: "es2022",
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
};
const projects = {
  bundler: {
    files: ["page.ts", "server.ts"],
    compilerOptions: { ...strict, module: "esnext", moduleResolution: "bundler", lib: ["es2022", "dom"], types: [] },
  },
  nodenext: {
    files: ["page.ts", "server.ts", "old.cts"],
    compilerOptions: { ...strict, module: "nodenext", moduleResolution: "nodenext", lib: ["es2022"], types: ["node"] },
  },
  workers: {
    files: ["server.ts"],
    compilerOptions: { ...strict, module: "esnext", moduleResolution: "bundler", lib: ["es2022"], types: ["@cloudflare/workers-types"] },
  },
};

export async function check({ dir }) {
  for (const [project, config] of Object.entries(projects)) {
    writeFileSync(join(dir, `tsconfig.${project}.json`), JSON.stringify(config));
    for (const compiler of ["typescript", "typescript-5"]) {
      await runTool(dir, compiler, ["-p", `tsconfig.${project}.json`], { name: "tsc" }).catch((error) => {
        throw new Error(`${compiler}, ${project}: ${error.message}`);
      });
    }
  }
  return "tsc 7.0.2 and 5.9.3";
}
