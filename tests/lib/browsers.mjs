// Opens a real browser for a test: Chromium, Firefox or WebKit, each with an empty profile, no window and no traffic of its own.
// By WebDriver where the machine has browser and driver; else by Playwright, for laptops where a person installed its browsers,
// and for machines without any browser, where npm brings a Chromium but no driver.
// Refuses to guess: what is missing is said by `detectBrowser`, and opening one that is not there throws that text.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ask, ensureChromium, findBrowsers, playwrightBrowser } from "../../pkg/toolchain.mjs";
import { plainEnv, start } from "./process.mjs";
import { freePort } from "./server.mjs";
import { removeDir, tempDir } from "./temp.mjs";
import { until } from "./wait.mjs";
import { driverReady, openSession } from "./webdriver.mjs";

// Each is a browser's own switch against talking to its maker; tests must work on a machine without the internet.
export const chromiumFlags = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--disable-default-apps",
  "--metrics-recording-only",
];
const firefoxPrefs = {
  "app.update.enabled": false,
  "app.normandy.enabled": false,
  "browser.safebrowsing.downloads.remote.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,",
  "toolkit.telemetry.server": "",
};

const drivers = {
  chromium: {
    found: (on) => on.chromium && on.chromedriver,
    missing: () => "no Chrome or Chromium was found; `node pkg/toolchain.mjs` says how to get one",
    program: (on) => on.chromium,
    command: (on, port) => [on.chromedriver, [`--port=${port}`]],
    capabilities: (on, profile) => ({
      browserName: "chrome",
      "goog:chromeOptions": { binary: on.chromium, args: [...chromiumFlags, `--user-data-dir=${profile}`] },
    }),
  },
  firefox: {
    found: (on) => on.firefox && on.geckodriver,
    missing: (on) => (on.firefox ? "geckodriver was not found" : "Firefox was not found"),
    program: (on) => on.firefox,
    command: (on, port) => [on.geckodriver, ["--port", String(port), "--websocket-port", "0"]],
    capabilities: (on) => ({ browserName: "firefox", "moz:firefoxOptions": { binary: on.firefox, args: ["-headless"], prefs: firefoxPrefs } }),
  },
  webkit: {
    found: (on) => on.webkitdriver && on.minibrowser && on.xvfb,
    missing: (on) => (on.webkitdriver ? "WebKit's MiniBrowser or Xvfb was not found" : "WebKitWebDriver was not found"),
    program: () => null, // MiniBrowser needs a display even to tell its version
    display: true, // MiniBrowser has no headless mode
    command: (on, port) => [on.webkitdriver, [`--port=${port}`]],
    capabilities: (on) => ({ browserName: "MiniBrowser", "webkitgtk:browserOptions": { binary: on.minibrowser, args: ["--automation"] } }),
  },
};

/** Playwright's browser of that name, when both the library and the browser are there. Chrome without its driver counts. */
async function playwright(name, on) {
  if (!(name === "chromium" && on.chromium) && !playwrightBrowser(name)) return null;
  try {
    const type = (await import("playwright-core"))[name];
    const path = name === "chromium" && on.chromium ? on.chromium : type.executablePath();
    return existsSync(path) ? { type, path } : null;
  } catch {
    return null;
  }
}

/** What this machine has, with npm's Chromium where that is the only one. */
async function found(name) {
  if (name === "chromium") await ensureChromium();
  return findBrowsers();
}

/** @returns {Promise<{available: boolean, version?: string, why?: string, by?: "webdriver" | "playwright"}>} */
export async function detectBrowser(name) {
  const on = await found(name);
  const driver = drivers[name];
  const program = driver.program(on);
  const told = program && ask(program)?.match(/\d+(\.\w+)+/);
  const version = told ? `${name} ${told[0]}` : name;
  if (driver.found(on)) return { available: true, by: "webdriver", version };
  if (await playwright(name, on)) return { available: true, by: "playwright", version };
  return { available: false, why: driver.missing(on) };
}

/** A display that nobody sees. The server picks a free number itself and tells it; xvfb-run would leave a lock behind when it is killed. */
export const openDisplay = (on, cwd) =>
  start(on.xvfb, ["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"], {
    cwd,
    ready: (text) => text.match(/^(\d+)$/m)?.[1],
    timeoutMs: 20_000,
  });

async function byWebDriver(name, on) {
  const home = tempDir(name);
  const profile = join(home, "profile");
  mkdirSync(profile);
  const running = [];
  const end = async () => {
    for (const one of running.reverse()) await one.stop({ gentleMs: 2_000 });
    removeDir(home);
  };
  try {
    // An own HOME: Firefox refuses to start in one that another user owns, and none of them may see the person's profile.
    // An own TMPDIR: what a browser leaves there when it is killed is removed with it.
    const env = plainEnv(home, { TMPDIR: home });
    if (drivers[name].display) {
      running.push(await openDisplay(on, home));
      env.DISPLAY = `:${running[0].value}`;
    }
    const port = await freePort();
    const [program, args] = drivers[name].command(on, port);
    running.push(await start(program, args, { env, cwd: home, ready: () => true, timeoutMs: 20_000 }));
    const base = `http://localhost:${port}`;
    await driverReady(base);
    const session = await openSession(base, drivers[name].capabilities(on, profile));
    const close = session.close;
    return {
      ...session,
      version: `${name} ${session.version}`,
      close: async () => {
        await close().catch(() => {});
        await end();
      },
    };
  } catch (error) {
    const said = running.map((one) => one.output()).join("\n");
    await end();
    throw new Error(`${name} could not be opened: ${error.message}\n${said}`);
  }
}

async function byPlaywright({ type, path }) {
  const browser = await type.launch({ executablePath: path, args: type.name() === "chromium" ? chromiumFlags : [] });
  const page = await browser.newPage();
  return {
    name: type.name(),
    version: `${type.name()} ${browser.version()}`,
    goto: (url) => page.goto(url),
    url: async () => page.url(),
    title: () => page.title(),
    text: async (selector) => {
      const element = await page.$(selector);
      return element?.innerText();
    },
    click: (selector) => page.click(selector),
    screenshot: () => page.screenshot(),
    until,
    close: () => browser.close(),
  };
}

/**
 * Opens a browser. The caller closes it.
 * @param {"chromium" | "firefox" | "webkit"} name
 */
export async function openBrowser(name) {
  const on = await found(name);
  if (drivers[name].found(on)) return byWebDriver(name, on);
  const other = await playwright(name, on);
  if (other) return byPlaywright(other);
  throw new Error(`${name} is not available: ${drivers[name].missing(on)}`);
}

/** Chromium driven by Playwright, for tests that click as a person does: the browser, or why there is none. The caller closes it. */
export async function launchChromium() {
  const executablePath = await ensureChromium();
  if (!executablePath) return { why: drivers.chromium.missing() };
  const { chromium } = await import("playwright-core");
  return { browser: await chromium.launch({ executablePath, args: chromiumFlags }) };
}
