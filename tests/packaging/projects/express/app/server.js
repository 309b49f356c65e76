import express from "express";
import { edgeMiddleware } from "samtykke/edge/node";
import { sessionEdge } from "./session_edge.js";

const app = express();
app.use(express.urlencoded({ extended: false }));
app.use(edgeMiddleware(sessionEdge({ origin: process.env.ORIGIN, reach: process.env.PROVIDER })));
app.get("/me", (request, response) => response.send(request.edge.session?.claims.sub ?? "nobody"));
app.listen(new URL(process.env.ORIGIN).port, "localhost", () => console.log("Ready"));
