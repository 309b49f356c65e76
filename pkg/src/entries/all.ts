/**
 * For whoever uses several providers: `samtykke` and the entries of all providers, with one wasm for all of them.
 *
 * @packageDocumentation
 */
export * from "./index.js";
export * from "./acmidm.js";
export * from "./adfs.js";
export * from "./halland.js";
export * from "./helseid.js";
export * from "./idporten.js";
export * from "./maskinporten.js";
export * from "./norskgjeld.js";
export * from "./selvbetjening.js";
// Types whose name several of them have: the protocol's and ACM/IDM's keep it, the others are called by what they are for.
export type { Kept, Login } from "./index.js";
export type { Delegation } from "./acmidm.js";
export type { Kept as KeptToken } from "./helseid.js";
export type { Delegation as SelvbetjeningDelegation, Login as SelvbetjeningLogin } from "./selvbetjening.js";
// Where the package's modules are joined, a name that comes by two ways has to be said to be one.
export { Client, JwksCache, SamtykkeError, SigningKey, clientSecretBasic, logoutReturn, norskgjeld, publicJwkFromPem } from "./index.js";
