// Certificate chains for tests: a root, authorities under it, an organisation's certificate, each with a key and a validity of its
// own. X.509 v3 in DER, written by hand (RFC 5280 sections 4.1 and 4.2.1.9); node:crypto reads each back and verifies it.
// Refuses nothing: wrong and expired chains are what it is for.

import { X509Certificate, generateKeyPairSync, sign } from "node:crypto";

const der = (tag, ...parts) => {
  const body = Buffer.concat(parts);
  const length = body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...parts) => der(0x30, ...parts);
const object = (hex) => der(0x06, Buffer.from(hex, "hex"));
const SHA256_RSA = sequence(object("2a864886f70d01010b"), der(0x05));
/** Attributes of a name (RFC 5280 appendix A.1; ETSI EN 319 412-1 for the identifier). */
const ATTRIBUTES = { CN: "550403", serialNumber: "550405", C: "550406", O: "55040a", organizationIdentifier: "550461" };
const nameOf = (attributes) =>
  sequence(...Object.entries(attributes).map(([name, text]) => der(0x31, sequence(object(ATTRIBUTES[name]), der(0x0c, Buffer.from(text))))));
const time = (days) =>
  der(
    0x17,
    Buffer.from(
      new Date(Date.now() + days * 86_400_000)
        .toISOString()
        .replace(/[-:T]|\.\d+/g, "")
        .slice(2),
    ),
  );
const AUTHORITY = der(0xa3, sequence(sequence(object("551d13"), der(0x01, Buffer.from([0xff])), der(0x04, sequence(der(0x01, Buffer.from([0xff])))))));
let serial = 0x1000;

/**
 * A certificate for `subject`, by `issuer` or by itself. `from` and `to` are days from now; `authority` may issue others.
 *
 * @returns its keys, name, PEM, and as node:crypto reads it.
 */
export function issued(subject, { issuer, authority = false, from = -1, to = 365, keys = generateKeyPairSync("rsa", { modulusLength: 2048 }) } = {}) {
  const by = issuer ?? { keys, name: nameOf(subject) };
  const name = nameOf(subject);
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([serial >> 8, serial++ & 0xff])),
    SHA256_RSA,
    by.name,
    sequence(time(from), time(to)),
    name,
    keys.publicKey.export({ type: "spki", format: "der" }),
    ...(authority ? [AUTHORITY] : []),
  );
  const raw = sequence(body, SHA256_RSA, der(0x03, Buffer.from([0]), sign("sha256", body, by.keys.privateKey)));
  const pem = `-----BEGIN CERTIFICATE-----\n${raw
    .toString("base64")
    .match(/.{1,64}/g)
    .join("\n")}\n-----END CERTIFICATE-----\n`;
  const read = new X509Certificate(pem);
  if (!read.verify(by.keys.publicKey)) throw new Error("the certificate made here is none");
  return { keys, name, pem, read, keyPem: keys.privateKey.export({ type: "pkcs8", format: "pem" }) };
}

/** A root and an authority under it, by a name. */
export function authorities(name, options = {}) {
  const root = issued({ C: "NO", O: name, CN: `${name} root` }, { authority: true });
  const ca = issued({ C: "NO", O: name, CN: `${name} class 3` }, { issuer: root, authority: true, ...options });
  /** An organisation's certificate, and the PEM of the whole chain without the root. */
  const organisation = (subject, more = {}) => {
    const own = issued(subject, { issuer: ca, ...more });
    return { ...own, chain: own.pem + ca.pem };
  };
  return { root, ca, organisation };
}
