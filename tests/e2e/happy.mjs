// Runs that end with the debt: started by the page, started by the worker, by keyboard alone, on a phone.
// WCAG 2.2 2.1.1 (keyboard), 1.4.10 (reflow), 2.4.3 (focus order); Norsk Gjeldsinformasjon's confirmation on return.
// Refuses a code, verifier or token anywhere in the page, its storage or its address.
import assert from "node:assert/strict";
import { test } from "node:test";
import { atProvider, giveConsent, heading, shot, start, states } from "./stage.mjs";

/** `the.stage` is open when a test runs. */
export function happyRuns(the) {
  const received = "Samtykket ditt er mottatt";
  const kept = (page) => page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie]));

  test("started by the page: a person sees the debt, each step, and nothing secret", async () => {
    const person = await the.stage.person({ colorScheme: "light" });
    const { page } = person;
    const hidden = new Set();
    page.on("request", (request) => {
      if (request.isNavigationRequest() && request.url().includes("/callback?")) hidden.add(new URL(request.url()).searchParams.get("code"));
      if (request.url().endsWith("/exchange")) for (const part of JSON.parse(request.postData()).split(" ")) if (part.length >= 43) hidden.add(part);
    });
    the.stage.control.next({
      endpoint: "token",
      fault: "change",
      change: (body) => {
        hidden.add(body.access_token);
        return body;
      },
    });
    await person.home();
    await shot(page, "start");
    await start(page, { flow: "page" });
    await page.getByRole("heading", { name: "Logg inn" }).waitFor();
    await atProvider.login(page);
    await shot(page, "consent");
    await atProvider.approve(page);
    await page.waitForSelector(".creditors");
    await heading(page, received);
    assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, "/consent");
    assert.equal(await page.locator(".creditor").count(), 4);
    assert.match(await page.locator(".creditor.missing").innerText(), /Svarte ikke/);
    // 23 184.50 + 4 129.00, 187 643.00, 6 069.40 + 641.00 NOK, added by hand.
    assert.match((await page.locator(".sum").innerText()).replaceAll(/\s/g, " "), /221 666,90/);
    await page.waitForFunction(() => [...document.querySelectorAll("li.step")].every((row) => row.dataset.state === "done"));
    assert.equal(await page.locator("ol.steps > li").count(), 13);

    assert.ok(hidden.size >= 3, "code, verifier and token were seen on their way");
    const everything = (await kept(page)) + (await page.content());
    for (const secret of hidden) assert.ok(!everything.includes(secret), "a code, verifier or token stayed in the page");
    await page.click("li[data-id=token] summary");
    assert.match(await page.locator("li[data-id=token] .detail").innerText(), /code_verifier/);
    await shot(page, "result");
    await person.leave();
  });

  test("the steps are drawn as an ordered list that says who sends what to whom", async () => {
    const person = await the.stage.person();
    await person.home();
    const first = person.page.locator("ol.steps > li").nth(1).locator("summary");
    assert.match(await first.textContent(), /Nettleser til Autorisasjonsserver, ikke ennå: .*Be om samtykke.*GET \/oauth2\/auth/);
    assert.deepEqual(new Set(Object.values(await states(person.page))), new Set(["planned"]));
    await person.leave();
  });

  test("started by the worker, for some days: debt, second lookup, withdrawal", async () => {
    const person = await the.stage.person();
    const { page } = person;
    await person.home();
    await giveConsent(page, { flow: "worker", days: 30 });
    await page.waitForSelector(".creditors");
    await heading(page, received);
    assert.equal(new URL(page.url()).search, "");
    const lookups = the.stage.control.requests().debt;
    await page.reload();
    await heading(page, "Du er logget inn");
    assert.equal(the.stage.control.requests().debt, lookups, "a reload must not look up by itself");
    await page.getByRole("button", { name: "Hent gjelda på nytt" }).click();
    await page.waitForSelector(".creditors");
    assert.equal(the.stage.control.requests().debt, lookups + 1);
    await page.getByRole("button", { name: "Trekk samtykket" }).click();
    await heading(page, "Samtykket er trukket");
    const found = await states(page);
    for (const step of ["withdraw", "serviceToken", "revoke", "withdrawn"]) assert.equal(found[step], "done", step);
    await person.leave();
  });

  test("two tabs that start by the worker: the one that comes back is served", async () => {
    const person = await the.stage.person();
    const other = await person.tab();
    await person.home();
    await person.home(other);
    await start(person.page, { flow: "worker" });
    await person.page.getByRole("heading", { name: "Logg inn" }).waitFor();
    await giveConsent(other, { flow: "worker" });
    await other.waitForSelector(".creditors");
    // The provider ties a login to its newest tab; the older one must end in a message, and a new start must work.
    await person.page.bringToFront(); // a tab behind another draws, and so takes clicks, only now and then
    await person.page.getByRole("button", { name: "Logg inn", exact: true }).click();
    await heading(person.page, "Denne innloggingen kan ikke fortsette");
    await person.page.getByRole("button", { name: "Start på nytt" }).click();
    await giveConsent(person.page, { flow: "worker" });
    await person.page.waitForSelector(".creditors");
    await person.leave();
  });

  test("by keyboard alone: choose, start, log in, approve, open a step", async () => {
    const person = await the.stage.person();
    const { page } = person;
    const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.className || document.activeElement?.tagName);
    const tabUntil = async (wanted) => {
      for (let i = 0; i < 40; i += 1) {
        await page.keyboard.press("Tab");
        if (await page.evaluate((selector) => document.activeElement?.matches(selector), wanted)) return;
      }
      assert.fail(`Tab never reached ${wanted}; the focus is on ${await focused()}`);
    };
    await person.home();
    await tabUntil("#purpose-presentation");
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), "purpose-processing");
    await tabUntil("#duration-once");
    await page.keyboard.press("ArrowDown");
    await tabUntil("#days");
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("29");
    await page.keyboard.press("Enter");
    assert.match(await page.locator("#days-problem").innerText(), /1 til 28/);
    assert.equal(await focused(), "days");
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("28");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Logg inn" }).waitFor();
    await tabUntil("button[value=login]");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: /Vil du dele/ }).waitFor();
    await tabUntil("button[value=approve]");
    await page.keyboard.press("Space");
    await page.waitForSelector(".creditors");
    assert.equal(await focused(), "H1", "the focus goes to the heading of the new view");
    await tabUntil("li.step summary");
    await page.keyboard.press("Enter");
    await page.locator("li.step details[open] .detail").waitFor();
    await person.leave();
  });

  test("on a phone: the result first, the steps as a list below it, nothing wider than the screen", async () => {
    const person = await the.stage.person({ width: 390, height: 844, isMobile: true, hasTouch: true });
    const { page } = person;
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    await person.home();
    assert.ok(await fits());
    await giveConsent(page, { flow: "page" });
    await page.waitForSelector(".creditors");
    assert.ok(await fits());
    const [result, sequence] = await Promise.all([".creditors", "ol.steps"].map((one) => page.locator(one).boundingBox()));
    assert.ok(sequence.y > result.y + result.height);
    assert.ok(!(await page.locator(".parties").isVisible()), "lifelines have no room on a phone");
    assert.ok(await page.locator(".between").first().isVisible());
    for (const button of await page.locator("main button").all()) assert.ok((await button.boundingBox()).height >= 44);
    await page.click("li[data-id=authorize] summary");
    assert.ok(await fits());
    await shot(page, "phone");
    await person.leave();
  });

  test("in the dark", async () => {
    const person = await the.stage.person({ colorScheme: "dark", locale: "en-GB" });
    await person.home();
    await giveConsent(person.page, { flow: "page" });
    await person.page.waitForSelector(".creditors");
    await person.page.waitForFunction(() => [...document.querySelectorAll("li.step")].every((row) => row.dataset.state === "done"));
    await shot(person.page, "dark");
    await person.leave();
  });
}
