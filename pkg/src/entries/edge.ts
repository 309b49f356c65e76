/**
 * Ready-made handlers for a worker or server: login, callback, session, refresh, logout.
 *
 * @packageDocumentation
 */
export { createEdge, type Edge } from "../edge/edge.js";
export type { LoginOptions } from "../edge/login.js";
export type { LogoutOptions } from "../edge/logout.js";
export type { Data, LoginParameters, LoginRequest, LoginSettings, Session } from "../edge/model.js";
export type { EdgeOptions, EdgePaths, WaitUntil } from "../edge/options.js";
export type { Refreshed } from "../edge/refresh.js";
export { open, seal, type SealKeys } from "../crypto/seal.js";
export { SamtykkeError } from "../core/error.js";
