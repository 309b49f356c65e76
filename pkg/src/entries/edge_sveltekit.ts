/**
 * The edge handlers in SvelteKit.
 *
 * @packageDocumentation
 */
export { type EdgeLocals, type SvelteKitEvent, edgeHandle } from "../edge/sveltekit.js";
