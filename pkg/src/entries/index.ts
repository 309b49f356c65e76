/**
 * For workers and servers: all of the browser entry, and the client that holds a secret.
 *
 * @packageDocumentation
 */
export * from "./browser.js";
export {
  ClientAuthentication,
  clientSecretBasic,
  clientSecretJwt,
  clientSecretPost,
  none,
  privateKeyJwt,
  tlsClientAuth,
  type AuthenticationMethod,
} from "../protocol/authentication.js";
export {
  Client,
  type ClientOptions,
  type ExchangeOptions,
  type JwtBearerOptions,
  type RefreshOptions,
  type TokenExchangeOptions,
} from "../protocol/client.js";
export type { DeviceAuthorization } from "../protocol/device.js";
export type { Encryption, Leniencies } from "../protocol/party.js";
export type { TokenTarget } from "../protocol/target.js";
export type { ResourceFetch, ResourceInit, ResourceOptions } from "../protocol/resource.js";
export type { RequestObjectOptions, StartOptions } from "../protocol/start.js";
export type { Tokens } from "../protocol/tokens.js";
export type { Fetch, Transport } from "../core/http.js";
export { provider, type ProviderOptions } from "../protocol/provider.js";
export type { Development } from "../core/development.js";
export { norskgjeld } from "../providers/norskgjeld/server.js";
export type { AliasedEndpoint, AssertionRules, Presence, ServerData } from "../protocol/profile.js";
export { dpopKeyStore, type DpopKeyStore } from "../crypto/dpop_store.js";
export {
  verifyIdToken,
  verifyLogoutToken,
  type Claims,
  type IdTokenClaims,
  type IdTokenExpectations,
  type LogoutClaims,
  type LogoutTokenExpectations,
  type TokenExpectations,
} from "../protocol/id_token.js";
export {
  JwksCache,
  KeySet,
  selectKey,
  type ChosenKey,
  type Jwks,
  type JwksCacheOptions,
  type KeySource,
  type SavedJwks,
} from "../protocol/jwks.js";
export { SigningKey, publicJwkFromPem, type CertificateNames, type CustomSigner, type KeyOptions, type PublicJwk } from "../crypto/keys.js";
export type { CryptoKey, Jwk, SignatureAlgorithm } from "../crypto/webcrypto.js";
export type { CallSettings } from "../protocol/answer.js";
export { challenges, type Challenge } from "../protocol/challenge.js";
export {
  discover,
  protectedResource,
  serverMetadata,
  type DiscoverySettings,
  type MetadataRules,
  type MetadataSettings,
  type ProtectedResource,
  type ResourceSettings,
  type ServerMetadata,
} from "../protocol/discovery.js";
export type { Introspection, TokenCallOptions, TokenHint } from "../protocol/introspection.js";
export { logoutForm, logoutReturn, logoutUrl, type LogoutForm, type LogoutRequest, type LogoutUrl } from "../protocol/logout.js";
export type {
  SubjectCheck,
  UserinfoClaims,
  UserinfoOptions,
} from "../protocol/userinfo.js";
