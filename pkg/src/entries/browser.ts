/**
 * For pages: begin a flow and finish it. No secret can be passed in; the exchange is a worker's.
 *
 * @packageDocumentation
 */
export { SamtykkeError, type Action, type ErrorFacts, type Phase } from "../core/error.js";
export {
  AuthorizationCode,
  begin,
  finish,
  norskgjeld,
  provider,
  type AuthorizationRequest,
  type ConsentRequest,
  type FormPost,
  type Login,
  type NorskgjeldEnvironment,
  type Provider,
} from "../protocol/flow.js";
export { callback, isCallback, redirect, type AddressBar, type TransactionStorage } from "../page/page.js";
