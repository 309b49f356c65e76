// What this page is, in one sentence, with the ways to the documentation and the code: the same on both pages.
// Refuses nothing.
import { h } from "./dom.mjs";
import { t } from "./language.mjs";

const DOCS = "https://docs.rs/samtykke";
const CODE = "https://docs.rs/crate/samtykke/latest/source/";

export const about = () => h("p.about", {}, t("about.text"), " ", h("a", { href: DOCS }, t("about.docs")), " · ", h("a", { href: CODE }, t("about.code")));
