// Answers of a server's endpoints on their way to the core that judges them: sent for here, or fetched by the caller.

import { type Value } from "./engine.js";
import { type TokenAnswer } from "./client.js";
import { type Transport, request, send } from "./http.js";

/** An answer, for callers with an HTTP client of their own. */
export interface HttpAnswer extends TokenAnswer {
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
  oneLine(retryAfter),
  oneLine(wwwAuthenticate),
];

/** @internal Sends a request that the core worded, once. */
export async function ask(text: string, phase: "configuration" | "token" | "api", settings: CallSettings): Promise<HttpAnswer> {
  const { head, body, challenge } = await send(request(text), phase, settings, settings.signal);
  return { status: +head[0]!, contentType: head[1], retryAfter: head[2], wwwAuthenticate: challenge, body };
}

/** @internal An object without a prototype, so that no name in it means anything to JavaScript. */
export const bare = <T extends object>(value: T): T => Object.assign(Object.create(null), value) as T;

/** @internal Makes `console.log` of personal data show that it is there, and no more. */
export function hidden<T extends object>(value: T, name: string): T {
  Object.defineProperty(value, Symbol.for("nodejs.util.inspect.custom"), { value: () => `${name} { … }` });
  return Object.freeze(value);
}
