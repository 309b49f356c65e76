// Control over HTTP, for programs in other languages: off unless asked for, and then for whoever reaches the port.
// POST /control/<provider>/{next,clock,reset,token,login,logout} with JSON; GET /control/<provider>/requests.
// Refuses pages: a browser names its origin, and none is taken.

import { bodyOf } from "./gate.mjs";

const ACTIONS = {
  next: (provider, body) => provider.next(body),
  clock: (provider, { seconds }) => provider.setClock(seconds),
  reset: (provider) => provider.reset(),
  token: async (provider, claims) => ({ token: await provider.issueToken(claims) }),
  logout: async (provider, wanted) => ({ told: await provider.endSessions(wanted) }),
  login: async (provider, { url, ...rest }) => ({ url: await provider.login(url, rest) }),
};

export async function answerControl(local, request, response, url) {
  const say = (status, body) => response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" }).end(JSON.stringify(body ?? {}));
  const [, , name, action] = url.pathname.split("/");
  try {
    if (request.headers.origin || request.headers["sec-fetch-site"]) return say(403, { error: "not for pages" });
    const provider = local.providers.includes(name) ? local[name] : undefined;
    if (!provider) return say(404, { error: `no provider ${name}` });
    if (request.method === "GET" && action === "requests") return say(200, provider.requests(url.searchParams.get("endpoint") ?? undefined));
    if (request.method !== "POST" || !Object.hasOwn(ACTIONS, action)) return say(404, { error: `no action ${action}` });
    const text = (await bodyOf(request)).toString();
    return say(200, await ACTIONS[action](provider, text ? JSON.parse(text) : {}));
  } catch (error) {
    return say(400, { error: error.message });
  }
}
