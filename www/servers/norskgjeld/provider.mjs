// oidc-provider, configured to be the engine behind the local Norsk Gjeldsinformasjon.
// RFC 6749 and OpenID Connect Core as oidc-provider implements them; lifetimes and routes are Hydra's.
// Refuses refresh tokens, dynamic registration, introspection, request objects and CORS, as the real one does.

import { randomBytes } from "node:crypto";

import { HANDLE_BITS } from "./handles.mjs";
import { errorPage, tongue } from "./pages.mjs";
import { ALL_SCOPES } from "./scopes.mjs";

// Older Node 20 releases have no URL.parse, which oidc-provider calls.
URL.parse ??= (input, base) => (URL.canParse(input, base) ? new URL(input, base) : null);

/** Loads oidc-provider without its remark on Node 20, which the project supports and tests. */
async function load() {
  const { warn } = console;
  console.warn = (...words) => (String(words[0]).includes("Unsupported runtime") ? undefined : warn(...words));
  try {
    return await import("oidc-provider");
  } finally {
    console.warn = warn;
  }
}

let loading;

export async function createProvider({ issuer, store, clients, consents, jwks, page }) {
  loading ??= load();
  const { Provider, interactionPolicy } = await loading;
  const provider = new Provider(issuer, {
    adapter: store,
    jwks,
    scopes: [...ALL_SCOPES],
    claims: { openid: ["sub", "pid", "consent_id"] },
    responseTypes: ["code"],
    subjectTypes: ["public"],
    clientAuthMethods: ["client_secret_basic"],
    clientBasedCORS: () => false,
    conformIdTokenClaims: false,
    cookies: {
      keys: [randomBytes(32).toString("hex")],
      names: { session: "nogi_session", interaction: "nogi_interaction", resume: "nogi_resume" },
    },
    extraParams: ["nogi_flow"],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true, allowedPolicy: (ctx, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: { enabled: false }, // its pages need a script; the front answers this route itself
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      userinfo: { enabled: true },
    },
    formats: { bitsOfOpaqueRandomness: HANDLE_BITS },
    extraTokenClaims: (ctx, token) => (token.kind === "ClientCredentials" ? { audience: ctx.state.audience } : undefined),
    findAccount: (ctx, nin, token) => ({
      accountId: nin,
      claims: async () => {
        // `sub` is replaced by a pairwise one before it leaves (id-tokens.mjs).
        const consent = token?.grantId && consents.byGrant(token.grantId);
        return consent ? { sub: nin, pid: consent.nin, consent_id: consent.id } : { sub: nin };
      },
    }),
    interactions: {
      policy: interactionPolicy.base(),
      url: (ctx, { uid, prompt }) => `/${prompt.name}/${uid}`,
    },
    issueRefreshToken: () => false,
    pkce: { required: () => false },
    renderError: (ctx, { error, error_description: description }) =>
      page(ctx, ctx.status, errorPage({ language: tongue(ctx), error, description: description ?? "" })),
    routes: {
      authorization: "/oauth2/auth",
      token: "/oauth2/token",
      revocation: "/oauth2/revoke",
      userinfo: "/userinfo",
      jwks: "/.well-known/jwks.json",
    },
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 600,
      ClientCredentials: 3600,
      Grant: 400 * 86_400,
      IdToken: 3600,
      Interaction: 3600,
      Session: 3600,
    },
  });
  provider.proxy = false;
  return provider;
}
