// A browser made of code for the check: keeps cookies by RFC 6265bis's rules for `__Host-`, follows no redirect by itself.
// Fetch Metadata headers are sent as a browser sends them, so that the worker's guards are really passed.
// Refuses to forget: every answer is kept, so that the check can search all of them for secrets.

export class Visitor {
  #origin;
  #seen;
  cookies = new Map();

  /** `seen` collects the text of every answer, headers included. */
  constructor(origin, seen) {
    this.#origin = origin;
    this.#seen = seen;
  }

  async #request(path, { method = "GET", headers = {}, body } = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(new URL(path, this.#origin), { method, body, redirect: "manual", headers: { ...(cookie ? { cookie } : {}), ...headers } });
    const text = await response.text();
    this.#seen.push({ path: new URL(path, this.#origin).pathname, text: `${JSON.stringify([...response.headers])}\n${text}` });
    for (const line of response.headers.getSetCookie()) this.#take(line);
    return { status: response.status, headers: response.headers, text, location: response.headers.get("location"), json: () => JSON.parse(text) };
  }

  #take(line) {
    const [pair, ...attributes] = line.split(/;\s*/);
    const at = pair.indexOf("=");
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    const has = (word) => attributes.some((one) => one.toLowerCase() === word);
    if (name.startsWith("__Host-") && !(has("secure") && has("path=/") && !attributes.some((one) => /^domain=/i.test(one)))) {
      throw new Error(`a browser would refuse the cookie ${name}`);
    }
    if (has("max-age=0") || attributes.some((one) => /^expires=thu, 01 jan 1970/i.test(one))) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }

  /** What happens when a person follows a link or comes back from the provider. */
  navigate(path, headers = {}) {
    return this.#request(path, { headers: { accept: "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", ...headers } });
  }

  /** What the page's own script does. */
  call(method, path, body, headers = {}) {
    return this.#request(path, {
      method,
      headers: {
        accept: "application/json",
        "x-samtykke-page": "1",
        "sec-fetch-site": "same-origin",
        "sec-fetch-mode": "cors",
        ...(method === "GET" ? {} : { origin: this.#origin }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }
}
