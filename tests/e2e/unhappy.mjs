// Runs that do not end with the debt: each shows what happened and what to do, marks the step, and lets the person start again.
// RFC 6749 4.1.2.1 and 10.12, RFC 9700 4.5; Norsk Gjeldsinformasjon's callback errors.
// Refuses a second use of a code: the provider counts the token requests.
import assert from "node:assert/strict";
import { test } from "node:test";
import { languages } from "../../www/page/src/texts.mjs";
import { atProvider, failedCall, giveConsent, heading, shot, start, states } from "./stage.mjs";

/** `the.stage` is open when a test runs. */
export function unhappyRuns(the) {
  const exchanges = () => the.stage.control.requests().token ?? 0;
  const codeShown = (page) => page.locator(".outcome .code").innerText();

  async function startsAgain(page) {
    await page.getByRole("button", { name: "Start på nytt" }).click();
    await page.waitForSelector("form");
    assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, "/");
  }

  for (const flow of ["page", "worker"]) {
    const before = { page: "check", worker: "callback" }[flow];

    test(`denied, started by the ${flow}`, async () => {
      const person = await the.stage.person();
      const { page } = person;
      const count = exchanges();
      await person.home();
      await start(page, { flow });
      await atProvider.login(page);
      await atProvider.deny(page);
      await heading(page, "Ingenting er delt");
      assert.match(await codeShown(page), /consent_denied/);
      assert.equal(new URL(page.url()).search, "", "the address is clean");
      assert.equal(exchanges(), count);
      if (flow === "page") await shot(page, "error");
      await startsAgain(page);
      await person.leave();
    });

    test(`cancelled, started by the ${flow}`, async () => {
      const person = await the.stage.person();
      await person.home();
      await start(person.page, { flow });
      await atProvider.cancel(person.page);
      await heading(person.page, "Du er ikke logget inn");
      assert.match(await codeShown(person.page), /login_cancelled/);
      await startsAgain(person.page);
      await person.leave();
    });

    test(`a server error at the provider, started by the ${flow}`, async () => {
      const person = await the.stage.person();
      await person.home();
      await start(person.page, { flow });
      await atProvider.fail(person.page);
      await heading(person.page, "Tilbyderen har et problem");
      await startsAgain(person.page);
      await person.leave();
    });

    for (const [wrong, code, title] of [
      ["state", /state_mismatch|transaction_missing/, "Denne innloggingen kan ikke fortsette"],
      ["lost", /transaction_missing/, "Denne innloggingen kan ikke fortsette"],
      ["expired", /transaction_(expired|missing)/, "Denne innloggingen kan ikke fortsette"],
      ["replay", /transaction_(missing|used)/, "Denne innloggingen kan ikke fortsette"],
    ]) {
      test(`${wrong}, started by the ${flow}`, async () => {
        const person = await the.stage.person();
        const { page } = person;
        const count = exchanges();
        await person.home();
        await giveConsent(page, { flow, wrong });
        await heading(page, title);
        assert.match(await codeShown(page), code);
        assert.equal((await states(page))[before], "failed");
        assert.equal(exchanges(), wrong === "replay" ? count + 1 : count);
        await startsAgain(page);
        await giveConsent(page, { flow });
        await page.waitForSelector(".creditors");
        await person.leave();
      });
    }

    for (const [wrong, code, said] of [
      // The code may be spent: only a new login helps.
      ["down", /network_error/, "Denne innloggingen kan ikke fortsette"],
      ["slow", /timeout/, "Denne innloggingen kan ikke fortsette"],
      ["html", /content_type_unexpected|token_response_malformed/, "Tilbyderen har et problem"],
    ]) {
      test(`the provider is ${wrong}, started by the ${flow}`, async () => {
        const person = await the.stage.person({ expected: [failedCall] });
        const { page } = person;
        const count = exchanges();
        await person.home();
        await giveConsent(page, { flow, wrong });
        await heading(page, said);
        assert.match(await codeShown(page), code);
        assert.equal(exchanges(), count + 1, "the code is sent once");
        const found = await states(page);
        assert.ok([found.token, found.tokenAnswer].includes("failed"), JSON.stringify(found));
        await startsAgain(page);
        await person.leave();
      });
    }
  }

  test("a second run is drawn without the steps of the first", async () => {
    const person = await the.stage.person({ expected: [failedCall] });
    const { page } = person;
    await person.home();
    await giveConsent(page, { flow: "worker" });
    await page.waitForSelector(".creditors");
    await person.home();
    await giveConsent(page, { flow: "page", wrong: "html" });
    await page.waitForSelector(".outcome");
    const found = await states(page);
    assert.equal(found.tokenAnswer, "failed");
    for (const step of ["session", "askDebt", "debt", "debtAnswer", "shown"]) assert.equal(found[step], "planned", step);
    await person.leave();
  });

  test("a callback address that is opened again, and the Back button, use no code twice", async () => {
    const person = await the.stage.person();
    const { page } = person;
    let callback;
    page.on("request", (request) => {
      if (request.isNavigationRequest() && request.url().includes("/callback?")) callback = request.url();
    });
    await person.home();
    await giveConsent(page, { flow: "page" });
    await page.waitForSelector(".creditors");
    const count = exchanges();
    await page.goto(callback);
    await heading(page, "Denne innloggingen kan ikke fortsette");
    assert.match(await codeShown(page), /transaction_missing/);
    await page.reload();
    assert.equal(exchanges(), count);
    await person.leave();
  });

  test("Back from the provider shows the start, ready for a new try", async () => {
    const person = await the.stage.person();
    const { page } = person;
    await person.home();
    await start(page, { flow: "page" });
    await page.getByRole("heading", { name: "Logg inn" }).waitFor();
    await page.goBack();
    await page.waitForSelector("form");
    await giveConsent(page, { flow: "page" });
    await page.waitForSelector(".creditors");
    await person.leave();
  });

  test("the login cookie is cleared while the person is away", async () => {
    const person = await the.stage.person();
    const { page, context } = person;
    const count = exchanges();
    await person.home();
    await start(page, { flow: "worker" });
    await atProvider.login(page);
    const kept = (await context.cookies()).filter(({ name }) => !name.startsWith("__Host-"));
    await context.clearCookies();
    await context.addCookies(kept);
    await atProvider.approve(page);
    await heading(page, "Denne innloggingen kan ikke fortsette");
    assert.match(await codeShown(page), /transaction_missing/);
    assert.equal(exchanges(), count);
    await person.leave();
  });

  test("one message in five languages", async () => {
    const person = await the.stage.person();
    const { page } = person;
    await person.home();
    await start(page, { flow: "page" });
    await atProvider.cancel(page);
    await page.waitForSelector(".outcome");
    const messages = new Set();
    for (const code of languages) {
      await page.selectOption("#language", code);
      assert.equal(await page.evaluate(() => document.documentElement.lang), code);
      messages.add(await page.locator(".outcome .lead").innerText());
    }
    assert.equal(messages.size, 5);
    await person.leave();
  });
}
