// A client from draft to daily use, kept in a store of the caller's: nothing is lost if the person never comes back,
// if the answer to a new key is lost, or if the program ends in between.

import { now } from "../../core/clock.js";
import { type Names, SIGNAL, assertConfigured, assertGiven, isObject, only, present } from "../../core/check.js";
import { hostError } from "../../core/error.js";
import { SigningKey } from "../../crypto/keys.js";
import { encoded } from "../../crypto/seal.js";
import { PATIENCE, Shared } from "../../core/wait.js";
import { type SelvbetjeningCall, type WaitOptions, pacing } from "./driving.js";
import { Selvbetjening, type SelvbetjeningClient, refusePage } from "./service.js";
import type { ClientDraft, CurrentClient } from "./records.js";
import type { Jwk, SignatureAlgorithm } from "../../crypto/webcrypto.js";

/** Where enrolments are kept: a file, a table, a secret store. What is written holds a private key, unless {@link KeyMaker} says otherwise. */
export interface EnrolmentStore {
  read(id: string): Promise<string | null | undefined> | string | null | undefined;
  /** Done when it is safe: the next step begins after it. */
  write(id: string, text: string): Promise<void> | void;
}

/** Makes keys and finds them again: by the private JWK itself, or by the name that a key service gave. */
export interface KeyMaker {
  /** A new key; answers what finds it again. */
  create(): Promise<string>;
  open(handle: string): Promise<SigningKey>;
}

/** Keys as private JWKs in the store, named by their thumbprints. `ES256` unless asked otherwise. */
export function jwkKeys(alg: SignatureAlgorithm = "ES256"): KeyMaker {
  return {
    async create() {
      const key = await SigningKey.generate({ alg, extractable: true });
      const { kty, crv, x, y, d, n, e, p, q, dp, dq, qi } = await crypto.subtle.exportKey("jwk", SigningKey.pairOf(key)!.privateKey);
      return JSON.stringify({ kty, crv, x, y, d, n, e, p, q, dp, dq, qi, alg, kid: key.thumbprint, use: "sig" });
    },
    open: async (handle) => SigningKey.fromJwk(JSON.parse(handle) as Jwk),
  };
}

/** Where enrolments and their keys are. */
export interface EnrolmentKeeping {
  readonly store: EnrolmentStore;
  /** {@link jwkKeys} unless given. */
  readonly keys?: KeyMaker;
}

/** How an enrolment begins. */
export interface BeginOptions extends EnrolmentKeeping, SelvbetjeningCall {
  /** The template's key: it only creates drafts. */
  readonly apiKey: string;
  /** The name in the store: made up unless given. */
  readonly id?: string;
  /**
   * Where the portal sends the person afterwards: a receiver's `redirectUri`, or a function of the id for a route such as
   * `https://app.example.no/confirmed/<id>`. It takes the place of the draft's own.
   */
  readonly redirectUri: string | ((id: string) => string);
  /** `older`: port and path go along in the confirm URL, not in the draft (the form before spring 2025). */
  readonly form?: "present" | "older";
  /** Seconds in which the confirmation has to come: 3600 unless given. The client itself stays after that. */
  readonly within?: number;
}

const KEEPING: Names<EnrolmentKeeping> = { store: 1, keys: 1 };
const BEGIN: Names<BeginOptions> = { ...KEEPING, ...SIGNAL, apiKey: 1, id: 1, redirectUri: 1, form: 1, within: 1 };

/** What is kept beside the core's record: what finds each of its keys again, by the key's thumbprint. */
type Handles = Readonly<Record<string, string>>;

/** How long the present key lasts. */
export interface KeyTimes {
  readonly thumbprint: string;
  /** Whether the service has the key; without it, nothing is known of its end. */
  readonly registered: boolean;
  /** When it ends, in seconds since 1970; some keys have no end. */
  readonly expiresAt?: number;
  /** Whether less than `warn` seconds are left: time for `rotateKey`. */
  readonly expiresSoon: boolean;
}

/** What a rotation did. */
export interface Rotation {
  /** The new key's thumbprint. */
  readonly thumbprint: string;
  /** When it ends, in seconds since 1970, if the service says so. */
  readonly expiresAt?: number;
  /** Whether the key was found in the service's list, because the answer to its registration had been lost. */
  readonly recovered: boolean;
}

/** A new key that was given up. */
export interface AbandonedKey {
  readonly thumbprint: string;
  /** Whether the service's list names it: then it stays registered until it ends, or somebody takes it away in the portal. */
  readonly registered: boolean;
}

/** A public key, as the service gets it. */
const published = (key: SigningKey): string => JSON.stringify({ ...key.publicJwk, alg: key.alg, kid: key.kid ?? key.thumbprint });

/**
 * A client from its draft on: what the guide of Selvbetjening walks through, in steps that can be taken up again.
 *
 * @example
 * ```ts
 * const receiver = await loopback();
 * const enrolment = await Enrolment.begin(service, { organizationNumber: "999977774" }, { apiKey, store, redirectUri: receiver.redirectUri });
 * open(enrolment.confirmUrl);
 * await enrolment.confirm(await receiver.wait());
 * const client = await enrolment.client();
 * console.log(await client.waitUntilUsable());
 * ```
 */
export class Enrolment {
  readonly #service: Selvbetjening;
  readonly #store: EnrolmentStore;
  readonly #keys: KeyMaker;
  /** The core's record; nothing before the first is stored. */
  #record: string;
  #handles: Handles;
  #client: SelvbetjeningClient | undefined;
  readonly #opening = new Shared<SelvbetjeningClient>(PATIENCE);
  readonly #rotations = new Shared<Rotation>();
  /** Who waits for the rotation that runs. */
  #rotation = { waiting: 0, ending: new AbortController() };
  readonly #writes = new Shared<void>();

  private constructor(
    service: Selvbetjening,
    /** The name in the store. */
    readonly id: string,
    { store, keys = jwkKeys() }: EnrolmentKeeping,
    record: string,
    handles: Handles,
  ) {
    this.#service = service;
    this.#store = store;
    this.#keys = keys;
    this.#record = record;
    this.#handles = handles;
  }

  /**
   * Makes a key, stores it, creates the draft, stores its client id: then the browser may open {@link confirmUrl}.
   *
   * @throws {SamtykkeError} As `createDraft`; `store_failed`, whose cause is the store's own error.
   */
  static async begin(service: Selvbetjening, draft: ClientDraft, options: BeginOptions): Promise<Enrolment> {
    refusePage();
    assertKeeping(service, options, BEGIN);
    assertGiven(isObject(draft), "api", "a draft: { organizationNumber, … }");
    const { id = randomId(), form = "present", within = 3600, apiKey } = options;
    assertGiven(form === "present" || form === "older", "api", "form: present or older");
    assertGiven(typeof within === "number" && within > 0, "api", "within: seconds, more than 0");
    assertGiven(isName(id), "api", "id: letters, digits, - and _, at most 128");
    assertGiven(typeof apiKey === "string" && !/[\r\n]/.test(apiKey), "api", "apiKey: a text of one line");
    if (await options.store.read(id)) throw hostError("invalid_parameter", { phase: "api", expected: "an id that the store does not know yet" });
    const redirectUri = typeof options.redirectUri === "function" ? options.redirectUri(id) : options.redirectUri;
    assertGiven(typeof redirectUri === "string", "api", "redirectUri: where the portal sends the person afterwards");
    const enrolment = new Enrolment(service, id, options, "", {});
    const key = await enrolment.#create();
    const lines = [apiKey, form === "older" ? 1 : "", whole(within), key.thumbprint, published(key)];
    const asked = JSON.stringify({ ...draft, postClientConfirmationRedirectUri: redirectUri });
    await service.drive("selvbetjening_draft", lines, asked, { options: present(options, ["signal"]), store: (record) => enrolment.#over(record) });
    return enrolment;
  }

  /**
   * Takes up an enrolment from the store: after a restart, or in the request that brings the person back.
   *
   * @throws {SamtykkeError} `transaction_missing` when the store has none of this name, `transaction_malformed`,
   * `transaction_mismatch` for one of another environment.
   */
  static async open(service: Selvbetjening, id: string, options: EnrolmentKeeping): Promise<Enrolment> {
    refusePage();
    assertKeeping(service, options, KEEPING);
    const text = isName(id) ? await options.store.read(id) : undefined;
    if (!text) throw hostError("transaction_missing");
    let kept: unknown;
    try {
      kept = JSON.parse(text);
    } catch {
      throw hostError("transaction_malformed");
    }
    const { handles = {}, ...record } = isObject(kept) ? (kept as { readonly handles?: Handles }) : {};
    const enrolment = new Enrolment(service, id, options, JSON.stringify(record), handles);
    for (const name of enrolment.#read().names) if (!isObject(handles) || typeof handles[name] !== "string") throw hostError("transaction_malformed");
    return enrolment;
  }

  /** @throws {SamtykkeError} `transaction_missing` when the program ended before the service answered: begin anew. */
  get clientId(): string {
    return this.#service.ask("id", this.#record);
  }

  /** Where the person confirms the draft. */
  get confirmUrl(): string {
    return this.#service.ask("url", this.#record);
  }

  /** Whether the browser brought a confirmation. It is a hint alone: what holds is what `waitUntilUsable` finds. */
  get confirmed(): boolean {
    return this.#read().confirmed;
  }

  /** When the key ends, in seconds since 1970, as {@link keyTimes} or {@link rotateKey} last heard: rotate it before that. */
  get keyExpiresAt(): number | undefined {
    return this.#read().keyExpiresAt;
  }

  /**
   * Judges the address that the browser arrived at, for this draft alone: the whole URL or, behind a proxy, its path and query. Only one
   * `status=Success`, in time, confirms.
   *
   * @throws {SamtykkeError} `confirmation_refused` (the person may open {@link confirmUrl} again), `callback_duplicate_parameter`,
   * `callback_wrong_redirect_uri`, `callback_malformed`, `transaction_missing`, `transaction_used`, `transaction_expired`.
   */
  confirm(answer: string | URL): Promise<void> {
    return this.#write((record) => this.#service.ask("confirm", record, [now()], `${answer}`));
  }

  /** The service for this client, with its present key. */
  async client(): Promise<SelvbetjeningClient> {
    const { name } = this.#read();
    const client = this.#client ?? (await this.#opening.run(name, () => this.#with(name), {}, "api"));
    // A rotation may have ended meanwhile.
    if (this.#read().name === name) this.#client ??= client;
    return client;
  }

  /** The present key, to log in with elsewhere. After a rotation it is another one. */
  key(): Promise<SigningKey> {
    return this.#open(this.#read().name);
  }

  /**
   * Asks the service how long the present key lasts, and keeps that: once a day is often enough. After a key's end nobody can
   * log in any more, nor replace it.
   *
   * @param options - `warn`: seconds before the end that count as soon, 30 days unless given.
   * @throws {SamtykkeError} As `listKeys`.
   * @example
   * ```ts
   * if ((await enrolment.keyTimes()).expiresSoon) await enrolment.rotateKey();
   * ```
   */
  async keyTimes(options: SelvbetjeningCall & { readonly warn?: number } = {}): Promise<KeyTimes> {
    only(options, { ...SIGNAL, warn: 1 }, "api");
    const { warn = 30 * 86_400, ...call } = options;
    assertGiven(typeof warn === "number" && warn >= 0, "api", "warn: seconds");
    const record = this.#record;
    const { name } = this.#read();
    const { head, body } = await (await this.client()).answer("secrets", call);
    const learn = (kept: string) => this.#service.ask("learn", kept, [name, now(), whole(warn), ...head], body).split("\n") as [string, string, string, string];
    const [registered, expiresSoon, time] = learn(record);
    await this.#write((kept) => learn(kept)[3]);
    return { thumbprint: name, registered: !!registered, ...(time && { expiresAt: Number(time) }), expiresSoon: !!expiresSoon };
  }

  /** As `waitUntilUsable` of {@link client}. */
  async waitUntilUsable(options: WaitOptions = {}): Promise<CurrentClient> {
    return (await this.client()).waitUntilUsable(options);
  }

  /**
   * Replaces the key, in two phases. First the new key is stored, then registered with the old one; then it is proven by a token
   * and a call of its own, and only then does it take the old one's place. Whenever it ends early, call it again: it goes on
   * with the same new key, and looks for it in the service's list before it registers it a second time. Whoever calls it
   * meanwhile waits for the same rotation, which goes on until the last of them is gone.
   *
   * @throws {SamtykkeError} `timeout` when the new key is not accepted in time; the old one stays. As `addKey`, `listKeys`. A key
   * that the service will not take at all is given up by {@link abandonKey}.
   */
  rotateKey(options: WaitOptions = {}): Promise<Rotation> {
    const times = pacing(options);
    const { signal, ...rest } = options;
    if (!this.#rotations.running("")) this.#rotation = { waiting: 0, ending: new AbortController() };
    const own = this.#rotation;
    own.waiting++;
    // Beyond the wait for the key to be usable, several requests and the storing.
    const limits = { signal, timeout: (rest.limit ?? 120) + 600 };
    return this.#rotations
      .run("", () => this.#rotate(times, { ...rest, signal: own.ending.signal }), limits, "api")
      .finally(() => {
        if (--own.waiting) return;
        own.ending.abort(signal?.reason);
        if (own === this.#rotation) this.#rotations.forget("");
      });
  }

  /**
   * Gives up the new key of a rotation that cannot be brought to its end: the next {@link rotateKey} makes another. The old key
   * reads the service's list first; where it is not taken any more, the new one may be all that is left, and stays.
   *
   * @throws {SamtykkeError} `transaction_missing` when no new key is on its way, `transaction_used` during a rotation. As `listKeys`.
   */
  async abandonKey(call: SelvbetjeningCall = {}): Promise<AbandonedKey> {
    only(call, SIGNAL, "api");
    if (this.#rotations.running("")) throw hostError("transaction_used", { phase: "api" });
    const [, next] = this.#read().names;
    const store = (record: string) => {
      // A rotation that began meanwhile goes on with the key.
      if (this.#rotations.running("") || this.#read().names[1] !== next) throw hostError("transaction_used", { phase: "api" });
      return this.#over(record);
    };
    // With a token that is got now: a kept one outlives the key.
    const as = (name: string) => this.#with(name);
    const [registered, thumbprint] = (await this.#service.drive("selvbetjening_abandon", [], this.#record, { as, options: call, store })).split("\n");
    return { thumbprint: thumbprint!, registered: !!registered };
  }

  async #rotate(times: ReturnType<typeof pacing>, options: WaitOptions): Promise<Rotation> {
    const { name: old, names } = this.#read();
    const key = names.length > 1 ? undefined : await this.#create();
    let fresh: SelvbetjeningClient | undefined;
    const as = async (name: string) => (name === old ? this.client() : (fresh ??= await this.#with(name)));
    const lines = [this.#service.keyBody, ...times, key?.thumbprint, key && published(key)];
    const hands = { as, options, store: (record: string) => this.#over(record) };
    const [time, recovered, name] = (await this.#service.drive("selvbetjening_rotate", lines, this.#record, hands)).split("\n") as [string, string, string];
    // Its tokens are the old key's.
    this.#client = fresh;
    return { thumbprint: name, ...(time && { expiresAt: Number(time) }), recovered: !!recovered };
  }

  /** What the core reads in the record; `names` are those of the present key and of the one that is on its way. */
  #read(record = this.#record): {
    readonly confirmed: boolean;
    readonly keyExpiresAt: number | undefined;
    readonly name: string;
    readonly names: readonly string[];
  } {
    const [confirmed, time, name, next] = this.#service.ask("read", record).split("\n") as [string, string, string, string];
    return { confirmed: !!confirmed, keyExpiresAt: time ? Number(time) : undefined, name, names: next ? [name, next] : [name] };
  }

  /** A new key, safe with the next record that names it. */
  async #create(): Promise<SigningKey> {
    const handle = await this.#keys.create();
    const key = await this.#keys.open(handle);
    this.#handles = { ...(this.#record && this.#found(this.#record)), [key.thumbprint]: handle };
    return key;
  }

  /** What finds the keys of a record. */
  #found(record: string): Handles {
    return Object.fromEntries(this.#read(record).names.map((name) => [name, this.#handles[name]!]));
  }

  async #open(name: string): Promise<SigningKey> {
    const key = await this.#keys.open(this.#handles[name]!);
    assertConfigured(key.thumbprint === name, "keys: the key of the record by what create gave");
    return key;
  }

  async #with(name: string): Promise<SelvbetjeningClient> {
    return this.#service.as({ clientId: this.clientId, key: await this.#open(name) });
  }

  /** Stores what a machine hands out. */
  #over(record: string): Promise<void> {
    return this.#write((stored) => this.#service.ask("over", record, [], stored));
  }

  /** One change after the other, each of what the last one left: of two at once the store would keep one alone. */
  #write(change: (record: string) => string): Promise<void> {
    const run = async () => {
      const record = change(this.#record);
      if (record === this.#record) return;
      await this.#store.write(this.id, JSON.stringify({ ...(JSON.parse(record) as object), handles: this.#found(record) }));
      this.#record = record;
    };
    return this.#writes.turn("", undefined, run, {}, "api");
  }
}

/** @internal Checks where enrolments are to be kept. */
export function assertKeeping(service: Selvbetjening, options: EnrolmentKeeping, names: object): void {
  assertConfigured(service instanceof Selvbetjening, "a Selvbetjening");
  assertConfigured(
    isObject(options) && isObject(options.store) && typeof options.store.read === "function" && typeof options.store.write === "function",
    "store: { read, write }",
  );
  only(options, names);
  const { keys } = options;
  assertConfigured(keys === undefined || (isObject(keys) && typeof keys.create === "function" && typeof keys.open === "function"), "keys: { create, open }");
}

/** Seconds, as the core counts them. */
const whole = (seconds: number) => Math.min(Math.ceil(seconds), Number.MAX_SAFE_INTEGER);

/** A name that can stand in a path and in a store. */
const isName = (id: unknown): id is string => typeof id === "string" && /^[A-Za-z0-9_-]{1,128}$/.test(id);

/** @internal 256 bits, so that an address that holds it is bound to its draft. */
export const randomId = (): string => encoded(crypto.getRandomValues(new Uint8Array(32)));
