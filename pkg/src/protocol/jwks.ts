// The keys a server signs with: fixed ones, or fetched and kept (RFC 7517 section 5, OIDC Core section 10.1).
// The core chooses the key; WebCrypto imports it once. An unknown key id is worth one new fetch, and not too often.

import { call, joined } from "../core/wasm.js";
import { hostError } from "../core/error.js";
import { PATIENCE, Shared, tell } from "../core/wait.js";
import { now } from "../core/clock.js";
import { type Names, only } from "../core/check.js";
import { type Development, developmentMarks } from "../core/development.js";
import { drive } from "../core/drive.js";
import { TRANSPORT, type Transport, checkTransport } from "../core/http.js";
import { type PublicJwk, verificationKey } from "../crypto/keys.js";
import { signOrVerify } from "../crypto/signatures.js";
import { type CryptoKey, type Jwk, octetsFrom, octetsOf } from "../crypto/webcrypto.js";

/** @internal A key, and the algorithm it is used with. */
export interface KnownKey {
  readonly alg: string;
  readonly key: CryptoKey;
  /** When the core is to be asked anew, in seconds since 1970. */
  readonly until?: number;
}

/** Where a token's key is looked up. Made by {@link KeySet} or {@link JwksCache.at}. */
export interface KeySource {
  /** @internal The key that verified a token with this very header before, while it may be used without asking anew. */
  known(header: string): KnownKey | undefined;
  /** @internal The key for a token whose header the core has read and allowed. */
  find(token: string, alg: string, kid: string): Promise<KnownKey>;
  /** @internal Remembers the key that verified a token with this header. */
  remember(header: string, known: KnownKey): void;
}

/** A key set as a server publishes it. */
export interface Jwks {
  readonly keys: readonly Jwk[];
}

/** A key, and how the token that it verifies names it. */
export interface ChosenKey {
  readonly alg: string;
  readonly kid?: string;
  readonly thumbprint: string;
  readonly jwk: PublicJwk;
}

/**
 * The key of a set that would verify a token: by key id, type, curve, algorithm, use and operations. Verifies nothing.
 *
 * @throws {SamtykkeError} `jws_malformed`, `algorithm_refused`, `jwks_malformed`, `key_not_found`, `key_ambiguous`, `key_refused`.
 */
export function selectKey(token: string, jwks: Jwks | string, algorithms: readonly string[]): ChosenKey {
  if (token.includes("\n")) throw hostError("jws_malformed");
  const [alg, kid, thumbprint, json] = call(["key", algorithms.join(" "), token], textOf(jwks)).split("\n") as [string, string, string, string];
  return { alg, ...(kid && { kid }), thumbprint, jwk: JSON.parse(json) as PublicJwk };
}

const textOf = (jwks: Jwks | string): string => (typeof jwks === "string" ? jwks : (JSON.stringify(jwks) ?? ""));

/** Keys that do not change while the program runs. */
export class KeySet implements KeySource {
  readonly #text: string;
  // By algorithm and key id; what the set does not hold is not remembered, so it stays small.
  readonly #keys = new Map<string, CryptoKey>();
  readonly #known = new Map<string, KnownKey>();

  /** A key set, or its JSON text. A single key that is not in a set: `{ keys: [key] }`. */
  constructor(jwks: Jwks | string) {
    this.#text = textOf(jwks);
  }

  /** @internal */
  async find(token: string, alg: string, kid: string): Promise<KnownKey> {
    const known = this.#keys.get(`${alg} ${kid}`);
    return { alg, key: known ?? (await this.imported(alg, kid, JSON.stringify(selectKey(token, this.#text, [alg]).jwk))) };
  }

  /** @internal The key that the core has chosen, imported once. */
  async imported(alg: string, kid: string, jwk: string): Promise<CryptoKey> {
    const name = `${alg} ${kid}`;
    let key = this.#keys.get(name);
    if (!key) {
      key = await verificationKey(JSON.parse(jwk), alg);
      this.#keys.set(name, key);
    }
    return key;
  }

  /** @internal */
  known(header: string): KnownKey | undefined {
    return this.#known.get(header);
  }

  /** @internal */
  remember(header: string, known: KnownKey): void {
    if (this.#known.get(header) === known) return;
    // A server uses few headers; one that makes a new one for each token gains nothing here.
    if (this.#known.size > 99) this.#known.clear();
    this.#known.set(header, known);
  }
}

/** What a {@link JwksCache} has fetched, as plain data: by address, the set's text, when it came and for how many seconds it is kept. */
export type SavedJwks = Readonly<Record<string, { readonly jwks: string; readonly at: number; readonly life?: number }>>;

/** How many addresses are remembered. */
const MOST = 1_000;

/** Keeps the newest. */
function put<T>(map: Map<string, T>, name: string, value: T): void {
  map.delete(name);
  map.set(name, value);
  if (map.size > MOST) map.delete(map.keys().next().value!);
}

/** How key sets are fetched and kept. */
export interface JwksCacheOptions extends Transport {
  /** Seconds after which a set is fetched anew. Unless given: what the server says (`max-age`), a minute to a day; else 600. */
  readonly maxAge?: number;
  /** Seconds between two fetches that an unknown key id causes; 60 unless given, and no fewer than 10. */
  readonly cooldown?: number;
  /** What an earlier cache saved, from a store of yours (Workers KV, Redis). */
  readonly saved?: SavedJwks;
  /** Told of every set that was fetched, to save {@link JwksCache.save} then. */
  readonly onFetch?: (uri: string) => void;
  /** Allows http to this machine, and to the origins named. */
  readonly development?: Development;
}

/** A set as it is kept: when it was fetched, and for how many seconds its server lets it be used. */
interface Kept {
  readonly set: KeySet;
  readonly text: string;
  readonly at: number;
  readonly life: number | undefined;
}

const CACHE: Names<JwksCacheOptions> = { ...TRANSPORT, maxAge: 1, cooldown: 1, saved: 1, onFetch: 1, development: 1 };

/**
 * Key sets by their address: fetched when needed, kept a while, one fetch at a time for each; of 1,000 addresses at most.
 *
 * @example
 * ```ts
 * const jwks = new JwksCache({ saved: await env.KV.get("jwks", "json") ?? undefined, onFetch: () => env.KV.put("jwks", JSON.stringify(jwks.save())) });
 * ```
 */
export class JwksCache {
  readonly #options: JwksCacheOptions;
  readonly #sets = new Map<string, Kept>();
  readonly #fetching = new Shared<Kept>(PATIENCE);
  /** By address, when an unknown key id last caused a fetch. */
  readonly #unknown = new Map<string, number>();

  constructor(options: JwksCacheOptions = {}) {
    only(options, CACHE);
    checkTransport(options);
    this.#options = options;
    for (const [uri, { jwks, at, life }] of Object.entries(options.saved ?? {})) {
      if (typeof jwks === "string") put(this.#sets, uri, { set: new KeySet(jwks), text: jwks, at, life });
    }
  }

  /** The keys at an address; `marks` are those of the provider whose they are. */
  at(uri: string, marks?: string): KeySource {
    return {
      known: (header) => {
        const known = this.#sets.get(uri)?.set.known(header);
        return known && now() < known.until! ? known : undefined;
      },
      find: (token, alg, kid) => this.#find(uri, token, alg, kid, marks),
      remember: (header, known) => known.until !== undefined && this.#sets.get(uri)?.set.remember(header, known),
    };
  }

  /** All that was fetched, to give to another cache as `saved`. Public data, but keep others from changing it. */
  save(): SavedJwks {
    return Object.fromEntries([...this.#sets].map(([uri, { text, at, life }]) => [uri, { jwks: text, at, life }]));
  }

  async #find(uri: string, token: string, alg: string, kid: string, marks?: string): Promise<KnownKey> {
    const { cooldown, maxAge } = this.#options;
    const kept = this.#sets.get(uri);
    const running = this.#fetching.running(uri) ? 1 : "";
    const head = ["choose", now(), cooldown, kept?.at, kept?.life, maxAge, this.#unknown.get(uri), running, alg, kid];
    const answer = call(head, kept?.text);
    const end = answer.indexOf("\n");
    if (kept && end >= 0) return { alg, key: await kept.set.imported(alg, kid, answer.slice(end + 1)), until: +answer.slice(0, end) };
    if (answer) put(this.#unknown, uri, +answer);
    return (await this.#fetch(uri, marks)).set.find(token, alg, kid);
  }

  /** Whoever waits does so for the time of one request; a fetch that does not end is begun anew. */
  #fetch(uri: string, marks?: string): Promise<Kept> {
    return this.#fetching.run(uri, () => this.#load(uri, marks), { timeout: (this.#options.timeout ?? 30) + 1 }, "token");
  }

  async #load(uri: string, marks?: string): Promise<Kept> {
    const { onFetch, development } = this.#options;
    const answer = await drive("keys", joined([uri, marks?.includes("d") ? marks : developmentMarks(development)]), { transport: this.#options });
    const [at, life] = answer.split("\n", 2) as [string, string];
    const text = answer.slice(at.length + life.length + 2);
    const kept = { set: new KeySet(text), text, at: +at, life: +life };
    put(this.#sets, uri, kept);
    tell(onFetch, uri);
    return kept;
  }
}

/**
 * @internal Whether a token's signature is right, by the key that the source finds for it. All else about the token is judged.
 *
 * @throws {SamtykkeError} What looking up the key throws.
 */
export async function isRight(keys: KeySource, alg: string, kid: string, token: string): Promise<boolean> {
  const header = token.slice(0, token.indexOf("."));
  let known = keys.known(header);
  if (known?.alg !== alg) known = await keys.find(token, alg, kid);
  const dot = token.lastIndexOf(".");
  if (!(await signOrVerify(alg, known.key, octetsOf(token.slice(0, dot)), octetsFrom(token.slice(dot + 1))))) return false;
  keys.remember(header, known);
  return true;
}
