/**
 * Tokens on tap: kept, shared between processes, replaced before they end, asked for once however many want one.
 *
 * @packageDocumentation
 */
export { TokenSource, type TokenSourceOptions } from "../tokens/source.js";
export type { GetOptions, TokenSourceSettings } from "../tokens/settings.js";
export type { ApiFetchOptions, Refusal, RefusalRule } from "../tokens/fetch.js";
export type { ClientAsk, ClientGrant, RequestAsk } from "../tokens/grant.js";
export type { Target } from "../tokens/clock.js";
export type { Development } from "../core/development.js";
export type { Kept, Lock, SessionStore, TokenStore } from "../tokens/store.js";
export { denoKvStore, type DenoKv, type DenoKvAtomic, type DenoKvStoreOptions } from "../tokens/stores/deno_kv.js";
export {
  TokenObject,
  durableObjectStore,
  type DurableObjectNamespace,
  type DurableObjectState,
  type DurableObjectStub,
} from "../tokens/stores/durable_object.js";
export { memoryStore } from "../tokens/stores/memory.js";
export { redisStore, type RedisSend, type RedisStoreOptions } from "../tokens/stores/redis.js";
export { sealedStore } from "../tokens/stores/sealed.js";
export type { SealKeys } from "../crypto/seal.js";
export { SamtykkeError } from "../core/error.js";
