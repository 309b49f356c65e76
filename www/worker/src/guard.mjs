// Whether a call comes from our own page: the session cookie alone must not be enough to spend a one-time consent.
// RFC 9700 4.7 (CSRF); Fetch Metadata; a header that a foreign page cannot set without asking by CORS, which is never granted.
// Refuses a call without that header, or with a Sec-Fetch-Site other than same-origin, or with a foreign Origin.

export function fromOurPage(request, origin) {
  if (request.headers.get("x-samtykke-page") !== "1") return false;
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin") return false;
  const from = request.headers.get("origin");
  return from === null || from === origin;
}

/** A cookie of the request, or null. Two of the same name are refused: one of them may have been planted. */
export function cookie(request, name) {
  const found = (request.headers.get("cookie") ?? "")
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`));
  return found.length === 1 ? found[0].slice(name.length + 1) : null;
}
