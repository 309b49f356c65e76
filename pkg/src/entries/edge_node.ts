/**
 * The edge handlers in Node's own server and in Express.
 *
 * @packageDocumentation
 */
export { type NodeRequest, type NodeResponse, edgeMiddleware, sendResponse, toRequest } from "../edge/node.js";
