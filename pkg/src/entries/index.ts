/**
 * For workers and servers: all of the browser entry, and the client that holds a secret.
 *
 * @packageDocumentation
 */
export * from "./browser.js";
export {
  Client,
  ClientAuthentication,
  clientSecretBasic,
  clientSecretPost,
  judgeTokens,
  none,
  type TokenAnswer,
  type TokenExpectation,
  type Tokens,
} from "../client.js";
export { type Fetch, type Transport } from "../http.js";
export { languageOf, userMessage, type Language } from "../messages.js";
export {
  provider,
  type AliasedEndpoint,
  type AssertionRules,
  type Presence,
  type ProviderOptions,
  type ServerData,
} from "../provider.js";
export { dpopKeyStore, type DpopKeyStore } from "../dpop_store.js";
export {
  verifyIdToken,
  verifyLogoutToken,
  type Claims,
  type IdTokenClaims,
  type IdTokenExpectations,
  type LogoutClaims,
  type TokenExpectations,
} from "../id_token.js";
export {
  JwksCache,
  KeySet,
  selectKey,
  type ChosenKey,
  type Jwks,
  type JwksCacheOptions,
  type KeySource,
  type SavedJwks,
} from "../jwks.js";
export { SigningKey, publicJwkFromPem, type CertificateNames, type CustomSigner, type KeyOptions, type PublicJwk } from "../keys.js";
export { type SignatureAlgorithm } from "../webcrypto.js";
