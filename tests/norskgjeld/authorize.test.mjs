// What the local Norsk Gjeldsinformasjon lets through at /oauth2/auth, and where it sends a person otherwise.
// RFC 6749 3.1.2 and 4.1.2.1; Hydra's invalid_state and insufficient_entropy; the documented error codes.
// Refuses (tests that it refuses) to redirect anywhere that is not registered byte for byte.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { CALLBACK, start } from "./support.mjs";

const LIMITED = {
  id: "only-presentation",
  secret: "s",
  redirectUris: ["https://app.example.no/callback", "http://localhost:9999"],
  scopes: ["debt.unsecured.presentation"],
};

let nogi;
before(async () => {
  nogi = await start();
  nogi.control.addClient(LIMITED);
});
after(() => nogi.close());

const limited = { client_id: LIMITED.id, redirect_uri: LIMITED.redirectUris[0] };

test("a good request leads to the login page", async () => {
  const { status, location } = await nogi.answerOf();
  assert.equal(status, 303);
  assert.match(location, /^\/login\//);
});

test("an unknown client or a foreign redirect_uri ends on the server's own page", async () => {
  const wrong = [
    [{ client_id: "nobody" }, 401],
    [{ redirect_uri: `${CALLBACK}/` }, 400],
    [{ redirect_uri: `${CALLBACK}?x=1` }, 400],
    [{ redirect_uri: "http://localhost:4403/callback" }, 400],
    [{ redirect_uri: "http://127.0.0.1:4402/callback" }, 400],
    [{ redirect_uri: "HTTP://localhost:4402/callback" }, 400],
    [{ redirect_uri: "http://localhost:4402/%63allback" }, 400],
    [{ redirect_uri: "" }, 400],
    [{ redirect_uri: "https://evil.example/" }, 400],
    [{ ...limited, redirect_uri: CALLBACK }, 400],
  ];
  for (const [params, expected] of wrong) {
    const { status, location, text } = await nogi.answerOf(params);
    assert.deepEqual([status, location], [expected, null], JSON.stringify(params));
    assert.match(text, /Forespørselen kan ikke brukes/);
  }
  assert.ok(nogi.sins().includes("redirect_uri_unregistered"));
});

test("the error page wins over any other fault of the request", async () => {
  const { status, location } = await nogi.answerOf({ redirect_uri: "https://evil.example/", scope: "x", state: "" });
  assert.deepEqual([status, location], [400, null]);
});

const DOCUMENTED = /^\?error=[a-z_]+&error_description=[^&]*&state=/;

test("each fault has its code, in the documented order of parameters", async () => {
  const good = "debt.unsecured.presentation";
  const cases = [
    [{ state: "1234567" }, "invalid_state"],
    [{ state: "" }, "invalid_state"],
    [{ nonce: "1234567", scope: `${good} openid` }, "insufficient_entropy"],
    [{ scope: "" }, "invalid_scopes"],
    [{ scope: "openid" }, "invalid_scopes"],
    [{ scope: `openid ${good}` }, "invalid_scopes"],
    [{ scope: `${good} debt.unsecured.processing` }, "invalid_scopes"],
    [{ scope: `${good} email` }, "invalid_scopes"],
    [{ response_type: "token" }, "unsupported_response_type"],
    [{ response_type: "" }, "unsupported_response_type"],
    [{ response_mode: "form_post" }, "unsupported_response_mode"],
    [{ prompt: "none" }, "login_required"],
    [{ request: "x.y.z" }, "request_not_supported"],
    [{ request_uri: "https://x.no/r" }, "request_uri_not_supported"],
    [{ audience: "https://api.norskgjeld.no/v1/debt" }, "invalid_request"],
    [{ code_challenge: "A".repeat(43) }, "invalid_request"],
    [{ code_challenge: "A".repeat(43), code_challenge_method: "plain" }, "invalid_request"],
    [{ code_challenge: "A".repeat(42), code_challenge_method: "S256" }, "invalid_request"],
  ];
  for (const [params, error] of cases) {
    const { status, location } = await nogi.answerOf({ state: "state-of-8-or-more", ...params });
    assert.equal(status, 302, JSON.stringify(params));
    const url = new URL(location);
    assert.equal(url.origin + url.pathname, CALLBACK);
    assert.match(url.search, DOCUMENTED);
    assert.equal(url.searchParams.get("error"), error, JSON.stringify(params));
    assert.equal(url.searchParams.get("state"), params.state ?? "state-of-8-or-more");
  }
});

test("8 characters are enough for state and nonce", async () => {
  const { location } = await nogi.answerOf({ state: "12345678", nonce: "12345678", scope: "debt.unsecured.presentation openid" });
  assert.match(location, /^\/login\//);
});

test("broken scope rules send an empty description, Hydra's own codes a text", async () => {
  const rules = await nogi.answerOf({ scope: "openid", state: "12345678" });
  assert.equal(new URL(rules.location).search, "?error=invalid_scopes&error_description=&state=12345678");
  const hydra = await nogi.answerOf({ state: "short" });
  assert.notEqual(new URL(hydra.location).searchParams.get("error_description"), "");
});

test("a client that lacks the purpose or openid gets invalid_scope, in the singular", async () => {
  for (const scope of ["debt.unsecured.processing", "debt.unsecured.presentation openid"]) {
    const { location } = await nogi.answerOf({ ...limited, scope });
    assert.equal(new URL(location).searchParams.get("error"), "invalid_scope", scope);
  }
  const { location } = await nogi.answerOf({ ...limited, scope: "debt.unsecured.presentation.10" });
  assert.match(location, /^\/login\//);
});

test("a redirect_uri without a path stays without one", async () => {
  const { callback } = await nogi.control.issueCode({ client_id: LIMITED.id, redirect_uri: LIMITED.redirectUris[1] });
  assert.match(callback, /^http:\/\/localhost:9999\?code=/);
});

test("the success callback is code, scope, state, with the base scope", async () => {
  for (const [scope, shown] of [
    ["debt.unsecured.presentation.100 openid", "debt.unsecured.presentation+openid"],
    ["debt.unsecured.processing.28", "debt.unsecured.processing"],
    ["debt.unsecured.presentation", "debt.unsecured.presentation"],
  ]) {
    const { callback } = await nogi.control.issueCode({ scope, state: "a state/with ~signs", nonce: "12345678" });
    const [, code, rest] = /^\?code=([A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43})&(.*)$/.exec(new URL(callback).search);
    assert.ok(code);
    assert.equal(rest, `scope=${shown}&state=a+state%2Fwith+~signs`);
    assert.equal(callback.slice(0, callback.indexOf("?")), CALLBACK);
  }
});

test("response_mode=fragment answers in the fragment, as discovery offers", async () => {
  const { callback } = await nogi.control.issueCode({ response_mode: "fragment" });
  assert.match(callback, /^http:\/\/localhost:4402\/callback#code=[^&]+&scope=debt\.unsecured\.presentation&state=/);
});

test("days above the maximum are cut without a word", async () => {
  nogi.control.clear();
  await nogi.control.issueCode({ scope: "debt.unsecured.processing.365" });
  const { days, exp, createdAt } = nogi.control.consents().at(-1);
  assert.equal(days, 28);
  assert.equal(exp, Math.floor(createdAt / 1000) + 28 * 86_400);
  assert.ok(nogi.sins().includes("days_above_maximum"));
});

test("sins on /oauth2/auth are recorded though the request passes", async () => {
  nogi.control.clear();
  const twice = `${nogi.control.authorizationUrl({ state: "same-state", client_secret: "oops", prompt: "login" })}&audience=${encodeURIComponent(nogi.audiences.debt)}&state=second-state`;
  const frame = { "sec-fetch-dest": "iframe", authorization: "Basic eDp5" };
  assert.equal((await fetch(twice, { redirect: "manual", headers: frame })).status, 303);
  const script = { "sec-fetch-dest": "empty" };
  await fetch(nogi.control.authorizationUrl({ state: "same-state", scope: "debt.unsecured.presentation openid" }), { redirect: "manual", headers: script });
  const sins = new Set(nogi.sins());
  for (const sin of [
    "secret_in_url",
    "audience_on_auth",
    "prompt_on_auth",
    "duplicate_parameter",
    "auth_in_frame",
    "credentials_on_auth",
    "pkce_missing",
    "state_reused",
    "auth_by_fetch",
    "nonce_missing",
  ]) {
    assert.ok(sins.has(sin), sin);
  }
  assert.doesNotMatch(JSON.stringify(nogi.control.violations()), /oops|same-state/);
});

test("a clean request leaves no violation", async () => {
  nogi.control.clear();
  const { fields } = await nogi.consent({ scope: "debt.unsecured.presentation.5 openid", nonce: "0123456789abcdef" });
  assert.equal((await nogi.token(fields)).status, 200);
  assert.deepEqual(nogi.control.violations(), []);
});
