/**
 * The edge handlers in Next.
 *
 * @packageDocumentation
 */
export { type NextEdge, type NextParts, nextEdge } from "../edge/next.js";
