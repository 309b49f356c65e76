// The self-service API: drafts by API key; status, update, keys and delegations by a DPoP-bound token of HelseID's.
// Its validator is that of the local HelseID's APIs, as strict as NHN's template; its errors come in the shapes that were seen: property and message, problem
// details, plain text. Refuses private members and keys that the approved list does not have.

import { validator } from "../helseid/proof.mjs";
import { SELF } from "./state.mjs";

const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const LISTS = ["apiScopes", "audienceSpecificClientClaims", "redirectUris", "postLogoutRedirectUris", "childOrganizationNumbers"];
const wrong = (property, message) => ({ status: 400, body: { property, message } });
const problem = (status, title) => ({
  status,
  type: "application/problem+json",
  body: { type: "about:blank", title, status, detail: `${title}: see the documentation.` },
});
const texts = (value) => Array.isArray(value) && value.every((one) => typeof one === "string");

/** The public key in a text, or why it is refused. */
function publicKey(text) {
  try {
    const jwk = JSON.parse(text);
    if (PRIVATE.some((name) => name in jwk)) return { why: "holds private members" };
    if (!jwk.kid || !/^[RPE]S(256|384|512)$/.test(jwk.alg) || !["RSA", "EC"].includes(jwk.kty))
      return { why: "has no kid, or an algorithm that is not approved" };
    return { jwk };
  } catch {
    return { why: "is not a serialised JWK" };
  }
}

/** `helseid`: whose tokens it takes, by `issuer` and `keys`. */
export function createApi(state, world, helseid) {
  const judge = validator({ issuer: helseid.issuer, keys: helseid.keys, audience: SELF.split("/")[0] });
  const seen = new Set();
  const refusedTokens = new Set();

  async function draft({ headers, body }) {
    const { template } = state.settings;
    if (headers["api-key"] !== template.apiKey) return problem(401, "Unauthorized");
    if (!/^application\/json\b/.test(headers["content-type"] ?? "")) return problem(415, "Unsupported Media Type");
    let given;
    try {
      given = JSON.parse(body);
    } catch {
      return wrong("", "The body is not JSON.");
    }
    if (!template.organizations.includes(given.organizationNumber)) return wrong("OrganizationNumber", "The organization is not known.");
    const { jwk, why } = publicKey(given.publicJwk);
    if (!jwk) return wrong("PublicJwk", `The key ${why}.`);
    for (const name in given) if (given[name] === null) return wrong(name, "null is not allowed in a draft.");
    const unknown = (given.apiScopes ?? []).find((scope) => !template.scopes.includes(scope));
    if (unknown) return wrong("ApiScopes", `${unknown} is not in the template.`);
    return { status: 200, body: { clientId: await state.draft(given, jwk) } };
  }

  async function client({ client }) {
    return { status: 200, body: Object.fromEntries(LISTS.map((name) => [name, client[name]])) };
  }

  async function update({ client, body }) {
    const given = JSON.parse(body);
    for (const name of LISTS) if (!(name in given)) state.violations.push(`PUT without ${name}`);
    const { template } = state.settings;
    if (given.redirectUris === null) return wrong("RedirectUris", "The template has no redirect URIs of its own.");
    const before = (name) => client.apiScopes.find((access) => access.scope === name);
    // A full replacement: what is not named is gone.
    client.apiScopes = (given.apiScopes ?? []).map(
      (scope) => before(scope) ?? { scope, status: template.byHand.includes(scope) ? "pending" : "ok", statusReason: null },
    );
    client.audienceSpecificClientClaims = (given.audienceSpecificClientClaims ?? []).map(({ key, value }) => {
      const old = client.audienceSpecificClientClaims.find((claim) => claim.claimType === key);
      if (old && (old.pendingClaimValue ?? old.activeClaimValue) === value) return old;
      const byHand = template.byHand.includes(key);
      return {
        claimType: key,
        activeClaimValue: byHand ? (old?.activeClaimValue ?? null) : value,
        pendingClaimValue: byHand ? value : null,
        status: byHand ? (old?.activeClaimValue ? "updatePending" : "pending") : "ok",
        statusReason: null,
      };
    });
    for (const name of LISTS.slice(2)) {
      if (given[name] !== null && given[name] !== undefined && !texts(given[name])) return wrong(name, "is not a list of texts.");
      client[name] = given[name] ?? [];
    }
    return { status: 200, body: "" };
  }

  async function listKeys({ client }) {
    return {
      status: 200,
      body: client.keys.map(({ kid, jwkThumbprint, origin, expiration }) => ({ expiration, kid, jwkThumbprint, origin, publicJwk: null })),
    };
  }

  async function addKey({ client, body }) {
    // Both forms ship: a JSON string that holds the JWK, and the JWK itself.
    const given = JSON.parse(body);
    const { jwk, why } = publicKey(typeof given === "string" ? given : JSON.stringify(given));
    if (!jwk) return problem(400, `The key ${why}`);
    const { expiration, jwkThumbprint } = await state.addKey(client, jwk);
    if (client.keys.filter((key) => key.jwkThumbprint === jwkThumbprint).length > 1) state.violations.push("a key registered twice");
    return { status: 200, body: { expiration } };
  }

  async function delegations() {
    return {
      status: 200,
      body: [
        {
          delegator: { organizationNumber: "999988887", name: "Fjordlegene", isHelsenettMember: true },
          serviceTerms: [{ uri: "https://terms.example/phr", name: "Pasientens reseptliste", delegatorHasSigned: false, scopes: ["nhn:phr/mhd"] }],
        },
      ],
    };
  }

  const ROUTES = {
    "POST /v1/client-drafts": draft,
    "GET /v1/client": client,
    "PUT /v1/client": update,
    "GET /v1/client-secret": listKeys,
    "POST /v1/client-secret": addKey,
    "GET /v1/multi-tenant-delegations": delegations,
  };

  /** The client a token was issued to, or the answer that refuses it. */
  async function authorise({ raw }) {
    const refused = (why) => ({
      refusal: { status: 401, body: "", headers: { "www-authenticate": `DPoP error="invalid_token", error_description="${why}"` } },
    });
    let claims;
    try {
      claims = await judge(raw, world.api);
    } catch (error) {
      state.violations.push(`proof: ${error.message}`);
      return refused("token or proof");
    }
    seen.add(claims.jti);
    const client = state.clients.get(claims.client_id);
    if (!client || refusedTokens.has(claims.jti)) return refused("unknown token");
    return claims.scope?.split(" ").includes(SELF) ? { client } : { refusal: problem(403, "Forbidden") };
  }

  return {
    /** Takes no token any more that came so far. */
    refuseTokens() {
      for (const jti of seen) refusedTokens.add(jti);
    },
    async handle(request) {
      const route = `${request.method} ${request.path}`;
      state.requests.push(route);
      const fault = state.fault(route);
      if (fault === "drop") return { destroy: true };
      if (fault?.status) return fault;
      const run = ROUTES[route];
      if (!run) return { status: 404, body: "Not found" };
      let answer;
      if (run === draft) answer = await draft(request);
      else {
        const { refusal, client: known } = await authorise(request);
        answer = refusal ?? (await run({ ...request, client: known }));
      }
      return fault === "lose" ? { destroy: true } : answer;
    },
  };
}
