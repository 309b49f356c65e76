import { Hono } from "hono";
import { sessionEdge } from "./session_edge.js";

const app = new Hono();
app.use(async (c, next) => {
  const edge = sessionEdge({ origin: c.env.ORIGIN, reach: c.env.PROVIDER });
  edge.keepAlive(c.req.raw, (work) => c.executionCtx.waitUntil(work));
  const response = await edge.handle(c.req.raw, async (session) => {
    c.set("session", session);
    await next();
    return c.res;
  });
  // Hono goes on with the response that it has, and its headers, unless that is let go of.
  c.res = undefined;
  c.res = response;
});
app.get("/me", (c) => c.text(c.get("session")?.claims.sub ?? "nobody"));

export default app;
