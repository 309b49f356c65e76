// Nothing about wasm: the package must need no loader and no experiment.
export default { mode: "production", entry: "./main.js" };
