// A person in Chromium: clicks through the flow, while everything that the browser sees is kept to be searched for secrets.
// RFC 9700 4.3 and the project's own promise: no token and no client secret reaches a page; norskgjeld's tokens least of all.
// Refuses to search for nothing: a secret that was never seen on its way is a failure of the test itself.
import assert from "node:assert/strict";
import { within } from "../../lib/wait.mjs";

const timeout = 15_000;

/** Opens one person with an empty profile. */
export async function openPerson(browser) {
  const context = await browser.newContext({ locale: "nb-NO" });
  context.setDefaultTimeout(timeout);
  const seen = [];
  const problems = [];
  const urls = [];
  const waiting = [];
  const unread = [];
  const keep = async (where, read) => {
    // A redirect has no body, and one that the browser has thrown away cannot be read: neither can hold a secret for a page.
    try {
      seen.push([
        where,
        String(
          await within(3_000, read(), () => {
            unread.push(where);
            return "";
          }),
        ),
      ]);
    } catch {
      /* nothing was shown */
    }
  };
  context.on("request", (request) => {
    urls.push(request.url());
    seen.push([`request ${request.method()}`, `${request.url()}\n${request.postData() ?? ""}`]);
    waiting.push(keep("request headers", async () => JSON.stringify(await request.allHeaders())));
  });
  context.on("response", (response) => {
    const { pathname } = new URL(response.url());
    waiting.push(keep(`headers of ${pathname}`, async () => JSON.stringify(await response.headersArray())));
    waiting.push(keep(`body of ${pathname}`, async () => (await response.body()).toString("utf8")));
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (message) => {
    seen.push(["console", message.text()]);
    // A 401 of /debt is how the page learns that nobody has logged in; and no application here has an icon.
    const expected = /status of 401/.test(message.text()) || message.location().url.endsWith("/favicon.ico");
    if (message.type() === "error" && !expected) problems.push(`console: ${message.text()}`);
  });

  /** What the page holds now: its text, its storage, its cookies that scripts can read, its address. */
  const look = async () => {
    seen.push(["page", await page.content()]);
    const held = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie, location.href, history.state]));
    seen.push(["storage", held]);
    return held;
  };

  return {
    page,
    problems,
    look,
    /** The last address that brought a person back with an answer. */
    callbackUrl: () => urls.findLast((url) => /\/callback\?.*state=/.test(url)),
    cookies: () => context.cookies(),
    /** The lines that the page shows, once it shows `kind`. */
    async result(kind) {
      try {
        await page.waitForSelector(`#result[data-kind=${kind}]`);
      } catch {
        const shown = await page.locator("body").innerText();
        throw new Error(`the page at ${new URL(page.url()).pathname} never showed ${kind}; it shows ${JSON.stringify(shown)}\n${problems.join("\n")}`);
      }
      await look();
      return page.locator("#result > li").allInnerTexts();
    },
    /** Logs in as the first test user and decides. */
    async decide(answer) {
      await page.getByRole("button", { name: "Logg inn", exact: true }).click();
      await page.getByRole("button", { name: answer }).click();
    },
    /** Fails when one of `secrets` ({ name: value }) was seen anywhere. */
    async searched(secrets) {
      await Promise.all(waiting);
      await look();
      assert.deepEqual(unread, [], "everything that the browser saw could be read");
      for (const [name, value] of Object.entries(secrets)) {
        assert.ok(typeof value === "string" && value.length >= 8, `the test never learned the ${name}`);
        const leak = seen.find(([, text]) => text.includes(value));
        assert.equal(leak?.[0], undefined, `the ${name} was seen by the page`);
      }
      return { looked: seen.length };
    },
    close: () => context.close(),
  };
}
