// The developer's panel: makes a run go wrong in a way that happens in the world, and lets the library find it.
// RFC 6749 10.12 (state), RFC 9700 4.5 (replay); a provider that is down, slow, or hidden behind a proxy's web page.
// Refuses to fake an error: each choice changes an input, never a verdict. The worker obeys it only with a local provider.
import { h } from "./dom.mjs";
import { t } from "./language.mjs";

export const kinds = ["none", "state", "replay", "lost", "expired", "down", "slow", "html"];
const COOKIE = "samtykke-demo-wrong";

/** Tells the worker too. The cookie holds a word from the list above and ends by itself. */
export function announce(kind) {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser that the page is for
  document.cookie = `${COOKIE}=${kind}; Path=/; SameSite=Lax; Max-Age=${kind === "none" ? 0 : 900}`;
}

/** The same address with one character of `state` changed, as by a hand that meddles. */
export function misspell(address) {
  const url = new URL(address);
  const state = url.searchParams.get("state");
  url.searchParams.set("state", (state[0] === "A" ? "B" : "A") + state.slice(1));
  return url.href;
}

/** As in another tab, another browser or a cleaned profile: what the library kept is not there. */
export function loseTransactions() {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith("samtykke.")) sessionStorage.removeItem(key);
}

/** One second to come back instead of an hour, and more than that spent away. */
export const shortLife = (request) => ({ ...request, lifetime: 1 });
export const tooLong = () => new Promise((next) => setTimeout(next, 2100));

export function wrongPanel(wishes, changed) {
  const choices = kinds.map((kind) =>
    h(
      "label.plain",
      {},
      h("input", { type: "radio", name: "wrong", value: kind, checked: kind === wishes.wrong, onchange: () => changed(kind) }),
      h("span", {}, t(`wrong.${kind}`)),
    ),
  );
  return h(
    "details.wrong",
    {
      open: wishes.panel,
      ontoggle: (event) => {
        wishes.panel = event.target.open;
      },
    },
    h("summary", {}, t("wrong.title")),
    h("fieldset", {}, h("legend.hidden", {}, t("wrong.title")), h("p.help", {}, t("wrong.lead")), h("div.plains", {}, choices)),
  );
}
