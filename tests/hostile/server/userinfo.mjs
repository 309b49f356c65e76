// Userinfo: judges how the token comes, and answers in JSON or as a JWT.
// OpenID Connect Core section 5.3, RFC 6750 section 2.1; aggregated and distributed claims, section 5.6.2.
// Misbehaves by `change.userinfo`.

import { changed } from "./change.mjs";
import { judgeToken } from "./resource.mjs";
import { issue } from "./sign.mjs";

export async function userinfo(world, exchange) {
  const { response } = exchange;
  const known = await judgeToken(world, exchange);
  if (!known) return;
  const { redirect, status = 200, body, headers, claims, ...change } = world.change.userinfo ?? {};
  if (redirect) return response.answer(302, undefined, { location: `${world.api}/userinfo` });
  const person = { sub: known.sub, name: "Kari Nordmann", given_name: "Kari" };
  if (claims === "aggregated") Object.assign(person, await aggregated(world));
  if (claims === "distributed")
    Object.assign(person, {
      _claim_names: { credit_score: "other" },
      _claim_sources: { other: { endpoint: `${world.issuer}/claims`, access_token: "other-token" } },
    });
  if (!world.profile.signedUserinfo) return response.answer(status, body ?? changed(person, change), headers);
  const jwt = await issue(world, { ...person, iss: world.issuer, aud: world.client.id }, change);
  response.answer(status, jwt, { "content-type": "application/jwt" });
}

async function aggregated(world) {
  const jwt = await issue(world, { iss: world.issuer, credit_score: 650 });
  return { _claim_names: { credit_score: "first" }, _claim_sources: { first: { JWT: jwt } } };
}
