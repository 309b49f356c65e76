import { build } from "esbuild";

const common = { bundle: true, minify: true, format: "esm", logLevel: "warning" };
await build({ ...common, entryPoints: ["page.js"], outfile: "out/page.js" });
await build({ ...common, entryPoints: ["server.js"], outfile: "out/server.mjs", platform: "node" });
