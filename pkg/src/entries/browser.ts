/**
 * For pages: begin a flow and finish it. No secret can be passed in; the exchange is a worker's.
 *
 * @packageDocumentation
 */
export { SamtykkeError, type Action, type ErrorFacts, type Phase } from "../core/error.js";
export { AuthorizationCode, begin, finish, type AuthorizationRequest, type ConsentRequest, type FormPost, type Login } from "../protocol/flow.js";
export { provider, type Provider } from "../protocol/page_provider.js";
export { norskgjeld, type NorskgjeldEnvironment } from "../providers/norskgjeld/provider.js";
export { callback, isCallback, redirect, type AddressBar, type Kept, type TransactionStorage } from "../page/page.js";
