// Accessibility of every view in both colour schemes, by axe-core, and the texts behind them.
// WCAG 2.2 levels A and AA, as far as a program can judge them.
// Refuses any violation; a rule is never switched off.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { systemTexts } from "../../www/page/src/systems/texts.mjs";
import { languages, texts as pageTexts } from "../../www/page/src/texts.mjs";
import { plans, steps, withdrawal } from "../../www/page/src/steps.mjs";
import { calls } from "../../www/page/src/systems/calls.mjs";
import { systems } from "../../www/worker/src/systems/index.mjs";
import { atProvider, giveConsent, start } from "./stage.mjs";

const texts = { ...pageTexts, ...systemTexts };
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function accessible(page, view) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  assert.ok(passes.length > 10, "axe looked at nothing");
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${view}: ${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(" | ")}`),
    [],
  );
}

/** `the.stage` is open when a test runs. */
export function access(the) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of [
      [1440, 900],
      [390, 844],
    ]) {
      test(`every view passes axe, ${colorScheme}, ${width} pixels wide`, async () => {
        const person = await the.stage.person({ colorScheme, width, height });
        const { page } = person;
        await person.home();
        await page.click(".wrong summary");
        await page.click("label[for=duration-days]");
        await page.fill("#days", "0");
        await page.click("form button.primary");
        await page.locator("#days-problem:not(:empty)").waitFor();
        await accessible(page, "start");
        await page.fill("#days", "5");
        await page.click("label[for=duration-once]");
        await giveConsent(page, { flow: "page", days: 9 });
        await page.waitForSelector(".creditors");
        await page.waitForFunction(() => document.querySelectorAll("li.step[data-state=done]").length === 13);
        await page.click("li[data-id=token] summary");
        await accessible(page, "result");
        await person.home();
        await start(page, { flow: "worker" });
        await page.getByRole("heading", { name: "Logg inn" }).waitFor();
        await page.getByText("Testverktøy").click();
        await accessible(page, "the provider's login");
        await atProvider.login(page);
        await accessible(page, "the provider's consent");
        await atProvider.deny(page);
        await page.waitForSelector(".outcome");
        await accessible(page, "denied");
        await person.home();
        await giveConsent(page, { flow: "page", wrong: "lost" });
        await page.waitForSelector(".outcome");
        await accessible(page, "lost");
        await person.leave();
      });
    }
  }

  test("every text is there in every language, with the same placeholders", () => {
    const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort().join();
    for (const [key, row] of Object.entries(texts)) {
      assert.equal(row.length, languages.length, key);
      for (const text of row) {
        assert.ok(typeof text === "string" && text.length > 0, key);
        assert.equal(places(text), places(row[0]), key);
      }
    }
  });

  test("every system has a name and an introduction, and each of its steps a name and an explanation", () => {
    for (const { id, steps: taken } of systems) {
      for (const key of [`${id}.name`, `${id}.about`, ...Object.keys(taken).flatMap((step) => [`${id}.${step}`, `${id}.${step}.help`])])
        assert.ok(texts[key], key);
    }
  });

  test("the call that a step shows is one that the demo makes, and what has to come before is a step", async () => {
    const source = async (path) => readFile(new URL(`../../www/${path}`, import.meta.url), "utf8");
    /** Functions and methods that a text calls. */
    const called = (text) => [...text.matchAll(/(?:new )?(\w+)\(/g)].map(([, name]) => name);
    for (const { id, steps: taken } of systems) {
      const code = await source(`worker/src/systems/${id}.mjs`);
      for (const step of Object.keys(taken)) {
        const { call, after } = calls[`${id}.${step}`] ?? assert.fail(`${id}.${step}`);
        assert.ok(call || step === "approve", `${id}.${step} has a call`);
        for (const name of call ? called(call) : []) assert.match(code, new RegExp(`\\b${name}\\(`), `${id}.${step}: ${name}`);
        assert.ok(after === undefined || Object.keys(taken).indexOf(after) < Object.keys(taken).indexOf(step), `${id}.${step} after ${after}`);
      }
    }
    const all = (await Promise.all(["page/src/login.mjs", "worker/src/routes.mjs"].map(source))).join("\n");
    const shown = Object.values(steps).filter(({ call }) => call);
    assert.ok(shown.length > 6);
    for (const { call } of shown) for (const name of called(call)) assert.match(all, new RegExp(`\\b${name}\\(`), call);
  });

  test("every step of every plan has a name, an explanation and two parties", () => {
    for (const id of [...plans.page, ...plans.worker, ...withdrawal]) {
      assert.ok(texts[`step.${id}`] && texts[`step.${id}.text`], id);
      for (const party of [steps[id].from, steps[id].to]) assert.ok(texts[`party.${party}`], party);
    }
  });
}
