import { headers } from "next/headers";
import { NextResponse, after } from "next/server";
import { nextEdge } from "samtykke/edge/next";
import { sessionEdge } from "./session_edge.js";

const edge = sessionEdge({ origin: process.env.ORIGIN ?? "http://localhost", reach: process.env.PROVIDER });
export const { handlers, proxy, session } = nextEdge(edge, { NextResponse, headers, after });
