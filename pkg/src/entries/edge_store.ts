/**
 * Sessions of the edge in a store that all isolates share.
 *
 * @packageDocumentation
 */
export { StoredSessions, storedSessions } from "../edge/store.js";
export type { SessionStore } from "../tokens/store.js";
