/**
 * Norsk Gjeldsinformasjon: the provider and the APIs around it.
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
export type { ConsentRequest } from "../protocol/flow.js";
export type { Provider } from "../protocol/page_provider.js";
export type { NorskgjeldEnvironment } from "../providers/norskgjeld/provider.js";
export { norskgjeld } from "../providers/norskgjeld/server.js";
export { SamtykkeError } from "../core/error.js";
