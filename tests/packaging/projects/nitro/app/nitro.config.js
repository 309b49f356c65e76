export default { compatibilityDate: "2026-07-01", srcDir: "server", experimental: { wasm: process.env.WASM === "1" } };
