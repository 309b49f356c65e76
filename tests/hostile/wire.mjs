// What was really sent: reads a client's recorded HTTP and names each difference from a correct run, in the words of `sends`.
// Knows nothing of the fault table; signatures are judged by npm `jose` with the server's public keys.
// Refuses to look away: a difference that a row does not name fails the test of the server.

import { compactVerify, decodeJwt, decodeProtectedHeader } from "jose";
import { leftHalf, key } from "./server/keys.mjs";
import { spoiled } from "./server/sign.mjs";

const clock = () => Math.floor(Date.now() / 1000);

/** A `fetch` that keeps a copy of every exchange. */
export function recorder() {
  const exchanges = [];
  const fetch = async (url, options) => {
    const response = await globalThis.fetch(url, options);
    exchanges.push({ at: clock(), url: String(url), status: response.status, headers: response.headers, text: await response.clone().text() });
    return response;
  };
  return { fetch, exchanges };
}

/** How a value differs from the right one; `undefined` when it does not. */
function difference(found, right) {
  if (JSON.stringify(found) === JSON.stringify(right)) return undefined;
  if (found === undefined) return "removed";
  if (right === undefined) return "added";
  if (typeof found === "string" && typeof right === "string" && found.startsWith(right)) return `+${found.slice(right.length)}`;
  if (Array.isArray(found) && found[0] === right) return `[${found.map((one) => (one === right ? "it" : `it+${one.slice(right.length)}`)).join(", ")}]`;
  return typeof found === "string" ? found : JSON.stringify(found);
}

function differences(label, found, right, out) {
  for (const name of new Set([...Object.keys(found), ...Object.keys(right)])) {
    const said = difference(found[name], right[name]);
    if (said) out.push(`${label} ${name} ${said}`);
  }
}

/** Times are right when near; otherwise the difference is told in seconds. */
function times(label, found, right, now, out) {
  for (const [name, [from, at]] of Object.entries(right)) {
    if (typeof found[name] !== "number") out.push(`${label} ${name} ${found[name] === undefined ? "removed" : JSON.stringify(found[name])}`);
    else if (Math.abs(found[name] - at) > 3) out.push(`${label} ${name} ${from === "now" ? `now${rounded(found[name] - now)}` : rounded(found[name] - at)} s`);
  }
}

const rounded = (seconds) => `${seconds < 0 ? "" : "+"}${Math.abs(seconds) > 1000 ? Math.round(seconds / 100) * 100 : Math.round(seconds / 10) * 10}`;

/** Header and signature: `alg`, `kid`, and whether the right key made it. */
async function signature(label, jwt, { alg, kid, typ }, out, secret) {
  if (jwt.split(".").length === 5) return void out.push(`${label} encrypted, ${decodeProtectedHeader(jwt).alg}`);
  const header = decodeProtectedHeader(jwt);
  if (header.alg === "none") return void out.push(jwt.endsWith(".") ? `${label} unsigned` : `${label} alg none, with a signature`);
  if (header.alg !== alg) out.push(`${label} alg ${header.alg}`);
  if (header.alg !== "HS256" && header.kid !== kid) out.push(`${label} kid ${header.kid ?? "removed"}`);
  if (typ && header.typ !== typ) out.push(`${label} typ ${header.typ ?? "removed"}`);
  const names = header.alg === "HS256" ? [] : [header.alg, `${header.alg} next`, `${header.alg} alternate`];
  const keys = secret && header.alg === "HS256" ? [Buffer.from(secret)] : [];
  for (const name of names)
    keys.push(
      await key(name).then(
        (one) => one.publicKey,
        () => undefined,
      ),
    );
  const fits = async (text) => {
    for (const one of keys.filter(Boolean))
      if (
        await compactVerify(text, one).then(
          () => true,
          () => false,
        )
      )
        return true;
    return false;
  };
  if (!(await fits(jwt))) out.push((await fits(spoiled(jwt))) ? `${label} signature ^5A` : `${label} signature of nobody`);
}

/** Claims of an id_token beside what they should be. */
function idToken(label, jwt, { world, nonce, code, state, accessToken, hashes, now = clock() }, out) {
  if (jwt.split(".").length === 5) return;
  const { exp, iat, auth_time: authTime, ...claims } = decodeJwt(jwt);
  const right = { iss: world.issuer, sub: "person-1", aud: world.client.id, ...(nonce && { nonce }) };
  const values = { at_hash: accessToken, c_hash: code, s_hash: state };
  for (const name of hashes) if (values[name]) right[name] = leftHalf(values[name]);
  if (claims.c_hash && !hashes.includes("c_hash")) right.c_hash = leftHalf(code);
  differences(label, claims, right, out);
  times(label, { exp, iat }, { exp: ["now", now + 300], iat: ["iat", now] }, now, out);
}

/**
 * @param {object} outcome of `drive`
 * @param {object[]} exchanges of a `recorder`
 * @returns {Promise<string[]>} sorted
 */
export async function observed(outcome, exchanges) {
  const {
    answers: [answer],
    back,
    logoutToken: logout,
  } = outcome;
  const started = [...outcome.world.codes.values()];
  const { world } = outcome;
  const { profile } = world;
  const out = [];
  const at = (path) => exchanges.filter(({ url }) => new URL(url).pathname === path);
  const right = { alg: profile.alg, kid: "server-1" };
  const metadata = at("/.well-known/openid-configuration")[0];
  if (metadata) differences("metadata", { issuer: JSON.parse(metadata.text).issuer }, { issuer: world.issuer }, out);

  let values = {};
  if (answer) {
    const query = answer.body ?? new URL(answer).search;
    values = Object.fromEntries(new URLSearchParams(query));
    if (values.response) {
      await signature("JARM", values.response, right, out);
      const { exp, ...claims } = decodeJwt(values.response);
      differences("JARM", claims, { iss: world.issuer, aud: world.client.id, code: claims.code, state: started[0].state }, out);
      times("JARM", { exp }, { exp: ["now", clock() + 300] }, clock(), out);
      values = claims;
    } else {
      const { code = [...world.codes.keys()][0] } = values;
      differences("callback", values, { code, state: started[0].state, ...(profile.iss && { iss: world.issuer }) }, out);
      if (values.id_token) {
        await signature("front-channel id_token", values.id_token, right, out);
        idToken(
          "front-channel id_token",
          values.id_token,
          { world, ...started[0], code, accessToken: values.access_token, hashes: ["at_hash", "c_hash", "s_hash"] },
          out,
        );
      }
    }
  }

  const answers = [...at("/token"), ...at("/mtls/token")].filter((one) => one.status === 200).map((one) => ({ at: one.at, ...JSON.parse(one.text) }));
  for (const [number, tokens] of answers.entries()) {
    const refreshed = number > 0 && outcome.steps.includes("refresh");
    const label = refreshed ? "refreshed id_token" : "id_token";
    differences(
      "token",
      { token_type: tokens.token_type, expires_in: tokens.expires_in, scope: tokens.scope },
      { token_type: profile.dpop ? "DPoP" : "Bearer", expires_in: 300, scope: profile.scope },
      out,
    );
    const rotated = number > 0 && world.rotations > 0;
    if (rotated && decodeProtectedHeader(tokens.id_token).kid === "server-2") out.push("key rotated");
    await signature(label, tokens.id_token, rotated ? { ...right, kid: "server-2" } : right, out, world.client.secret);
    const about = refreshed ? {} : { ...started[number], code: values.code };
    idToken(
      label,
      tokens.id_token,
      { world, ...about, now: tokens.at, accessToken: tokens.access_token, hashes: refreshed ? ["at_hash"] : profile.hashes },
      out,
    );
  }

  const keys = at(world.jwksPath)[0] ?? { text: await sent(world) };
  const list = JSON.parse(keys.text).keys;
  const usual = 1 + (profile.decoys ? 3 - (["PS256", "ES256"].includes(profile.alg) ? 1 : 0) : 0);
  const named = list.filter((one) => one.kid).length;
  if (list.length !== usual || named !== usual) out.push(`jwks ${list.length} keys, ${named} with kid`);

  const info = at("/userinfo").find((one) => one.status === 200);
  if (info) {
    const signed = info.headers.get("content-type") === "application/jwt";
    if (signed) await signature("userinfo", info.text, right, out);
    const { name, given_name: givenName, iss, aud, ...claims } = signed ? decodeJwt(info.text) : JSON.parse(info.text);
    differences("userinfo", claims, { sub: "person-1" }, out);
  }

  const challenges = at("/resource")
    .filter((one) => one.status === 401)
    .map((one) => one.headers.get("www-authenticate"));
  for (const challenge of challenges) {
    if (!challenge.includes("use_dpop_nonce")) out.push(`api 401 ${challenge}`);
    else if (!challenge.startsWith("DPoP ")) out.push(`api 401 scheme ${challenge.split(" ")[0]}`);
  }

  if (logout) {
    await signature("logout token", logout, { ...right, typ: "logout+jwt" }, out);
    const { iat, exp, jti, ...claims } = decodeJwt(logout);
    differences(
      "logout token",
      claims,
      { iss: world.issuer, sub: "person-1", aud: world.client.id, events: { "http://schemas.openid.net/event/backchannel-logout": {} } },
      out,
    );
  }
  if (back) differences("logout", { state: back.found }, { state: back.sent }, out);
  return [...new Set(out)].sort();
}

/** The JWKS of a run in which the client did not ask for it. */
async function sent(world) {
  const { jwks } = await import("./server/discovery.mjs");
  let text;
  await jwks(world, { response: { answer: (_, value) => (text = JSON.stringify(value)) } });
  return text;
}

/** All that came to the client as text, each exchange with status and path, its JWTs also decoded. */
export function heard(outcome, exchanges) {
  const jwt = /[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*(?=\.)/g;
  const decoded = (text) =>
    [...text.matchAll(jwt)].map(([both]) =>
      both
        .split(".")
        .map((part) => Buffer.from(part, "base64url").toString())
        .join("\n"),
    );
  const answers = outcome.answers.map((answer) => answer.body ?? answer);
  return [...exchanges.flatMap(({ url, status, text }) => [`${status} ${new URL(url).pathname}`, text, ...decoded(text)]), ...answers].join("\n");
}
