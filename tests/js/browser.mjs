// A person's browser in front of the edge handlers: a cookie jar that keeps the rules, and one flow from end to end.
// RFC 6265bis sections 4.1.3 and 5.6: a `__Host-` cookie is Secure, has Path=/ and no Domain, or it is not kept.
// Refuses an answer that may be cached or that tells the next page where it came from.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

import { createEdge } from "samtykke/edge";

import { CLIENT_ID, SECRET, TOKEN, assertNoSecret, clientOf, fetchOf, freshCode, json, tokenBody } from "./support.mjs";

export const ORIGIN = "https://app.example.no";
export const key = () => randomBytes(32).toString("base64url");

/** A `Set-Cookie` value in its parts. */
export function parse(text) {
  const [pair, ...attributes] = text.split("; ");
  const at = pair.indexOf("=");
  return { name: pair.slice(0, at), value: pair.slice(at + 1), attributes: attributes.sort() };
}

export class Jar {
  cookies = new Map();

  /** Keeps what a browser would keep of an answer. */
  take(response, { https = true } = {}) {
    for (const text of response.headers.getSetCookie()) {
      const { name, value, attributes } = parse(text);
      assert.match(name, /^[A-Za-z0-9_~.-]+$/, "a name that is no name");
      assert.match(value, /^[A-Za-z0-9_-]*$/);
      assert.ok(text.length <= 4096);
      assert.ok(attributes.includes("HttpOnly") && attributes.includes("Path=/"));
      assert.ok(!attributes.some((attribute) => /^domain/i.test(attribute)));
      assert.equal(attributes.includes("Secure"), https);
      assert.equal(name.startsWith("__Host-"), https);
      const age = Number(attributes.find((attribute) => attribute.startsWith("Max-Age=")).slice(8));
      assert.ok(Number.isInteger(age) && age >= 0);
      // A changed cookie moves to the end, as one that was made anew.
      this.cookies.delete(name);
      if (age > 0) this.cookies.set(name, value);
    }
    return response;
  }

  header() {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  names(part) {
    return [...this.cookies.keys()].filter((name) => name.includes(part));
  }
}

/** What every answer of every handler must and must not carry. */
export function assertSafe(response, secrets = []) {
  assert.ok(response instanceof Response);
  assert.equal(response.headers.get("cache-control"), "private, no-store");
  assert.equal(response.headers.get("referrer-policy"), "no-referrer");
  for (const [name, value] of response.headers) {
    // The way out carries the state; nothing else of a flow is ever in a header.
    if (name !== "location" || !value.includes("/oauth2/auth?")) assertNoSecret(value, [SECRET, TOKEN, ...secrets], `header ${name}`);
  }
  for (const text of response.headers.getSetCookie()) {
    const opened = Buffer.from(parse(text).value, "base64url").toString("latin1");
    for (const secret of [SECRET, TOKEN, ...secrets]) assert.ok(!opened.includes(secret), "a cookie holds a secret in the clear");
  }
}

/** Handlers with a stub behind them, a jar in front, and the steps of a flow. */
export function stage({ answers = [json(tokenBody())], client, redirectUri = `${ORIGIN}/callback`, origin = ORIGIN, https = true, ...options } = {}) {
  const { fetch, requests } = fetchOf(...answers);
  const errors = [];
  const edge = createEdge({
    client: client ?? clientOf({ fetch, redirectUri }),
    keys: [key()],
    onError: (error) => errors.push(error),
    errorPath: "/",
    ...options,
  });
  const jar = new Jar();

  const request = (path, { headers = {}, cookie = jar.header(), ...init } = {}) =>
    new Request(`${origin}${path}`, {
      ...init,
      headers: { ...(cookie ? { cookie } : {}), ...headers },
      ...(init.body instanceof ReadableStream ? { duplex: "half" } : {}),
    });

  async function login({ what = { purpose: "presentation" }, headers, ...more } = {}) {
    const response = jar.take(await edge.login(request("/login", { headers }), what, more), { https });
    const location = response.headers.get("location");
    const parameters = location ? new URL(location).searchParams : new URLSearchParams();
    return { response, location, state: parameters.get("state"), code: freshCode(), challenge: parameters.get("code_challenge") };
  }

  const answer = ({ code, state }, more = {}) => `/callback?${new URLSearchParams({ code, state, ...more })}`;

  async function callback(path, init) {
    const response = await edge.callback(request(path, init));
    assertSafe(response);
    return jar.take(response, { https });
  }

  /** One whole flow; answers the last response. */
  async function signIn(options) {
    const flow = await login(options);
    return callback(answer(flow));
  }

  /** A code as a page of this origin would post it. */
  async function posted(body, init = {}) {
    const headers = { "sec-fetch-site": "same-origin", origin, ...init.headers };
    const response = await edge.exchange(request("/exchange", { method: "POST", body, ...init, headers }));
    assertSafe(response);
    return jar.take(response, { https });
  }

  const session = (cookie) => edge.session(request("/", cookie === undefined ? {} : { cookie }));

  return { edge, jar, requests, errors, request, login, answer, callback, signIn, posted, session, clientId: CLIENT_ID };
}

/** Where an answer of the callback leads, or fails to. */
export function failure(response) {
  assert.equal(response.status, 303);
  const url = new URL(response.headers.get("location"), ORIGIN);
  assert.equal(url.origin, ORIGIN);
  return url.searchParams.get("error");
}
