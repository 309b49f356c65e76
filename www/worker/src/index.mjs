// The edge worker of the demo: keeps the client secret, exchanges codes, calls the debt API, serves the page.
// RFC 6749 4.1, RFC 9700 and the browser-based apps BCP (backend for frontend); Norsk Gjeldsinformasjon's debt API.
// Refuses to hand a token or a secret to the page, and to act for any page but its own.
import { problem, problemPage } from "./answers.mjs";
import { cookie, fromOurPage } from "./guard.mjs";
import { json, secured } from "./headers.mjs";
import { recorder } from "./record.mjs";
import { api, navigations } from "./routes.mjs";
import { settings } from "./settings.mjs";
import { comeBack, list, returning, step } from "./systems/index.mjs";

export { Claims } from "./claims.mjs";

/** Addresses of documents, and the file behind each. */
const documents = new Map([
  ["/", "/"],
  ["/callback", "/"],
  ["/consent", "/"],
  ["/failed", "/"],
  ["/systems", "/systems"],
]);

/** A name for this browser's runs in the record; it opens nothing. */
const newRun = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (octet) => octet.toString(16).padStart(2, "0")).join("");

async function asset(request, env, pathname) {
  const isDocument = documents.has(pathname);
  const response = await env.ASSETS.fetch(
    new Request(new URL(documents.get(pathname) ?? pathname, request.url), { method: request.method, headers: request.headers }),
  );
  return { response, cacheable: !isDocument && response.status < 400 };
}

async function answer(request, env, its) {
  const { pathname } = new URL(request.url);
  const run = cookie(request, its.runCookie);
  const name = `${request.method} ${pathname}`;
  const context = { request, env, its, run };

  if (Object.hasOwn(navigations, name)) {
    const { fresh, handle } = navigations[name];
    const record = recorder(run, { traced: its.traced, fresh });
    try {
      return { response: await handle({ ...context, record }) };
    } catch (error) {
      return { response: problemPage(error) };
    }
  }
  const back = request.method === "GET" && returning(pathname);
  if (back) {
    try {
      return { response: await comeBack(context, back) };
    } catch (error) {
      return { response: problemPage(error) };
    }
  }
  const system = /^POST \/api\/systems\/([a-z-]+)\/([a-zA-Z]+)$/.exec(name);
  if (Object.hasOwn(api, name) || system || name === "GET /api/systems") {
    if (!fromOurPage(request, its.origin)) return { response: json(403, { code: "origin_refused", phase: "session", action: "none", retryable: false }) };
    if (!Object.hasOwn(api, name)) return { response: system ? await step(context, system[1], system[2]) : list(context) };
    const { handle } = api[name];
    const record = recorder(run, { traced: its.traced });
    try {
      return { response: await handle({ ...context, record }) };
    } catch (error) {
      return { response: problem(error) };
    } finally {
      await record.settled();
    }
  }
  if (request.method !== "GET" && request.method !== "HEAD") return { response: new Response("", { status: 405, headers: { allow: "GET, HEAD" } }) };
  const found = await asset(request, env, pathname);
  if (documents.has(pathname) && its.traced && run === null) {
    const response = new Response(found.response.body, found.response);
    response.headers.append("set-cookie", `${its.runCookie}=${newRun()}; Path=/; HttpOnly; SameSite=Lax${its.plainCookies ? "" : "; Secure"}`);
    return { ...found, response };
  }
  return found;
}

export default {
  async fetch(request, env) {
    let its;
    try {
      its = settings(env, request);
    } catch (error) {
      console.error(error.message); // names a setting, never its value
      return secured(new Response("This service is not set up yet.", { status: 500 }), {});
    }
    const { response, cacheable } = await answer(request, env, its);
    return secured(response, { cacheable });
  },
};
