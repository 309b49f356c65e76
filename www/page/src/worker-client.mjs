// The page's own worker, as functions: session, exchange, debt, withdrawal, and the masked record of the back channel.
// Fetch Standard; the header tells the worker that the page itself asks, which a foreign page cannot say without CORS.
// Refuses to pass on an answer that is not what was asked for: it becomes a Problem with a stable code.

/** A failed call, with the fields that the worker copies from the library's error. */
export class Problem extends Error {
  constructor(fields) {
    super(fields.code);
    this.name = "Problem";
    Object.assign(this, { phase: "api", retryable: false, action: "none" }, fields);
  }
}

export async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { accept: "application/json", "x-samtykke-page": "1", ...(body ? { "content-type": "application/json" } : {}) },
      body: body && JSON.stringify(body),
      redirect: "error",
      cache: "no-store",
    });
  } catch {
    throw new Problem({ code: "network_error", phase: "runtime", retryable: true, action: "try_later" });
  }
  if (response.status === 204) return null;
  let answer;
  try {
    answer = await response.json();
  } catch {
    throw new Problem({ code: "api_response_malformed", action: "try_later", http: { status: response.status } });
  }
  if (!response.ok) throw new Problem({ code: "api_error", action: "try_later", ...answer });
  return answer;
}

export const session = () => call("GET", "/api/session");
export const exchange = (code) => call("POST", "/exchange", code);
export const debt = () => call("GET", "/api/debt");
export const withdraw = () => call("DELETE", "/api/consent");
export const logout = () => call("POST", "/logout");
export const trace = () => call("GET", "/api/trace");
export const newTrace = () => call("DELETE", "/api/trace");
