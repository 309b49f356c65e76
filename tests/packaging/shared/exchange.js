// The server's part of a consent: the code becomes a token. A function answers in place of the provider and tells what it was asked.
import { Client, clientSecretBasic, norskgjeld } from "samtykke";

const redirectUri = "http://localhost:4402/auth/callback";

export async function exchange() {
  const asked = [];
  const answer = async (input, init) => {
    const request = new Request(input, init);
    const [id, secret] = atob(request.headers.get("authorization").replace(/^Basic /, ""))
      .split(":")
      .map((part) => new URLSearchParams(`x=${part}`).get("x"));
    const form = new URLSearchParams(await request.text());
    asked.push(
      `${request.method} ${new URL(request.url).pathname} ${id}|${secret} ${form.get("grant_type")} ${form.get("code")} ${form.get("code_verifier").length}`,
    );
    return Response.json({ access_token: "made-up-token", token_type: "bearer", expires_in: 3599, scope: "debt.unsecured.presentation" });
  };
  const provider = norskgjeld({ environment: "preprod", clientId: "eksempelbank-client", redirectUri });
  const client = new Client(provider, clientSecretBasic("a%b+c d:e/f~g"), { fetch: answer });
  const login = client.begin({ purpose: "presentation", days: 100 });
  const code = client.finish(login.transaction, `${redirectUri}?code=made-up.code&scope=debt.unsecured.presentation&state=${encodeURIComponent(login.state)}`);
  const tokens = await client.exchange(code);
  return `${tokens.accessToken} ${tokens.expiresIn} <- ${asked.join(", ")}`;
}
