// Opens a built page in Chromium and reads what the application wrote into #result.
// The page is served with the strict CSP that the README recommends, unless a project's own server sends it.
// Refuses an empty or missing result: then the error says what the page asked for and what it shows.
import { openBrowser } from "../lib/browsers.mjs";
import { serve, strictPolicy } from "../lib/server.mjs";

/** The text of #result at `url`. */
export async function resultAt(url, requests = () => []) {
  const browser = await openBrowser("chromium");
  try {
    await browser.goto(url);
    return await browser.until("text in #result", () => browser.text("#result"), 30_000);
  } catch (error) {
    const shown = await browser.text("body").catch(() => null);
    throw new Error(`${error.message}; the page shows ${JSON.stringify(shown)}; it asked for\n${requests().join("\n")}`);
  } finally {
    await browser.close();
  }
}

/** Serves `folder` and gives the text of #result of its index page. `headers` gets the policy to send when it is not the usual one. */
export async function resultOf(folder, policy = strictPolicy) {
  const server = await serve({ folders: { "/": folder }, headers: { "content-security-policy": policy } });
  try {
    return await resultAt(`${server.origin}/`, () => server.requests);
  } finally {
    await server.close();
  }
}

/** The whole web page around an application: nothing but the place for its result. */
export const page = (script) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>consumer</title><output id="result"></output>${script}</html>\n`;
