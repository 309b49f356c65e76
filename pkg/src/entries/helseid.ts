/**
 * HelseID: logins and machine tokens of the Norwegian health sector, by its security profile. For servers and workers: a page
 * holds no key.
 *
 * @packageDocumentation
 */
export { HelseId } from "../providers/helseid/client.js";
export type { HelseIdEnvironment, HelseIdFinish, HelseIdLogin, HelseIdMachine, HelseIdOptions } from "../providers/helseid/options.js";
export { claimOf, type HelseIdDetails, type Organization } from "../providers/helseid/details.js";
export { HelseIdSession, type SaveSession } from "../providers/helseid/session.js";
export type { HelseIdTarget } from "../providers/helseid/cache.js";
export type { HelseIdTokens } from "../providers/helseid/granted.js";
export type { Kept, Lock, TokenStore } from "../tokens/store.js";
export type { FormPost, Login } from "../protocol/flow.js";
export { type LogoutUrl, logoutReturn } from "../protocol/logout.js";
export type { ResourceFetch, ResourceInit, ResourceOptions } from "../protocol/resource.js";
export { SigningKey, type CustomSigner, type KeyOptions, type PublicJwk } from "../crypto/keys.js";
export { SamtykkeError } from "../core/error.js";
