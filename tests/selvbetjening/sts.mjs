// A small stand-in for HelseID's token endpoint, enough for clients that Selvbetjening made: client_credentials with
// private_key_jwt and DPoP, a nonce always asked for. Refuses all else with HelseID's documented errors.

import { randomBytes } from "node:crypto";
import { Refused, judgeAssertion, judgeProof } from "./proofs.mjs";
import { SELF } from "./state.mjs";

const URN = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

export function createSts(state, world, replays) {
  const nonces = new Set();
  const tokens = new Map();
  const give = () => {
    const nonce = randomBytes(12).toString("base64url");
    nonces.add(nonce);
    return nonce;
  };
  const error = (name, description, extra = {}) => ({ status: 400, body: { error: name, error_description: description }, ...extra });

  async function token(request) {
    const { issuer } = world;
    const form = Object.fromEntries(new URLSearchParams(request.body));
    let proof;
    try {
      proof = await judgeProof(request.headers, { method: "POST", url: `${issuer}/connect/token`, replays });
    } catch (cause) {
      if (!(cause instanceof Refused)) throw cause;
      return error("invalid_dpop_proof", cause.message);
    }
    if (proof.nonce === undefined || !nonces.delete(proof.nonce)) {
      return error("use_dpop_nonce", "Authorization server requires nonce in DPoP proof", { headers: { "dpop-nonce": give() } });
    }
    state.requests.push(`token ${form.client_id}`);
    const client = state.clients.get(form.client_id);
    const known = client?.confirmed && client.usableAt <= Date.now() && !(client.refusals-- > 0);
    const key = known && form.client_assertion_type === URN && (await judgeAssertion(form, client, { issuer, replays, violations: state.violations }));
    if (!key) return error("invalid_client", "");
    if (form.grant_type !== "client_credentials") return error("unsupported_grant_type", "");
    const scopes = (form.scope ?? "").split(" ");
    if (!scopes.every((scope) => client.apiScopes.some((access) => access.scope === scope && access.status === "ok"))) return error("invalid_scope", "");
    if (form.resource !== SELF.split("/")[0]) state.violations.push(`resource ${form.resource}`);
    const accessToken = randomBytes(24).toString("base64url");
    tokens.set(accessToken, { client, key, thumbprint: proof.thumbprint, scopes, until: Date.now() + 600_000 });
    return { status: 200, body: { access_token: accessToken, expires_in: 600, token_type: "DPoP", scope: form.scope }, headers: { "dpop-nonce": give() } };
  }

  const metadata = () => ({
    issuer: world.issuer,
    authorization_endpoint: `${world.issuer}/connect/authorize`,
    token_endpoint: `${world.issuer}/connect/token`,
    pushed_authorization_request_endpoint: `${world.issuer}/connect/par`,
    jwks_uri: `${world.issuer}/.well-known/openid-configuration/jwks`,
    require_pushed_authorization_requests: false,
    code_challenge_methods_supported: ["plain", "S256"],
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    grant_types_supported: ["authorization_code", "client_credentials", "refresh_token"],
    authorization_response_iss_parameter_supported: true,
  });

  return {
    tokens,
    async handle(request) {
      if (request.path === "/.well-known/openid-configuration") return { status: 200, body: metadata() };
      if (request.path === "/connect/token" && request.method === "POST") return token(request);
      return { status: 404, body: "" };
    },
  };
}
