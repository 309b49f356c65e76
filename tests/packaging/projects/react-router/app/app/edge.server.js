import { sessionEdge } from "../session_edge.js";

export const edge = sessionEdge({ origin: process.env.ORIGIN ?? "http://localhost", reach: process.env.PROVIDER });
