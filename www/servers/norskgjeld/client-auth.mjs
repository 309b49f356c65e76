// Authenticates a client at the token and revocation endpoints, the one way this server offers.
// RFC 6749 2.3.1 (client_secret_basic) with Hydra's order of checks and status codes.
// Refuses a secret in the body (401), a broken escape in the header (400), and any other pair (401).

import { readBasic, sameSecret } from "./basic.mjs";

export class Refusal extends Error {
  constructor(status, error, description) {
    super(error);
    Object.assign(this, { status, error, description });
  }
}

const invalidClient = (description) => new Refusal(401, "invalid_client", description);

export function authenticateClient({ authorization, form, clients, journal, endpoint }) {
  const sin = (code, detail) => journal.violation(code, endpoint, detail);
  const basic = readBasic(authorization);
  if (form.has("client_secret")) {
    sin("secret_in_body", "client_secret was sent in the form body");
    throw invalidClient("This client must authenticate with 'client_secret_basic', not with a secret in the body.");
  }
  if (basic.absent) {
    if (!form.get("client_id")) throw new Refusal(400, "invalid_request", "Client credentials are missing or malformed.");
    sin("client_unauthenticated", "no HTTP Basic credentials were sent");
    throw invalidClient("This client must authenticate with 'client_secret_basic'.");
  }
  if (basic.broken) {
    sin("basic_not_form_encoded", `${basic.broken} was not form-encoded before base64`);
    throw new Refusal(400, "invalid_request", `The ${basic.broken} in the Authorization header could not be form-url-decoded.`);
  }
  const client = clients.get(basic.id);
  const accepted = client !== undefined && sameSecret(client.secret, basic.secret);
  if (!accepted) {
    const known = clients.get(basic.raw.id);
    if (known && sameSecret(known.secret, basic.raw.secret)) {
      sin("basic_not_form_encoded", "client_secret was not form-encoded before base64");
    }
    throw invalidClient("Client authentication failed.");
  }
  if (form.has("client_id") && form.get("client_id") !== client.id) {
    throw new Refusal(400, "invalid_request", "The client_id in the body is not the one in the Authorization header.");
  }
  return client;
}
