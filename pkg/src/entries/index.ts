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
} from "../authentication.js";
export {
  Client,
  type ClientOptions,
  type ExchangeOptions,
  type JwtBearerOptions,
  type RefreshOptions,
  type TokenExchangeOptions,
} from "../client.js";
export type { DeviceAuthorization } from "../device.js";
export type { TokenTarget } from "../post.js";
export type { ResourceFetch, ResourceInit, ResourceOptions } from "../resource.js";
export type { RequestObjectOptions, StartOptions } from "../start.js";
export { judgeTokens, type TokenAnswer, type TokenExpectation, type Tokens } from "../tokens.js";
export type { Fetch, Transport } from "../http.js";
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
export type { CryptoKey, Jwk, SignatureAlgorithm } from "../webcrypto.js";
export type { CallSettings, HttpAnswer } from "../answer.js";
export { challenges, type Challenge } from "../challenge.js";
export {
  discover,
  judgeMetadata,
  protectedResource,
  serverMetadata,
  type DiscoverySettings,
  type MetadataRules,
  type MetadataSettings,
  type ProtectedResource,
  type ResourceSettings,
  type ServerMetadata,
} from "../discovery.js";
export { judgeIntrospection, type Introspection, type TokenCallOptions, type TokenHint } from "../introspection.js";
export { logoutForm, logoutReturn, logoutUrl, type LogoutForm, type LogoutRequest, type LogoutUrl } from "../logout.js";
export { judgePushedRequest, type PushedRequest } from "../par_response.js";
export { judgeRevocation } from "../revocation.js";
export {
  judgeSignedUserinfo,
  judgeUserinfo,
  type SubjectCheck,
  type UserinfoClaims,
  type UserinfoOptions,
} from "../userinfo.js";
