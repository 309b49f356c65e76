// Proof of possession (RFC 9449): the newest nonce of every server.
// Authorization servers' nonces are kept apart from those of APIs, each under its origin.

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
