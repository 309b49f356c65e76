// Cookies of the edge handlers: `__Host-`, HttpOnly, Secure (RFC 6265bis), at most 4096 octets each, a session's in pieces.

/** Reads a request's cookies; a name given twice counts as absent, because one of them is not ours. */
export function cookies(request: Request): Map<string, string> {
  const found = new Map<string, string>();
  const twice = new Set<string>();
  for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at < 0) continue;
    const name = pair.slice(0, at).trim();
    if (found.has(name)) twice.add(name);
    found.set(name, pair.slice(at + 1).trim());
  }
  for (const name of twice) found.delete(name);
  return found;
}

/** Octets a browser keeps of one cookie, name and attributes included. */
export const MAX_COOKIE = 4096;

/** A `Set-Cookie` value; `maxAge` in seconds, 0 deletes. */
export function setCookie(name: string, value: string, maxAge: number, sameSite: "Lax" | "None", secure: boolean): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=${sameSite}${secure ? "; Secure" : ""}`;
}

/** Cookies that one session may have. */
export const PIECES = 3;
/** Characters of the mark that all pieces of one writing share; how many there are follows it. */
const MARK = 8;

/**
 * The pieces of a value, as many as are needed: each begins with the mark and their number. Nothing where they are too many.
 * `overhead` is what a cookie's name and attributes take.
 */
export function pieces(mark: string, value: string, overhead: number): readonly string[] | undefined {
  const room = MAX_COOKIE - overhead - MARK - 1;
  const count = Math.max(1, Math.ceil(value.length / room));
  if (count > PIECES) return undefined;
  return Array.from({ length: count }, (_, at) => `${mark}${count}${value.slice(at * room, (at + 1) * room)}`);
}

/** The mark and value that pieces make up; nothing where one is missing, is of another writing, or is left over. */
export function whole(found: readonly (string | undefined)[]): { readonly mark: string; readonly value: string } | undefined {
  const head = found[0]?.slice(0, MARK + 1) ?? "";
  const count = Number(head[MARK]);
  if (!(count >= 1 && count <= PIECES) || found.some((piece, at) => (at < count ? !piece?.startsWith(head) : piece !== undefined))) return undefined;
  return {
    mark: head.slice(0, MARK),
    value: found
      .slice(0, count)
      .map((piece) => piece!.slice(MARK + 1))
      .join(""),
  };
}
