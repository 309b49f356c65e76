import { edge } from "../../edge.js";
import { exchange } from "../../exchange.js";

export const dynamic = "force-dynamic";
export const GET = async () => new Response(`${await exchange()}\n${await edge()}`);
