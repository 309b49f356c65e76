// The headers of every answer: what the page may load, where it may send, what may be kept.
// CSP Level 3, Trusted Types, Referrer Policy, RFC 9111 5.2.2.5 (no-store), RFC 9700 4.2.4.
// Refuses inline script and style, frames, foreign connections, and caching of anything but the page's own files.

const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** A copy of the answer with the headers on it. Only `cacheable` answers keep the caching they came with. */
export function secured(response, { cacheable = false }) {
  const made = new Response(response.body, response);
  made.headers.set("content-security-policy", policy);
  made.headers.set("referrer-policy", "no-referrer");
  made.headers.set("x-content-type-options", "nosniff");
  made.headers.set("x-frame-options", "DENY");
  made.headers.set("cross-origin-opener-policy", "same-origin");
  made.headers.set("cross-origin-resource-policy", "same-origin");
  made.headers.set("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()");
  if (!cacheable) made.headers.set("cache-control", "no-store");
  return made;
}

export const json = (status, value) => new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json; charset=utf-8" } });
