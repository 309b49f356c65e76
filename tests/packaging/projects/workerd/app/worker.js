import { edge } from "./edge.js";
import { exchange } from "./exchange.js";
import { flow } from "./flow.js";

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/flow") return new Response(flow());
    if (pathname === "/exchange") return new Response(await exchange());
    if (pathname === "/edge") return new Response(await edge());
    return new Response("not found", { status: 404 });
  },
};
