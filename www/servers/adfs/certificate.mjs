// Self-signed certificates with the validity a test asks for: an RSA key and X.509 v3 in DER, written by hand.
// RFC 5280 section 4.1; node:crypto reads what is made here back, so that it is one.
// Refuses nothing: expired certificates are what it is for.

import { X509Certificate, createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";

const der = (tag, ...parts) => {
  const body = Buffer.concat(parts);
  const length = body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...parts) => der(0x30, ...parts);
const object = (hex) => der(0x06, Buffer.from(hex, "hex"));
const SHA256_RSA = sequence(object("2a864886f70d01010b"), der(0x05));
const name = (text) => sequence(der(0x31, sequence(object("550403"), der(0x0c, Buffer.from(text)))));
/** UTCTime up to 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5). */
const time = (date) => {
  const text = date.toISOString().replace(/[-:T]|\.\d+/g, "");
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
};
let serial = 1;

/** A certificate valid from `from` to `to` (days from now), for a key of its own or the one given. */
export function certificate({ from = -1, to = 365, keys = generateKeyPairSync("rsa", { modulusLength: 2048 }) } = {}) {
  const day = (days) => new Date(Date.now() + days * 86_400_000);
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([serial++])),
    SHA256_RSA,
    name("samtykke test"),
    sequence(time(day(from)), time(day(to))),
    name("samtykke test"),
    keys.publicKey.export({ type: "spki", format: "der" }),
  );
  const raw = sequence(body, SHA256_RSA, der(0x03, Buffer.from([0]), sign("sha256", body, keys.privateKey)));
  const pem = `-----BEGIN CERTIFICATE-----\n${raw
    .toString("base64")
    .match(/.{1,64}/g)
    .join("\n")}\n-----END CERTIFICATE-----\n`;
  const read = new X509Certificate(pem);
  if (!read.verify(keys.publicKey)) throw new Error("the certificate made here is none");
  return {
    keys,
    pem,
    read,
    keyPem: keys.privateKey.export({ type: "pkcs8", format: "pem" }),
    x5t: createHash("sha1").update(raw).digest("base64url"),
    x5tHex: createHash("sha1").update(raw).digest("hex"),
    x5tS256: createHash("sha256").update(raw).digest("base64url"),
    /** What is sometimes taken for it: the hash of the public key. */
    keyHash: createHash("sha1")
      .update(createPublicKey(createPrivateKey(keys.privateKey.export({ type: "pkcs8", format: "pem" }))).export({ type: "spki", format: "der" }))
      .digest("base64url"),
  };
}
