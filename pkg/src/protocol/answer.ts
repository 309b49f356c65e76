// Answers on their way to the core that judges them, and what every function that sends something takes.

import { seconds } from "../core/clock.js";
import type { Value } from "../core/wasm.js";
import type { Transport } from "../core/http.js";

/** An answer, as a provider's own function judges it. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType?: string | null;
  readonly retryAfter?: string | null;
  readonly body: string;
  /** `WWW-Authenticate`; several are joined by a comma. */
  readonly wwwAuthenticate?: string | null;
}

/** What every function that sends something takes. */
export interface CallSettings extends Transport {
  /** Ends the request early. */
  readonly signal?: AbortSignal;
}

const oneLine = (text?: string | null) => text?.replace(/\s+/g, " ");

/** @internal The lines by which the core knows an answer; its body follows them as the rest. */
export const answerLines = ({ status, contentType, retryAfter, wwwAuthenticate }: HttpAnswer): Value[] => [
  status,
  oneLine(contentType),
  oneLine(seconds(retryAfter)),
  oneLine(wwwAuthenticate),
];

/** @internal An object without a prototype, so that no name in it means anything to JavaScript. */
export const bare = <T extends object>(value: T): T => Object.assign(Object.create(null), value) as T;
