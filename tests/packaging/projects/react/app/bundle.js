// The bundle as it is in development, where StrictMode runs each effect twice.
import { build } from "esbuild";

await build({
  entryPoints: ["page.jsx"],
  outdir: "out",
  bundle: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxDev: true,
  define: { "process.env.NODE_ENV": '"development"' },
});
