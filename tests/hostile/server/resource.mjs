// The API on its own origin, and how any resource judges a token: place, scheme, binding, proof, nonce.
// RFC 6750 sections 2 and 3, RFC 9449 section 7, RFC 9728.
// Misbehaves by `change.resource`: `refuse` ("always" or "until refreshed twice"), `scheme` of its challenges.

import { changed } from "./change.mjs";
import { giveNonce, judgeProof } from "./judge/dpop.mjs";
import { holds, violate } from "./judge/rules.mjs";

/** What is known of the request's token, or nothing when it has been answered with a challenge. */
export async function judgeToken(world, exchange) {
  const { headers, search, form, response, url, method } = exchange;
  const [scheme = "", token = ""] = (headers.authorization ?? "").split(" ");
  const wanted = world.profile.dpop ? "dpop" : "bearer";
  if (new URLSearchParams(search).has("access_token") || "access_token" in form) violate(world, "token_place");
  holds(world, "token_scheme", scheme.toLowerCase() === wanted, scheme || "none");
  const kept = world.tokens.get(token);
  const { scheme: spelling = "DPoP" } = world.change.resource ?? {};
  if (!holds(world, "token_unknown", kept))
    return void response.answer(401, { error: "invalid_token" }, { "www-authenticate": `${spelling} error="invalid_token"` });
  if (world.profile.dpop) {
    const proof = await judgeProof(world, { ...exchange, kind: "rs", url, method, token });
    giveNonce(world, "rs", response, exchange.at);
    if (proof.nonce)
      return void response.answer(
        401,
        { error: "use_dpop_nonce" },
        { "www-authenticate": `${spelling} error="use_dpop_nonce", error_description="A nonce is wanted."` },
      );
    holds(world, "dpop_key", proof.thumbprint === kept.thumbprint);
  }
  return kept;
}

const REFUSALS = {
  always: () => true,
  "until refreshed twice": (world) => world.refreshes < 2,
};

export async function api(world, exchange) {
  const { response, method, body } = exchange;
  const known = await judgeToken(world, exchange);
  if (!known) return;
  const { refuse, redirect } = world.change.resource ?? {};
  if (redirect) return response.answer(307, undefined, { location: `${world.issuer}/resource` });
  if (refuse && REFUSALS[refuse](world)) return response.answer(401, { error: "invalid_token" }, { "www-authenticate": 'Bearer error="invalid_token"' });
  response.answer(200, { method, body, sub: known.sub });
}

/** RFC 9728: which authorization server the API trusts. */
export function resourceMetadata(world, { response }) {
  const document = { resource: `${world.api}/resource`, authorization_servers: [world.issuer], bearer_methods_supported: ["header"] };
  response.answer(200, changed(document, world.change.resourceMetadata));
}

/** Where distributed claims would be fetched. Nobody should come. */
export const claimsSource = (_, { response }) => response.answer(200, { credit_score: 650 });
