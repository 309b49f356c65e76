/**
 * Norsk Gjeldsinformasjon: the provider, its client and the APIs around it.
 *
 * `Client` begins and finishes consents, exchanges codes and asks for tokens of its own: what norskgjeld has. What only other servers
 * have (PAR, refresh, introspection, keys of a client, …) takes the `Client` of `samtykke`.
 *
 * @packageDocumentation
 */
export {
  AgreementApi,
  ConsentFeed,
  DebtApi,
  audiences,
  type Agreement,
  type ApiOptions,
  type CallOptions,
  type ConsentEvent,
  type ConsentStatus,
  type DebtInformation,
  type EventBatch,
  type Loan,
  type RegisteredConsent,
  type TokenInput,
} from "../providers/norskgjeld/api.js";
export { type ClientAuthentication, clientSecretBasic } from "../protocol/authentication.js";
export { Client, type ClientOptions, type ExchangeOptions } from "../protocol/client.js";
export type { Tokens } from "../protocol/tokens.js";
export type { AuthorizationCode, FormPost, Login } from "../protocol/flow.js";
export { JwksCache } from "../protocol/jwks.js";
export type { ConsentRequest } from "../protocol/flow.js";
export type { Provider } from "../protocol/page_provider.js";
export type { NorskgjeldEnvironment } from "../providers/norskgjeld/provider.js";
export { norskgjeld } from "../providers/norskgjeld/server.js";
export { SamtykkeError } from "../core/error.js";
