// oidc-provider, configured to be ACM/IDM: client assertions, default scopes, opaque tokens, 30-second codes, rotating refresh tokens.
// Facts of authenticatie.vlaanderen.be/docs; grants, codes, id_tokens and introspection are oidc-provider's own.
// Refuses assertions of another audience, of an array of them, older or longer than allowed, sent twice, and scopes not approved.

import { randomBytes } from "node:crypto";

// Older Node 20 releases have no URL.parse, which oidc-provider calls.
URL.parse ??= (input, base) => (URL.canParse(input, base) ? new URL(input, base) : null);

async function load() {
  const { warn } = console;
  console.warn = (...words) => (/Unsupported runtime|already parsed|oidc-provider/.test(words.join(" ")) ? undefined : warn(...words));
  try {
    return await import("oidc-provider");
  } finally {
    console.warn = warn;
  }
}

let loading;
const words = (text) => (text ?? "").split(" ").filter(Boolean);
/** The scope by which a delegated request names its API. */
export const TARGET = "audience:server:client_id:";

/** The documented metadata, which names neither `private_key_jwt` nor `refresh_token` nor scopes. */
export const sample = (issuer) => ({
  issuer,
  authorization_endpoint: `${issuer}/v1/auth`,
  token_endpoint: `${issuer}/v1/token`,
  jwks_uri: `${issuer}/v1/keys`,
  introspection_endpoint: `${issuer}/v1/introspect`,
  userinfo_endpoint: `${issuer}/v1/userinfo`,
  end_session_endpoint: `${issuer}/v1/logout`,
  grant_types_supported: ["authorization_code", "client_credentials"],
  response_types_supported: ["code"],
  response_modes_supported: ["query", "fragment", "form_post"],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: ["RS256"],
  code_challenge_methods_supported: ["plain", "S256"],
  token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
});

/**
 * `clients`: id → `{ jwk | secret, method, scopes, defaults, organisation, name, redirectUris }`; `apis`: client id → URLs registered as resources.
 */
export async function createOp({ issuer, clients, apis, jwks, signedIntrospection, settings }) {
  loading ??= load();
  const { Provider, errors } = await loading;
  const targets = [...apis.keys()].map((id) => TARGET + id);
  const all = [...new Set([...[...clients.values()].flatMap(({ scopes }) => scopes), ...targets])];
  const provider = new Provider(issuer, {
    jwks,
    clients: [...clients].map(([id, { jwk, secret, method = "private_key_jwt", redirectUris = [], scopes, defaults = [] }]) => ({
      client_id: id,
      token_endpoint_auth_method: method,
      ...(jwk ? { jwks: { keys: [jwk] }, token_endpoint_auth_signing_alg: "RS256" } : { client_secret: secret }),
      grant_types: redirectUris.length ? ["authorization_code", "refresh_token", "client_credentials"] : ["client_credentials"],
      response_types: redirectUris.length ? ["code"] : [],
      redirect_uris: redirectUris,
      ...(scopes.length && { scope: [...new Set([...scopes, ...defaults])].join(" ") }),
    })),
    scopes: all,
    claims: {
      openid: ["sub", "kid"],
      profile: ["given_name", "family_name"],
      vo: ["vo_id", "vo_orgcode", "vo_orgnaam", "vo_doelgroepcode"],
      rrn: ["rrn"],
      acr: null,
    },
    acrValues: ["urn:be:vlaanderen:authmech:eid", "urn:be:vlaanderen:authmech:itsme", "urn:be:vlaanderen:authmech:csamtotp"],
    clientAuthMethods: ["private_key_jwt", "client_secret_basic", "client_secret_post"],
    responseTypes: ["code"],
    subjectTypes: ["public"],
    conformIdTokenClaims: false,
    clientBasedCORS: () => false,
    pkce: { required: () => false },
    cookies: { keys: [randomBytes(32).toString("hex")] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: false },
      rpInitiatedLogout: { enabled: false }, // its pages need a script; the front answers this route itself
      resourceIndicators: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      userinfo: { enabled: true },
    },
    assertJwtClientAuthClaimsAndHeader: (ctx, claims) => {
      const audience = claims.aud === issuer || (settings.takesTokenEndpoint && claims.aud === `${issuer}/v1/token`);
      if (!audience) throw new errors.InvalidClientAuth("aud");
      if (claims.exp - (claims.iat ?? Math.floor(Date.now() / 1000)) > 600) throw new errors.InvalidClientAuth("exp");
    },
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        kid: "op-1",
        given_name: "An",
        family_name: "Peeters",
        rrn: "00000000097",
        vo_id: "vo-1",
        vo_orgcode: "0123456749",
        vo_orgnaam: "Testgemeente",
        vo_doelgroepcode: "LB",
      }),
    }),
    interactions: { url: (ctx, { uid }) => `/op/interaction/${uid}` },
    issueRefreshToken: (ctx, client, code) => code.scopes.has("offline_access"),
    rotateRefreshToken: true,
    formats: { bitsOfOpaqueRandomness: 258 },
    routes: { authorization: "/v1/auth", token: "/v1/token", jwks: "/v1/keys", introspection: "/v1/introspect", userinfo: "/v1/userinfo" },
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 30,
      ClientCredentials: 3600,
      Grant: 86_400,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: () => settings.refreshSeconds,
      Session: 86_400,
    },
  });
  provider.proxy = false;

  // The grant as documented: defaults come unasked, and a wrong or missing audience is no error but a token for oneself.
  const grant = async (ctx) => {
    const { client, body } = ctx.oidc;
    const { defaults = [], scopes } = clients.get(client.clientId);
    const asked = words([body.scope].flat()[0]);
    const refused = asked.filter((scope) => !scopes.includes(scope) && !defaults.includes(scope));
    if (refused.length) throw new errors.InvalidScope("scope not approved", refused.join(" "));
    const token = new provider.ClientCredentials({ client, scope: [...new Set([...asked, ...defaults])].join(" ") || undefined });
    const wanted = [body.audience ?? []].flat().find((id) => apis.has(id)) ?? [...apis].find(([, urls]) => urls.includes([body.resource].flat()[0]))?.[0];
    token.setAudience(wanted ?? client.clientId);
    ctx.oidc.entity("ClientCredentials", token);
    const value = await token.save();
    ctx.body = { access_token: value, expires_in: token.expiration, scope: token.scope, token_type: "Bearer" };
  };
  provider.registerGrantType("client_credentials", grant, ["scope", "audience", "resource"], ["audience", "resource"]);

  provider.use(async (ctx, next) => {
    await next();
    const { path, body } = ctx;
    if (path.endsWith("/.well-known/openid-configuration")) ctx.body = sample(issuer);
    if (path.endsWith("/v1/token") && ctx.oidc?.params?.grant_type === "refresh_token") {
      // The documented answers: a new refresh token without id_token and scope, or nothing but the code.
      if (body?.error === "invalid_grant") ctx.body = { error: "invalid_request" };
      else if (body) ctx.body = { ...body, id_token: undefined, scope: undefined };
    }
    if (path.endsWith("/v1/introspect") && body?.active) {
      const { organisation, organisationName, name } = clients.get(body.client_id);
      const vo = words(body.scope).includes("vo_info") ? { vo_orgcode: organisation, vo_orgnaam: organisationName, vo_applicatienaam: name } : {};
      // A delegated token is for the API that its scope names.
      const api = words(body.scope)
        .find((scope) => scope.startsWith(TARGET))
        ?.slice(TARGET.length);
      const claims = { ...body, ...(api && { aud: api }), sub: body.sub ?? body.client_id, token_type: "bearer", setbyapi_note: "for the API alone", ...vo };
      ctx.body = { ...claims, jwt: await signedIntrospection(claims) };
    }
  });
  return provider;
}
