// Starts the local provider and the worker with the page, on ports of one machine, and stops them together.
// The provider registers exactly the two callback addresses of this page; the secret and the cookie key are made here.
// Refuses a taken port by name, so that the person can choose another.
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { startNorskgjeld, DEMO_CLIENT } from "samtykke-local/norskgjeld";
import { buildWorker } from "../worker/build.mjs";
import { startLocals } from "./locals.mjs";
import { runWorker } from "./worker.mjs";

export class PortTaken extends Error {
  constructor(port, option) {
    super(`port ${port} is taken`);
    this.name = "PortTaken";
    this.port = port;
    this.option = option;
  }
}

/** A port on loopback that is free now, or the wanted one if it is. */
async function portFor(wanted, option) {
  for (const host of ["127.0.0.1", "::1"]) {
    const server = createServer();
    const port = await new Promise((done, fail) => {
      server.once("error", (error) =>
        error.code === "EADDRINUSE" ? fail(new PortTaken(wanted, option)) : error.code === "EACCES" ? fail(error) : done(wanted),
      );
      server.listen({ port: wanted, host, exclusive: true }, () => done(server.address().port));
    });
    await new Promise((done) => server.close(done));
    wanted = port;
  }
  return wanted;
}

/** The lever of the developer's panel: the worker asks for trouble, the provider makes it. */
const lever = (provider) => async (request) => {
  provider.control.next(await request.json());
  return new Response(null, { status: 204 });
};

export async function startDemo({ port = 4402, authPort = 4400, apiPort = 4401, timeoutSeconds = 4, file, progress = () => {} } = {}) {
  const pagePort = await portFor(port, "port");
  const url = `http://localhost:${pagePort}`;
  // The provider takes any free port by itself; only wished-for ports are tried first, to say by name which one is taken.
  if (authPort !== 0) await portFor(authPort, "auth-port");
  if (apiPort !== 0) await portFor(apiPort, "api-port");
  progress("starting the local provider …");
  const secret = DEMO_CLIENT.secret;
  const provider = await startNorskgjeld({
    authPort,
    apiPort,
    client: { ...DEMO_CLIENT, redirectUris: [`${url}/callback`, `${url}/auth/callback`] },
  });
  let locals;
  try {
    progress("starting the systems without a person …");
    locals = await startLocals({ file });
    progress("starting the worker and the page …");
    const cookieKey = randomBytes(32).toString("base64url");
    const worker = await runWorker({
      port: pagePort,
      modules: await buildWorker(),
      lever: lever(provider),
      systems: locals.lever,
      variables: {
        NORSKGJELD_ENVIRONMENT: "local",
        AUTH_URL: provider.authUrl,
        API_URL: provider.apiUrl,
        PUBLIC_ORIGIN: url,
        CLIENT_ID: DEMO_CLIENT.id,
        CLIENT_SECRET: secret,
        COOKIE_KEYS: cookieKey,
        TIMEOUT_SECONDS: String(timeoutSeconds),
        TRACE: "on",
        SYSTEMS: JSON.stringify(locals.settings),
      },
    });
    const close = async () => {
      await Promise.allSettled([worker.close(), provider.close(), locals.close()]);
    };
    return { url, provider, locals, secrets: [secret, cookieKey, ...locals.secrets], close };
  } catch (error) {
    await Promise.allSettled([provider.close(), locals?.close()]);
    throw error;
  }
}
