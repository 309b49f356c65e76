// Makes a run go wrong when the developer's panel asks for it, and only with a local provider.
// RFC 9700 4.5 and 4.7; a cookie blocker, a provider that is down, slow, or behind a proxy's web page.
// Refuses to exist elsewhere: without the local provider's lever every function here does nothing.
import { cookie } from "./guard.mjs";

const COOKIE = "samtykke-demo-wrong";
const atProvider = { down: { fault: "close" }, slow: { fault: "slow", delayMs: 60_000 }, html: { fault: "html" } };

export const chosenFault = (request, { local }) => (local ? cookie(request, COOKIE) : null);

/** Tells the local provider what its next answer at the token endpoint shall suffer. */
export async function troubleAtProvider(kind, env) {
  if (!env.LOCAL_PROVIDER || !Object.hasOwn(atProvider, kind ?? "")) return;
  await env.LOCAL_PROVIDER.fetch("http://local-provider/next", { method: "POST", body: JSON.stringify({ endpoint: "token", ...atProvider[kind] }) });
}

/** One second to come back instead of an hour, and more than that spent away. */
export const shortLife = (kind) => (kind === "expired" ? { lifetime: 1 } : {});
export const tooLong = (kind) => (kind === "expired" ? new Promise((next) => setTimeout(next, 2100)) : undefined);

/** A login whose cookie is lost, or whose state is changed on the way. */
export function troubleAtLogin(kind, response) {
  const made = new Response(response.body, response);
  if (kind === "lost") made.headers.delete("set-cookie");
  if (kind === "state") {
    const url = new URL(made.headers.get("location"));
    const state = url.searchParams.get("state");
    url.searchParams.set("state", (state[0] === "A" ? "B" : "A") + state.slice(1));
    made.headers.set("location", url.href);
  }
  return made;
}

/** The browser is sent to the same callback address once more, as by a reload. */
export function troubleAtCallback(kind, request, response) {
  if (kind !== "replay" || response.headers.get("location")?.includes("error=")) return response;
  const made = new Response(response.body, response);
  made.headers.set("location", request.url);
  made.headers.append("set-cookie", `${COOKIE}=; Path=/; Max-Age=0; SameSite=Lax`);
  return made;
}
