// The lines by which the core knows keys and the rules of assertions.

import { isObject } from "../core/check.js";
import type { Value } from "../core/wasm.js";
import { now } from "../core/clock.js";
import { type SigningKey, inTime } from "../crypto/keys.js";
import type { AssertionRules, Presence } from "./profile.js";
import { parseJwtPart } from "../crypto/webcrypto.js";

/** @internal What the core knows of a key: algorithm, public JWK, key id, certificate names. No lines' worth for none. */
export const keyLines = (key?: SigningKey): Value[] => [
  key?.alg,
  key && jwkLine(key),
  key?.kid,
  key?.certificate?.x5t,
  key?.certificate?.x5tS256,
  key?.certificate?.x5c.join(","),
];

const LETTERS: Readonly<Record<Presence, string>> = { never: "n", if_known: "k", always: "a" };

/** @internal An object of JSON as a line; nothing for none. */
export const json = (claims?: object): string => (claims ? JSON.stringify(claims) : "");

/** @internal How an assertion looks. */
export function ruleLines(rules: AssertionRules): Value[] {
  const { audience = "issuer", kid = "if_known", x5t = "never", x5tS256 = "never", x5c = "never", typ = "JWT", lifetime = 60 } = rules;
  // One text: an array of audiences would let each of them use the assertion at another (CVE-2025-27370).
  const literal = isObject(audience) && typeof audience["literal"] === "string" && audience["literal"];
  const aud = literal ? `l${literal}` : ({ issuer: "i", endpoint: "e" }[String(audience)] ?? "");
  const members = [kid, x5t, x5tS256, x5c].map((presence) => LETTERS[presence] ?? "?").join("");
  return [aud, members, typ ?? "", lifetime, rules.notBefore ? 1 : "", rules.algorithms?.join(" "), json(rules.claims), rules.clientId === false ? "" : 1];
}

/** @internal Signs a statement of a client's; one that names a certificate out of its time is refused instead. */
export async function signInput(key: SigningKey, input: string, offset: number): Promise<Uint8Array> {
  if (key.certificate && ["x5t", "x5t#S256", "x5c"].some((name) => name in parseJwtPart(input, 0))) inTime(key, now() + offset);
  return key.sign(input);
}

/** @internal The public key as a proof names it: its required members. */
export const jwkLine = ({ publicJwk }: SigningKey): string => {
  let text = jwkTexts.get(publicJwk);
  if (text === undefined) jwkTexts.set(publicJwk, (text = JSON.stringify(publicJwk)));
  return text;
};
const jwkTexts = new WeakMap<object, string>();
