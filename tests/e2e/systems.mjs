// The page of the machine systems: every step by its button, what was sent beside it, and an error with what to do.
// WCAG 2.2 by axe in both colour schemes, wide and narrow; WCAG 2.1.1 (keyboard).
// Refuses a whole JWT or a token in the page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible } from "./access.mjs";
import { shot } from "./stage.mjs";

export const settled = (page, step) =>
  page.waitForFunction((name) => /^(done|failed)$/.test(document.querySelector(`[data-step=${name}]`)?.dataset.state), step);
export const stateOf = (page, step) => page.locator(`[data-step=${step}]`).getAttribute("data-state");

/** `the.stage` is open when a test runs. */
export function systemRuns(the) {
  test("each step of each system works from its button, and shows what was sent", async () => {
    const person = await the.stage.person({ colorScheme: "light" });
    const { page } = person;
    await page.goto(`${the.stage.demo.url}/systems`);
    await page.waitForSelector(".machine-step");
    const systems = await page.locator("input[name=system]").evaluateAll((inputs) => inputs.map(({ value }) => value));
    const cut = () => page.$eval("#sent", (part) => part.scrollHeight - part.clientHeight);
    for (const system of systems) {
      await page.click(`label[for=system-${system}]`);
      await page.waitForSelector(".plan");
      assert.ok((await cut()) <= 1, `${system}: the plan is cut off`);
    }
    // HelseID's guide needs a person: helseid.mjs.
    for (const system of systems.filter((one) => one !== "helseid")) {
      await page.click(`label[for=system-${system}]`);
      const steps = await page.locator(".machine-step").evaluateAll((items) => items.map(({ dataset }) => dataset.step));
      for (const step of steps) {
        await page.click(`#run-${step}`);
        await settled(page, step);
        // A comparison that fails is shown as failed.
        assert.equal(await stateOf(page, step), step === "mismatch" ? "failed" : "done", `${system}: ${step}`);
        assert.ok((await page.locator(".exchange, .cached").count()) > 0, `${system}: ${step} shows nothing`);
      }
      assert.doesNotMatch(await page.content(), /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/);
      await shot(page, `system-${system}`);
    }
    await person.leave();
  });

  test("a refusal says what to do, by keyboard too", async () => {
    const person = await the.stage.person({ colorScheme: "dark", width: 390, height: 844 });
    const { page } = person;
    await page.goto(`${the.stage.demo.url}/systems#norskgjeld`);
    for (const step of ["register", "withdraw", "debt"]) {
      await page.focus(`#run-${step}`);
      await page.keyboard.press("Enter");
      await settled(page, step);
    }
    assert.equal(await stateOf(page, "debt"), "failed");
    assert.match(await page.locator(".step-error").textContent(), /consent_inactive/);
    await accessible(page, "a refused step");
    await person.leave();
  });

  test("the page says what it is and where to begin, what comes first, and shows what was sent under its step on a phone", async () => {
    const person = await the.stage.person({ colorScheme: "light", width: 390, height: 844 });
    const { page } = person;
    await page.goto(`${the.stage.demo.url}/systems#norskgjeld`);
    await page.waitForSelector(".plan");
    assert.equal(await page.locator(".about a").count(), 2);
    assert.ok((await page.locator(".plan li").count()) > 3);
    assert.equal(await page.locator(".words dt").count(), 4);
    assert.equal(await page.locator("[data-step=debt] .first").count(), 1, "a step that needs another says which");
    await accessible(page, "the plan, on a phone");
    await page.click("#run-register");
    await settled(page, "register");
    assert.equal(await page.locator("[data-step=register] #sent .exchange").count(), 2);
    assert.equal(await page.locator("[data-step=debt] .first").count(), 0, "it was taken");
    await accessible(page, "what was sent, on a phone");
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.waitForSelector(".columns > #sent .exchange");
    const wide = async (width) => {
      await page.setViewportSize({ width, height: 800 });
      return page.evaluate(() => ({
        over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        beside: document.querySelector(".language").getBoundingClientRect().top < document.querySelector(".brand").getBoundingClientRect().bottom,
      }));
    };
    // 768 pixels, and 1280 at 200 and 400 % zoom.
    for (const width of [768, 640, 320]) assert.deepEqual(await wide(width), { over: 0, beside: true }, `${width} pixels`);
    await person.leave();
  });

  for (const colorScheme of ["light", "dark"]) {
    test(`the systems pass axe, ${colorScheme}`, async () => {
      const person = await the.stage.person({ colorScheme });
      const { page } = person;
      await page.goto(`${the.stage.demo.url}/systems`);
      await page.waitForSelector(".machine-step");
      await accessible(page, "systems");
      await page.locator(".machine-step button").first().click();
      await page.waitForSelector(".exchange");
      await accessible(page, "a step's messages");
      await person.leave();
    });
  }
}
