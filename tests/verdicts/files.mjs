// Reads the case files of a folder, in the order of their names, and tells their kinds.

import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";

/** What a file's `about.what` says of its kind, for files under other names. */
const WHAT = [
  ["authorization response", "callback"],
  ["token endpoint response", "token_response"],
  ["request builder", "authorization_request"],
  ["JWKS key selection", "jwks"],
  ["id_tokens", "id_token"],
  ["server metadata", "metadata"],
  ["pushed authorization", "par_response"],
  ["userinfo", "userinfo"],
  ["WWW-Authenticate", "www_authenticate"],
  ["response sequences", "dpop_nonce"],
];
const NAMES = [
  "callback",
  "token_response",
  "authorization_request",
  "par_response",
  "userinfo",
  "metadata",
  "jwks",
  "id_token",
  "dpop_nonce",
  "www_authenticate",
];

/** @returns {{ kind: string, file: string, defaults: object, now: number, cases: object[] }[]} `expect` is left out. */
export function readCases(folder) {
  const found = [];
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()) {
    const { about = {}, now = 1_700_000_000, cases } = JSON.parse(readFileSync(join(folder, file), "utf8"));
    if (!Array.isArray(cases)) continue; // keys and the like lie beside the cases
    const stem = basename(file, ".json");
    const kind =
      NAMES.find((name) => stem === name || stem.startsWith(`${name}.`) || stem.startsWith(`${name}_`) || stem.startsWith(`${name}-`)) ??
      WHAT.find(([words]) => about.what?.includes(words))?.[1] ??
      stem;
    found.push({ kind, file, defaults: about.defaults ?? {}, jwks: about.jwks, now, cases: cases.map(({ expect: _, ...one }) => one) });
  }
  return found;
}
