import { build } from "esbuild";

await build({
  entryPoints: ["page.js"],
  outdir: "out",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  define: { ISSUER: JSON.stringify(process.argv[2]) },
});
