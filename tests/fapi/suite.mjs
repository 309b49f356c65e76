// A suite for any runtime: a whole FAPI 2.0 login by the package's public API, from the issuer's name to an API's answer.
// FAPI 2.0 Security Profile section 5.3.3: PAR, private_key_jwt, DPoP with nonces, RFC 9207, id_token verified.
// Gives facts alone; whether they are right is judged outside.
import { Client, SigningKey, discover, privateKeyJwt } from "samtykke";

const codeOf = (work) => {
  try {
    work();
    return "accepted";
  } catch (error) {
    return error.code ?? String(error);
  }
};

async function login(alg, { issuer, api, helper, jwk, redirectUri }) {
  const provider = await discover(issuer, { clientId: alg, redirectUri, development: true, requireDpop: true, signingAlgorithms: [alg] });
  const client = new Client(provider, privateKeyJwt(await SigningKey.fromJwk(jwk)), { dpop: await SigningKey.generate() });
  const scope = "openid offline_access profile";

  const { url, state, transaction } = await client.start({ scope, extra: { prompt: "consent" } });
  const answer = await fetch(`${helper}/walk?url=${encodeURIComponent(url)}`);
  const callback = await answer.text();
  if (!answer.ok) throw new Error(callback);
  const altered = (change) => {
    const other = new URL(callback);
    change(other.searchParams);
    return codeOf(() => client.finish(transaction, other.href));
  };
  const refusals = {
    otherIssuer: altered((answer) => answer.set("iss", "https://op.example")),
    noIssuer: altered((answer) => answer.delete("iss")),
    otherState: altered((answer) => answer.set("state", state.split("").reverse().join(""))),
  };

  const code = client.finish(transaction, callback);
  refusals.callbackAgain = codeOf(() => client.finish(transaction, callback));
  const tokens = await client.exchange(code);
  refusals.codeAgain = await client.exchange(code).then(
    () => "accepted",
    (error) => error.code,
  );
  const person = await client.userinfo(tokens);
  const call = async (held) => {
    const things = client.fetch(held, { origins: [api] });
    const response = await things(`${api}/things?page=1`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"ask":"æøå"}' });
    return { status: response.status, answer: await response.json() };
  };
  const first = await call(tokens);
  const renewed = await client.refresh(tokens);
  const second = await call(renewed);

  return {
    // What the browser carries is the client's id and a reference, and nothing else (FAPI 2.0 section 5.3.3.2).
    frontChannel: [...new URL(url).searchParams.keys()].sort(),
    stated: [...new URL(callback).searchParams.keys()].sort(),
    refusals,
    tokenType: tokens.tokenType,
    claims: { iss: tokens.claims.iss, aud: tokens.claims.aud, sub: tokens.claims.sub, nonce: typeof tokens.claims.nonce },
    person: { ...person },
    first,
    renewed: { other: renewed.accessToken !== tokens.accessToken, rotated: renewed.refreshToken !== tokens.refreshToken, sub: renewed.claims?.sub ?? null },
    second,
  };
}

/** `input`: where things are, and the clients' keys by their algorithm. */
export async function run({ keys, ...places }) {
  const outcome = {};
  for (const alg of Object.keys(keys)) outcome[alg] = await login(alg, { ...places, jwk: keys[alg] });
  return outcome;
}
