// The pages of the local providers speak five languages: every text in each, with the same placeholders; and the right one is chosen.
// OpenID Connect Core section 3.1.2.1 (`ui_locales`), RFC 9110 section 12.5.4 (Accept-Language).
// Refuses a text that is missing in a language.

import assert from "node:assert/strict";
import { test } from "node:test";

import { LANGUAGES, languageOf } from "samtykke-local/internal/shared/languages.mjs";
import { TEXTS as login } from "samtykke-local/internal/shared/login.mjs";
import { TEXTS as pages } from "samtykke-local/internal/shared/pages.mjs";
import { TEXTS as norskgjeld } from "samtykke-local/internal/norskgjeld/texts.mjs";
import { TEXTS as portal } from "samtykke-local/internal/selvbetjening/portal.mjs";
import { startNorskgjeld } from "samtykke-local/norskgjeld";

test("every text is there in every language, with the same placeholders", () => {
  const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort().join();
  const rows = [login, pages, norskgjeld, portal].flatMap((table) => Object.entries(table));
  assert.ok(rows.length > 80);
  for (const [name, row] of rows) {
    assert.equal(row.length, LANGUAGES.length, name);
    for (const text of row) {
      assert.ok(typeof text === "string" && text.length > 0, name);
      assert.equal(places(text), places(row[0]), name);
    }
  }
});

test("the program's wish counts before the browser's, and Bokmål is what is left", () => {
  for (const [wished, header, expected] of [
    [undefined, undefined, "nb"],
    [undefined, "*", "nb"],
    [undefined, "de, fr;q=0.5", "nb"],
    [undefined, "no", "nb"],
    [undefined, "en-GB,en;q=0.9,nb;q=0.8", "en"],
    [undefined, "nb;q=0.3, sv-SE;q=0.7", "sv"],
    [undefined, "nl;q=0, nn", "nn"],
    ["fi nl-BE", "en", "nl"],
    ["xx", "en", "en"],
  ]) {
    assert.equal(languageOf(wished, header), expected, `${wished} ${header}`);
  }
});

test("a consent in Dutch, from login to the service's own error page", async (t) => {
  const nogi = await startNorskgjeld({ authPort: 0, apiPort: 0 });
  t.after(() => nogi.close());
  const page = async (url) => {
    const answer = await fetch(url, { headers: { "accept-language": "nl-BE" } });
    const text = await answer.text();
    return [/<html lang="(\w+)">/.exec(text)[1], /<h1>(.*)<\/h1>/.exec(text)[1]];
  };
  const challenge = { code_challenge: "x".repeat(43), code_challenge_method: "S256" };
  assert.deepEqual(await page(nogi.control.authorizationUrl(challenge)), ["nl", "Inloggen"]);
  // What the program asked for at the start counts on every page of the flow, whatever the browser prefers.
  assert.equal((await page(nogi.control.authorizationUrl({ ...challenge, ui_locales: "nn" })))[0], "nn");
  assert.deepEqual(await page(`${nogi.authUrl}/oauth2/auth?client_id=nobody`), ["nl", "Het verzoek kan niet worden gebruikt"]);
});
