// What is asked of the packed package, step by step, with the local norskgjeld counting and judging every request.
// Norsk Gjeldsinformasjon's flow; RFC 6749 4.1.2 (a code is sent once); the README's promises to page and worker.
// Refuses a flow that only looks right: the provider's own count of token requests and its list of violations decide.
import assert from "node:assert/strict";
import { openPerson } from "./person.mjs";
import { policy } from "./readme.mjs";

const creditors = ["FJORDKREDITT AS", "NORDLYS FORBRUKSLÅN ASA", "KYSTKORT AS", "VIDDA FINANS AS"]; // of the first test user
const yes = "Ja, jeg samtykker";
const no = "Nei, ikke del";
const isSession = ({ name }) => /^__Host-samtykke-[\w-]{8}-session-0$/.test(name);

/** Encoded as RFC 6749, 2.3.1 asks for HTTP Basic: a secret may leak in that clothing too. */
function basic({ id, secret }) {
  const form = (text) => new URLSearchParams({ x: text }).toString().slice(2);
  return Buffer.from(`${form(id)}:${form(secret)}`).toString("base64");
}

/** The provider's side: what was asked of it since the last look, and the access token that it will give next. */
export function watch(provider) {
  const { control } = provider;
  let last = control.requests();
  return {
    /** What must never be seen by a page; the access token is known once the exchange has happened. */
    secrets(site) {
      const found = {
        "client secret": provider.client.secret,
        "secret as sent": basic(provider.client),
        "cookie key": site.cookieKey,
        "access token": undefined,
      };
      control.next({
        endpoint: "token",
        fault: "change",
        change: (body) => {
          found["access token"] = body.access_token;
          return body;
        },
      });
      return found;
    },
    withoutToken: (site) => ({ "client secret": provider.client.secret, "secret as sent": basic(provider.client), "cookie key": site.cookieKey }),
    /** Asserts what the provider was asked since the last time: { endpoint: count }. */
    asked(wanted) {
      const now = control.requests();
      const since = Object.fromEntries(Object.keys(wanted).map((name) => [name, (now[name] ?? 0) - (last[name] ?? 0)]));
      assert.deepEqual(since, wanted, "requests to the provider since the last step");
      last = now;
    },
  };
}

async function session(person) {
  const cookie = (await person.cookies()).find(isSession);
  assert.ok(cookie, "the browser has a session");
  const { httpOnly, secure, sameSite, path } = cookie;
  assert.deepEqual({ httpOnly, secure, sameSite, path }, { httpOnly: true, secure: true, sameSite: "Lax", path: "/" });
}

const codeIn = (url) => new URL(url).searchParams.get("code");

/** Runs `use` with a person who leaves no error behind in the console. */
async function as(browser, use, { refused = false } = {}) {
  const person = await openPerson(browser);
  try {
    const note = await use(person);
    assert.deepEqual(
      person.problems.filter((text) => !(refused && /status of 4\d\d/.test(text))),
      [],
    );
    return note;
  } finally {
    await person.close();
  }
}

/** The page begins, the worker exchanges: approve, then reload the clean address, then reload the callback itself. */
export const pageFlow = (browser, site, provider, { csp = true } = {}) =>
  as(browser, async (person) => {
    const watched = watch(provider);
    const secrets = watched.secrets(site);
    const answer = await person.page.goto(`${site.origin}/`);
    if (csp) assert.equal(answer.headers()["content-security-policy"], policy());
    await person.result("none");
    await person.page.click("#start");
    await person.decide(yes);
    assert.deepEqual(await person.result("debt"), creditors);
    watched.asked({ token: 1, debt: 1 });
    await session(person);
    const back = person.callbackUrl();
    assert.equal(person.page.url(), `${site.origin}/callback`, "the address bar was cleaned");
    assert.ok(!(await person.look()).includes(codeIn(back)), "the code stayed in the page");

    await person.page.reload();
    assert.deepEqual(await person.result("debt"), creditors);
    watched.asked({ token: 0, debt: 1 });

    await person.page.goto(back);
    assert.deepEqual(await person.result("error"), ["transaction_missing"]);
    watched.asked({ token: 0, debt: 0 });
    const { looked } = await person.searched(secrets);
    return `${creditors.length} creditors; 1 token request; ${looked} texts searched`;
  });

/** The person says no: the page hears it, nothing is exchanged, no session begins. */
export const pageDenied = (browser, site, provider) =>
  as(browser, async (person) => {
    const watched = watch(provider);
    await person.page.goto(`${site.origin}/`);
    await person.result("none");
    await person.page.click("#start");
    await person.decide(no);
    assert.deepEqual(await person.result("error"), ["consent_denied"]);
    assert.equal(person.page.url(), `${site.origin}/callback`);
    watched.asked({ token: 0, debt: 0 });
    assert.ok(!(await person.cookies()).some(isSession), "no session");
    await person.searched(watched.withoutToken(site));
  });

/** The worker begins and ends the flow: 303 to a clean path with the debt; then its callback once more. */
export const workerFlow = (browser, site, provider) =>
  as(
    browser,
    async (person) => {
      const watched = watch(provider);
      const secrets = watched.secrets(site);
      await person.page.goto(`${site.origin}/login`);
      await person.decide(yes);
      await person.page.waitForURL(`${site.origin}/debt`);
      const loans = await person.page.evaluate(() => JSON.parse(document.body.innerText));
      assert.deepEqual(
        loans.map((loan) => loan.creditorName),
        creditors,
      );
      watched.asked({ token: 1 });
      await person.look();
      await session(person);

      await person.page.goto(person.callbackUrl());
      // The library's own page, with the code of the error.
      assert.match(await person.page.locator("body").innerText(), /transaction_missing/);
      watched.asked({ token: 0 });
      await person.searched(secrets);
    },
    { refused: true },
  );

/** A browser asks for more than a person does, such as an icon: no such request may look up a debt. */
export const unknownPath = (browser, site, provider) =>
  as(
    browser,
    async (person) => {
      await person.page.goto(`${site.origin}/login`);
      await person.decide(yes);
      await person.page.waitForURL(`${site.origin}/debt`);
      const watched = watch(provider);
      const answers = await person.page.evaluate(() =>
        Promise.all(["/favicon.ico", "/robots.txt", "/callback/"].map(async (path) => [path, (await fetch(path, { redirect: "manual" })).status])),
      );
      assert.ok(
        answers.every(([, status]) => status !== 200),
        `the worker answers paths it does not know: ${JSON.stringify(answers)}`,
      );
      watched.asked({ debt: 0 });
    },
    { refused: true },
  );

/** Every request of every step above, judged by the provider's own rules. */
export function noViolations(provider) {
  const sins = provider.control.violations().map(({ endpoint, code, detail }) => `${endpoint}: ${code}: ${detail}`);
  assert.deepEqual([...new Set(sins)], []);
}

/** The person says no to the worker: a page that says so, with the code of the error. */
export const workerDenied = (browser, site, provider) =>
  as(
    browser,
    async (person) => {
      const watched = watch(provider);
      await person.page.goto(`${site.origin}/login`);
      await person.decide(no);
      await person.page.waitForURL((url) => url.origin === site.origin && url.pathname === "/callback");
      assert.match(await person.page.locator("body").innerText(), /consent_denied/);
      watched.asked({ token: 0, debt: 0 });
      assert.deepEqual(
        (await person.cookies()).filter(({ name }) => name.startsWith("__Host-")),
        [],
        "nothing is kept",
      );
      await person.searched(watched.withoutToken(site));
    },
    { refused: true },
  );
