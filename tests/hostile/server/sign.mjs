// Makes the server's JWTs: id_tokens, JARM answers, signed userinfo, logout tokens; and makes them wrong on demand.
// RFC 7515, RFC 7518, RFC 7519. Good ones are signed by npm `jose`; headers that it declines, by Node's own crypto.
// Refuses a way of signing that it does not know.

import { constants, createCipheriv, createHmac, createPrivateKey, createPublicKey, publicEncrypt, randomBytes, sign as signature } from "node:crypto";
import { CompactEncrypt, CompactSign, importJWK } from "jose";
import { changed } from "./change.mjs";
import { key, pem } from "./keys.mjs";

const encoded = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** Every octet of the signature XOR 0x5A. */
export function spoiled(jwt) {
  const at = jwt.lastIndexOf(".") + 1;
  return jwt.slice(0, at) + Buffer.from(Buffer.from(jwt.slice(at), "base64url").map((one) => one ^ 0x5a)).toString("base64url");
}

const PADDING = {
  RS256: { padding: constants.RSA_PKCS1_PADDING },
  PS256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  ES256: { dsaEncoding: "ieee-p1363" },
};

function byNode(input, { alg, privateJwk }) {
  const privateKey = createPrivateKey({ key: privateJwk, format: "jwk" });
  return signature(alg === "EdDSA" ? null : "sha256", Buffer.from(input), { key: privateKey, ...PADDING[alg] });
}

/** Ways of signing; each takes header, payload text, signing key and world, and gives a compact JWS. */
const WAYS = {
  good: async (header, payload, signer) => new CompactSign(Buffer.from(payload)).setProtectedHeader(header).sign(signer.privateKey),
  /** By `jose` too, then spoiled. */
  xor: async (header, payload, signer) => spoiled(await WAYS.good(header, payload, signer)),
  /** An unsigned JWT. */
  none: async (header, payload) => `${encoded({ ...header, alg: "none", kid: undefined })}.${encoded(payload)}.`,
  /** With the header exactly as the change leaves it, whatever it says. */
  raw: async (header, payload, signer) => {
    const input = `${encoded(header)}.${encoded(payload)}`;
    return `${input}.${byNode(input, signer).toString("base64url")}`;
  },
  /** The header's text comes from `text`. */
  empty: async (header, payload) => `${encoded(header)}.${encoded(payload)}.`,
  /** r and s are 0 (CVE-2022-21449). */
  zero: async (header, payload) => `${encoded(header)}.${encoded(payload)}.${Buffer.alloc(64).toString("base64url")}`,
  /** HMAC with the client's secret. */
  secret: async (header, payload, _, world) => hmac({ ...header, alg: "HS256" }, payload, world.client.secret),
  "secret, spoiled": async (header, payload, _, world) => spoiled(hmac({ ...header, alg: "HS256", kid: undefined }, payload, world.client.secret)),
  /** HMAC with the PEM text of the public key. */
  public: async (header, payload, signer) => hmac({ ...header, alg: "HS256" }, payload, pem(signer.publicJwk)),
};

function hmac(header, payload, secret) {
  const input = `${encoded(header)}.${encoded(payload)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

/** What is made of a signed JWT before it is sent. */
const WRAPS = {
  "JWE RSA-OAEP": async (jwt, world) => {
    const recipient = await importJWK({ ...(await key("client RS256")).publicJwk, alg: "RSA-OAEP" });
    return new CompactEncrypt(Buffer.from(jwt)).setProtectedHeader({ alg: "RSA-OAEP", enc: "A256GCM", cty: "JWT" }).encrypt(recipient);
  },
  "JWE RSA1_5": (jwt) => jweRsa15(jwt),
  "JWE with zip": (jwt) => jweRsa15(jwt, { zip: "DEF" }),
  "JWE PBES2": () => `${encoded({ alg: "PBES2-HS256+A128KW", enc: "A128GCM", p2c: 2 ** 31 - 1, p2s: "c2FsdA" })}.AAAA.AAAA.AAAA.AAAA`,
  "JWE broken": () => `${encoded({ alg: "dir", enc: "A128CBC-HS256" })}...AA.`,
  "JSON serialisation": (jwt) => {
    const [protectedHeader, payload, signed] = jwt.split(".");
    return JSON.stringify({ payload, signatures: [{ protected: protectedHeader, signature: signed }] });
  },
  "compact within JSON": (jwt) => `${JSON.stringify({ payload: jwt.split(".")[1] })}.${jwt}`,
  "many dots": (jwt) => `${jwt}${".".repeat(500_000)}`,
  padding: (jwt) => `${jwt}==`,
  "white space": (jwt) => `${jwt}\n`,
};

/** Decrypts in a client that has the key and takes RSA1_5, so that it is the algorithm that is refused. */
async function jweRsa15(jwt, more = {}) {
  const { publicJwk } = await key("client RS256");
  const secret = randomBytes(16);
  const iv = randomBytes(12);
  const header = encoded({ alg: "RSA1_5", enc: "A128GCM", cty: "JWT", ...more });
  const wrapped = publicEncrypt({ key: createPublicKey({ key: publicJwk, format: "jwk" }), padding: constants.RSA_PKCS1_PADDING }, secret);
  const cipher = createCipheriv("aes-128-gcm", secret, iv).setAAD(Buffer.from(header));
  const text = Buffer.concat([cipher.update(jwt), cipher.final()]);
  return [header, ...[wrapped, iv, text, cipher.getAuthTag()].map((part) => part.toString("base64url"))].join(".");
}

/** `jwk` and the like in a header name an attacker's key, which then also signs. */
async function headerOf(world, signer, change) {
  const header = changed({ alg: signer.alg, kid: signer.kid, ...world.typ }, change.header);
  if (header.jwk === "attacker") header.jwk = (await key("attacker RS256")).publicJwk;
  return header;
}

/** A JWT of the server's, with the changes of a fault. `typ` is set where the token has one. */
export async function issue(world, claims, change = {}, { typ } = {}) {
  const signer = await key(change.key ?? world.signing());
  const header = await headerOf({ typ: typ && { typ } }, signer, change);
  const payload = change.text ?? JSON.stringify(changed(claims, change));
  const way = WAYS[change.sign ?? "good"];
  if (!way) throw new Error(`no way to sign ${change.sign}`);
  const jwt = await way(header, payload, signer, world);
  if (change.wrap && !WRAPS[change.wrap]) throw new Error(`no way to wrap ${change.wrap}`);
  return change.wrap ? WRAPS[change.wrap](jwt, world) : jwt;
}
