// What went wrong in other clients, by advisory: the same fault sent to ours, or the test that stands for it.
// `run`: rows as in oidc.mjs, with `seen`, what must be on the wire; `same`: modules of the suite that send it;
// `tests`: [file, name] of tests elsewhere; `none`: why it cannot happen here.

const AT_EXCHANGE = { kind: "R", at: "exchange" };
const AT_CALLBACK = { kind: "R", at: "callback" };
const AT_DISCOVER = { kind: "R", at: "discover" };
const ES256 = { profile: "oidc, ES256" };
const deep = (depth) => JSON.parse("[".repeat(depth) + "]".repeat(depth));
const metadata = (set, seen) => ({ ...AT_DISCOVER, change: { metadata: { set } }, seen });
const NO_MODULE = "no JWE is read at all, so there is nothing to unpack";

/** The fault of one advisory or of several that share it. */
export const ADVISORIES = [
  {
    ids: ["GHSA-x445-f3h2-j279"],
    fault: "state, nonce and verifier not bound to the provider that they were made for",
    run: [{ ...AT_CALLBACK, request: { other: "issuer" }, name: "a transaction of one provider, the answer at the callback of another" }],
  },
  {
    ids: ["GHSA-8fpg-xm3f-6cx3"],
    fault: "a configuration error read as a session",
    run: [
      {
        ...AT_EXCHANGE,
        name: "an error object with status 200",
        change: { token: { body: { error: "Configuration", message: "There was a problem." } } },
        seen: /"error":"Configuration"/,
      },
    ],
  },
  {
    ids: ["GHSA-xmf8-cvqr-rfgj"],
    fault: "malformed percent-encoding thrown uncaught",
    run: [{ ...AT_CALLBACK, name: "a callback with %E0%A4%A", change: { callback: { text: "code=%E0%A4%A&state=%ZZ&iss=%" } }, seen: /%E0%A4%A&/ }],
  },
  {
    ids: ["CVE-2023-27490", "CVE-2018-6874"],
    fault: "state, nonce or PKCE not checked",
    run: [
      { ...AT_CALLBACK, name: "an empty state", change: { callback: { set: { state: "" } } }, seen: /state=&/ },
      { ...AT_CALLBACK, name: "no state", change: { callback: { remove: { state: true } } }, seen: /callback\?code=[^&]*&iss=[^&]*$/m },
    ],
    same: ["oidcc-client-test-nonce-invalid", "fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails"],
  },
  {
    ids: ["cal.diy #29998"],
    fault: "no PKCE and no nonce unless asked for",
    run: [{ kind: "A", name: "nothing is asked for; state, nonce and S256 are sent, and checked by the server" }],
  },
  {
    ids: ["CVE-2023-48309"],
    fault: "an interrupted flow's record passes for a session",
    tests: [
      ["tests/js/seal.test.mjs", "a value sealed for one purpose does not open for another"],
      ["tests/js/edge-refusals.test.mjs", "a login cookie that was changed, swapped, sealed with another key or for another use is refused"],
    ],
  },
  {
    ids: ["GHSA-fg6f-75jq-6523", "CVE-2025-68158", "Authlib 1.6.11"],
    fault: "state found in a shared cache, not with this user agent",
    run: [
      { ...AT_CALLBACK, name: "a right answer without the transaction of this user agent", request: { other: "no transaction" } },
      { ...AT_CALLBACK, name: "a right answer with another user agent's transaction", request: { other: "transaction" } },
    ],
  },
  {
    ids: ["Authlib 1.6.10, 1.7.1", "CVE-2022-24794", "CVE-2016-1000001", "CVE-2021-43812"],
    fault: "open redirect",
    tests: [
      ["tests/js/edge-refusals.test.mjs", "a target elsewhere is refused at the start, in every disguise"],
      ["tests/js/edge-refusals.test.mjs", "a path of this origin is kept to the letter, and a browser stays here"],
    ],
  },
  {
    ids: ["CVE-2021-32702"],
    fault: "error text of the server shown as markup",
    run: [
      {
        ...AT_CALLBACK,
        oauth: "access_denied",
        name: "markup in error_description",
        change: { callback: { remove: { code: true }, set: { error: "access_denied", error_description: "<img src=x onerror=alert(1)>" } } },
        seen: /onerror/,
      },
    ],
    tests: [["tests/js/client-hostile.test.mjs", "an OAuth error comes through as data, made harmless"]],
  },
  {
    ids: ["Authlib 1.8.0"],
    fault: "http://localhost:80@attacker.test/cb taken as loopback",
    run: [
      { ...AT_DISCOVER, name: "that redirect URI", request: { redirectUri: "http://localhost:80@attacker.test/cb" } },
      { ...metadata({ token_endpoint: "http://localhost:80@attacker.test/token" }, /attacker\.test/), name: "that token endpoint" },
    ],
  },
  {
    ids: ["CVE-2025-4143", "CVE-2025-4144"],
    fault: "redirect_uri and PKCE checked at one endpoint only",
    run: [{ kind: "A", name: "the same redirect_uri and a right verifier go to the token endpoint, checked by the server" }],
  },
  {
    ids: ["workers-oauth-provider #97"],
    fault: "javascript: hidden by case and white space",
    run: [{ ...metadata({ authorization_endpoint: " JaVa\tScRiPt:alert(1)" }, /JaVa/), name: "in authorization_endpoint" }],
  },
  {
    ids: ["typescript-sdk #841", "CVE-2025-6514"],
    fault: "authorization_endpoint taken as it comes: script, shell",
    run: [
      { ...metadata({ authorization_endpoint: "javascript:alert(document.domain)" }, /javascript:/), name: "javascript:" },
      { ...metadata({ authorization_endpoint: "file:///c:/windows/system32/calc.exe" }, /calc\.exe/), name: "file:" },
      { ...metadata({ authorization_endpoint: "a:$(calc.exe)" }, /\$\(calc/), name: "a command for a shell" },
    ],
  },
  {
    ids: ["vercel/ai #15966", "vercel/ai #15972", "vercel/ai #19500"],
    fault: "credentials sent to where metadata says; SSRF",
    run: [
      { ...metadata({ token_endpoint: "https://169.254.169.254/latest/meta-data" }, /169\.254/), name: "token_endpoint link-local" },
      { ...metadata({ jwks_uri: "https://[::ffff:a9fe:a9fe]/keys" }, /a9fe/), name: "jwks_uri link-local, mapped" },
      { ...metadata({ pushed_authorization_request_endpoint: "https://10.0.0.1/par" }, /10\.0\.0\.1/), name: "PAR endpoint private" },
      { ...metadata({ userinfo_endpoint: "https://0x7f000001/userinfo" }, /0x7f000001/), name: "userinfo_endpoint a number" },
    ],
  },
  {
    ids: ["better-auth #10241", "better-auth #10072"],
    fault: "redirects followed with credentials",
    run: [
      { ...AT_DISCOVER, name: "from metadata", change: { metadata: { redirect: true } }, seen: /^302 \/\.well-known/m },
      { kind: "R", at: "start", profile: "fapi2", name: "from PAR", change: { par: { redirect: true } }, seen: /^307 \/par/m },
      { ...AT_EXCHANGE, name: "307 from the token endpoint", change: { token: { redirect: 307 } }, seen: /^307 \/token/m },
      { ...AT_EXCHANGE, name: "302 from the token endpoint", change: { token: { redirect: 302 } }, seen: /^302 \/token/m },
      { ...AT_EXCHANGE, name: "from the JWKS", change: { jwks: { redirect: true } }, seen: /^302 \/jwks/m },
      { kind: "R", at: "userinfo", name: "from userinfo", change: { userinfo: { redirect: true } }, seen: /^302 \/userinfo/m },
      { kind: "R", at: "api", profile: "fapi2", name: "from an API", change: { resource: { redirect: true } }, seen: /^307 \/resource/m },
    ],
  },
  {
    ids: ["better-auth #10095", "better-auth #10183", "better-auth #10192"],
    fault: "nonce not bound; expired state accepted; userinfo sub not compared",
    run: [{ ...AT_CALLBACK, name: "an answer two hours late", request: { late: 120 } }],
    same: ["oidcc-client-test-nonce-invalid", "oidcc-client-test-userinfo-invalid-sub"],
  },
  {
    ids: ["CVE-2025-27370", "CVE-2025-27371"],
    fault: "assertion audience taken from a hostile server's metadata",
    run: [
      {
        kind: "A",
        profile: "oidc, private_key_jwt",
        name: "metadata name another token endpoint, the audience stays the issuer, checked by the server",
        change: { metadata: { set: { token_endpoint: "{issuer}/mtls/token" } } },
        seen: /mtls\/token/,
      },
    ],
  },
  {
    ids: ["auth0-spa-js: state as key"],
    fault: "state __proto__ or constructor finds a transaction",
    run: [
      { ...AT_CALLBACK, name: "__proto__", change: { callback: { set: { state: "__proto__" } } }, seen: /state=__proto__/ },
      { ...AT_CALLBACK, name: "constructor", change: { callback: { set: { state: "constructor" } } }, seen: /state=constructor/ },
    ],
  },
  {
    ids: ["CVE-2025-48947", "nextjs-auth0 #2100, #2112", "GHSA-xq8m-7c5p-c2r6", "authkit-nextjs #332", "next-auth #2408"],
    fault: "session responses cached and served to others",
    tests: [
      ["tests/js/edge.test.mjs", "login sends the person away with one sealed cookie, to the attribute"],
      ["tests/js/edge.test.mjs", "the callback exchanges once, seals the session and leads to a clean path"],
    ],
  },
  {
    ids: ["CVE-2022-36087"],
    fault: "a redirect URI that takes for ever to check",
    run: [{ ...AT_DISCOVER, name: "200,000 colons in brackets", request: { redirectUri: `https://[${":".repeat(200_000)}]/cb` }, seconds: 2 }],
  },
  {
    ids: ["PYSEC-2020-69", "CVE-2020-26244"],
    fault: "alg unchecked, none accepted; iat and sub not demanded",
    same: [
      "oidcc-client-test-idtoken-sig-none",
      "oidcc-client-test-missing-iat",
      "oidcc-client-test-missing-sub",
      "fapi2-security-profile-final-client-test-invalid-alternate-alg",
    ],
  },
  {
    ids: ["CVE-2021-41580"],
    fault: "200 without an access token taken for a login",
    run: [{ ...AT_EXCHANGE, name: "no access_token", change: { token: { remove: { access_token: true } } }, seen: /^\{"token_type"/m }],
  },
  {
    ids: ["GO-2025-3488", "CVE-2025-22868", "CVE-2025-27144", "CVE-2025-30204"],
    fault: "memory spent on a token of many dots",
    run: [{ ...AT_EXCHANGE, name: "half a million dots", change: { id_token: { wrap: "many dots" } }, seen: /\.{500000}/, seconds: 2 }],
  },
  {
    ids: ["RUSTSEC-2022-0086"],
    fault: "secrets in debug output",
    tests: [
      ["tests/core/errors.rs", "no_text_shows_a_secret"],
      ["tests/js/client.test.mjs", "nothing that holds a secret shows it"],
    ],
  },
  {
    ids: ["CVE-2021-22119"],
    fault: "many begun flows fill the memory",
    tests: [
      ["tests/js/memory.test.mjs", "20,000 flows leave the memory as it was"],
      ["tests/js/edge.test.mjs", "abandoned flows do not pile up in the browser"],
    ],
  },
  {
    ids: ["CVE-2015-9235", "CVE-2022-23540"],
    fault: "alg none",
    run: ["none", "None", "NONE", "nOnE", ""].map((alg) => ({
      ...AT_EXCHANGE,
      name: `alg "${alg}"`,
      change: { id_token: { sign: "empty", header: { set: { alg } } } },
      seen: new RegExp(`"alg":"${alg}"`),
    })),
  },
  {
    ids: ["CVE-2016-10555", "CVE-2022-23541", "CVE-2017-11424", "CVE-2022-29217", "CVE-2024-37568", "CVE-2024-33663", "CVE-2023-48223", "GHSA-mvf2-f6gm-w987"],
    fault: "the public key as an HMAC secret",
    run: [{ ...AT_EXCHANGE, name: "HS256 with the PEM text of the public key", change: { id_token: { sign: "public" } }, seen: /"alg":"HS256"/ }],
  },
  {
    ids: ["CVE-2022-23539"],
    fault: "a key of the wrong type for the algorithm",
    run: [
      {
        ...AT_EXCHANGE,
        name: "ES256 in the header, an RSA key",
        change: { id_token: { sign: "raw", header: { set: { alg: "ES256" } } } },
        seen: /"alg":"ES256"/,
      },
      {
        ...AT_EXCHANGE,
        ...ES256,
        name: "an RSA key under the kid of an EC key",
        change: { id_token: { key: "attacker RS256" }, jwks: { keys: ["attacker RS256"] } },
        seen: /"alg":"RS256"/,
      },
    ],
  },
  {
    ids: ["CVE-2022-23529"],
    fault: "a key that is an object with a toString of its own",
    none: "keys have a type of their own; a look-alike object is refused when the client is made",
  },
  {
    ids: ["CVE-2026-25537", "GHSA-h395-gr6q-cpjc"],
    fault: "a time of the wrong JSON type read as absent",
    run: [
      { ...AT_EXCHANGE, name: "exp as text", change: { id_token: { set: { exp: "9999999999" } } }, seen: /"exp":"9999999999"/ },
      { ...AT_EXCHANGE, name: "exp null", change: { id_token: { set: { exp: null } } }, seen: /"exp":null/ },
      { ...AT_EXCHANGE, name: "nbf as text, ahead", change: { id_token: { set: { nbf: "9999999999" } } }, seen: /"nbf":"9999999999"/ },
    ],
  },
  {
    ids: ["CVE-2026-22817", "CVE-2026-22818"],
    fault: "a JWK without alg: the header decides",
    run: [
      {
        ...AT_EXCHANGE,
        name: "ES256 by a key without alg, where RS256 is agreed",
        change: { id_token: { key: "ES256" }, jwks: { keys: ["ES256"], remove: ["alg"] } },
        seen: /"alg":"ES256"/,
      },
    ],
  },
  {
    ids: ["CVE-2025-30144"],
    fault: "iss as an array accepted",
    run: [{ ...AT_EXCHANGE, name: "iss [issuer]", change: { id_token: { list: { iss: [] } } }, seen: /"iss":\["http/ }],
  },
  { ids: ["CVE-2026-44351"], fault: "keys of fast-jwt, as above", none: "keys have a type of their own; nothing is read from a key's text" },
  {
    ids: ["CVE-2025-65945"],
    fault: "HS256 verified improperly",
    run: [{ ...AT_EXCHANGE, name: "HS256 with the client's secret, where RS256 is agreed", change: { id_token: { sign: "secret" } }, seen: /"alg":"HS256"/ }],
  },
  {
    ids: ["CVE-2025-62610"],
    fault: "iss and aud not checked",
    same: ["oidcc-client-test-invalid-iss", "oidcc-client-test-invalid-aud", "oidcc-client-test-missing-aud"],
  },
  {
    ids: ["CVE-2024-53861"],
    fault: "iss compared as a part of the other",
    run: [
      { ...AT_EXCHANGE, name: "a part of the issuer", change: { id_token: { set: { iss: "http://localhost" } } }, seen: /"iss":"http:\/\/localhost"/ },
      { ...AT_EXCHANGE, name: "the issuer with a slash", change: { id_token: { append: { iss: "/" } } }, seen: /"iss":"http:\/\/localhost:\d+\/"/ },
    ],
  },
  {
    ids: ["CVE-2025-59420", "CVE-2026-32597", "GHSA-752w-5fwx-jx9f", "python-jose #413"],
    fault: "an unknown crit ignored",
    run: [
      {
        ...AT_EXCHANGE,
        name: "crit [x-bound], well signed",
        change: { id_token: { sign: "raw", header: { set: { crit: ["x-bound"], "x-bound": true } } } },
        seen: /"crit":\["x-bound"\]/,
      },
      { ...AT_EXCHANGE, name: "b64 false", change: { id_token: { sign: "raw", header: { set: { crit: ["b64"], b64: false } } } }, seen: /"b64":false/ },
    ],
  },
  {
    ids: ["CVE-2026-27962", "CVE-2018-0114"],
    fault: "the key within the header trusted",
    run: [
      {
        ...AT_EXCHANGE,
        name: "jwk of an attacker, no kid",
        change: { id_token: { sign: "raw", key: "attacker RS256", header: { remove: { kid: true }, set: { jwk: "attacker" } } } },
        seen: /"jwk":\{/,
      },
      {
        ...AT_EXCHANGE,
        name: "jku of an attacker",
        change: { id_token: { sign: "raw", key: "attacker RS256", header: { set: { jku: "https://attacker.example/keys" } } } },
        seen: /"jku":/,
      },
    ],
  },
  {
    ids: ["CVE-2025-61920", "GHSA-pq5p-34cr-23v9"],
    fault: "memory and time spent on a huge header",
    run: [
      {
        ...AT_EXCHANGE,
        name: "a header of 500 kB, well signed",
        change: { id_token: { sign: "raw", header: { set: { x: "A".repeat(500_000) } } } },
        seen: /"x":"A{500000}"/,
        seconds: 2,
      },
    ],
  },
  {
    ids: ["CVE-2024-28180", "CVE-2024-28176"],
    fault: "JWE zip bomb",
    note: NO_MODULE,
    run: [{ ...AT_EXCHANGE, name: "JWE with zip", change: { id_token: { wrap: "JWE with zip" } }, seen: /"zip":"DEF"/ }],
  },
  {
    ids: ["GO-2023-2334", "CVE-2022-36083", "GHSA-jv3g-j58f-9mq9", "CVE-2023-6681"],
    fault: "PBES2 with billions of hashes",
    note: NO_MODULE,
    run: [{ ...AT_EXCHANGE, name: "JWE PBES2, p2c 2147483647", change: { id_token: { wrap: "JWE PBES2" } }, seen: /"p2c":2147483647/, seconds: 2 }],
  },
  {
    ids: ["CVE-2026-34986", "CVE-2021-29443", "CVE-2021-29446"],
    fault: "panic or padding oracle in JWE decryption",
    note: NO_MODULE,
    run: [{ ...AT_EXCHANGE, name: "JWE A128CBC-HS256, cut short", change: { id_token: { wrap: "JWE broken" } }, seen: /"enc":"A128CBC-HS256"/ }],
  },
  {
    ids: ["CVE-2016-9121", "CVE-2017-16007"],
    fault: "a point that is not on the curve",
    run: [
      {
        ...AT_EXCHANGE,
        ...ES256,
        name: "the JWKS's key with another y",
        change: { jwks: { member: { y: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } } },
        seen: /"y":"AAAA/,
      },
    ],
  },
  {
    ids: ["CVE-2016-9122", "CVE-2022-39227"],
    fault: "JSON serialisation: unclear what is signed",
    run: [
      { ...AT_EXCHANGE, name: "an id_token in JSON serialisation", change: { id_token: { wrap: "JSON serialisation" } }, seen: /signatures/ },
      { ...AT_EXCHANGE, name: "compact and JSON in one", change: { id_token: { wrap: "compact within JSON" } }, seen: /\{\\"payload/ },
    ],
  },
  {
    ids: ["CVE-2022-21449"],
    fault: "ECDSA r = s = 0 accepted",
    run: [{ ...AT_EXCHANGE, ...ES256, name: "a signature of zeros", change: { id_token: { sign: "zero" } }, seen: /\.A{86}"/ }],
  },
  {
    ids: ["CVE-2020-26160"],
    fault: "an aud array skips the check",
    run: [
      { ...AT_EXCHANGE, name: "aud [another]", change: { id_token: { set: { aud: ["client-2"] } } }, seen: /"aud":\["client-2"\]/ },
      { ...AT_EXCHANGE, name: "aud []", change: { id_token: { set: { aud: [] } } }, seen: /"aud":\[\]/ },
    ],
  },
  {
    ids: ["CVE-2024-51744"],
    fault: "expired and badly signed: which is told is a mix",
    run: [{ ...AT_EXCHANGE, name: "expired and with another's signature", change: { id_token: { fromNow: { exp: -360 }, sign: "xor" } }, seen: /"exp":/ }],
    note: "one error, that of the first fault found, and no claim of the token is given out with it",
  },
  { ids: ["CVE-2016-7036"], fault: "comparison not in constant time", none: "secrets are compared by one constant-time function, checklist N127" },
  {
    ids: ["CVE-2025-53864"],
    fault: "deeply nested JSON in a JWT",
    run: [
      { ...AT_EXCHANGE, name: "a claim 3,000 arrays deep", change: { id_token: { set: { deep: deep(3000) } } }, seen: /\[{3000}/ },
      { kind: "R", at: "userinfo", name: "userinfo 3,000 arrays deep", change: { userinfo: { set: { deep: deep(3000) } } }, seen: /\[{3000}/ },
    ],
  },
  {
    ids: ["CVE-2020-15222"],
    fault: "an assertion used twice",
    run: [{ kind: "A", profile: "fapi2", name: "a new jti in every assertion, those of nonce rounds included, checked by the server" }],
  },
];

/** Minimum versions of what the crate could depend on; `shipped: false`: in no build but that of the tests. */
export const DEPENDENCIES = [
  { id: "RUSTSEC-2023-0071", crate: "rsa", shipped: false, fault: "timing of private key operations" },
  { id: "RUSTSEC-2022-0093", crate: "ed25519-dalek", least: "2.0.0", fault: "signing with a public key of one's choice" },
  { id: "RUSTSEC-2024-0344", crate: "curve25519-dalek", least: "4.1.3", fault: "timing" },
  { id: "RUSTSEC-2024-0421", crate: "idna", least: "1.0.0", fault: "Punycode labels accepted wrongly" },
  { id: "RUSTSEC-2025-0009", crate: "ring", least: "0.17.12", fault: "panic in AES" },
  {
    id: "RUSTSEC-2026-0097",
    crate: "rand",
    least: "0.10.1",
    fault: "unsound with a logger of one's own; in a build with PKCS#12 alone, and the library takes randomness from its host",
  },
  { id: "RUSTSEC-2017-0004", crate: "base64", least: "0.22.0", fault: "overflow in old versions" },
  { id: "RUSTSEC-2021-0125", crate: "simple_asn1", shipped: false, fault: "panic on a bad date" },
];

/** The rows that are run, named by their advisory. */
export const ADVISORY_RUNS = ADVISORIES.flatMap(({ ids, run = [] }) =>
  run.map((row) => ({ profile: "oidc", flow: "login", sends: [], ...row, name: `${ids[0]}: ${row.name}` })),
);
