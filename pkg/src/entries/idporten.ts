/**
 * ID-porten and Ansattporten, and Altinn's exchange of their tokens.
 *
 * @packageDocumentation
 */
export {
  idporten,
  idportenLogin,
  type IdPortenEnvironment,
  type IdPortenLogin,
  type IdPortenOptions,
} from "../providers/idporten/provider.js";
export { exchangeForAltinn, type AltinnEnvironment, type AltinnExchange, type AltinnToken } from "../providers/altinn/exchange.js";
export type { Provider } from "../protocol/page_provider.js";
export { SamtykkeError } from "../core/error.js";
