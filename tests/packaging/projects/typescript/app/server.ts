// A server's code: the code becomes a token with the server's own fetch, and the ready-made handlers of a worker.
import { Client, clientSecretBasic, norskgjeld, type AuthorizationCode } from "samtykke";
import { createEdge } from "samtykke/edge";
import { DebtApi } from "samtykke/norskgjeld";

const provider = norskgjeld({ environment: "preprod", clientId: "eksempelbank-client", redirectUri: "http://localhost:4402/callback" });
const client = new Client(provider, clientSecretBasic("secret"), { fetch: (input, init) => fetch(input, init) });
const edge = createEdge({ client, keys: ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"] });

export async function token(code: AuthorizationCode): Promise<{ token: string; seconds: number | undefined }> {
  const tokens = await client.exchange(code);
  return { token: tokens.accessToken, seconds: tokens.expiresIn };
}

export async function handle(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/login") return edge.login(request, { purpose: "presentation", days: 100 });
  if (pathname === "/auth/callback") return edge.callback(request);
  const session = await edge.session(request);
  if (!session) return new Response("log in first", { status: 401 });
  const debt = await new DebtApi(provider, { token: session.tokens.accessToken }).debt();
  return new Response(JSON.stringify(debt), { headers: { "content-type": "application/json" } });
}

// @ts-expect-error a bare secret does not say how it is sent
export const bareSecret = () => new Client(provider, "secret");
// @ts-expect-error handlers without a key to seal with
export const noKeys = () => createEdge({ client });
