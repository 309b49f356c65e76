/**
 * Ready-made handlers for a worker: login, callback, session in a sealed cookie.
 *
 * @packageDocumentation
 */
export { createEdge, type Edge, type EdgeOptions, type Session } from "../edge/edge.js";
export { open, seal, type SealKeys } from "../crypto/seal.js";
export { SamtykkeError } from "../core/error.js";
