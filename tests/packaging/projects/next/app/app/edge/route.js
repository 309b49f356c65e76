import { edge } from "../../edge.js";
import { exchange } from "../../exchange.js";

// Next calls this runtime outdated; it is still the one that middleware of deployed applications runs in.
export const runtime = "edge";
export const GET = async () => new Response(`${await exchange()}\n${await edge()}`);
