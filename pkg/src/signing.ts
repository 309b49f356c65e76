// What a client signs: assertions, request objects, proofs. The core words each in one call; the key signs; a fresh `jti` for each.

import { heldBy, type ClientAuthentication } from "./authentication.js";
import { isObject } from "./check.js";
import { type Value, call } from "./engine.js";
import { now } from "./flow.js";
import type { SigningKey } from "./keys.js";
import type { AssertionRules, Presence } from "./provider.js";
import { base64url } from "./webcrypto.js";

/** @internal What the core says of a key in a header: algorithm, key id, certificate names. */
export const keyLines = ({ alg, kid, certificate }: SigningKey): Value[] => [
  alg, kid, certificate?.x5t, certificate?.x5tS256, certificate?.x5c.join(","),
];

const LETTERS: Readonly<Record<Presence, string>> = { never: "n", if_known: "k", always: "a" };

/** @internal An object of JSON as a line; nothing for none. */
export const json = (claims?: object): string => (claims ? JSON.stringify(claims) : "");

function ruleLines(rules: AssertionRules): Value[] {
  const { audience = "issuer", kid = "if_known", x5t = "never", x5tS256 = "never", x5c = "never", typ = "JWT", lifetime = 60 } = rules;
  // One text: an array of audiences would let each of them use the assertion at another (CVE-2025-27370).
  const literal = isObject(audience) && typeof audience["literal"] === "string" && audience["literal"];
  const aud = literal ? `l${literal}` : ({ issuer: "i", endpoint: "e" }[String(audience)] ?? "");
  const members = [kid, x5t, x5tS256, x5c].map((presence) => LETTERS[presence] ?? "?").join("");
  return [aud, members, typ ?? "", lifetime, rules.notBefore ? 1 : "", rules.algorithms?.join(" "), json(rules.claims)];
}

/** @internal Signs what the core worded. */
export const signed = async (key: SigningKey, input: string): Promise<string> => `${input}.${base64url(await key.sign(input))}`;

/** @internal Whose assertion, for whom. */
export interface Statement {
  readonly issuer: string;
  readonly subject?: string | undefined;
  /** The server's issuer identifier. */
  readonly server: string;
  /** Where the request goes. */
  readonly address: string;
  readonly claims?: object | undefined;
  /** Seconds to add to this machine's clock. */
  readonly offset: number;
}

const assertionLines = (rules: AssertionRules, { issuer, subject, server, address, claims, offset }: Statement): Value[] => [
  "assertion", ...ruleLines(rules), issuer, subject, server, address, crypto.randomUUID(), now() + offset, json(claims),
];

/** @internal A signed statement: a client assertion, or the assertion of a grant. */
export const assertion = (key: SigningKey, rules: AssertionRules, statement: Statement): Promise<string> =>
  signed(key, call([...assertionLines(rules, statement), ...keyLines(key)]));

/** @internal The assertion by which a client authenticates; nothing for the methods that have none. */
export function clientAssertion(authentication: ClientAuthentication, profile: AssertionRules | undefined, statement: Statement): Promise<string> | string | undefined {
  const { secret, key, rules } = heldBy(authentication)!;
  const merged = { ...profile, ...rules };
  if (key) return assertion(key, merged, statement);
  if (authentication.method === "client_secret_jwt") return call([...assertionLines(merged, statement), "", secret]);
  return undefined;
}

/** @internal The public key as a proof names it: its required members. */
export const jwkLine = ({ publicJwk }: SigningKey): string => {
  let text = jwkTexts.get(publicJwk);
  if (text === undefined) jwkTexts.set(publicJwk, (text = JSON.stringify(publicJwk)));
  return text;
};
const jwkTexts = new WeakMap<object, string>();
