// The steps of both flows as data: who sends what to whom, and where it is defined.
// RFC 6749 4.1 and 4.4, RFC 7636, RFC 9207, RFC 9700; the consent pages of Norsk Gjeldsinformasjon.
// Refuses nothing: the drawing and the worker's record both key on the ids below.

const rfc = (number, section) => ({
  label: `RFC ${number}, ${section}`,
  href: `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}`,
});
const nogi = (page) => ({ label: `Norsk Gjeldsinformasjon, ${page}`, href: "https://norsk-gjeldsinformasjon.github.io/api-docs/" });
const bcp = rfc(9700, "2.1.1");
const cookies = { label: "RFC 6265bis, 4.1.3.2", href: "https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2" };

/** `answer` marks a reply: it is drawn with a broken line. `call` is what the page or the worker calls of the library for it. */
export const steps = {
  prepare: { from: "browser", to: "browser", call: "redirect(provider, { purpose, days })", specs: [rfc(7636, "4.1"), rfc(6749, "10.12")] },
  login: { from: "browser", to: "worker", method: "GET", path: "/login", call: "edge.login(request, { purpose, days })", specs: [] },
  sendOn: { from: "worker", to: "browser", answer: true, method: "303", path: "Location", specs: [rfc(9700, "4.12"), cookies] },
  authorize: { from: "browser", to: "auth", method: "GET", path: "/oauth2/auth", specs: [rfc(6749, "4.1.1"), rfc(7636, "4.3"), nogi("auth-endpoint")] },
  decide: { from: "auth", to: "auth", specs: [rfc(6749, "3.1"), nogi("scopes")] },
  return: { from: "auth", to: "browser", answer: true, method: "303", path: "/callback", specs: [rfc(6749, "4.1.2"), nogi("auth-endpoint")] },
  check: { from: "browser", to: "browser", call: "callback(provider)", specs: [rfc(6749, "10.12"), rfc(9207, "2.4"), rfc(9700, "4.7")] },
  exchange: { from: "browser", to: "worker", method: "POST", path: "/exchange", call: "edge.exchange(request)", specs: [bcp] },
  callback: {
    from: "browser",
    to: "worker",
    method: "GET",
    path: "/auth/callback",
    call: "edge.callback(request)",
    specs: [rfc(6749, "4.1.2"), rfc(9207, "2.4")],
  },
  token: {
    from: "worker",
    to: "auth",
    method: "POST",
    path: "/oauth2/token",
    specs: [rfc(6749, "4.1.3"), rfc(7636, "4.5"), rfc(6749, "2.3.1"), nogi("token-endpoint")],
  },
  tokenAnswer: { from: "auth", to: "worker", answer: true, method: "200", path: "JSON", specs: [rfc(6749, "5.1"), nogi("token-endpoint")] },
  session: { from: "worker", to: "browser", answer: true, method: "204", path: "Cookie", specs: [cookies, rfc(9700, "4.2.4")] },
  askDebt: { from: "browser", to: "worker", method: "GET", path: "/api/debt", call: "edge.session(request)", specs: [] },
  debt: {
    from: "worker",
    to: "api",
    method: "GET",
    path: "/v1/debt",
    call: "new DebtApi(provider, { token }).debt()",
    specs: [rfc(6750, "2.1"), nogi("collect-debt")],
  },
  debtAnswer: { from: "api", to: "worker", answer: true, method: "200", path: "JSON", specs: [nogi("collect-debt")] },
  shown: { from: "worker", to: "browser", answer: true, method: "200", path: "JSON", specs: [] },
  withdraw: { from: "browser", to: "worker", method: "DELETE", path: "/api/consent", specs: [] },
  serviceToken: { from: "worker", to: "auth", method: "POST", path: "/oauth2/token", specs: [rfc(6749, "4.4.2"), nogi("token-endpoint")] },
  serviceTokenAnswer: { from: "auth", to: "worker", answer: true, method: "200", path: "JSON", specs: [rfc(6749, "4.4.3")] },
  revoke: {
    from: "worker",
    to: "api",
    method: "DELETE",
    path: "/v1/debt/{id}",
    call: "new DebtApi(provider, { token }).revoke(id)",
    specs: [nogi("collect-debt")],
  },
  revokeAnswer: { from: "api", to: "worker", answer: true, method: "204", path: "", specs: [] },
  withdrawn: { from: "worker", to: "browser", answer: true, method: "204", path: "", specs: [] },
};

const ending = ["token", "tokenAnswer", "session", "askDebt", "debt", "debtAnswer", "shown"];

export const plans = {
  page: ["prepare", "authorize", "decide", "return", "check", "exchange", ...ending],
  worker: ["login", "sendOn", "authorize", "decide", "return", "callback", ...ending],
};
export const withdrawal = ["withdraw", "serviceToken", "serviceTokenAnswer", "revoke", "revokeAnswer", "withdrawn"];

export const parties = ["browser", "worker", "auth", "api"];
