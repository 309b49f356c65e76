// The time, as the protocol counts it.

/** The time in seconds since 1970. */
export const now = (): number => Math.floor(Date.now() / 1000);

/** A `Retry-After` in seconds: a date counts from now (RFC 9110 section 10.2.3). */
export function seconds(header?: string | null): string | null | undefined {
  const at = Date.parse(header ?? "");
  return !header || /^[\d\s]+$/.test(header) || Number.isNaN(at) ? header : `${Math.max(Math.ceil(at / 1000) - now(), 0)}`;
}
