/**
 * For workers and servers: all of the browser entry, and the client that holds a secret.
 *
 * @packageDocumentation
 */
export * from "./browser.js";
export {
  Client,
  ClientAuthentication,
  clientSecretBasic,
  clientSecretPost,
  judgeTokens,
  none,
  type TokenAnswer,
  type TokenExpectation,
  type Tokens,
} from "../client.js";
export { type Fetch, type Transport } from "../http.js";
export { languageOf, userMessage, type Language } from "../messages.js";
export {
  provider,
  type AliasedEndpoint,
  type AssertionRules,
  type Presence,
  type ProviderOptions,
  type ServerData,
} from "../provider.js";
