// HelseID's guide by a person's clicks: the page, Selvbetjening's confirm page, HelseID's login page, and back.
// WCAG 2.2 by axe at the stand-ins' pages, 1.4.10 (reflow) on a phone, 2.4.3 (focus comes back to the step).
// Refuses a step that is lost on the way, a page that is wider than its window, and a code or token left in the address.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible } from "./access.mjs";
import { shot } from "./stage.mjs";
import { settled, stateOf } from "./systems.mjs";

const PORTAL = "Bekreft klienten";
const LOGIN = "Logg inn";
const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
/** Nothing is wider than the window, and no value is squeezed into a column of single letters. */
async function stays(page, what) {
  const [wide, narrow] = await page.evaluate(() => [
    document.documentElement.scrollWidth > innerWidth,
    [...document.querySelectorAll("details[open] dd, .facts dd")].filter((one) => one.clientWidth < 90).map((one) => one.previousElementSibling.textContent),
  ]);
  assert.equal(wide, false, `${what} is wider than its window`);
  assert.deepEqual(narrow, [], `${what}: too little room`);
}

/** `the.stage` is open when a test runs. */
export function helseIdRuns(the) {
  const open = (page) => page.goto(`${the.stage.demo.url}/systems#helseid`).then(() => page.waitForSelector("[data-step=draft]"));

  /** Takes a step that needs nobody. */
  async function step(page, name, expected = "done") {
    await page.click(`#run-${name}`);
    await settled(page, name);
    assert.equal(await stateOf(page, name), expected, name);
  }

  /** Goes to another site by a step's button, decides there, and is back at the step. */
  async function away(page, name, title, decide, expected) {
    await page.click(`#run-${name}`);
    await heading(page, title);
    await decide();
    await page.waitForURL(/\/systems#helseid$/);
    await settled(page, name);
    assert.equal(await stateOf(page, name), expected, name);
    assert.equal(await page.evaluate(() => document.activeElement.id), `run-${name}`, "the person goes on at this step");
  }

  for (const [size, window] of Object.entries(SIZES)) {
    test(`the guide from an API key to two APIs, ${size}`, async () => {
      const person = await the.stage.person({ colorScheme: size === "phone" ? "dark" : "light", ...window });
      const { page } = person;
      const secrets = new Set();
      page.on("request", (request) => {
        const code = request.isNavigationRequest() && new URL(request.url()).searchParams.get("code");
        if (code) secrets.add(code);
      });
      const picture = async (name) => {
        await stays(page, name);
        await shot(page, `helseid-${size}-${name}`);
      };
      await open(page);
      await picture("0-start");
      await step(page, "draft");
      await picture("1-draft");

      await page.click("#run-confirm");
      await heading(page, PORTAL);
      await accessible(page, "the confirm page");
      await picture("2-confirm");
      await press(page, "Avvis");
      await settled(page, "confirm");
      assert.match(await page.locator(".step-error").innerText(), /confirmation_refused/);
      await accessible(page, "a refused confirmation");
      await picture("3-refused");
      await away(page, "confirm", PORTAL, () => press(page, "Bestem senere"), "failed");
      await away(page, "confirm", PORTAL, () => press(page, "Bekreft"), "done");
      await picture("4-confirmed");

      await step(page, "status");
      assert.match(await page.locator("[data-step=status] .facts").innerText(), /nhn:phr\/mhd\/read\s+pending/);
      await picture("5-pending");
      await step(page, "login", "failed");
      assert.match(await page.locator(".step-error").innerText(), /invalid_scope/);
      await step(page, "approve");
      await step(page, "ready");
      assert.match(await page.locator("[data-step=ready] .facts").innerText(), /nhn:phr\/mhd\/read\s+ok/);

      await page.click("#run-login");
      await heading(page, LOGIN);
      await accessible(page, "the login page");
      await picture("6-login");
      await page.click("label[for=person-1]");
      await press(page, LOGIN);
      await settled(page, "login");
      assert.match(await page.locator(".step-error").innerText(), /claim_refused/);
      await picture("7-too-low");
      await away(page, "login", LOGIN, () => press(page, "Avbryt"), "failed");
      await away(page, "login", LOGIN, () => press(page, LOGIN), "done");
      assert.match(await page.locator("[data-step=login] .facts").innerText(), /GRØNN VITS/);
      await picture("8-logged-in");

      await step(page, "first");
      assert.match(await page.locator("[data-step=first] .facts").innerText(), /nhn:phr/);
      await step(page, "second");
      assert.match(await page.locator("[data-step=second] .facts").innerText(), /nhn:kj/);
      const proof = page.locator(".exchange").last().locator(".apart");
      for (const claim of ["htm", "htu", "ath", "jti"]) assert.match(await proof.innerText(), new RegExp(`\\b${claim}\\b`));
      await accessible(page, "the proof of an API call");
      await picture("9-proof");
      await step(page, "machine");

      assert.ok(secrets.size >= 2, "codes were seen on their way");
      const everything =
        (await page.content()) + page.url() + (await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie])));
      for (const code of secrets) assert.ok(!everything.includes(code), "a code stayed in the page");
      assert.doesNotMatch(everything, /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/);
      await person.leave();
    });
  }

  test("whoever leaves half-way finds the guide where it was: by the back button, and in a new tab", async () => {
    const person = await the.stage.person();
    const { page } = person;
    await open(page);
    await step(page, "draft");
    await page.click("#run-confirm");
    await heading(page, PORTAL);
    await page.goBack();
    await page.waitForSelector("[data-step=confirm][data-state=away]");
    assert.equal(await stateOf(page, "draft"), "done");
    await accessible(page, "a step that is open");
    await shot(page, "helseid-left");
    await away(page, "confirm", PORTAL, () => press(page, "Bekreft"), "done");
    const other = await person.tab();
    await open(other);
    assert.deepEqual([await stateOf(other, "draft"), await stateOf(other, "confirm"), await stateOf(other, "status")], ["done", "done", "waiting"]);
    assert.equal((await other.locator(".exchange").count()) > 0, true, "and what was sent last");
    await person.leave();
  });

  test("the guide by keyboard alone, up to a login", async () => {
    const person = await the.stage.person();
    const { page } = person;
    const run = async (name) => {
      await page.focus(`#run-${name}`);
      await page.keyboard.press("Enter");
    };
    await open(page);
    for (const name of ["draft", "confirm", "status", "approve", "login"]) {
      await run(name);
      if (name === "confirm" || name === "login") {
        await heading(page, name === "confirm" ? PORTAL : LOGIN);
        await page.getByRole("button", { name: name === "confirm" ? "Bekreft" : LOGIN, exact: true }).focus();
        await page.keyboard.press("Enter");
        await page.waitForURL(/\/systems#helseid$/);
      }
      await settled(page, name);
      assert.equal(await stateOf(page, name), "done", name);
    }
    await person.leave();
  });
}
