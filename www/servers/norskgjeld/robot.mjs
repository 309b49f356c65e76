// A person made of code: opens an authorization URL, logs in and decides, over real HTTP with a cookie jar.
// The same pages and forms a browser gets (RFC 6749 4.1.1 to 4.1.2); it stops before the client's callback.
// Refuses to go on when the server shows its own error page: it throws with the status and the code shown.

const DECISIONS = {
  approve: { login: "login", consent: "approve" },
  deny: { login: "login", consent: "deny" },
  cancel: { login: "cancel" },
  error: { login: "error" },
  "error-at-consent": { login: "login", consent: "error" },
};

class Jar {
  #cookies = new Map();

  take(response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(/; */);
      const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      const path = attributes.find((a) => /^path=/i.test(a))?.slice(5) ?? "/";
      const old = attributes.some((a) => /^expires=Thu, 01 Jan 1970/i.test(a));
      if (old || value === "") this.#cookies.delete(`${name};${path}`);
      else this.#cookies.set(`${name};${path}`, { name, value, path });
    }
  }

  header(url) {
    const { pathname } = new URL(url);
    const fits = ({ path }) => pathname === path || pathname.startsWith(path.endsWith("/") ? path : `${path}/`);
    return [...this.#cookies.values()]
      .filter(fits)
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  }
}

/** One browser of one person. Several flows may run in it, as in several tabs. */
export function createPerson() {
  const jar = new Jar();

  async function open(url, init = {}) {
    const cookie = jar.header(url);
    const response = await fetch(url, {
      ...init,
      redirect: "manual",
      headers: { accept: "text/html", "sec-fetch-mode": "navigate", ...(cookie ? { cookie } : {}), ...init.headers },
    });
    jar.take(response);
    return response;
  }

  /** Follows redirects while they stay on the server; ends on a page or on a callback. */
  async function follow(url, init) {
    const home = new URL(url).origin;
    let response = await open(url, init);
    for (let hops = 0; hops < 10 && response.status >= 300 && response.status < 400; hops += 1) {
      const next = new URL(response.headers.get("location"), url);
      await response.body?.cancel();
      if (next.origin !== home) return { callback: response.headers.get("location") };
      response = await open(next.href);
      url = next.href;
    }
    return { url, status: response.status, text: await response.text() };
  }

  function stop({ status, text }) {
    const code = /<code>([^<]*)<\/code>/.exec(text ?? "")?.[1];
    const error = new Error(`the server showed its own page: ${status}${code ? ` ${code}` : ""}`);
    return Object.assign(error, { status, code });
  }

  /** Submits the form of a page the way its button `action` does. */
  function submit(page, fields) {
    const path = /<form method="post" action="([^"]+)"/.exec(page.text ?? "")?.[1];
    if (page.status !== 200 || !path) throw stop(page);
    return follow(new URL(path, page.url).href, { method: "POST", body: new URLSearchParams(fields) });
  }

  /** Walks the whole way. Returns the callback URL as the server sent it; nothing fetches it. */
  async function decide(authorizationUrl, { user = "14842249091", decision = "approve" } = {}) {
    const plan = DECISIONS[decision];
    if (!plan) throw new TypeError(`unknown decision ${decision}; one of ${Object.keys(DECISIONS).join(", ")}`);
    let page = await follow(authorizationUrl);
    if (page.callback) return page.callback;
    page = await submit(page, { user: "other", nin: user, action: plan.login });
    if (page.callback) return page.callback;
    page = await submit(page, { action: plan.consent });
    if (page.callback) return page.callback;
    throw stop(page);
  }

  return { decide, follow, submit, open };
}

/** One decision by a new person with an empty cookie jar. */
export const approve = (authorizationUrl, options) => createPerson().decide(authorizationUrl, options);
