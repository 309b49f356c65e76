// The stage of the end-to-end tests: the demo on free ports, a real Chromium, and people who click.
// A person is a fresh browser context; what the page logs as an error, or the CSP blocks, fails the test that made it.
// Without a Chromium there is no stage: what is missing and how to get it is said by pkg/toolchain.mjs.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepare } from "../../www/start/prepare.mjs";
import { startDemo } from "../../www/start/services.mjs";
import { launchChromium } from "../lib/browsers.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const screenshots = join(root, "target", "screenshots");

/** The demo and a browser, or why there is none. */
export async function openStage({ timeoutSeconds = 2 } = {}) {
  const { browser, why } = await launchChromium();
  if (why) return { why };
  assert.ok(await prepare({ progress: () => {} }), "the demo could not be built");
  await mkdir(screenshots, { recursive: true });
  const demo = await startDemo({ port: 0, authPort: 0, apiPort: 0, timeoutSeconds });
  return {
    demo,
    version: `chromium ${browser.version()}`,
    control: demo.provider.control,
    person: (options) => person(browser, demo, options),
    async close() {
      await browser.close();
      await demo.close();
    },
  };
}

/** A person with a clean profile. `expected` allows console errors that the run is meant to cause. */
async function person(browser, demo, { width = 1440, height = 900, expected = [], ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: "nb-NO", reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(15_000);
  const faults = [];
  const tab = async () => {
    const page = await context.newPage();
    page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    page.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error" && !expected.some((one) => one.test(text))) faults.push(`console: ${text}`);
    });
    return page;
  };
  const page = await tab();
  return {
    context,
    page,
    tab,
    home: async (on = page) => {
      await on.goto(demo.url);
      await on.waitForSelector("form");
    },
    /** Nothing was logged as an error and nothing was blocked. */
    async leave() {
      await context.close();
      assert.deepEqual(faults, []);
    },
  };
}

export const failedCall = /Failed to load resource: the server responded with a status of (400|401|403|502|504)/;

/** A choice is a card, and the whole card is the label: that is where a person clicks. */
const choose = (page, id) => page.click(`label[for=${id}]`);

/** The clicks that start a consent. */
export async function start(page, { flow = "page", purpose = "presentation", days, wrong } = {}) {
  await choose(page, `purpose-${purpose}`);
  if (days !== undefined) {
    await choose(page, "duration-days");
    await page.fill("#days", String(days));
  }
  await choose(page, `flow-${flow}`);
  if (wrong) {
    await page.click(".wrong summary");
    await page.check(`input[name=wrong][value=${wrong}]`);
  }
  await page.click("form button.primary");
}

/** What a person clicks at the provider, by what the buttons do: what they say is in the visitor's language. */
export const atProvider = {
  async login(page) {
    await page.click("button.primary[value=login]");
    await page.waitForSelector("button[value=approve]");
  },
  approve: (page) => page.click("button[value=approve]"),
  deny: (page) => page.click("button[value=deny]"),
  cancel: (page) => page.click(".actions button[value=cancel]"),
  async fail(page) {
    await page.click("details.tools summary");
    await page.click("button[value=error]");
  },
};

export async function giveConsent(page, wishes) {
  await start(page, wishes);
  await atProvider.login(page);
  await atProvider.approve(page);
}

export const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
export const states = (page) => page.$$eval("li.step", (rows) => Object.fromEntries(rows.map((row) => [row.dataset.id, row.dataset.state])));

/** A picture of the whole page, from the top: what sticks to the window would else be drawn in the middle. */
export async function shot(page, name) {
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}
