/**
 * HelseID: logins and machine tokens of the Norwegian health sector, by its security profile. For servers and workers: a page
 * holds no key.
 *
 * @packageDocumentation
 */
export {
  HelseId,
  type HelseIdEnvironment,
  type HelseIdLogin,
  type HelseIdMachine,
  type HelseIdOptions,
  type HelseIdFinish,
} from "../helseid.js";
export { claimOf, type HelseIdDetails, type Organization } from "../helseid_details.js";
export { HelseIdSession, type HelseIdTarget, type HelseIdTokens, type SaveSession } from "../helseid_session.js";
export type { Kept, Lock, TokenStore } from "../token_store.js";
export type { FormPost, Login } from "../flow.js";
export { type LogoutUrl, logoutReturn } from "../logout.js";
export type { ResourceFetch, ResourceInit, ResourceOptions } from "../resource.js";
export { SigningKey, type CustomSigner, type KeyOptions, type PublicJwk } from "../keys.js";
export { SamtykkeError } from "../error.js";
