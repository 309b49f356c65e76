// Proofs of calls to APIs, and the lines by which the core knows keys and the rules of assertions.

import { isObject } from "../core/check.js";
import type { Value } from "../core/wasm.js";
import { now } from "../core/clock.js";
import { type SigningKey, inTime } from "../crypto/keys.js";
import type { AssertionRules, Presence } from "./profile.js";
import { base64url, claimed } from "../crypto/webcrypto.js";

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

/** A statement that the core worded, cut at what is new in each. */
interface Worded {
  readonly header: string;
  readonly claims: string;
  /** What follows each mark, and the mark. */
  readonly rest: readonly (readonly [mark: number, text: string])[];
}

function cut(text: string): Worded {
  const end = text.indexOf("\n");
  const [claims, ...rest] = text.slice(end + 1).split(/(?=[\x01-\x04])/) as [string, ...string[]];
  return { header: `${text.slice(0, end)}.`, claims, rest: rest.map((piece) => [piece.charCodeAt(0), piece.slice(1)] as const) };
}

/** Fills in what is new in each statement, and signs it. */
async function filled(key: SigningKey, { header, claims, rest }: Worded, offset: number, lifetime = 60, nonce = ""): Promise<string> {
  const time = now() + offset;
  const values = ["", crypto.randomUUID(), time, time + lifetime, nonce];
  for (const [mark, text] of rest) claims += values[mark] + text;
  const input = header + base64url(claims);
  return `${input}.${base64url(await key.sign(input))}`;
}

/** @internal Signs what the core worded with its stamp open. */
export const stamped = (key: SigningKey, text: string, offset: number, lifetime: number, nonce?: string): Promise<string> =>
  filled(key, cut(text), offset, lifetime, nonce);

/** @internal Signs a statement of a client's; one that names a certificate out of its time is refused instead. */
export async function stated(key: SigningKey, input: string, offset: number): Promise<Uint8Array> {
  if (key.certificate && ["x5t", "x5t#S256", "x5c"].some((name) => name in claimed(input, 0))) inTime(key, now() + offset);
  return key.sign(input);
}

/** @internal Lines by which the core words a proof. */
export const proofLines = (key: SigningKey, nonce: string | undefined): Value[] => [key.alg, jwkLine(key), nonce && "-"];

/** @internal The public key as a proof names it: its required members. */
export const jwkLine = ({ publicJwk }: SigningKey): string => {
  let text = jwkTexts.get(publicJwk);
  if (text === undefined) jwkTexts.set(publicJwk, (text = JSON.stringify(publicJwk)));
  return text;
};
const jwkTexts = new WeakMap<object, string>();
