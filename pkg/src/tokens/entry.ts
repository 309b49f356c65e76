// What a token source remembers of one target: a token with its times, and what went wrong. All by this process's clock.

import { SamtykkeError, hostError } from "../core/error.js";
import { BETWEEN_REFUSALS, type Fault, LONGEST, early } from "./clock.js";
import { type TokenRecord, errorOf, recordOf, recordText, tokensOf } from "./record.js";
import type { Kept } from "./store.js";
import type { Tokens } from "../protocol/tokens.js";

/** How long a failure is remembered beyond its pause, so that the next one's is longer. */
const REMEMBERED = 60_000;

/** @internal A question on its way: everybody who wants the same token awaits it. */
export interface Flight {
  readonly started: number;
  /** Past this it has been given up by whoever ran it: in some runtimes a question ends with the request that began it. */
  until: number;
  done: Promise<Tokens>;
}

/** @internal */
export class Entry {
  /** Its name in a store. */
  hash: string | undefined;
  tokens: Tokens | undefined;
  /** The tokens as a promise that is settled, so that a kept token costs no new one. */
  settled: Promise<Tokens> | undefined;
  got = 0;
  replace = 0;
  ends = 0;
  /** The access token that an API refused, until another one comes. */
  bad: string | undefined;
  refused = -Infinity;
  failures = 0;
  resume = 0;
  error: SamtykkeError | undefined;
  flight: Flight | undefined;
  /** Whether it was asked for again since the least used were last sought. */
  used = false;

  /** `credential` names what this process authenticates with, and tells too little of it to find it out. */
  constructor(
    readonly name: string,
    readonly credential: () => string,
  ) {}

  /** A token that may be used. A clock that went back makes tokens look young, so one from later than now does not count. */
  valid(now: number): boolean {
    return this.got <= now && now < this.ends;
  }

  /** A token that need not be replaced either. */
  fresh(now: number): boolean {
    return this.got <= now && now < this.replace;
  }

  /** Whether the server is to be left alone. */
  alone(now: number): boolean {
    return now < this.resume && this.resume <= now + LONGEST;
  }

  /** The question on its way, unless whoever asked has gone. */
  flying(now: number): Flight | undefined {
    const { flight } = this;
    return flight && flight.started <= now && now < flight.until ? flight : undefined;
  }

  #hold(tokens: Tokens, got: number, replace: number, ends: number): void {
    this.tokens = tokens;
    this.settled = Promise.resolve(tokens);
    this.got = got;
    this.replace = replace;
    this.ends = ends;
    this.bad = undefined;
  }

  /** Takes the answer to a question that was asked then. */
  keep(tokens: Tokens, asked: number, margin: number, random: number, unknownLife: number): void {
    const life = tokens.expiresIn === undefined ? unknownLife : tokens.expiresIn * 1000;
    this.#hold(tokens, asked, asked + life - early(life, margin, random), asked + life);
    this.#failed(0, 0, undefined);
  }

  #failed(failures: number, resume: number, error: SamtykkeError | undefined): void {
    this.failures = failures;
    this.resume = resume;
    this.error = error;
  }

  /** Notes that no token came. */
  fail(error: SamtykkeError, pause: number, now: number): void {
    this.#failed(this.failures, now + pause, error);
  }

  /** Drops a token that an API refused; `false` when the last time is too near, so that the API's trouble must be another. */
  refuse(now: number): boolean {
    if (this.refused <= now && now < this.refused + BETWEEN_REFUSALS) return false;
    Object.assign(this, { refused: now, bad: this.tokens?.accessToken, tokens: undefined, settled: undefined, replace: 0, ends: 0 });
    return true;
  }

  /** Takes what a store keeps, where it is newer. */
  adopt(kept: Kept | undefined, now: number): void {
    const record = kept && recordOf(kept.text);
    if (!kept || !record) return;
    const { left } = kept;
    const ends = now + left - record.tail;
    if (record.refused !== undefined) this.refused = Math.max(this.refused, now - Math.max(record.refused - left, 0));
    const there = record.tokens;
    const other = there && there.accessToken !== this.bad && there.accessToken !== this.tokens?.accessToken;
    if (other && now < ends && (!this.valid(now) || this.ends < ends)) this.#hold(tokensOf(there, ends), now, now + left - record.replace, ends);
    // What was refused to another credential is no reason for this one to keep still.
    const ours = record.by === undefined || record.by === this.credential();
    if (record.resume !== undefined && ours) this.#failed(record.failures, now + left - record.resume, errorOf(record.error));
    else if (other) this.#failed(0, 0, undefined);
  }

  /** What a store is to keep, and for how many milliseconds. */
  record(now: number): { readonly text: string; readonly milliseconds: number } {
    const token = this.valid(now) ? Math.ceil(this.ends - now) : 0;
    const milliseconds = this.failures ? Math.max(token, Math.ceil(this.resume - now) + REMEMBERED) : token;
    const tail = token ? milliseconds - token : 0;
    const replace = token ? tail + Math.max(Math.ceil(this.ends - this.replace), 0) : 0;
    const rest: Omit<TokenRecord, "tokens"> = {
      tail,
      replace,
      failures: this.failures,
      ...(now < this.refused + BETWEEN_REFUSALS && { refused: Math.floor(milliseconds + now - this.refused) }),
      ...(this.failures && {
        resume: Math.max(Math.floor(milliseconds - (this.resume - now)), 0),
        ...(this.error && { error: factsOf(this.error), ...(faultOf(this.error) === "refused" && { by: this.credential() }) }),
      }),
    };
    return { text: recordText({ ...rest, ...(token && this.tokens && { tokens: this.tokens }) }), milliseconds };
  }
}

function factsOf(error: SamtykkeError) {
  const { name: _, message: _message, ...facts } = error.toJSON();
  return facts;
}

/** @internal What went wrong, as this package's error. */
export const errorFrom = (cause: unknown): SamtykkeError =>
  cause instanceof SamtykkeError ? cause : hostError("network_error", { phase: "token", retryable: true }, cause);

/** @internal Whether asking again soon may help. */
export function faultOf({ code, action, http, oauth }: SamtykkeError): Fault {
  const busy = http !== undefined && (http.status === 429 || http.status >= 500);
  const waits = oauth?.error === "temporarily_unavailable" || oauth?.error === "server_error";
  return busy || waits || action === "try_later" || code === "timeout" || code === "network_error" ? "trouble" : "refused";
}
