// Cookies of the edge handlers: `__Host-`, HttpOnly, Secure (RFC 6265bis), at most 4096 octets each.

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
