// The views after a login that went well: on its way, the confirmation with the debt, signed in, and withdrawn.
// Norsk Gjeldsinformasjon asks that the person sees, on return, that the consent was received.
// Refuses to look up debt by itself on a reload: a lookup may be the only one, and the person sees each in Min Gjeld.
import { debtView } from "./debt.mjs";
import { h, icon, icons } from "./dom.mjs";
import { t, when } from "./language.mjs";

const heading = (key) => h("div.confirmed", {}, h("div.sign", {}, icon(icons.check)), h("h1", { tabindex: "-1" }, t(key)));
const button = (key, onclick, primary) => h(primary ? "button.primary" : "button", { type: "button", onclick }, t(key));

export const checkingView = () => [h("h1", { tabindex: "-1" }, t("busy.checking"))];

export const busyView = () => [
  heading("busy.title"),
  h("p.lead", {}, t("busy.lead")),
  h("div.waiting", { "aria-hidden": "true" }, h("span"), h("span"), h("span")),
];

/** Only a scope with days lasts beyond one lookup. */
export const lasts = (consent) => /\.\d+( openid)?$/.test(consent?.requestedScope ?? "");

export function resultView(debt, consent, { again, revoke, logout }) {
  const long = lasts(consent);
  return [
    heading("result.title"),
    h("p.lead", {}, long && debt.consent?.exp ? t("result.until", { time: when(debt.consent.exp) }) : t("result.once")),
    debtView(debt),
    h("div.actions", {}, long && button("revoke.button", revoke), button("again.button", again, !long), button("logout.button", logout)),
  ];
}

export const signedInView = (consent, { again, ask, logout }) => [
  heading("signedin.title"),
  h("p.lead", {}, t(lasts(consent) ? "signedin.days" : "signedin.once")),
  h("div.actions", {}, lasts(consent) && button("retry.button", ask, true), button("again.button", again, !lasts(consent)), button("logout.button", logout)),
];

export const revokedView = ({ again }) => [
  heading("revoked.title"),
  h("p.lead", {}, t("revoked.lead")),
  h("div.actions", {}, button("again.button", again, true)),
];
