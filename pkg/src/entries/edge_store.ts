/**
 * Sessions of the edge in a store that all isolates share.
 *
 * @packageDocumentation
 */
export type { StoredSessions } from "../edge/options.js";
export { storedSessions } from "../edge/store.js";
export type { SessionStore } from "../tokens/store.js";
