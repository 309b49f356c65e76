// Where a person is sent after a flow: a path of this origin and nothing else (RFC 9700 section 4.11.1), inside the application, and
// none that begins or ends a flow itself.

import { trouble } from "./trouble.js";

const BASE = "https://origin.invalid";

/** Where paths may lead: under `basePath`, and to none of the handlers' own. */
export interface Inside {
  readonly basePath: string;
  readonly handlers: readonly string[];
}

const refused = (expected: string) => trouble("return_to_refused", { expected });

/**
 * Checks that `path` leads to this origin: it starts with one slash, and stays here however often it is decoded.
 *
 * @throws {SamtykkeError} `return_to_refused`
 */
export function returnTo(path: string, inside?: Inside): string {
  // Visible ASCII, as every URL in a header is: a browser drops tabs and line ends, and reads the rest in its own way.
  let fits = typeof path === "string" && path.length <= 2048 && /^[!-~]+$/.test(path);
  for (let decoded = path, before: string | undefined; fits && decoded !== before; ) {
    // Browsers read a backslash as a slash: it belongs in no path.
    fits = /^\/(?!\/)[^\\\u0000-\u001f\u007f]*$/.test(decoded) && urlOf(decoded)?.origin === BASE;
    if (fits && inside && !isInside(urlOf(decoded)!.pathname, inside)) throw refused(`a path under ${inside.basePath} that is no handler of the edge's`);
    before = decoded;
    // Escape by escape, because a broken one must not end the looking.
    decoded = decoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  }
  if (!fits) throw refused("a path on this origin, in visible ASCII");
  return path;
}

/** Where a browser arrives, after `..` and the like; a slash at the end makes no other place. */
function isInside(pathname: string, { basePath, handlers }: Inside): boolean {
  const bare = (path: string) => path.replace(/\/+$/, "");
  const [path, base] = [bare(pathname), bare(basePath)];
  return (path === base || path.startsWith(`${base}/`)) && !handlers.some((handler) => bare(handler) === path);
}

function urlOf(path: string): URL | undefined {
  try {
    return new URL(path, BASE);
  } catch {
    return undefined;
  }
}

/** The path of an address, or nothing that a request could ask for. */
export const pathOf = (address: string): string => {
  try {
    return new URL(address).pathname;
  } catch {
    return "";
  }
};
