// A WebDriver client over plain HTTP: just the commands that these tests use.
// W3C WebDriver, sections 8 (sessions), 10 (navigation), 12 (elements), 13 (script), 17 (screenshots).
// Refuses to hang: every command has a time-out, and a driver's error becomes an Error with its code and message.
import { until } from "./wait.mjs";

const elementKey = "element-6066-11e4-a52e-4f735466cecf";

export class WebDriverError extends Error {
  constructor(code, message) {
    super(`${code}: ${message}`);
    this.name = "WebDriverError";
    this.code = code;
  }
}

async function command(base, method, path, body, timeoutMs) {
  const response = await fetch(base + path, {
    method,
    headers: { "content-type": "application/json; charset=utf-8", connection: "close" },
    body: method === "POST" ? JSON.stringify(body ?? {}) : undefined,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer = await response.json();
  if (!response.ok) throw new WebDriverError(answer.value?.error ?? `http ${response.status}`, answer.value?.message ?? "");
  return answer.value;
}

/** Waits until the driver at `base` says that it can take a session. */
export async function driverReady(base, timeoutMs = 20_000) {
  await until(
    `a WebDriver at ${base}`,
    async () => {
      try {
        return (await command(base, "GET", "/status", undefined, 2_000)).ready !== false;
      } catch {
        return false; /* not listening yet */
      }
    },
    timeoutMs,
  );
}

/** Opens a session: one browser window that is driven. */
export async function openSession(base, capabilities, timeoutMs = 60_000) {
  const { sessionId, capabilities: granted } = await command(base, "POST", "/session", { capabilities: { alwaysMatch: capabilities } }, timeoutMs);
  const call = (method, path, body, ms = timeoutMs) => command(base, method, `/session/${sessionId}${path}`, body, ms);

  const session = {
    name: granted.browserName,
    version: granted.browserVersion,
    goto: (url) => call("POST", "/url", { url }),
    url: () => call("GET", "/url"),
    title: () => call("GET", "/title"),
    execute: (script, ...args) => call("POST", "/execute/sync", { script, args }),
    /** The id of the first element that matches, or null. */
    async find(selector) {
      try {
        return (await call("POST", "/element", { using: "css selector", value: selector }))[elementKey];
      } catch (error) {
        if (error instanceof WebDriverError && error.code === "no such element") return null;
        throw error;
      }
    },
    async text(selector) {
      const id = await session.find(selector);
      return id && call("GET", `/element/${id}/text`);
    },
    async click(selector) {
      const id = await session.find(selector);
      if (!id) throw new WebDriverError("no such element", selector);
      await call("POST", `/element/${id}/click`);
    },
    async type(selector, text) {
      const id = await session.find(selector);
      if (!id) throw new WebDriverError("no such element", selector);
      await call("POST", `/element/${id}/value`, { text });
    },
    resize: (width, height) => call("POST", "/window/rect", { width, height }),
    screenshot: async () => Buffer.from(await call("GET", "/screenshot"), "base64"),
    until,
    close: () => call("DELETE", "", undefined, 5_000),
  };
  return session;
}
