// oidc-provider, configured to be the engine behind the local HelseID.
// OpenID Connect Core, RFC 9126, RFC 9449, RFC 8707, RFC 9207 as oidc-provider implements them; addresses are HelseID's.
// Refuses requests that are not pushed, other authentication than private_key_jwt, proofs without a nonce, refresh tokens spent.

import { randomBytes } from "node:crypto";
import { createMemoryAdapter } from "oidc-provider/lib/adapters/memory_adapter.js";
import { metadataOf } from "./clients.mjs";
import { languageOf } from "../shared/languages.mjs";
import { errorPage } from "./interaction.mjs";
import { LEVEL, PID } from "./people.mjs";

// Older Node 20 releases have no URL.parse, which oidc-provider calls.
URL.parse ??= (input, base) => (URL.canParse(input, base) ? new URL(input, base) : null);

const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

/** Claims of an access token that name organisations. */
const ORGANIZATION = { parent: "orgnr_parent", child: "orgnr_child", supplier: "orgnr_supplier" };
/** By which the front tells the engine what it has read. */
export const TOLD = "x-local-helseid";

/** oidc-provider remarks on Node 20, which the project supports. */
async function quietly(run) {
  const { warn } = console;
  console.warn = (...words) => (/Unsupported runtime/.test(words.join(" ")) ? undefined : warn(...words));
  try {
    return await run();
  } finally {
    console.warn = warn;
  }
}

const told = (ctx) => JSON.parse(ctx.req.headers[TOLD] ?? "{}");
/** The scopes of APIs among those asked for. */
const ofApis = (scope = "") => scope.split(" ").filter((one) => one.includes("/") && !one.startsWith("helseid://"));

/** What a client assertion must say beyond what oidc-provider looks at (HelseID "Bruk av client assertion"). */
function judgeAssertion(issuer, errors) {
  return async (ctx, claims, header) => {
    const wrong = (text) => {
      throw new errors.InvalidClientAuth(text);
    };
    if (header.typ !== "client-authentication+jwt") wrong("typ of the client assertion");
    if (claims.aud !== issuer) wrong("aud of the client assertion");
    const now = Math.floor(Date.now() / 1000);
    if (![claims.iat, claims.nbf, claims.exp].every(Number.isSafeInteger)) wrong("times of the client assertion are numbers");
    if (claims.exp > now + 61 || claims.iat > now + 5) wrong("exp of the client assertion: at most 60 seconds");
  };
}

/** Clients come from where they are kept, each time; everything else is kept in memory. */
function adapterOf(clients) {
  const memory = createMemoryAdapter();
  const directory = {
    async find(id) {
      const client = clients.find(id);
      return client && metadataOf(client);
    },
  };
  return (model) => (model === "Client" ? directory : memory(model));
}

export async function createProvider({ issuer, clients, apis, people, signing, base = "" }) {
  const { Provider, errors, interactionPolicy } = await quietly(() => import("oidc-provider"));
  // Grants whose scope had `offline_access`, which oidc-provider itself ties to a consent screen that HelseID lacks.
  const lasting = new Set();
  const policy = interactionPolicy.base();
  policy.remove("consent");
  policy.add(new interactionPolicy.Prompt({ name: "select_account", requestable: true }));
  /** The scopes of an API that a client may have; one it may not have is refused, not left out. */
  function scopesOf(ctx, resource, { clientId }) {
    const { scopes } = clients.find(clientId) ?? {};
    const refused = scopes && ofApis(ctx.oidc.params?.scope).find((one) => !scopes.includes(one));
    if (refused) throw new errors.InvalidScope("the client has no access to the scope", refused);
    return apis[resource].filter((one) => !scopes || scopes.includes(one));
  }

  const settings = {
    adapter: adapterOf(clients),
    acrValues: ["Level3", "Level4", "High"],
    assertJwtClientAuthClaimsAndHeader: judgeAssertion(issuer, errors),
    claims: {
      openid: ["sub"],
      profile: ["name", "given_name", "middle_name", "family_name"],
      "helseid://scopes/identity/pid": [PID],
      "helseid://scopes/identity/security_level": [LEVEL],
    },
    clientAuthMethods: ["private_key_jwt"],
    conformIdTokenClaims: false,
    // Cookies know no ports: other providers of this machine's name have theirs.
    cookies: { keys: [randomBytes(32).toString("hex")], names: { session: "helseid_session", interaction: "helseid_interaction", resume: "helseid_resume" } },
    enabledJWA: { clientAuthSigningAlgValues: ALGORITHMS, dPoPSigningAlgValues: ALGORITHMS, idTokenSigningAlgValues: ["RS256"] },
    extraParams: ["on_behalf_of", "offline"],
    extraTokenClaims: (ctx, token) => {
      const { organizations = {} } = told(ctx);
      const named = Object.entries(ORGANIZATION).filter(([name]) => organizations[name]);
      return {
        client_amr: "private_key_jwt",
        ...Object.fromEntries(named.map(([name, claim]) => [`helseid://claims/client/claims/${claim}`, organizations[name]])),
      };
    },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx) => ofApis(ctx.oidc.params.scope)[0]?.split("/")[0],
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource, client) => {
          if (!apis[resource]) throw new errors.InvalidTarget("unknown resource");
          return {
            audience: resource,
            scope: [...scopesOf(ctx, resource, client), "openid", "profile"].join(" "),
            accessTokenTTL: 600,
            accessTokenFormat: "jwt",
            jwt: { sign: { alg: "RS256" } },
          };
        },
      },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: false }, // its pages need a script; the front answers this route itself
      userinfo: { enabled: false }, // takes no token of an API's; the front answers this route too
    },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => people.find((person) => person.sub === sub) }),
    interactions: { policy, url: (ctx, { uid }) => `${base}/interaction/${uid}` },
    issueRefreshToken: (ctx, client, code) => lasting.has(code.grantId),
    jwks: { keys: [{ ...signing.privateJwk, use: "sig" }] },
    loadExistingGrant: async (ctx) => {
      const { client, session, params } = ctx.oidc;
      const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(params.scope);
      for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(resource, [...apis[resource], "openid", "profile"].join(" "));
      const id = await grant.save();
      if (params.offline) lasting.add(id);
      return grant;
    },
    pkce: { required: () => true },
    renderError: (ctx, out) => {
      const { headers, body } = errorPage(out, { base, language: languageOf(undefined, ctx.get("accept-language")) });
      ctx.set(headers);
      ctx.body = body;
    },
    rotateRefreshToken: true,
    routes: {
      authorization: "/connect/authorize",
      token: "/connect/token",
      pushed_authorization_request: "/connect/par",
      revocation: "/connect/revocation",
      jwks: "/.well-known/openid-configuration/jwks",
    },
    scopes: [
      "openid",
      "profile",
      "offline_access",
      "helseid://scopes/identity/pid",
      "helseid://scopes/identity/security_level",
      "helseid://scopes/hpr/hpr_number",
    ],
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      ClientCredentials: 600,
      Grant: 86_400,
      IdToken: 300,
      Interaction: 600,
      RefreshToken: 28_800,
      Session: 28_800,
    },
  };
  return quietly(() => new Provider(issuer, settings));
}
