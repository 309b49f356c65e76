// The certificates in an assertion's header: who signed, by which authority (docs.digdir.no, maskinporten_protocol_jwtgrant and
// maskinporten_func_european_eseals). The organisation number stands in the subject: `serialNumber`, or since SEID 2.0
// `organizationIdentifier` as NTRNO- and the number. node:crypto verifies each certificate by the next.
// Stricter than the real one where the documents are: a chain that leaves an authority out is refused, also of a Norwegian one.

import { X509Certificate } from "node:crypto";

import { AUTHORITY } from "./certificates.mjs";
import { Refusal } from "./codes.mjs";

/** Those that are trusted unless a test says otherwise. */
export const AUTHORITIES = { norwegian: [AUTHORITY], european: [] };

const read = (base64) => {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw new Refusal("MP-123");
  try {
    return new X509Certificate(Buffer.from(base64, "base64"));
  } catch {
    throw new Refusal("MP-123");
  }
};
const issuedBy = (one, other) => one.checkIssued(other) && one.verify(other.publicKey);
const part = (certificate, name) => new RegExp(`^${name}=(.*)$`, "m").exec(certificate.subject)?.[1];

/**
 * Judges the certificates: the organisation's own first, each issued by the next, the last by a root that is trusted, all of them valid.
 *
 * @returns the certificate; its Norwegian organisation number, or for a European business how a token names it, and whether it
 * is a qualified one.
 */
export function judgeCertificates(x5c, { norwegian, european }, now) {
  if (!x5c.length) throw new Refusal("MP-123");
  const chain = x5c.map(read);
  const valid = ({ validFrom, validTo }) => Date.parse(validFrom) / 1000 <= now && now < Date.parse(validTo) / 1000;
  if (!chain.every(valid) || chain.some((one, at) => at > 0 && !(one.ca && issuedBy(chain[at - 1], one)))) throw new Refusal("MP-120");
  const endsAt = (pem) => {
    const root = new X509Certificate(pem);
    return valid(root) && (issuedBy(chain.at(-1), root) || (chain.length > 1 && chain.at(-1).raw.equals(root.raw)));
  };
  const [own] = chain;
  if (norwegian.some(endsAt)) {
    const [, organisation] = /^(?:serialNumber=|organizationIdentifier=NTRNO-)(\d{9})$/m.exec(own.subject) ?? [];
    return { own, organisation };
  }
  const seal = european.find(({ pem }) => endsAt(pem));
  if (!seal) throw new Refusal("MP-120");
  const consumer = {
    authority: "etsi-en-319-412",
    ID: part(own, "organizationIdentifier"),
    organizationName: part(own, "O"),
    commonName: part(own, "CN"),
    countryName: part(own, "C"),
  };
  if (!consumer.ID) throw new Refusal("MP-120");
  return { own, seal: { consumer, clientId: `eidas-${own.serialNumber}`, method: seal.qualified ? "QCForESeal" : "CForESeal" } };
}
