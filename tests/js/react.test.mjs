// The hook of `samtykke/react` without React: subscribed to, left and subscribed to again, as StrictMode and Suspense do it.
// In React itself, and in StrictMode, it runs in tests/packaging/projects/react.
// Refuses a work that runs twice, and an outcome that is lost with the run that began it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const source = readFileSync(new URL("../../pkg/dist/lib/page/react.js", import.meta.url), "utf8");
const REACT = `import { useSyncExternalStore } from "react";`;

/** The hook, in a module of its own as each page load has it; a call gives what a component's run does. */
async function hook() {
  assert.ok(source.includes(REACT));
  const own = `const useSyncExternalStore = (subscribe, snapshot, onServer) => ({ subscribe, snapshot, onServer }); // ${Math.random()}`;
  return import(`data:text/javascript,${encodeURIComponent(source.replace(REACT, own))}`);
}

test("a work runs once, and every run of an effect sees what becomes of it, though the first was aborted", async () => {
  const { useOnce } = await hook();
  let [runs, told] = [0, 0];
  const work = async () => {
    runs++;
    await Promise.resolve();
    return "done";
  };
  const first = useOnce(work);
  assert.deepEqual(first.snapshot(), { status: "none" });
  assert.equal(runs, 0, "rendering began the work");
  let over = false;
  const leaveFirst = first.subscribe(() => assert.ok(!over, "a run that is over heard of it"));
  leaveFirst();
  over = true;
  assert.equal(runs, 1, "an answer has to be out of the address bar at once");
  const again = useOnce(work);
  const leave = again.subscribe(() => told++);
  assert.deepEqual(again.snapshot(), { status: "pending" });
  await new Promise(setImmediate);
  assert.deepEqual(again.snapshot(), { status: "done", value: "done" });
  assert.equal(again.snapshot(), again.snapshot(), "React renders for ever where a snapshot is new each time");
  assert.deepEqual([runs, told], [1, 1]);
  leave();
  // Another component, and one for which the address has no answer any more.
  for (const later of [useOnce(work), useOnce(false), useOnce(undefined)]) {
    later.subscribe(() => {})();
    assert.deepEqual(later.snapshot(), { status: "done", value: "done" });
  }
  assert.equal(runs, 1);
});

test("what a work throws, at once or later, is its outcome, and another name is another work", async () => {
  const { useOnce } = await hook();
  const error = new Error("no");
  for (const [name, work] of [
    ["at once", () => assert.fail(error)],
    ["later", async () => Promise.reject(error)],
  ]) {
    const run = useOnce(work, name);
    let told = 0;
    run.subscribe(() => told++);
    await new Promise(setImmediate);
    assert.deepEqual(run.snapshot(), { status: "failed", error });
    assert.equal(told, 2);
  }
  assert.deepEqual(useOnce(false).snapshot(), { status: "none" });
});

test("nothing runs while there is no work, nor on a server", async () => {
  const { useOnce } = await hook();
  const idle = useOnce(false);
  idle.subscribe(() => assert.fail("nothing became of it"));
  assert.deepEqual(idle.snapshot(), { status: "none" });
  assert.deepEqual(useOnce(() => assert.fail("it ran")).onServer(), { status: "none" });
});
