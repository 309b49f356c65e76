import { handlers } from "../../edge.js";

export const { GET, POST } = handlers;
