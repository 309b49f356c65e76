// A person's session in a framework's real server: login, a renewal before anything is rendered, logout, and what fails.
// The authorization server is one of Keycloak's kind; the framework reaches it over HTTP, by the environment's PROVIDER.
// Refuses a lost cookie, a code that is spent by a prefetch, and a page that a cache may keep.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { launchChromium } from "../lib/browsers.mjs";
import { keycloak } from "../lib/keycloak.mjs";

/** The server, and the address under which its function is reached: `?url=` names what is asked. */
export async function providerServer() {
  const world = await keycloak();
  const server = createServer(async (request, response) => {
    const address = new URL(request.url, "http://localhost");
    if (address.pathname === "/auth") return void response.writeHead(303, { location: world.authorize(address).url }).end();
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = await world.fetch(address.searchParams.get("url"), {
      method: request.method,
      body: Buffer.concat(chunks).toString(),
    });
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { world, address: `http://127.0.0.1:${server.address().port}/`, close: () => (server.closeAllConnections(), server.close()) };
}

/** Walks through it; `/me` shows the session's `sub`, or `nobody`. */
export async function walk(origin, world) {
  const jar = new Map();
  const ask = async (path, { headers, ...init } = {}) => {
    const response = await fetch(new URL(path, origin), {
      redirect: "manual",
      ...init,
      headers: { cookie: [...jar].map((pair) => pair.join("=")).join("; "), ...headers },
    });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";", 1)[0].split("=");
      if (/Max-Age=0/.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  };
  const me = async () => /kari|nobody/.exec(await (await ask("/me")).text())?.[0];
  assert.equal(await me(), "nobody");
  world.next.life = 30;
  const away = await ask("/login?returnTo=/me");
  assert.equal(away.status, 303, away.status === 303 ? "" : `login: ${await away.text()}`);
  const { url } = world.authorize(away.headers.get("location"));
  assert.equal((await ask(url, { headers: { "sec-purpose": "prefetch" } })).status, 204, "a prefetch");
  const home = await ask(url);
  assert.deepEqual([home.status, new URL(home.headers.get("location"), origin).pathname], [303, "/me"], "callback");
  const before = world.requests.refresh;
  const page = await ask("/me");
  assert.match(await page.text(), /kari/);
  assert.equal(world.requests.refresh, before + 1, "renewed before it was rendered");
  assert.equal(page.headers.getSetCookie().filter((line) => line.includes("-session-")).length, 3, "the renewed session's cookies");
  assert.match(page.headers.get("cache-control"), /private.*no-store|no-store.*private/);
  world.next.life = 300;
  await ask("/me");
  const count = world.requests.refresh;
  assert.equal(await me(), "kari");
  assert.equal(world.requests.refresh, count, "renewed once");
  const got = await ask("/logout");
  assert.equal(got.status, 405, "logout by GET");
  assert.equal(
    (await ask("/logout", { method: "POST", headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" } })).status,
    403,
    "logout by another site",
  );
  const out = await ask("/logout", { method: "POST", headers: { origin, "sec-fetch-site": "same-origin" } });
  assert.equal(out.status, 303, "logout");
  assert.equal(await me(), "nobody");
  const failed = await ask(url, { headers: { accept: "text/html", "accept-language": "nn" } });
  assert.equal(failed.status, 400, "a callback twice");
  assert.match(await failed.text(), /Innlogginga lukkast ikkje/);
  return `login, renewal, logout, error page${await inChromium(origin, world)}`;
}

/** The same by a person's browser, which keeps cookies by its own rules. */
async function inChromium(origin, world) {
  const { browser, why } = await launchChromium();
  if (!browser) {
    assert.ok(!process.env.CI, `Chromium: ${why}`);
    return `; not in Chromium: ${why}`;
  }
  try {
    const page = await browser.newPage({ locale: "sv-SE" });
    const text = () => page.evaluate(() => document.body.innerText);
    const before = world.requests.refresh;
    world.next.life = 30;
    await page.goto(`${origin}/login?returnTo=/me`);
    await page.waitForURL(`${origin}/me`);
    assert.match(await text(), /kari/, "in Chromium: login");
    assert.ok(world.requests.refresh > before, "in Chromium: renewed before it was rendered");
    world.next.life = 300;
    await page.reload();
    assert.match(await text(), /kari/, "in Chromium: after a renewal");
    await Promise.all([
      page.waitForNavigation(),
      page.evaluate(() => {
        const form = Object.assign(document.createElement("form"), { method: "post", action: "/logout" });
        document.body.append(form);
        form.submit();
      }),
    ]);
    await page.goto(`${origin}/me`);
    assert.match(await text(), /nobody/, "in Chromium: logout");
    const failed = await page.goto(`${origin}/callback?code=x&state=${"y".repeat(43)}`);
    assert.equal(failed.status(), 400);
    assert.match(await text(), /Inloggningen/, "in Chromium: the error in the visitor's language");
    return ", in Chromium too";
  } finally {
    await browser.close();
  }
}
