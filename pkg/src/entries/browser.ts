/**
 * For pages: begin a flow and finish it. No secret can be passed in; the exchange is a worker's.
 *
 * @packageDocumentation
 */
export { SamtykkeError, type Action, type ErrorFacts, type Phase } from "../error.js";
export {
  begin,
  finish,
  norskgjeld,
  provider,
  type AuthorizationCode,
  type AuthorizationRequest,
  type ConsentRequest,
  type FormPost,
  type Login,
  type NorskgjeldEnvironment,
  type Provider,
} from "../flow.js";
export { callback, isCallback, redirect, type TransactionStorage } from "../page.js";
