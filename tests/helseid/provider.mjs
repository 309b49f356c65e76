// oidc-provider, configured to be the engine behind the local HelseID.
// OpenID Connect Core, RFC 9126, RFC 9449, RFC 8707, RFC 9207 as oidc-provider implements them; addresses are HelseID's.
// Refuses requests that are not pushed, other authentication than private_key_jwt, proofs without a nonce, refresh tokens spent.

import { randomBytes } from "node:crypto";

// Older Node 20 releases have no URL.parse, which oidc-provider calls.
URL.parse ??= (input, base) => (URL.canParse(input, base) ? new URL(input, base) : null);

const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
export const LEVEL = "helseid://claims/identity/security_level";
export const PID = "helseid://claims/identity/pid";

/** Claims of an access token that name organisations. */
const ORGANIZATION = { parent: "orgnr_parent", child: "orgnr_child", supplier: "orgnr_supplier" };
/** By which the front tells the engine what it has read. */
export const TOLD = "x-local-helseid";

/** oidc-provider remarks on Node 20, which the project supports, and on keeping its state in memory, which is what is wanted. */
async function quietly(run) {
  const { warn } = console;
  console.warn = (...words) => (/Unsupported runtime|in-memory adapter/.test(words.join(" ")) ? undefined : warn(...words));
  try {
    return await run();
  } finally {
    console.warn = warn;
  }
}

const told = (ctx) => JSON.parse(ctx.req.headers[TOLD] ?? "{}");
const resourceOf = (scope = "") => scope.split(" ").filter((one) => one.includes("/") && !one.startsWith("helseid://")).map((one) => one.split("/")[0]);

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

export async function createProvider({ issuer, clients, apis, people, signing }) {
  const { Provider, errors, interactionPolicy } = await quietly(() => import("oidc-provider"));
  // Grants whose scope had `offline_access`, which oidc-provider itself ties to a consent screen that HelseID lacks.
  const lasting = new Set();
  const policy = interactionPolicy.base();
  policy.remove("consent");
  policy.add(new interactionPolicy.Prompt({ name: "select_account", requestable: true }));
  const settings = {
    acrValues: ["Level3", "Level4", "High"],
    assertJwtClientAuthClaimsAndHeader: judgeAssertion(issuer, errors),
    claims: {
      openid: ["sub"],
      profile: ["name", "given_name", "middle_name", "family_name"],
      "helseid://scopes/identity/pid": [PID],
      "helseid://scopes/identity/security_level": [LEVEL],
    },
    clientAuthMethods: ["private_key_jwt"],
    clients: clients.map(({ clientId, redirectUris, publicJwk, scope }) => ({
      client_id: clientId,
      redirect_uris: redirectUris,
      response_types: ["code"],
      grant_types: ["authorization_code", "refresh_token", "client_credentials"],
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_signing_alg: publicJwk.alg,
      jwks: { keys: [publicJwk] },
      dpop_bound_access_tokens: true,
      require_pushed_authorization_requests: true,
      ...(scope && { scope }),
    })),
    conformIdTokenClaims: false,
    cookies: { keys: [randomBytes(32).toString("hex")] },
    enabledJWA: { clientAuthSigningAlgValues: ALGORITHMS, dPoPSigningAlgValues: ALGORITHMS, idTokenSigningAlgValues: ["RS256"] },
    extraParams: ["on_behalf_of", "offline"],
    extraTokenClaims: (ctx, token) => {
      const { organizations = {} } = told(ctx);
      const named = Object.entries(ORGANIZATION).filter(([name]) => organizations[name]);
      return { client_amr: "private_key_jwt", ...Object.fromEntries(named.map(([name, claim]) => [`helseid://claims/client/claims/${claim}`, organizations[name]])) };
    },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx) => resourceOf(ctx.oidc.params.scope)[0],
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => {
          const scopes = apis[resource];
          if (!scopes) throw new errors.InvalidTarget("unknown resource");
          return { audience: resource, scope: [...scopes, "openid", "profile"].join(" "), accessTokenTTL: 600, accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } };
        },
      },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: false }, // its pages need a script; the front answers this route itself
      userinfo: { enabled: false }, // takes no token of an API's; the front answers this route too
    },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => people.find((person) => person.sub === sub) }),
    interactions: { policy, url: (ctx, { uid }) => `/interaction/${uid}` },
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
    rotateRefreshToken: true,
    routes: {
      authorization: "/connect/authorize",
      token: "/connect/token",
      pushed_authorization_request: "/connect/par",
      revocation: "/connect/revocation",
      jwks: "/.well-known/openid-configuration/jwks",
    },
    scopes: ["openid", "profile", "offline_access", "helseid://scopes/identity/pid", "helseid://scopes/identity/security_level", "helseid://scopes/hpr/hpr_number"],
    ttl: { AccessToken: 600, AuthorizationCode: 60, ClientCredentials: 600, Grant: 86_400, IdToken: 300, Interaction: 600, RefreshToken: 28_800, Session: 28_800 },
  };
  return quietly(() => new Provider(issuer, settings));
}
