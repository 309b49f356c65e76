// What the systems share: their settings, things made once for a visitor, a person made of code.
// Refuses to hold on to a step's fetch: what is kept sends by the fetch of the step that runs.

/** The settings of a local system, or nothing. */
export function settingsOf(env, id) {
  try {
    return JSON.parse(env.SYSTEMS ?? "{}")[id];
  } catch {
    return undefined;
  }
}

/** Something made once for this visitor, with a fetch that is always the running step's. */
export async function once(context, name, make) {
  const { left } = context;
  left.fetch = context.fetch;
  left[name] ??= await make((input, init) => left.fetch(input, init));
  return left[name];
}

export const fact = (name, value) => ({ name, value: Array.isArray(value) ? value.join(" ") : String(value ?? "") });

/** Follows a login as a browser does, by a person who agrees to everything, until it arrives at the client. */
export async function walk(start, end) {
  const jar = new Map();
  let url = start;
  for (let hop = 0; hop < 12; hop++) {
    const response = await fetch(url, { redirect: "manual", headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      jar.set(name, value);
    }
    const next = response.headers.get("location");
    if (!next) throw new Error("the login did not come back");
    url = new URL(next, url).href;
    if (url.startsWith(end)) return url;
  }
  throw new Error("the login goes round in circles");
}
