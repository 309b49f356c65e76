/**
 * Maskinporten: tokens for machines, and the self-service API that registers scopes, clients and keys.
 *
 * @packageDocumentation
 */
export {
  MaskinportenClient,
  consent,
  maskinporten,
  problem,
  systemUser,
  type MaskinportenDetails,
  type MaskinportenEnvironment,
  type MaskinportenOptions,
  type MaskinportenProblem,
  type MaskinportenRequest,
  type MaskinportenSettings,
} from "../providers/maskinporten/client.js";
export {
  type EuropeanCaller,
  type MaskinportenCaller,
  type MaskinportenExpectation,
  type MaskinportenOrganisation,
  caller,
  europeanCaller,
} from "../providers/maskinporten/caller.js";
export {
  SelfService,
  keysDue,
  maskinportenClient,
  type KeyToRegister,
  type OnBehalfOf,
  type RegisteredClient,
  type RegisteredKey,
  type RegisteredScope,
  type ScopeAccess,
  type SelfServiceCall,
  type SelfServiceOptions,
} from "../providers/maskinporten/self_service.js";
export type { Provider } from "../protocol/page_provider.js";
export { SamtykkeError } from "../core/error.js";
export { SigningKey, publicJwkFromPem, type CustomSigner, type KeyOptions } from "../crypto/keys.js";
export { exchangeForAltinn, type AltinnEnvironment, type AltinnExchange, type AltinnToken } from "../providers/altinn/exchange.js";
export type { Tokens } from "../protocol/tokens.js";
