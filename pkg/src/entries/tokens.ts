/**
 * Tokens on tap: kept, shared between processes, replaced before they end, asked for once however many want one.
 *
 * @packageDocumentation
 */
export { TokenSource, type GetOptions, type TokenSourceOptions, type TokenSourceSettings } from "../token_source.js";
export type { ApiFetchOptions, Refusal, RefusalRule } from "../token_fetch.js";
export type { ClientAsk, ClientGrant, RequestAsk } from "../token_grant.js";
export type { Target } from "../token_clock.js";
export type { Kept, Lock, TokenStore } from "../token_store.js";
export { denoKvStore, type DenoKv, type DenoKvAtomic, type DenoKvStoreOptions } from "../stores/deno_kv.js";
export { TokenObject, durableObjectStore, type DurableObjectNamespace, type DurableObjectState, type DurableObjectStub } from "../stores/durable_object.js";
export { memoryStore } from "../stores/memory.js";
export { redisStore, type RedisSend, type RedisStoreOptions } from "../stores/redis.js";
export { sealedStore } from "../stores/sealed.js";
export type { SealKeys } from "../seal.js";
export { SamtykkeError } from "../error.js";
