// `npm run demo -- --check`: walks every run that a person can take, over real HTTP, and says what held.
// The page's part is done by samtykke/browser in this process, the person's by the provider's own robot.
// Refuses to pass when a token or a secret was in any answer to the page, or when the provider saw a sin.
import assert from "node:assert/strict";
import { createPerson } from "samtykke-local/norskgjeld";
import { checkSystems } from "./systems.mjs";
import { Visitor } from "./visitor.mjs";

const wrong = "samtykke-demo-wrong";

export async function check(demo, { say = console.log } = {}) {
  const { begin, finish, norskgjeld } = await import("samtykke/browser");
  const { control } = demo.provider;
  const seen = [];
  const tokens = [];
  let failures = 0;
  let count = 0;

  const visitor = () => new Visitor(demo.url, seen);
  const watchTokens = () =>
    control.next({
      endpoint: "token",
      fault: "change",
      change: (body) => {
        tokens.push(tokenIn(body));
        return body;
      },
    });
  const exchanges = () => control.requests().token ?? 0;

  async function verify(name, run) {
    count += 1;
    control.clearFaults();
    try {
      await run();
      say(`  ok    ${name}`);
    } catch (error) {
      failures += 1;
      say(`  FAIL  ${name}\n        ${error.message.split("\n").slice(0, 4).join("\n        ")}`);
    }
  }

  /** The provider as the page knows it, from the worker's own words. */
  async function providerOf(page) {
    const { service } = (await page.call("GET", "/api/session")).json();
    return norskgjeld({ environment: service.environment, clientId: service.clientId, redirectUri: `${demo.url}/callback` });
  }

  async function startFromPage(page, request = { purpose: "presentation" }) {
    const provider = await providerOf(page);
    return { provider, login: begin(provider, request) };
  }

  async function finishedFromPage(page, request) {
    const { provider, login } = await startFromPage(page, request);
    const callback = await createPerson().decide(login.url);
    watchTokens();
    return { code: finish(provider, login.transaction, callback), provider, login, callback };
  }

  async function startFromWorker(page, query = "purpose=presentation") {
    const answer = await page.navigate(`/login?${query}`);
    assert.equal(answer.status, 303);
    return answer.location;
  }

  const codeOf = (run) => {
    try {
      run();
    } catch (error) {
      return error.code;
    }
    return "no error";
  };
  const errorOf = (answer) => new URL(answer.location, demo.url).searchParams.get("error");

  await verify("the page comes with its security headers", async () => {
    const answer = await visitor().navigate("/");
    assert.equal(answer.status, 200);
    assert.match(answer.text, /<title>/);
    const policy = answer.headers.get("content-security-policy");
    for (const part of [
      "default-src 'none'",
      "script-src 'self' 'wasm-unsafe-eval'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "require-trusted-types-for 'script'",
    ]) {
      assert.ok(policy.includes(part), `the policy lacks ${part}`);
    }
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval'(?<!'wasm-unsafe-eval')/);
    assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
    assert.equal(answer.headers.get("cache-control"), "no-store");
  });

  await verify("started by the page: consent, exchange, debt, withdrawal", async () => {
    const page = visitor();
    const { code } = await finishedFromPage(page, { purpose: "presentation", days: 30 });
    assert.equal((await page.call("POST", "/exchange", code)).status, 204);
    const session = (await page.call("GET", "/api/session")).json();
    assert.match(session.consent.requestedScope, /^debt\.unsecured\.presentation\.30/);
    const debt = (await page.call("GET", "/api/debt")).json();
    assert.equal(debt.loans.length, 4);
    assert.equal(debt.loans.filter(({ loan }) => loan === null).length, 1);
    assert.equal(debt.ssn, undefined);
    assert.equal((await page.call("GET", "/api/debt")).status, 200, "a consent with days allows a second lookup");
    watchTokens();
    const gone = await page.call("DELETE", "/api/consent");
    assert.equal(gone.status, 204, gone.text);
    assert.equal((await page.call("GET", "/api/session")).json().consent, null);
  });

  await verify("a consent taken back at the provider is consent_inactive here", async () => {
    const page = visitor();
    const { code } = await finishedFromPage(page, { purpose: "processing", days: 28 });
    await page.call("POST", "/exchange", code);
    const { consent } = (await page.call("GET", "/api/debt")).json();
    control.withdraw(consent.id);
    const answer = await page.call("GET", "/api/debt");
    assert.deepEqual([answer.status, answer.json().code], [403, "consent_inactive"]);
  });

  await verify("started by the worker: consent, debt, and the one lookup is not repeated", async () => {
    const page = visitor();
    await page.navigate("/");
    const callback = await createPerson().decide(await startFromWorker(page));
    watchTokens();
    const back = await page.navigate(callback);
    assert.equal(back.status, 303);
    assert.equal(back.location, "/consent");
    assert.equal(back.headers.get("cache-control"), "no-store");
    assert.equal(back.headers.get("referrer-policy"), "no-referrer");
    assert.equal((await page.call("GET", "/api/debt")).json().loans.length, 4);
    const again = await page.call("GET", "/api/debt");
    assert.deepEqual([again.status, again.json().code], [403, "consent_inactive"]);
    const { events } = (await page.call("GET", "/api/trace")).json();
    for (const step of ["login", "authorize", "callback", "token", "tokenAnswer", "debt"]) assert.ok(events[step], `the record lacks ${step}`);
    assert.equal((await page.call("POST", "/logout")).status, 204);
    assert.equal((await page.call("GET", "/api/debt")).status, 401);
  });

  for (const [decision, expected] of [
    ["deny", "consent_denied"],
    ["cancel", "login_cancelled"],
    ["error", "authorization_error"],
  ]) {
    await verify(`the person's answer "${decision}" is ${expected}, in both flows, without a token request`, async () => {
      const before = exchanges();
      const page = visitor();
      const { provider, login } = await startFromPage(page);
      const callback = await createPerson().decide(login.url, { decision });
      assert.equal(
        codeOf(() => finish(provider, login.transaction, callback)),
        expected,
      );
      const other = await createPerson().decide(await startFromWorker(page), { decision });
      assert.equal(errorOf(await page.navigate(other)), expected);
      assert.equal(exchanges(), before);
    });
  }

  await verify("a callback opened twice spends its code once, in both flows", async () => {
    const page = visitor();
    const { code, provider, login, callback } = await finishedFromPage(page);
    assert.equal((await page.call("POST", "/exchange", code)).status, 204);
    const before = exchanges();
    assert.match(
      codeOf(() => finish(provider, login.transaction, callback)),
      /^transaction_(used|missing)$/,
    );
    assert.match(
      codeOf(() => finish(provider, null, callback)),
      /^transaction_missing$/,
    );
    assert.equal(exchanges(), before);
    const other = visitor();
    const back = await createPerson().decide(await startFromWorker(other));
    watchTokens();
    assert.equal((await other.navigate(back)).location, "/consent");
    const once = exchanges();
    assert.match(errorOf(await other.navigate(back)), /^transaction_(used|missing)$/);
    assert.equal(exchanges(), once);
    assert.equal((await other.call("GET", "/api/debt")).status, 200, "the session of the first must still work");
  });

  const tampered = (callback) => {
    const url = new URL(callback);
    const state = url.searchParams.get("state");
    url.searchParams.set("state", (state[0] === "A" ? "B" : "A") + state.slice(1));
    return url.href;
  };

  await verify("a changed state is refused, in both flows, without a token request", async () => {
    const before = exchanges();
    const page = visitor();
    const { provider, login } = await startFromPage(page);
    const callback = tampered(await createPerson().decide(login.url));
    assert.equal(
      codeOf(() => finish(provider, login.transaction, callback)),
      "state_mismatch",
    );
    const other = tampered(await createPerson().decide(await startFromWorker(page)));
    assert.match(errorOf(await page.navigate(other)), /^(state_mismatch|transaction_missing)$/);
    assert.equal(exchanges(), before);
  });

  await verify("an answer that comes too late is refused by the page", async () => {
    const { provider, login } = await startFromPage(visitor(), { purpose: "presentation", lifetime: 1 });
    const callback = await createPerson().decide(login.url);
    await new Promise((next) => setTimeout(next, 2100));
    assert.equal(
      codeOf(() => finish(provider, login.transaction, callback)),
      "transaction_expired",
    );
  });

  for (const [kind, expected] of [
    ["lost", /^transaction_missing$/],
    ["expired", /^transaction_(expired|missing)$/],
    ["state", /^(state_mismatch|transaction_missing)$/],
  ]) {
    await verify(`the developer's panel: "${kind}" ends in ${expected.source.replaceAll(/[\^$()]/g, "")}`, async () => {
      const before = exchanges();
      const page = visitor();
      page.cookies.set(wrong, kind);
      const callback = await createPerson().decide(await startFromWorker(page));
      assert.match(errorOf(await page.navigate(callback)), expected);
      assert.equal(exchanges(), before);
    });
  }

  for (const [kind, expected] of [
    ["down", /^network_error$/],
    ["slow", /^timeout$/],
    ["html", /^(content_type_unexpected|token_response_malformed)$/],
  ]) {
    await verify(
      `a provider that is ${kind === "html" ? "hidden by a web page" : kind} is ${expected.source.replaceAll(/[\^$()]/g, "")}; the code is sent once`,
      async () => {
        const page = visitor();
        const { provider, login } = await startFromPage(page);
        const code = finish(provider, login.transaction, await createPerson().decide(login.url));
        const before = exchanges();
        page.cookies.set(wrong, kind);
        const answer = await page.call("POST", "/exchange", code);
        assert.match(answer.json().code, expected);
        assert.equal(exchanges(), before + 1);
        assert.equal((await page.call("GET", "/api/session")).json().consent, null, "nothing may be half-written");
      },
    );
  }

  await checkSystems(demo, { visitor, verify });

  await verify("no other site can use the session", async () => {
    const page = visitor();
    const { code } = await finishedFromPage(page);
    const foreign = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    assert.equal((await page.call("POST", "/exchange", code, foreign)).status, 403);
    assert.equal((await page.call("POST", "/exchange", code)).status, 204);
    assert.equal((await page.navigate("/api/debt")).status, 403);
    assert.equal((await page.call("GET", "/api/debt", undefined, foreign)).status, 403);
    assert.equal((await page.call("GET", "/api/debt")).status, 200);
  });

  await verify("no token and no secret was in any answer to the page", async () => {
    assert.ok(tokens.length >= 5, `only ${tokens.length} tokens were watched`);
    const hidden = [...demo.secrets, ...demo.secrets.map(encodeURIComponent), ...tokens];
    for (const { path, text } of seen) for (const secret of hidden) assert.ok(!text.includes(secret), `${path} answered with a secret`);
    assert.ok(seen.length > 40, "too few answers were looked at");
  });

  await verify("the providers saw no violation of the protocol", async () => {
    const found = control.violations().map(({ code, endpoint, detail }) => `${endpoint}: ${code}, ${detail}`);
    found.push(...demo.locals.violations());
    assert.ok(found.length === 0, [...new Set(found)].join("\n"));
  });

  say(failures === 0 ? `\n  All ${count} checks passed.` : `\n  ${failures} of ${count} checks failed.`);
  return failures === 0;
}

function tokenIn(body) {
  const answer = typeof body === "string" ? JSON.parse(body) : body;
  assert.ok(typeof answer.access_token === "string" && answer.access_token.length > 20, "the watched answer has no token");
  return answer.access_token;
}
