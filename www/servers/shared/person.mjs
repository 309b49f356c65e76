// A person's browser made of code: opens pages, keeps cookies by host and path, follows redirects, fills in and posts forms.
// RFC 6265 sections 5.2 to 5.4 (cookies know no ports), RFC 9110 15.4 (303 is a GET), HTML Standard 4.10.21 (forms without script).
// Refuses a button or a choice that the page does not show, and to go round in circles.

const unescaped = (text) =>
  text.replace(/&(?:quot|lt|gt|amp|#39);/g, (name) => ({ "&quot;": '"', "&lt;": "<", "&gt;": ">", "&amp;": "&", "&#39;": "'" })[name]);

function attributes(tag) {
  const found = {};
  for (const [, name, value = ""] of tag.matchAll(/([\w-]+)(?:="([^"]*)")?/g)) found[name] = unescaped(value);
  return found;
}

function formsOf(text) {
  return [...text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head, inside]) => ({
    ...attributes(head),
    fields: [...inside.matchAll(/<(input|button)\b([^>]*)>/g)].map(([, element, rest]) => ({ element, ...attributes(rest) })),
  }));
}

export class Person {
  #jar = new Map();
  #visit;

  /** `visit(url)` takes the steps to addresses of its own, as the program's page would; it answers nothing for others. */
  constructor({ visit = () => undefined } = {}) {
    this.#visit = visit;
  }

  #cookies({ hostname, pathname }) {
    const fits = ({ host, path }) => host === hostname && (pathname === path || pathname.startsWith(path.endsWith("/") ? path : `${path}/`));
    return [...this.#jar.values()]
      .filter(fits)
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  }

  #take(line, { hostname }) {
    const [pair, ...rest] = line.split(/;\s*/);
    const [, name, value] = /^([^=]+)=(.*)$/.exec(pair);
    const told = Object.fromEntries(rest.map((one) => [one.split("=")[0].toLowerCase(), one.slice(one.indexOf("=") + 1)]));
    const path = told.path ?? "/";
    const over = told["max-age"] === "0" || (told.expires && Date.parse(told.expires) < Date.now());
    const key = `${hostname} ${path} ${name}`;
    if (over || value === "") this.#jar.delete(key);
    else this.#jar.set(key, { name, value, path, host: hostname });
  }

  async #ask(url, init) {
    const own = await this.#visit(url);
    if (own) return own;
    const response = await fetch(url, { ...init, redirect: "manual", headers: { accept: "text/html", cookie: this.#cookies(url) } });
    for (const line of response.headers.getSetCookie()) this.#take(line, url);
    return { status: response.status, text: await response.text(), location: response.headers.get("location"), headers: response.headers };
  }

  /** Goes to an address and follows redirects. */
  async open(address, init) {
    let url = new URL(address);
    const hops = [];
    for (let hop = 0; hop < 12; hop++) {
      const { status, text, location, headers } = await this.#ask(url, init);
      hops.push(url.href);
      init = undefined;
      if (!location) return { url: url.href, status, text, headers, hops };
      url = new URL(location, url);
    }
    throw new Error("the pages go round in circles");
  }

  /** Presses a button, `[name, value]`, of a page's form, with choices made. */
  async press(page, [name, value], choices = {}) {
    const form = formsOf(page.text).find(({ fields }) => fields.some((one) => one.element === "button" && one.name === name && one.value === value));
    if (!form) throw new Error(`no button ${name}=${value} at ${page.url}`);
    const body = new URLSearchParams();
    for (const field of form.fields.filter(({ element, name }) => element === "input" && name)) {
      if (field.type === "radio" || field.type === "checkbox" ? field.checked !== undefined : true) body.set(field.name, field.value ?? "");
    }
    for (const [chosen, choice] of Object.entries(choices)) {
      if (!form.fields.some((field) => field.name === chosen && field.value === choice)) throw new Error(`no choice ${chosen}=${choice} at ${page.url}`);
      body.set(chosen, choice);
    }
    body.set(name, value);
    const address = new URL(form.action ?? page.url, page.url);
    if (form.method?.toLowerCase() === "post") return this.open(address, { method: "POST", body });
    address.search = body;
    return this.open(address);
  }
}
