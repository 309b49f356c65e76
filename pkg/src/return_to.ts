// Where a person is sent after a flow: a path of this origin and nothing else (RFC 9700 section 4.11.1).

import { hostError } from "./error.js";

/**
 * Checks that `path` leads to this origin: it starts with one slash, and stays here however often it is decoded.
 *
 * @throws {SamtykkeError} `return_to_refused`
 */
export function returnTo(path: string): string {
  let decoded = path;
  for (let round = 0; round < 3; round++) {
    const base = "https://origin.invalid";
    let url: URL | undefined;
    try {
      url = new URL(decoded, base);
    } catch {
      // Refused below.
    }
    // Browsers read a backslash as a slash and drop tabs and line ends: none of them belongs in a path.
    if (url?.origin !== base || !/^\/(?![/\\])/.test(decoded) || /[\\\u0000-\u001f\u007f]/.test(decoded) || path.length > 2048) {
      throw hostError("return_to_refused", { expected: "a path on this origin" });
    }
    try {
      decoded = decodeURIComponent(decoded);
    } catch {
      break;
    }
  }
  return path;
}
