// Express, with a body parser before the edge's middleware.
import { freePort } from "../../../lib/server.mjs";
import { start } from "../../../lib/process.mjs";
import { providerServer, walk } from "../../sessions.mjs";
import { toolEnv } from "../../workspace.mjs";

export const name = "express";
export const source = "express";
export const tools = { express: "5.3.0" };

export async function check({ dir }) {
  const provider = await providerServer();
  const origin = `http://localhost:${await freePort()}`;
  const server = await start(process.execPath, ["server.js"], {
    cwd: dir,
    env: toolEnv(dir, { ORIGIN: origin, PROVIDER: provider.address }),
    ready: (text) => /Ready/.test(text),
  });
  try {
    return await walk(origin, provider.world);
  } finally {
    await server.stop();
    provider.close();
  }
}
