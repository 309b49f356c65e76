// Where a person is sent after a flow: a path of this origin and nothing else (RFC 9700 section 4.11.1).

import { hostError } from "../core/error.js";

const BASE = "https://origin.invalid";

/**
 * Checks that `path` leads to this origin: it starts with one slash, and stays here however often it is decoded.
 *
 * @throws {SamtykkeError} `return_to_refused`
 */
export function returnTo(path: string): string {
  // Visible ASCII, as every URL in a header is: a browser drops tabs and line ends, and reads the rest in its own way.
  let fits = typeof path === "string" && path.length <= 2048 && /^[!-~]+$/.test(path);
  for (let decoded = path, before: string | undefined; fits && decoded !== before; ) {
    // Browsers read a backslash as a slash: it belongs in no path.
    fits = /^\/(?!\/)[^\\\u0000-\u001f\u007f]*$/.test(decoded) && originOf(decoded) === BASE;
    before = decoded;
    // Escape by escape, because a broken one must not end the looking.
    decoded = decoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  }
  if (!fits) throw hostError("return_to_refused", { expected: "a path on this origin, in visible ASCII" });
  return path;
}

function originOf(path: string): string | undefined {
  try {
    return new URL(path, BASE).origin;
  } catch {
    return undefined;
  }
}
