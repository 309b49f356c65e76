// What a generic server remembers: clients, people, codes, tokens, pushed requests. All of it in memory, for one run.
// RFC 6749 section 4.1.2 (a code counts once), RFC 9700 section 4.14.2 (a spent refresh token ends its family).
// Refuses a client without an id, and members that it does not know.

import { createHash, randomBytes } from "node:crypto";

export const secretText = () => randomBytes(32).toString("base64url");
export const sha256 = (text) => createHash("sha256").update(text).digest("base64url");

const MEMBERS = [
  "clientId",
  "secret",
  "method",
  "jwk",
  "jwks",
  "redirectUris",
  "webOrigins",
  "postLogoutRedirectUris",
  "backchannelLogoutUri",
  "scopes",
  "rotation",
  "dpop",
  "exchange",
];

/** A client as it is registered: `method` is what the library calls it, such as `private_key_jwt` or `none`. */
function registered(given) {
  const unknown = Object.keys(given).find((name) => !MEMBERS.includes(name));
  if (unknown) throw new TypeError(`a client has no member ${unknown}; it has ${MEMBERS.join(", ")}`);
  const { clientId, secret, jwk, jwks, method = jwk || jwks ? "private_key_jwt" : secret === undefined ? "none" : "secret", ...rest } = given;
  if (!clientId) throw new TypeError("a client needs a clientId");
  return { ...rest, clientId, secret, method, keys: jwks?.keys ?? (jwk ? [jwk] : []) };
}

export class State {
  clients = new Map();
  people;
  codes = new Map();
  pushed = new Map();
  /** Token text (opaque or JWT) to what it is. */
  access = new Map();
  refresh = new Map();
  /** Families of refresh tokens that are over. */
  ended = new Set();
  /** Sessions at clients by their `sid`: whose, at which client, and the family of what came of it. */
  sessions = new Map();
  /** Ids of assertions and proofs that were seen. */
  seen = new Set();
  lives;
  clock;

  constructor({ clients, people, lives, clock }) {
    for (const client of clients) this.add(client);
    this.people = people;
    this.lives = { code: 60, access: 600, id: 600, refresh: 28_800, pushed: 120, ...lives };
    this.clock = clock;
  }

  add(client) {
    const made = registered(client);
    this.clients.set(made.clientId, made);
    return made;
  }

  /** Everything of a run; clients and people stay. */
  clear() {
    for (const part of [this.codes, this.pushed, this.access, this.refresh, this.ended, this.sessions, this.seen]) part.clear();
  }

  now() {
    return this.clock.seconds();
  }

  /** Whether an id is new; it is not any more afterwards. */
  fresh(id) {
    if (this.seen.has(id)) return false;
    this.seen.add(id);
    return true;
  }

  keep(kind, value) {
    const text = secretText();
    this[kind === "code" ? "codes" : kind].set(text, { ...value, until: this.now() + this.lives[kind] });
    return text;
  }
}
