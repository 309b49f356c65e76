// The page's half: redirect, isCallback, callback, with a storage and a history of the test's own.
// RFC 9700 sections 2.1 and 4.2.4: one use for each answer, nothing left in the address bar.
// Refuses to judge before the address is clean, to spend a flow on an answer that is not its own, and to lead a person elsewhere.

import assert from "node:assert/strict";
import { test } from "node:test";

import { callback, isCallback, norskgjeld, provider, redirect } from "samtykke/browser";

import { REDIRECT_URI, fails, freshCode, settings, storageOf } from "./support.mjs";

const HOME = new URL("/", REDIRECT_URI).href;

const consent = norskgjeld(settings);

/** A tab that has been sent away, and the answer a server would send it back with. */
function sentAway({ storage = storageOf(), request = { purpose: "presentation" }, to = consent, ...more } = {}) {
  const visited = [];
  redirect(to, request, { storage, navigate: (url) => visited.push(url), ...more });
  const { searchParams } = new URL(visited[0]);
  const state = searchParams.get("state");
  const code = freshCode();
  const answer = (parameters = { code, state }) => `${REDIRECT_URI}?${new URLSearchParams(parameters)}`;
  return { storage, visited, state, code, answer, searchParams };
}

/** A history that records, in `seen`, what was done to it. */
function historyOf(seen = []) {
  return { seen, replaceState: (data, title, url) => void seen.push(["replaceState", data, url]) };
}

test("redirect keeps the transaction under its state, then navigates once", () => {
  const { storage, visited, state, searchParams } = sentAway();
  assert.equal(visited.length, 1);
  assert.equal(searchParams.get("scope"), "debt.unsecured.presentation");
  assert.deepEqual([...storage.map.keys()], [`samtykke.${state}`]);
  assert.ok(!visited[0].includes(JSON.parse(storage.map.get(`samtykke.${state}`))[0].split(" ")[5]), "the verifier left the page");
});

test("a page that may not keep the transaction does not navigate", async () => {
  const visited = [];
  const denied = new DOMException("denied", "SecurityError");
  const storage = {
    ...storageOf(),
    setItem: () => {
      throw denied;
    },
  };
  const error = await fails(() => redirect(consent, { purpose: "presentation" }, { storage, navigate: (url) => visited.push(url) }), {
    code: "transaction_missing",
  });
  assert.equal(error.cause, denied);
  assert.equal(visited.length, 0);
  // Reading the global itself can throw, as browsers do that keep all site data off.
  Object.defineProperty(globalThis, "sessionStorage", {
    configurable: true,
    get: () => {
      throw denied;
    },
  });
  try {
    await fails(() => redirect(consent, { purpose: "presentation" }, { navigate: (url) => visited.push(url) }), { code: "transaction_missing" });
    const history = historyOf();
    await fails(() => callback(consent, { url: `${REDIRECT_URI}?code=c&state=s`, history }), { code: "transaction_missing" });
    assert.equal(history.seen.length, 1);
  } finally {
    delete globalThis.sessionStorage;
  }
  assert.equal(visited.length, 0);
});

test("callback gives the code once; a reload finds nothing", async () => {
  const { storage, answer, code } = sentAway();
  const history = historyOf();
  const checked = callback(consent, { url: answer(), storage, history });
  assert.equal(checked.code, code);
  assert.equal(checked.redirectUri, REDIRECT_URI);
  assert.deepEqual(history.seen, [["replaceState", undefined, REDIRECT_URI]]);
  assert.equal(storage.map.size, 0);
  await fails(() => callback(consent, { url: answer(), storage, history }), { code: "transaction_missing", phase: "callback", action: "restart" }, [code]);
});

test("an answer is used once even where the storage forgets to forget", async () => {
  const { storage, answer, code } = sentAway();
  const stubborn = { ...storage, getItem: storage.getItem, removeItem: () => {} };
  assert.equal(callback(consent, { url: answer(), storage: stubborn, history: historyOf() }).code, code);
  await fails(() => callback(consent, { url: answer(), storage: stubborn, history: historyOf() }), { code: "transaction_used" }, [code]);
});

test("two flows in one storage end in either order", () => {
  const storage = storageOf();
  const first = sentAway({ storage });
  const second = sentAway({ storage, request: { purpose: "processing", days: 28 } });
  assert.equal(storage.map.size, 2);
  assert.equal(callback(consent, { url: second.answer(), storage, history: historyOf() }).scope, "debt.unsecured.processing.28");
  assert.equal(callback(consent, { url: first.answer(), storage, history: historyOf() }).scope, "debt.unsecured.presentation");
});

test("an answer with another state is none of this tab's flows, whichever wait, and they survive", async () => {
  const { storage, state, code, answer } = sentAway();
  const wrong = [`${state.slice(0, -1)}${state.endsWith("A") ? "B" : "A"}`, state.toUpperCase(), `${state}x`, state.slice(1)];
  for (const other of wrong) {
    const history = historyOf();
    await fails(() => callback(consent, { url: answer({ code, state: other }), storage, history }), { code: "transaction_missing", phase: "callback" }, [code]);
    assert.equal(history.seen.length, 1, "the address stayed as it was");
  }
  await fails(() => callback(consent, { url: answer({ error: "consent_denied", state: wrong[0] }), storage, history: historyOf() }), {
    code: "transaction_missing",
  });
  await fails(() => callback(consent, { url: answer({ code }), storage, history: historyOf() }), { code: "transaction_missing" }, [code]);
  assert.equal(callback(consent, { url: answer(), storage, history: historyOf() }).code, code);
});

test("what was left over changes no replay's error", async () => {
  const storage = storageOf();
  const used = sentAway({ storage });
  sentAway({ storage });
  callback(consent, { url: used.answer(), storage, history: historyOf() });
  await fails(() => callback(consent, { url: used.answer(), storage, history: historyOf() }), { code: "transaction_missing" });
});

test("what the page gives at the start it has again at the end, on the code and on the error", async () => {
  const state = { step: 2, list: ["å", null], text: "a b" };
  const given = { state, returnTo: "/offers/7?sort=a#terms" };
  const kept = { state, returnTo: `${HOME}offers/7?sort=a#terms` };
  const { storage, answer } = sentAway(given);
  const code = callback(consent, { url: answer(), storage, history: historyOf() });
  assert.deepEqual(code.kept, kept);
  assert.ok(!`${JSON.stringify(code)}${code}`.includes("offers"), "it went to the worker");
  const declined = sentAway(given);
  const url = declined.answer({ error: "consent_denied", state: declined.state });
  const error = await fails(() => callback(consent, { url, storage: declined.storage, history: historyOf() }), { code: "consent_denied" });
  assert.deepEqual(error.kept, kept);
  assert.ok(!JSON.stringify(error).includes("offers"), "it stands in a log");
  const unknown = await fails(() => callback(consent, { url, storage: declined.storage, history: historyOf() }), { code: "transaction_missing" });
  assert.equal(unknown.kept, undefined);
  // A text alone, and nothing at all.
  const text = sentAway({ state: "cart-7" });
  assert.deepEqual(callback(consent, { url: text.answer(), storage: text.storage, history: historyOf() }).kept, { state: "cart-7", returnTo: HOME });
  const none = sentAway();
  assert.deepEqual(callback(consent, { url: none.answer(), storage: none.storage, history: historyOf() }).kept, { returnTo: HOME });
});

test("the way back is where the person was, and never leads to another origin", () => {
  const back = (returnTo) => {
    const { storage, answer } = sentAway({ returnTo });
    return callback(consent, { url: answer(), storage, history: historyOf() }).kept.returnTo;
  };
  for (const elsewhere of [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example/x",
    "javascript:alert(1)",
    "data:text/html,x",
    HOME.replace("https", "http"),
    HOME.replace(/\/$/, "@evil.example/"),
    HOME.replace(/\/$/, ".evil.example/"),
    "http://",
    "about:blank",
  ])
    assert.ok(back(elsewhere).startsWith(HOME), elsewhere);
  assert.equal(back("https://evil.example/"), HOME);
  assert.equal(back(`${HOME}a?b#c`), `${HOME}a?b#c`);
  Object.defineProperty(globalThis, "location", { configurable: true, value: { href: `${HOME}where/i?was=1#here` } });
  try {
    assert.equal(back(), `${HOME}where/i?was=1#here`);
    globalThis.location.href = "http://localhost:5173/";
    assert.equal(back(), HOME, "a page of another origin");
  } finally {
    delete globalThis.location;
  }
});

test("flows whose time is over are swept, by the next start and by the next end; the others and foreign data stay", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_800_000_000_000 });
  const foreign = { other: "a b c d e f 1 1 i j", "samtykke.mine": "no transaction", "samtykke.json": "[]", "samtykke.empty": "" };
  const storage = storageOf(foreign);
  const flows = (of = storage) => [...of.map.keys()].filter((key) => !(key in foreign));
  sentAway({ storage, request: { purpose: "presentation", lifetime: 60 } });
  sentAway({ storage, request: { purpose: "presentation", lifetime: 60 } });
  const long = sentAway({ storage });
  assert.equal(flows().length, 3);
  t.mock.timers.setTime(1_800_000_060_000);
  const next = sentAway({ storage });
  assert.equal(flows().length, 4, "a flow was swept in its last second");
  t.mock.timers.setTime(1_800_000_061_000);
  const last = sentAway({ storage });
  assert.deepEqual(
    flows(),
    [long, next, last].map(({ state }) => `samtykke.${state}`),
  );
  // One that comes back too late is not known any more, and its end sweeps the others too.
  t.mock.timers.setTime(1_800_003_662_000);
  await fails(() => callback(consent, { url: long.answer(), storage, history: historyOf() }), { code: "transaction_missing" });
  assert.deepEqual(flows(), []);
  assert.equal(storage.map.size, Object.keys(foreign).length);
});

test("the router's state passes on, and a path of two slashes is cleaned as it is", () => {
  const redirectUri = "https://app.example.no//cb";
  const op = provider({ issuer: "https://op.example", authorizationEndpoint: "https://op.example/a", clientId: "c", redirectUri });
  const { storage, state, code } = sentAway({ to: op, request: { scope: "read" } });
  const seen = [];
  const router = { key: "k1", position: 3 };
  const history = { state: router, replaceState: (data, _, url) => void seen.push([data, new URL(url, redirectUri).href]) };
  assert.equal(callback(op, { url: `${redirectUri}?code=${code}&state=${state}`, storage, history }).code, code);
  assert.deepEqual(seen, [[router, redirectUri]]);
});

test("the answer alone is taken out: of the address, and of what a router keeps of it", () => {
  const redirectUri = `${REDIRECT_URI}?tenant=a%20b&flag`;
  const op = provider({ issuer: "https://op.example", authorizationEndpoint: "https://op.example/a", clientId: "c", redirectUri });
  for (const [left, write] of [
    [`${redirectUri}#/route?q=1&code=mine`, ({ code, state }) => `${redirectUri}&code=${code}&state=${state}#/route?q=1&code=mine`],
    [redirectUri, ({ code, state }) => `${redirectUri}&iss=https%3A%2F%2Fop.example&state=${state}&session_state=x.y&code=${code}&scope=read`],
    [`${REDIRECT_URI}?states=1&lang=nb&tenant=a`, ({ code, state }) => `${REDIRECT_URI}?states=1&code=${code}&lang=nb&state=${state}&tenant=a`],
    [`${REDIRECT_URI}#`, ({ code, state }) => `${REDIRECT_URI}?state=${state}&code=${code}#`],
  ]) {
    const flow = sentAway({ to: op, request: { scope: "read" } });
    const url = write(flow);
    const elsewhere = `/search?state=NO&code=12`;
    const kept = { back: elsewhere, current: url, position: 3, at: new Date(0), deep: [{ as: url.slice(HOME.length - 1) }, null] };
    const seen = [];
    const history = { state: kept, replaceState: (data, _, at) => void seen.push(data, at) };
    assert.equal(callback(op, { url, storage: flow.storage, history }).code, flow.code);
    assert.deepEqual(seen, [{ back: elsewhere, current: left, position: 3, at: new Date(0), deep: [{ as: left.slice(HOME.length - 1) }, null] }, left]);
    assert.ok(!JSON.stringify(seen).includes(flow.state) && !JSON.stringify(seen).includes(flow.code), "the answer stayed");
  }
});

test("what a router keeps may be a text, deep or circular", () => {
  const circle = { deep: { list: [] } };
  circle.deep.list.push(circle);
  const frames = [circle, null, undefined, 5, "a?b"];
  for (const state of frames) {
    const flow = sentAway();
    const history = { ...historyOf(), state };
    assert.equal(callback(consent, { url: flow.answer(), storage: flow.storage, history }).code, flow.code);
    assert.equal(history.seen[0][1], state);
  }
});

test("a page that began nothing gets transaction_missing, with other data in its storage untouched", async () => {
  const storage = storageOf({ other: "data", samtykke: "x" });
  const code = freshCode();
  await fails(() => callback(consent, { url: `${REDIRECT_URI}?code=${code}&state=abcdefgh`, storage, history: historyOf() }), { code: "transaction_missing" }, [
    code,
  ]);
  assert.deepEqual(
    [...storage.map],
    [
      ["other", "data"],
      ["samtykke", "x"],
    ],
  );
});

test("the address is clean before anything is read or judged", async () => {
  const { storage, answer, code } = sentAway();
  const seen = [];
  const watched = {
    get length() {
      seen.push("length");
      return storage.length;
    },
    key: (at) => storage.key(at),
    getItem: (name) => {
      seen.push("getItem");
      return storage.getItem(name);
    },
    setItem: () => {},
    removeItem: (name) => {
      seen.push("removeItem");
      storage.removeItem(name);
    },
  };
  callback(consent, { url: answer(), storage: watched, history: historyOf(seen) });
  assert.deepEqual(seen[0], ["replaceState", undefined, REDIRECT_URI]);
  assert.ok(seen.indexOf("removeItem") > 0);
  for (const broken of ["getItem", "removeItem"]) {
    const history = historyOf();
    const throwing = {
      ...storageOf(),
      [broken]: () => {
        throw new DOMException("denied", "SecurityError");
      },
    };
    await fails(() => callback(consent, { url: answer(), storage: throwing, history }), { code: "transaction_missing", action: "restart" }, [code]);
    assert.deepEqual(history.seen, [["replaceState", undefined, REDIRECT_URI]], "the code stayed in the address bar");
  }
});

test("the server's own error ends the flow and says what to do", async () => {
  for (const [error, code, action] of [
    ["consent_denied", "consent_denied", "user_declined"],
    ["login_cancelled", "login_cancelled", "user_cancelled"],
    ["server_error", "authorization_error", "try_later"],
    ["request_forbidden", "authorization_error", "restart"],
    ["invalid_scopes", "authorization_error", "fix_configuration"],
    ["something_new", "authorization_error", "restart"],
  ]) {
    const { storage, state, answer } = sentAway();
    const url = answer({ error, error_description: "", state });
    const thrown = await fails(() => callback(consent, { url, storage, history: historyOf() }), { code, action, phase: "callback" });
    assert.equal(thrown.oauth.error, error);
    assert.equal(thrown.oauth.description, undefined);
    assert.equal(storage.map.size, 0);
    await fails(() => callback(consent, { url: answer(), storage, history: historyOf() }), { code: "transaction_missing" });
  }
});

test("an answer at another address or a flow of another client is refused", async () => {
  const { storage, answer, code } = sentAway();
  const elsewhere = answer().replace("/callback", "/other");
  await fails(() => callback(consent, { url: elsewhere, storage, history: historyOf() }), { code: "callback_wrong_redirect_uri" }, [code]);
  const other = sentAway({ to: norskgjeld({ ...settings, clientId: "another" }) });
  await fails(() => callback(consent, { url: other.answer(), storage: other.storage, history: historyOf() }), { code: "transaction_mismatch" }, [other.code]);
});

test("an answer in the fragment is found, used once and stripped", async () => {
  const op = provider({ issuer: "https://op.example", authorizationEndpoint: "https://op.example/a", clientId: "c", redirectUri: REDIRECT_URI });
  const { storage, state, code } = sentAway({ to: op, request: { scope: "read", responseMode: "fragment" } });
  const url = `${REDIRECT_URI}#${new URLSearchParams({ code, state })}`;
  assert.equal(isCallback(url), true);
  const history = historyOf();
  assert.equal(callback(op, { url, storage, history }).code, code);
  assert.deepEqual(history.seen, [["replaceState", undefined, REDIRECT_URI]]);
  assert.equal(storage.map.size, 0, "the transaction stayed behind");
});

test("isCallback knows an answer from an ordinary visit", () => {
  for (const query of ["?code=a&state=b", "?error=x&state=b", "?x=1&state=b&code=", "?scope=s&code=a&state=b#top"]) {
    assert.equal(isCallback(`${REDIRECT_URI}${query}`), true, query);
    assert.equal(isCallback(new URL(`${REDIRECT_URI}${query}`)), true, query);
  }
  for (const query of ["", "?", "?code=a", "?state=b", "?error=x", "?Code=a&State=b", "#section", "?q=code&state=1", "#code=a", "#error=x"]) {
    assert.equal(isCallback(`${REDIRECT_URI}${query}`), false, query);
  }
});

test("where there is no page there is no answer", () => {
  assert.equal(globalThis.location, undefined);
  assert.equal(isCallback(), false);
  for (const odd of [null, "", "abc", 5, {}]) assert.equal(isCallback(odd), false);
});

test("the browser's own storage, address and history are the defaults", () => {
  const { storage, answer, code } = sentAway();
  const seen = historyOf();
  const globals = { sessionStorage: storage, location: { href: answer() }, history: seen };
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { configurable: true, value });
  try {
    assert.equal(isCallback(), true);
    assert.equal(callback(consent).code, code);
    assert.equal(seen.seen.length, 1);
  } finally {
    for (const name of Object.keys(globals)) delete globalThis[name];
  }
});
