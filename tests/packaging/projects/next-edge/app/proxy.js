export { proxy } from "./edge.js";
export const config = { matcher: ["/me"] };
