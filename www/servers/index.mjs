// samtykke-local: starts local providers. Those whose addresses allow it share one port, each below a path of its own; the others have
// ports of their own. Everything is made up, nothing leaves this machine, and what is asked of it is kept in memory alone.
// Refuses a provider's setting that it does not know, and to listen anywhere but on loopback unless told where.

import { existsSync, readFileSync, readdirSync } from "node:fs";

import { Clock } from "./shared/clock.mjs";
import { answerControl } from "./shared/control.mjs";
import { listen } from "./shared/listen.mjs";
import { asset } from "./shared/pages.mjs";
import { Person } from "./shared/person.mjs";

const adapterAt = (name) => new URL(`${name}/local.mjs`, import.meta.url);
/** Providers that are known; any other name is a generic server. */
export const PROVIDERS = readdirSync(new URL(".", import.meta.url), { withFileTypes: true })
  .filter((one) => one.isDirectory() && one.name !== "generic" && existsSync(adapterAt(one.name)))
  .map(({ name }) => name);

const NAME = /^[a-z][a-z0-9-]{0,30}$/;
const RESERVED = ["assets", "control", "isalive", "shared"];

const adapterOf = (name) => import((PROVIDERS.includes(name) ? adapterAt(name) : adapterAt("generic")).href);

function checked(name, { SETTINGS }, config) {
  if (!NAME.test(name) || RESERVED.includes(name)) throw new TypeError(`${name} cannot be a provider's name`);
  for (const setting of Object.keys(config)) {
    if (!SETTINGS.includes(setting)) throw new TypeError(`${name} has no setting ${setting}; it has ${SETTINGS.join(", ")}`);
  }
}

/** A configuration is an object, or the name of a JSON file that holds one: `{ providers: { name: settings } }`. */
function configOf(config = {}) {
  const given = typeof config === "string" ? JSON.parse(readFileSync(config, "utf8")) : config;
  for (const member of Object.keys(given)) if (member !== "providers") throw new TypeError(`a configuration has providers, not ${member}`);
  return given.providers ?? {};
}

/**
 * Starts local providers.
 *
 * @param {object} [options]
 * @param {string[]} [options.providers] names; those of the configuration, else all that are known, unless given
 * @param {number} [options.port] of the shared address, 0 (the default) takes any; with another, those with their own ports follow it
 * @param {string} [options.host] an address of this machine to listen at; loopback unless given
 * @param {string} [options.issuer] the outside name, such as `http://local:4410`, where others reach it by another than `localhost`
 * @param {object | string} [options.config] `{ providers: { name: settings } }`, or a JSON file of it
 * @param {boolean} [options.control] whether it can be controlled over HTTP, below `/control/`
 */
export async function start({ providers, port = 0, host, issuer, config, control = false } = {}) {
  const settings = configOf(config);
  const names = providers ?? (Object.keys(settings).length ? Object.keys(settings) : PROVIDERS);
  const adapters = new Map();
  for (const name of names) await admit(adapters, name, settings);
  const local = { issuers: {}, providers: [...adapters.keys()] };
  const closing = [];
  const close = async () => {
    for (const end of closing.reverse()) await end();
    closing.length = 0;
  };
  try {
    const shared = new Map();
    const outside = issuer && new URL(issuer);
    const front = await listen(frontOf(shared, local, control), port, host);
    closing.push(() => front.close());
    const originAt = (at) => `${outside?.protocol ?? "http:"}//${outside?.hostname ?? "localhost"}:${at}`;
    const origin = outside?.origin ?? originAt(front.port);
    let next = port === 0 ? 0 : front.port + 1;
    for (const [name, adapter] of adapters) {
      const own = await portsOf(adapter, { next, host, originAt, closing });
      if (next) next += adapter.PORTS?.length ?? 0;
      const clock = new Clock();
      const base = adapter.PORTS ? "" : `/${name}`;
      const opened = await adapter.open({ name, origin, base, names: own.names, clock, config: settings[name] ?? {}, others: local });
      closing.push(() => opened.close());
      own.attach(opened.gates);
      if (opened.gates.main) shared.set(name, opened.gates.main);
      local[name] = surface(name, opened, clock, origin);
      local.issuers[name] = opened.issuer;
    }
    return Object.assign(local, { origin, port: front.port, close, [Symbol.asyncDispose]: close });
  } catch (error) {
    await close();
    throw error;
  }
}

/** A provider and what it needs, in the order in which they open. */
async function admit(adapters, name, settings) {
  if (adapters.has(name)) return;
  const adapter = await adapterOf(name);
  checked(name, adapter, settings[name] ?? {});
  if (adapter.NEEDS) await admit(adapters, adapter.NEEDS, settings);
  adapters.set(name, adapter);
}

/** Opens a provider's own ports before it, since they are part of its addresses. */
async function portsOf({ PORTS = [] }, { next, host, originAt, closing }) {
  const names = {};
  const gates = {};
  for (const [at, part] of PORTS.entries()) {
    const answer = (request, response) => gates[part].serve(request, response, new URL(request.url, "http://localhost"));
    const server = await listen(answer, next && next + at, host);
    closing.push(() => server.close());
    names[part] = originAt(server.port);
  }
  return { names, attach: (opened) => void Object.assign(gates, opened) };
}

/** The shared address: `/isalive`, styles, and each provider below its path; metadata also where RFC 8414 section 3.1 has it. */
function frontOf(shared, local, control) {
  return (request, response) => {
    const url = new URL(request.url, "http://localhost");
    const say = (status, body, headers = { "content-type": "text/plain" }) => response.writeHead(status, headers).end(body);
    if (url.pathname === "/isalive") return say(200, "ok");
    const file = asset(url.pathname);
    if (file) return say(200, file.body, file.headers);
    const [, first, second, third] = url.pathname.split("/");
    if (first === ".well-known" && shared.has(third)) return shared.get(third).serve(request, response, url, `/.well-known/${second}`);
    if (first === "control" && control) return answerControl(local, request, response, url);
    return shared.has(first) ? shared.get(first).serve(request, response, url) : say(404, "no such provider here");
  };
}

/** What a program sees of a provider. */
function surface(name, opened, clock, origin) {
  const gates = Object.values(opened.gates);
  const homes = [origin, ...Object.values(opened.environment), opened.issuer].map((address) => new URL(address).origin);
  const { issuer, environment, apis, clients, people = [], control } = opened;
  return {
    name,
    issuer,
    environment,
    ...(apis && { apis }),
    clients,
    client: clients[0],
    people,
    /** The server itself, with whatever it lets a test do. */
    control,
    /** An access token with these claims, without a client that asks. */
    issueToken: async (claims) => opened.issueToken(claims),
    /** The next answer of an endpoint suffers this. */
    next(fault) {
      const gate = gates.find(({ faults }) => (fault.endpoint ? faults.has(fault.endpoint) : faults.knows(fault.fault))) ?? gates[0];
      gate.faults.add(fault);
    },
    /**
     * Ends sessions (`{ sid, sub, clientId }`, all of them unless named): their refresh tokens are over, and clients with a
     * `backchannelLogoutUri` are sent a logout token. Gives what each answered: `{ clientId, sid, sub, uri, status }`.
     */
    async endSessions(wanted) {
      if (!opened.endSessions) throw new TypeError(`${name} sends no logout tokens`);
      return opened.endSessions(wanted);
    },
    /** Walks a login as a person does, and gives the address the browser is sent to. `person`: name, subject or place in the list. */
    async login(url, { person, decision = "login" } = {}) {
      const chosen = person === undefined ? undefined : people.find((one, at) => [one.name, one.sub, at].includes(person));
      if (person !== undefined && !chosen) throw new TypeError(`no person ${person}; there are ${people.map((one) => one.name).join(", ")}`);
      if (opened.login) return opened.login(url, { person: chosen, ...(decision !== "login" && { decision }) });
      return walked(url, { homes, decision, at: chosen && people.indexOf(chosen) });
    },
    /** Every request that came since the last {@link reset}: `{ at, method, path, endpoint, query, form, headers, status }`. */
    requests: (endpoint) =>
      gates
        .flatMap((gate) => gate.requests())
        .filter((one) => endpoint === undefined || one.endpoint === endpoint)
        .sort((one, other) => one.at - other.at),
    /** Sets its clock so many seconds ahead of the machine's. */
    setClock(seconds) {
      if (opened.clock) throw new TypeError(`the clock of ${name} is ${opened.clock}`);
      clock.set(seconds * 1000);
      opened.setClock?.(seconds);
    },
    /** Forgets requests, faults, the clock's offset, and what clients were given; clients and people stay. */
    reset() {
      clock.set(0);
      opened.setClock?.(0);
      for (const gate of gates) gate.reset();
      opened.reset();
    },
  };
}

async function walked(url, { homes, decision, at = 0 }) {
  const away = ({ origin }) => (homes.includes(origin) ? undefined : { status: 200, text: "", location: null, headers: new Headers() });
  const person = new Person({ visit: away });
  const page = await person.open(url);
  if (!homes.includes(new URL(page.url).origin)) return page.url;
  if (!page.text.includes('name="decision"'))
    throw new Error(`the server shows a page of its own: ${page.status} ${/<code>([^<]*)<\/code>/.exec(page.text)?.[1] ?? ""}`.trim());
  const back = await person.press(page, ["decision", decision], { person: `${at}` });
  if (homes.includes(new URL(back.url).origin)) throw new Error(`the login ended at ${new URL(back.url).pathname}: ${back.status}`);
  return back.url;
}
