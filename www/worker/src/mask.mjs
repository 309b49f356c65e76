// Turns protocol parameters into something that may be shown: what is public stays, the rest becomes three characters and a length.
// RFC 9700 4.2 and 4.3: codes, tokens, verifiers and secrets leak through what people log and show.
// Refuses by default: a name that is not in the list below is masked.

const open = new Set([
  "client_id",
  "response_type",
  "redirect_uri",
  "scope",
  "code_challenge_method",
  "grant_type",
  "audience",
  "iss",
  "error",
  "error_description",
  "token_type",
  "expires_in",
  "purpose",
  "days",
  "content-type",
  "location",
  "x-trace-id",
]);

/** The first three characters of a long value and its length; nothing but the length of a short one. */
export function mask(value) {
  const text = String(value);
  return { value: `${text.length >= 16 ? text.slice(0, 3) : ""}…`, length: text.length };
}

/** One field for the drawing: { in, name, value } and, when the value is masked, its length. */
export const field = (place, name, value) => ({
  in: place,
  name: name.slice(0, 60),
  ...(open.has(name) ? { value: String(value).slice(0, 300) } : mask(value)),
});

export const fieldsOf = (place, pairs) => [...pairs].slice(0, 20).map(([name, value]) => field(place, name, value));
