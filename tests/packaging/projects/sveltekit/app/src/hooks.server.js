import { env } from "node:process";
import { edgeHandle } from "samtykke/edge/sveltekit";
import { sessionEdge } from "../session_edge.js";

export const handle = edgeHandle(sessionEdge({ origin: env.ORIGIN ?? "http://localhost", reach: env.PROVIDER }));
