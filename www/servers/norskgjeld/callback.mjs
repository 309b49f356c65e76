// The URL a person is sent back on, written the way Go's net/url writes it: sorted, form-encoded.
// RFC 6749 4.1.2 and 4.1.2.1; Hydra adds `scope` to a success and always sends `error_description`.
// Refuses to touch the registered redirect_uri: no slash is added, nothing before its query changes.

/** Go's url.QueryEscape: letters, digits and - _ . ~ stay, a space becomes a plus sign. */
export function queryEscape(text) {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, "+");
}

export function callbackUrl(redirectUri, params, mode = "query") {
  const mark = redirectUri.indexOf("?");
  const base = mark < 0 ? redirectUri : redirectUri.slice(0, mark);
  const kept = mode === "query" && mark >= 0 ? [...new URLSearchParams(redirectUri.slice(mark + 1))] : [];
  const all = new Map([...kept, ...Object.entries(params)]);
  const text = [...all]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${queryEscape(name)}=${queryEscape(value)}`)
    .join("&");
  return mode === "fragment" ? `${redirectUri}#${text}` : `${base}?${text}`;
}

export const successParams = ({ code, scope, state }) => ({ code, scope, state });

export const errorParams = ({ error, description = "", state = "" }) => ({
  error,
  error_description: description,
  state,
});
