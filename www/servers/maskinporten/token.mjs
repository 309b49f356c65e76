// The token endpoint: judges an assertion by docs.digdir.no (maskinporten_protocol_jwtgrant) with `jose`, and issues a token.
// Stricter than the real one where the documents are: undocumented claims, `aud` in an array, both `kid` and `x5c` are refused.

import { SignJWT, compactVerify, decodeProtectedHeader, importJWK, importX509 } from "jose";

import { Refusal } from "./codes.mjs";
import { AUTHORITIES, judgeCertificates } from "./x5c.mjs";

const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const CLAIMS = ["aud", "iss", "iat", "exp", "jti", "scope", "resource", "pid", "consumer_org", "authorization_details"];
const AUTHORITY_OF_ORGANISATIONS = "iso6523-actorid-upis";
const YEAR = 365 * 86_400;

const isText = (value) => typeof value === "string" && value !== "";

/** Judges a request: `form` is the body, `seen` is told what came. Gives the claims of the token. */
export async function judgeGrant({ store, issuer, now, systemUsers, consents, authorities = AUTHORITIES }, request, body, seen) {
  if (request.headers["content-type"] !== "application/x-www-form-urlencoded" || new URL(request.url, issuer).search) throw new Refusal("MP-011");
  const form = new URLSearchParams(body);
  if ([...form.keys()].join() !== "grant_type,assertion" || form.get("grant_type") !== GRANT) throw new Refusal("MP-011");
  const assertion = form.get("assertion");
  let header, claims;
  try {
    header = decodeProtectedHeader(assertion);
    claims = JSON.parse(Buffer.from(assertion.split(".")[1], "base64url"));
  } catch {
    throw new Refusal("MP-011");
  }
  seen({ header, claims });
  if (!["RS256", "RS384", "RS512"].includes(header.alg)) throw new Refusal("MP-011");
  if (header.x5c !== undefined && !Array.isArray(header.x5c)) throw new Refusal("MP-123");
  if ((header.kid === undefined) === (header.x5c === undefined)) throw new Refusal("MP-011");

  const certified = header.x5c && judgeCertificates(header.x5c, authorities, now());
  // Whoever comes with a European eSeal is registered nowhere: `iss` is there, and not read.
  const client = certified?.seal ? {} : store.client(claims.iss);
  if (!certified?.seal && (!client?.active || client.integration_type !== "maskinporten")) throw new Refusal("MP-100");
  await verify(assertion, header, client, certified, now());
  for (const name in claims) if (!CLAIMS.includes(name)) throw new Refusal("Invalid assertion. Unknown claim");
  if (claims.aud !== issuer) throw new Refusal("MP-110");
  times(claims, now());
  if (claims.jti !== undefined && !isText(claims.jti)) throw new Refusal("MP-011");
  if (claims.jti && !store.use(claims.jti, now())) throw new Refusal("MP-012");

  const consumer = certified?.seal ? sealed(store, claims) : organisations(store, client, claims);
  const { resource, pid } = claims;
  if (resource !== undefined && !(isText(resource) || (Array.isArray(resource) && resource.length && resource.every(isText)))) throw new Refusal("MP-011");
  if (pid !== undefined && !/^\d{11}$/.test(pid)) throw new Refusal("MP-011");
  const details = claims.authorization_details && judgeDetails(claims.authorization_details, { client: claims.iss, systemUsers, consents });
  const id = (number) => ({ authority: AUTHORITY_OF_ORGANISATIONS, ID: `0192:${number}` });
  const method = certified?.seal?.method ?? (header.kid ? "private_key_jwt" : "virksomhetssertifikat");
  return {
    client,
    method,
    claims: {
      client_id: certified?.seal?.clientId ?? claims.iss,
      client_amr: method,
      scope: claims.scope,
      token_type: "Bearer",
      consumer: certified?.seal?.consumer ?? id(consumer),
      ...(consumer !== client.org && { supplier: id(client.org), delegation_source: "https://tt02.altinn.no/" }),
      ...(resource !== undefined && { aud: Array.isArray(resource) && resource.length === 1 ? resource[0] : resource }),
      ...(pid && { pid }),
      ...(details && { authorization_details: details }),
    },
  };
}

async function verify(assertion, header, client, certified, now) {
  let key;
  if (header.kid !== undefined) {
    const jwk = client.jwks?.keys.find(({ kid }) => kid === header.kid);
    if (!jwk) throw new Refusal("kid");
    if (Math.min(jwk.exp ?? Infinity, jwk.posted + YEAR) <= now) throw new Refusal("MP-121");
    key = await importJWK({ kty: jwk.kty, n: jwk.n, e: jwk.e }, header.alg);
  } else {
    // Once keys are registered, certificates are not taken any more.
    if (client.jwks) throw new Refusal("MP-120");
    if (!certified.seal && certified.organisation !== client.org) throw new Refusal("MP-122");
    key = await importX509(certified.own.toString(), header.alg);
  }
  await compactVerify(assertion, key).catch(() => {
    throw new Refusal("MP-124");
  });
}

/** A European business gets the scopes that are open to such, for itself alone. */
function sealed(store, { scope, consumer_org: consumer }) {
  if (!isText(scope)) throw new Refusal("MP-200", "");
  if (consumer !== undefined) throw new Refusal("MP-011");
  for (const name of scope.split(/\s+/)) {
    const known = store.scope(name);
    if (!known?.active) throw new Refusal("MP-200", name);
    if (!known.supports_european_businesses) throw new Refusal("MP-250", name);
  }
  return undefined;
}

/** The documented life of 120 seconds; the clock's checks as they are known to be: 10 seconds of slack ahead and after the end. */
function times({ iat, exp }, now) {
  if (!Number.isInteger(iat) || !Number.isInteger(exp)) throw new Refusal("MP-011");
  if (exp - iat > 120) throw new Refusal("Invalid assertion. JWT has too long lifetime.");
  if (now + 10 < iat) throw new Refusal("Issue time is in the future.");
  if (now - 10 > exp) throw new Refusal("MP-130");
}

/** The consumer, when all its scopes may be given to it. */
function organisations(store, client, { scope, consumer_org: consumer }) {
  if (!isText(scope)) throw new Refusal("MP-200", "");
  if (consumer !== undefined && !/^\d{9}$/.test(consumer)) throw new Refusal("MP-011");
  if (consumer === client.org)
    throw new Refusal("Validation of JWT claim failed: The combination consumer_org in claim and delegation scope on client is invalid");
  for (const name of scope.split(/\s+/)) {
    const known = store.scope(name);
    if (!known?.active || !(client.scopes.includes(name) || known.accessible_for_all)) throw new Refusal("MP-200", name);
    if (known.allowed_integration_types && !known.allowed_integration_types.includes("maskinporten")) throw new Refusal("MP-201");
    if (consumer && !known.delegation_source) throw new Refusal("MP-251", consumer, name, client.org);
    const who = consumer ?? client.org;
    const granted = known.accessible_for_all || known.owner_orgno === who || store.access(name, who)?.state === "APPROVED";
    if (!granted) throw new Refusal("MP-250", name);
    if (consumer && !store.delegated(consumer, client.org, name)) throw new Refusal("MP-251", consumer, name, client.org);
  }
  return consumer ?? client.org;
}

function judgeDetails(details, { client, systemUsers, consents }) {
  if (!Array.isArray(details) || details.length !== 1) throw new Refusal("MP-303");
  const [entry] = details;
  const only = (object, names) => {
    for (const name in object) if (!names.includes(name)) throw new Refusal("MP-302");
  };
  if (entry?.type === "urn:altinn:systemuser") {
    only(entry, ["type", "systemuser_org", "externalRef"]);
    only(entry.systemuser_org, ["authority", "ID"]);
    const { authority, ID } = entry.systemuser_org ?? {};
    const found = systemUsers.find(
      (one) =>
        authority === AUTHORITY_OF_ORGANISATIONS &&
        ID === `0192:${one.organisation}` &&
        one.clients.includes(client) &&
        (one.externalRef ?? one.organisation) === (entry.externalRef ?? one.organisation),
    );
    if (!found) throw new Refusal("MP-303");
    return [{ type: entry.type, systemuser_id: [found.id], systemuser_org: { authority, ID }, system_id: found.system }];
  }
  if (entry?.type === "urn:altinn:consent") {
    only(entry, ["type", "id", "from"]);
    const found = consents.find(({ id, from }) => id === entry.id && from === entry.from);
    if (!found) throw new Refusal("MP-303");
    return [{ ...entry, to: found.to, consented: found.consented, validTo: found.validTo, consentRights: [] }];
  }
  throw new Refusal("MP-301");
}

/** Signs a token and words the answer. */
export async function issue({ issuer, now, signer, store }, { client, claims }) {
  const ages = claims.scope.split(/\s+/).map((name) => store.scope(name).at_max_age || Infinity);
  const life = Math.min(client.access_token_lifetime || 120, ...ages);
  const token = await signed({ issuer, now, signer }, claims, life);
  return { access_token: token, token_type: "Bearer", expires_in: life, scope: claims.scope };
}

/** A token of this server's with these claims. */
export const signed = ({ issuer, now, signer }, claims, life) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "RS256", kid: signer.kid })
    .setIssuer(issuer)
    .setIssuedAt(now())
    .setExpirationTime(now() + life)
    .setJti(crypto.randomUUID())
    .sign(signer.privateKey);
