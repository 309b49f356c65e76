// What a machine of Selvbetjening's asks of its caller: calls with a token, a record stored, settings, pauses.

import { type Names, SIGNAL, assertGiven, only, present } from "../../core/check.js";
import { type Carried, drive } from "../../core/drive.js";
import { SamtykkeError } from "../../core/error.js";
import type { Transport } from "../../core/http.js";
import { Ended, LONGEST, limitTime, tell } from "../../core/wait.js";
import { type Value, joined } from "../../core/wasm.js";
import { pause } from "../calls.js";
import type { CurrentClient } from "./records.js";

/** Options of one call. */
export interface SelvbetjeningCall {
  readonly signal?: AbortSignal;
}

/** One pause of a wait. */
export interface Pause {
  /** How often was asked so far. */
  readonly attempt: number;
  /** Until it is asked again. */
  readonly seconds: number;
  /** Seconds since the wait began. */
  readonly elapsed: number;
  /** The last answer, where there was one. */
  readonly client?: CurrentClient;
}

/** How a wait goes. Pauses grow by half from `first` to `longest`; a server that asks for a longer one gets it. All in seconds. */
export interface WaitOptions extends SelvbetjeningCall {
  readonly first?: number;
  readonly longest?: number;
  /** After so long it ends with `timeout`. */
  readonly limit?: number;
  /** Called before each pause: for progress. */
  readonly onWait?: (pause: Pause) => void;
}

/** @internal */
export const WAIT: Names<WaitOptions> = { ...SIGNAL, first: 1, longest: 1, limit: 1, onWait: 1 };

/** @internal An answer that is not judged yet: status, media type and `Retry-After`; the body. */
export interface Answer {
  readonly head: readonly string[];
  readonly body: string;
}

/** @internal What calls the API with the token of one key. */
export interface Caller {
  exchange(text: string, options: SelvbetjeningCall): Promise<Answer>;
}

/** An error as the core takes it. */
const errorLines = ({ code, oauth, http, retryable }: SamtykkeError): readonly Value[] => [
  code,
  oauth?.error,
  http?.status,
  http?.retryAfter,
  retryable ? 1 : "",
];

const nanoseconds = (seconds: number | undefined) => seconds && Math.max(Math.round(seconds * 1e9), 1);

/** @internal The pacing of a wait, as lines. */
export function pacing(options: WaitOptions): readonly Value[] {
  only(options, WAIT, "api");
  const times = [options.first, options.longest, options.limit];
  assertGiven(
    times.every((value) => value === undefined || (typeof value === "number" && value > 0)),
    "api",
    "first, longest, limit: seconds, more than 0",
  );
  return times.map(nanoseconds);
}

/** @internal What a machine is driven with. */
export interface Driven {
  readonly transport: Transport;
  /** The service by the name of a key. */
  readonly as?: (key: string) => Caller | Promise<Caller>;
  readonly options: WaitOptions;
  readonly ask?: (question: string) => Promise<string>;
  readonly store?: (record: string) => Promise<void>;
}

/** @internal Drives a machine. Errors of its calls, and the caller's own, are thrown as they came. */
export async function driven(operation: string, lines: string, { transport, as, options, ask, store }: Driven): Promise<string> {
  const { signal, onWait } = options;
  let heard: unknown;
  let passed = false;
  let attempt = 0;
  let asked = 0;
  let began: number | undefined;
  const carried = async (step: string, rest: string): Promise<Carried> => {
    if (step === "ask") return ["answered", "", new TextEncoder().encode(await limitTime(ask!(rest), { timeout: LONGEST, signal }))];
    if (step === "sleep") {
      began ??= asked;
      tell(onWait, { attempt: ++attempt, seconds: Number(rest) / 1000, elapsed: (Date.now() - began) / 1000 });
      return pause(rest, signal);
    }
    asked = Date.now();
    const end = rest.indexOf("\n");
    const { head, body } = await (await as!(rest.slice(0, end))).exchange(rest.slice(end + 1), present(options, ["signal"]));
    heard = undefined;
    return ["response", `${[...head, "", "", ""].join("\n")}\n`, new TextEncoder().encode(body)];
  };
  const carry = async (step: string, rest: string): Promise<Carried> => {
    try {
      return await carried(step, rest);
    } catch (cause) {
      heard = cause;
      if (step === "call" && cause instanceof SamtykkeError) return ["refused", joined(errorLines(cause))];
      passed = !(cause instanceof Ended);
      throw cause;
    }
  };
  try {
    return await drive(operation, lines, { transport, signal, carry, store });
  } catch (thrown) {
    const error = thrown as SamtykkeError;
    const same = heard instanceof SamtykkeError && heard.code === error.code && error.expected === undefined;
    if (passed || same) throw heard;
    // Why it was still waiting.
    if (heard !== undefined && error.cause === undefined) Object.defineProperty(error, "cause", { value: heard, writable: true, configurable: true });
    throw error;
  }
}
