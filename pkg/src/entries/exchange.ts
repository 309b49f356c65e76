/**
 * For pages of public clients: the exchange of a code by PKCE alone, beside `samtykke/browser`.
 *
 * @packageDocumentation
 */
export { exchange, type ExchangeOptions } from "../page/exchange.js";
export type { Tokens } from "../protocol/tokens.js";
export { SamtykkeError } from "../core/error.js";
