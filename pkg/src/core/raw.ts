// A successful answer that cannot be asked for again, on the error that it led to: hidden from logs, JSON and walks over an error.

import { SamtykkeError } from "./error.js";

const raws = new WeakMap<object, string | Uint8Array>();
SamtykkeError.prototype.raw = function (this: object) {
  const kept = raws.get(this);
  return kept instanceof Uint8Array ? new TextDecoder().decode(kept) : kept;
};

/** @internal Keeps an answer on an error. */
export function keep(error: unknown, status: number, body: string | Uint8Array): void {
  if (status < 300) raws.set(error as object, body);
}
