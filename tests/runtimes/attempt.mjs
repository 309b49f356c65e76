// Runs one suite and puts its outcome into JSON text; copied beside the suite and run in every runtime.
// The text is ASCII-safe where it matters: JSON.stringify escapes lone surrogates, so no transport can damage a string.
// Refuses an outcome that JSON cannot hold (nothing at all, a cycle, a bigint): that is reported as a failure of the suite.
export async function attempt(load, input) {
  try {
    const { run } = await load();
    if (typeof run !== "function") throw new TypeError("the suite exports no function named run");
    const output = await run(input);
    if (JSON.stringify(output) === undefined) throw new TypeError("the suite returned nothing that JSON can hold");
    return JSON.stringify({ ok: true, output });
  } catch (error) {
    const { name = "Error", message = String(error), stack = "" } = Object(error);
    return JSON.stringify({ ok: false, error: `${name}: ${message}`, stack: String(stack) });
  }
}
