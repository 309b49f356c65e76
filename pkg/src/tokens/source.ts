// A token for a target whenever one is wanted, and one question to the server for all who want it: callers of this process
// share a flight, processes share a store's lock. Every wait here has an end: a lease, a time limit, the caller's patience.

import { assertConfigured, isLimit, isObject, only } from "../core/check.js";
import { type SamtykkeError, hostError } from "../core/error.js";
import type { ResourceFetch } from "../protocol/resource.js";
import { type Target, nameOf, pause } from "./clock.js";
import { Entry, type Flight, errorFrom, faultOf } from "./entry.js";
import { type ApiFetchOptions, tokenFetch } from "./fetch.js";
import { type Asking, type ClientAsk, type RequestAsk, askingOf } from "./grant.js";
import { DOWN, SharedStore } from "./shared.js";
import { GET, type GetOptions, SETTINGS, type TokenSourceSettings, WANTED } from "./settings.js";
import type { Kept } from "./store.js";
import type { Tokens } from "../protocol/tokens.js";
import { sleep } from "../core/sleep.js";
import { Ended, limitTime, tell } from "../core/wait.js";

/** The settings of a {@link TokenSource}: who asks, and how. */
export type TokenSourceOptions = TokenSourceSettings & (ClientAsk | RequestAsk);

/** What is allowed for on top of every time limit before somebody else takes over. */
const SLACK = 2_000;
const random = () => Math.floor(Math.random() * 65_536);

/** Trouble that is the server's rather than a target's: while it lasts, one target's question at a time goes out. */
interface Gate {
  until: number;
  readonly failures: number;
  readonly error: SamtykkeError;
}

/**
 * Gives tokens, kept until shortly before they end.
 *
 * @example
 * ```ts
 * const tokens = new TokenSource({ client });
 * const { accessToken } = await tokens.get({ scope: "read", audience: "https://api.example" });
 * const api = tokens.fetch({ scope: "read" }, { origins: ["https://api.example"] });
 * const response = await api("https://api.example/v1/things");
 * ```
 */
export class TokenSource {
  readonly #asking: Asking;
  readonly #shared: SharedStore;
  readonly #entries = new Map<string, Entry>();
  readonly #clock: () => number;
  readonly #margin: number;
  readonly #unknownLife: number;
  readonly #limit: number;
  readonly #patience: number;
  readonly #retries: number;
  readonly #most: number;
  #gate: Gate | undefined;

  /** @throws {SamtykkeError} `invalid_configuration` naming the setting. */
  constructor(options: TokenSourceOptions) {
    this.#asking = askingOf(options, SETTINGS);
    const {
      store,
      margin = 60,
      unknownLife = this.#asking.unknownLife ?? 60,
      requestTimeout = 10,
      patience = 30,
      retries = 2,
      storeTimeout = 1,
      most = 10_000,
      onStoreError,
      clock = Date.now,
    } = options;
    for (const [name, value, least] of [
      ["margin", margin, 0],
      ["unknownLife", unknownLife, 0],
      ["requestTimeout", requestTimeout, 0.001],
      ["patience", patience, 0.001],
      ["retries", retries, 0],
      ["storeTimeout", storeTimeout, 0.001],
      ["most", most, 1],
    ] as const) {
      assertConfigured(typeof value === "number" && value >= least && value <= 1e6, `${name}: a number from ${least}`);
    }
    for (const [name, value] of Object.entries({ requestTimeout, patience, storeTimeout })) assertConfigured(isLimit(value), `${name}: seconds, at most 3,600`);
    assertConfigured(
      store === undefined || (isObject(store) && ["read", "lock", "write", "unlock"].every((name) => typeof store[name as "read"] === "function")),
      "store: a TokenStore",
    );
    assertConfigured(typeof clock === "function", "clock: a function");
    assertConfigured(onStoreError === undefined || typeof onStoreError === "function", "onStoreError: a function");
    this.#clock = clock;
    this.#margin = margin * 1000;
    this.#unknownLife = unknownLife * 1000;
    this.#limit = requestTimeout * 1000;
    this.#patience = patience * 1000;
    this.#retries = retries;
    this.#most = most;
    this.#shared = new SharedStore(store, clock, storeTimeout * 1000, Math.ceil(this.#limit) + SLACK, onStoreError);
  }

  /**
   * A token for a target that ends no sooner than the margin, if the server is well; a kept one costs no promise. While the
   * server has trouble, the token there is as long as it lives, then the error, without asking before the pause is over.
   *
   * What comes from a store has neither id_token, claims nor refresh token.
   *
   * @throws {SamtykkeError} As the grant; `timeout` when patience ends; `aborted`.
   */
  get(target: Target = {}, options?: GetOptions): Promise<Tokens> {
    if (options !== undefined) {
      try {
        only(options, GET, "token");
      } catch (error) {
        return Promise.reject(error);
      }
    }
    const name = this.#name(target);
    const known = name === undefined ? undefined : this.#entries.get(name);
    if (name === undefined || (known === undefined && !isTarget(target))) return Promise.reject(noTarget(target));
    const now = this.#clock();
    if (known?.fresh(now)) {
      known.used = true;
      return known.settled!;
    }
    const entry = known ?? this.#remember(name);
    if (known) known.used = true;
    // Nothing there and nobody on the way: then the flight's promise is the answer.
    if (options === undefined && !entry.valid(now) && !entry.alone(now) && !entry.flying(now)) return this.#start(entry, target, now).done;
    return this.#wait(entry, target, options);
  }

  /**
   * As {@link get}, when an API refused this token: another one, asked for once however many callers saw the refusal. Within
   * half a minute of the last time it answers the same token: then the API's trouble is another.
   */
  async renew(target: Target, tokens: Tokens, options?: GetOptions): Promise<Tokens> {
    only(options, GET, "token");
    if (!isObject(tokens)) throw wrong("the tokens that were refused");
    const entry = this.#entries.get(this.#name(target) ?? "");
    if (entry?.tokens?.accessToken === tokens.accessToken && !entry.refuse(this.#clock())) return tokens;
    return this.get(target, options);
  }

  /**
   * A function that gets a target's access token, for `HallandApi`, `ElysApi`, `SelfService`, and whoever else takes one: given
   * a token that was refused, it gets another as {@link renew} does. For tokens bound to a key see {@link fetch}.
   *
   * @throws {SamtykkeError} The function: as {@link get}; `token_type_unexpected` for a token that is no Bearer token.
   * @example
   * ```ts
   * const api = new ElysApi(acm, { environment: "beta", token: tokens.bearer({ scope: "vo_info elys_depzorg", audience }) });
   * ```
   */
  bearer(target: Target = {}, options?: GetOptions): (refused?: string) => Promise<string> {
    return async (refused) => {
      const tokens = await (refused === undefined
        ? this.get(target, options)
        : this.renew(target, { accessToken: refused, tokenType: "Bearer" } as Tokens, options));
      if (tokens.tokenType !== "Bearer") throw hostError("token_type_unexpected", { phase: "token", expected: "Bearer", actual: tokens.tokenType });
      return tokens.accessToken;
    };
  }

  /**
   * A function like `fetch` that calls APIs with a target's token: to the named origins alone, with the headers the provider
   * wants, and once more with a new token when the API refuses the first one.
   */
  fetch(target: Target, options: ApiFetchOptions): ResourceFetch {
    return tokenFetch(this, this.#asking.bearer, target, options);
  }

  /** A target's name; none for what is no target, which {@link get} says in words. */
  #name(target: Target): string | undefined {
    try {
      // One that is misspelt would leave the target another one's name.
      for (const name in target) if (!Object.hasOwn(WANTED, name) && target[name as "scope"] !== undefined) return undefined;
      return nameOf(this.#asking.base, target);
    } catch {
      return undefined;
    }
  }

  async #wait(entry: Entry, target: Target, { signal, waitUntil }: GetOptions = {}): Promise<Tokens> {
    const deadline = this.#clock() + this.#patience;
    for (;;) {
      const now = this.#clock();
      if (entry.fresh(now)) return entry.tokens!;
      let flight = entry.flying(now);
      let own = false;
      if (!flight) {
        if (entry.alone(now)) {
          if (entry.valid(now)) return entry.tokens!;
          throw entry.error;
        }
        flight = this.#start(entry, target, now);
        own = true;
      }
      if (entry.valid(now)) {
        const landed = flight.done.catch(() => {});
        tell(waitUntil, landed);
        return entry.tokens!;
      }
      // Whoever runs the flight cannot outlive it; the flight itself ends in time.
      const tokens = await (own && !signal ? flight.done : this.#landing(flight, deadline, signal));
      if (tokens) return tokens;
      if (this.#clock() >= deadline) throw late();
    }
  }

  #remember(name: string): Entry {
    if (this.#entries.size >= this.#most) {
      for (const [old, entry] of this.#entries) {
        if (this.#entries.size < this.#most) break;
        if (entry.flight) continue;
        this.#entries.delete(old);
        // Asked for since this was last looked at: it goes to the end, once, and those that were not go first.
        if (entry.used) this.#entries.set(old, entry);
        entry.used = false;
      }
    }
    const entry = new Entry(name, this.#asking.credential);
    this.#entries.set(name, entry);
    return entry;
  }

  #start(entry: Entry, target: Target, now: number): Flight {
    const flight: Flight = { started: now, until: now + SLACK, done: undefined as never };
    entry.flight = flight;
    const deadline = now + this.#patience;
    flight.done =
      entry.alone(now) || this.#gate
        ? this.#fly(entry, target, flight, deadline)
        : new Promise((resolve, reject) =>
            this.#shared.look(entry, flight, (there) => {
              try {
                resolve(this.#looked(entry, target, flight, deadline, there));
              } catch (error) {
                entry.flight = undefined;
                reject(error);
              }
            }),
          );
    return flight;
  }

  /** The token that a store had, or the rest of the flight. */
  #looked(entry: Entry, target: Target, flight: Flight, deadline: number, there: Kept | undefined | typeof DOWN): Tokens | Promise<Tokens> {
    const now = this.#clock();
    if (there !== DOWN) entry.adopt(there, now);
    if (!entry.fresh(now)) return this.#fly(entry, target, flight, deadline, !entry.alone(now));
    entry.flight = undefined;
    return entry.tokens!;
  }

  /** Awaits a flight; nothing when whoever ran it has gone, or at the deadline. */
  #landing(flight: Flight, deadline: number, signal?: AbortSignal): Promise<Tokens | undefined> {
    return new Promise((resolve, reject) => {
      const left = () => Math.min(flight.until, deadline) - this.#clock();
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
      };
      const stop = () => {
        end();
        reject(hostError("aborted", { phase: "token" }, signal?.reason));
      };
      const look = () => {
        if (left() > 0) timer = setTimeout(look, left());
        else {
          end();
          resolve(undefined);
        }
      };
      let timer = setTimeout(look, left());
      if (signal?.aborted) return stop();
      signal?.addEventListener("abort", stop);
      const landed = (tokens: Tokens) => {
        end();
        resolve(tokens);
      };
      const crashed = (error: unknown) => {
        end();
        reject(error);
      };
      flight.done.then(landed, crashed);
    });
  }

  async #fly(entry: Entry, target: Target, flight: Flight, deadline: number, looked = false): Promise<Tokens> {
    const shared = this.#shared;
    let looks = 0;
    // When the lock was first seen with another, in this row of looks.
    let held: number | undefined;
    try {
      for (;;) {
        if (entry.alone(this.#clock()) || this.#gate) {
          held = undefined;
          try {
            await this.#rest(entry, flight, deadline);
          } catch (error) {
            if (entry.valid(this.#clock())) return entry.tokens!;
            throw error;
          }
        }
        if (!looked) {
          const there = await shared.read(entry, flight);
          const now = this.#clock();
          if (there !== DOWN) entry.adopt(there, now);
          if (entry.fresh(now)) return entry.tokens!;
          if (entry.alone(now)) continue;
        }
        looked = false;
        const lock = await shared.lock(entry, flight);
        if (lock === undefined) {
          if (entry.valid(this.#clock())) return entry.tokens!;
          const now = this.#clock();
          if (now >= deadline) throw late();
          // Two leases without a word: a store that gives no lock is done without, like one that does not answer.
          if (now < (held ??= now) + 2 * shared.lease) {
            await shared.changed(entry, flight, looks++);
            continue;
          }
        }
        const fence = lock === DOWN ? undefined : lock?.fence;
        if (lock !== DOWN) entry.adopt(lock?.kept, this.#clock());
        // Between the look and the lock another may have been here.
        if (entry.fresh(this.#clock()) || entry.alone(this.#clock())) {
          await shared.unlock(entry, flight, fence);
          continue;
        }
        const asked = this.#clock();
        if (asked >= deadline) {
          await shared.unlock(entry, flight, fence);
          throw late();
        }
        try {
          this.#probe(asked);
          const tokens = await this.#ask(target, flight, deadline);
          this.#gate = undefined;
          entry.keep(tokens, asked, this.#margin, random(), this.#unknownLife);
          await shared.write(entry, flight, fence, this.#clock());
          return tokens;
        } catch (cause) {
          this.#failed(entry, errorFrom(cause));
          await shared.write(entry, flight, fence, this.#clock());
        }
      }
    } finally {
      if (entry.flight === flight) entry.flight = undefined;
    }
  }

  /** Leaves the server alone as long as it is to be; throws what went wrong when that is too long, or of no use. */
  async #rest(entry: Entry, flight: Flight, deadline: number): Promise<void> {
    for (;;) {
      const now = this.#clock();
      const gate = this.#gate;
      const gated = gate && now < gate.until && gate.error !== entry.error;
      const alone = entry.alone(now);
      if (!alone && !gated) return;
      const [failures, resume, error] = alone ? [entry.failures, entry.resume, entry.error!] : [gate!.failures, gate!.until, gate!.error];
      // With a token that is still good nobody waits for this.
      if (failures > this.#retries || entry.valid(now) || faultOf(error) === "refused" || resume >= deadline) throw error;
      // In steps, since a gate may open sooner.
      const wait = alone ? resume - now : Math.min(resume - now, 100 + random() / 1000);
      flight.until = now + wait + SLACK;
      await sleep(wait, "token");
    }
  }

  /** While a server has trouble, the others wait for what this question brings. */
  #probe(now: number): void {
    if (this.#gate) this.#gate.until = now + this.#limit;
  }

  #failed(entry: Entry, error: SamtykkeError): void {
    const now = this.#clock();
    const fault = faultOf(error);
    entry.failures++;
    const wait = pause(fault, entry.failures, error.http?.retryAfter, random());
    entry.fail(error, wait, now);
    const status = error.http?.status;
    // A 500 or a broken answer may be one target's; no answer, 429 and 503 are everybody's.
    const everybody = fault === "trouble" && (status === undefined || status === 429 || status === 503);
    this.#gate = everybody ? { until: now + wait, failures: entry.failures, error } : undefined;
  }

  async #ask(target: Target, flight: Flight, deadline: number): Promise<Tokens> {
    const controller = new AbortController();
    const now = this.#clock();
    const most = Math.min(this.#limit, Math.max(deadline - now, 1));
    flight.until = now + most + SLACK;
    const asking = async () => this.#asking.request(target, controller.signal);
    const tokens = await limitTime(asking(), { timeout: most / 1000 }, () => controller.abort()).catch((cause: unknown) => {
      throw cause instanceof Ended ? late() : cause;
    });
    const wanted =
      isObject(tokens) && typeof tokens.accessToken === "string" && tokens.accessToken && (tokens.tokenType === "Bearer" || tokens.tokenType === "DPoP");
    if (!wanted) throw hostError("token_response_malformed", { phase: "token", expected: "tokens, with an access token" });
    return tokens;
  }
}

const late = () => hostError("timeout", { phase: "token", retryable: true });
const wrong = (expected: string) => hostError("invalid_parameter", { phase: "token", expected });

const TARGET = "a target of texts: { scope, resource, audience, organisation, subject, extra }";
/** What is wrong with it. */
function noTarget(target: Target): unknown {
  try {
    only(target, WANTED, "token");
    return wrong(TARGET);
  } catch (error) {
    return error;
  }
}
const isText = (value: unknown) => value === undefined || typeof value === "string";
const isTexts = (value: unknown) => isText(value) || (Array.isArray(value) && value.every((one) => typeof one === "string"));

/** A number or a list in a text's place would be one name with the text. */
function isTarget(target: Target): boolean {
  if (!isObject(target)) return false;
  const { scope, resource, audience, organisation, subject, extra } = target;
  const texts = isTexts(scope) && isTexts(resource) && isTexts(audience) && isText(organisation) && isText(subject);
  return texts && (extra === undefined || (isObject(extra) && Object.values(extra).every(isText)));
}
