// Proof of possession (RFC 9449): a fresh proof for every request, and the newest nonce of every server.
// Authorization servers' nonces are kept apart from those of APIs, each under its origin.

import { call } from "../core/wasm.js";

/** @internal `a`: an authorization server. `r`: an API. */
export type Server = "a" | "r";

const MOST = 64;

/** @internal Nonces by server and origin. Bounded: the oldest go first. */
export class Nonces {
  readonly #kept = new Map<string, string>();

  of(server: Server, url: string): string | undefined {
    return this.#kept.get(server + new URL(url).origin);
  }

  keep(server: Server, url: string, nonce: string): void {
    const name = server + new URL(url).origin;
    this.#kept.delete(name);
    this.#kept.set(name, nonce);
    if (this.#kept.size > MOST) this.#kept.delete(this.#kept.keys().next().value!);
  }
}

/** @internal What an answer says to a proof. */
export interface ProofAnswer {
  /** Status, media type, `Retry-After`. */
  readonly head: readonly string[];
  readonly nonce: string;
  readonly challenge: string;
  readonly body: string;
}

/**
 * @internal Keeps the nonce of an answer; answers whether the same request is to be sent once more.
 *
 * @throws {SamtykkeError} `dpop_nonce_missing`, `dpop_nonce_refused`.
 */
export function again(nonces: Nonces, server: Server, url: string, second: boolean, { head, nonce, challenge, body }: ProofAnswer): boolean {
  if (!nonce && head[0] !== (server === "r" ? "401" : "400")) return false;
  const [asked, next] = call(["dpop_answer", server, second ? 1 : "", ...head, nonce, challenge], body).split("\n");
  if (next) nonces.keep(server, url, next);
  return !!asked;
}
