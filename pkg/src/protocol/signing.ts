// What a client signs: assertions, request objects, proofs. The core words each in one call; the key signs; a fresh `jti` for each.

import { heldBy, type ClientAuthentication } from "./authentication.js";
import { isObject } from "../core/check.js";
import { type Value, call, joined, run } from "../core/wasm.js";
import { now } from "../core/clock.js";
import type { SigningKey } from "../crypto/keys.js";
import type { AssertionRules, Presence } from "./profile.js";
import { base64url } from "../crypto/webcrypto.js";

/** @internal What the core says of a key in a header: algorithm, key id, certificate names. */
export const keyLines = ({ alg, kid, certificate }: SigningKey): Value[] => [alg, kid, certificate?.x5t, certificate?.x5tS256, certificate?.x5c.join(",")];

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

/** @internal Signs what the core worded whole. */
export const signed = async (key: SigningKey, input: string): Promise<string> => `${input}.${base64url(await key.sign(input))}`;

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

/** Statements worded before, by the lines that asked for them. Few, and without secrets: a request with a token is not kept. */
const known = new Map<string, Worded>();

function worded(head: Value[]): Worded {
  const lines = joined(head);
  let found = known.get(lines);
  if (!found) {
    found = cut(run(lines));
    if (known.size > 99) known.clear();
    known.set(lines, found);
  }
  return found;
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

/** By key, then by request: as most proofs are for the few addresses of one server. */
const proofs = new WeakMap<SigningKey, Map<string, Worded>>();

/** @internal A proof for a request without access token. */
export function proof(key: SigningKey, method: string, url: string, nonce: string | undefined, offset: number): Promise<string> {
  let own = proofs.get(key);
  if (!own) proofs.set(key, (own = new Map()));
  const name = `${nonce ? "+" : ""}${method} ${url}`;
  let found = own.get(name);
  if (!found) {
    found = cut(call(["proof", method, url, ...proofLines(key, nonce)]));
    if (own.size > 99) own.clear();
    own.set(name, found);
  }
  return filled(key, found, offset, 0, nonce);
}

/** @internal Lines by which the core words a proof. */
export const proofLines = (key: SigningKey, nonce: string | undefined): Value[] => [key.alg, jwkLine(key), nonce && "-"];

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

const assertionLines = (rules: AssertionRules, { issuer, subject, server, address, claims }: Statement): Value[] => [
  "assertion",
  ...ruleLines(rules),
  issuer,
  subject,
  server,
  address,
  json(claims),
];

/** By the rules, for those that are asked for again and again: the last statement. */
const last = new WeakMap<AssertionRules, { readonly key: SigningKey; readonly statement: Statement; readonly found: Worded }>();

/** @internal A signed statement: a client assertion, or the assertion of a grant. `rules` and `statement` stay as they are. */
export function assertion(key: SigningKey, rules: AssertionRules, statement: Statement): Promise<string> {
  const { issuer, subject, server, address, claims, offset } = statement;
  const before = last.get(rules);
  let found: Worded;
  if (
    before &&
    before.key === key &&
    !claims &&
    !before.statement.claims &&
    before.statement.issuer === issuer &&
    before.statement.subject === subject &&
    before.statement.server === server &&
    before.statement.address === address
  ) {
    ({ found } = before);
  } else {
    found = worded([...assertionLines(rules, statement), ...keyLines(key)]);
    last.set(rules, { key, statement, found });
  }
  return filled(key, found, offset, rules.lifetime);
}

/** Rules of a client over those of its provider, put together once. */
const together = new WeakMap<ClientAuthentication, { readonly profile: AssertionRules | undefined; readonly rules: AssertionRules }>();

function rulesOf(authentication: ClientAuthentication, profile: AssertionRules | undefined, own: AssertionRules | undefined): AssertionRules {
  let found = together.get(authentication);
  if (!found || found.profile !== profile) together.set(authentication, (found = { profile, rules: { ...profile, ...own } }));
  return found.rules;
}

/** @internal The assertion by which a client authenticates; nothing for the methods that have none. */
export function clientAssertion(
  authentication: ClientAuthentication,
  profile: AssertionRules | undefined,
  statement: Statement,
): Promise<string> | string | undefined {
  const { secret, key, rules } = heldBy(authentication)!;
  const merged = rulesOf(authentication, profile, rules);
  if (key) return assertion(key, merged, statement);
  if (authentication.method === "client_secret_jwt")
    return call([...assertionLines(merged, statement), "", secret, crypto.randomUUID(), now() + statement.offset]);
  return undefined;
}

/** @internal The public key as a proof names it: its required members. */
export const jwkLine = ({ publicJwk }: SigningKey): string => {
  let text = jwkTexts.get(publicJwk);
  if (text === undefined) jwkTexts.set(publicJwk, (text = JSON.stringify(publicJwk)));
  return text;
};
const jwkTexts = new WeakMap<object, string>();
