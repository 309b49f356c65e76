// What went over the wire while a step ran: each request and its answer, masked, and every signed statement taken apart.
// RFC 7523 (assertions), RFC 9449 (proofs), RFC 9700 4.3 on what leaks through what is shown.
// Refuses to keep a signature, a token or a secret: a statement is shown without what makes it worth anything.
import { field, mask } from "../mask.mjs";

const MOST = 12;
const SIGNED = new Set(["assertion", "client_assertion", "request"]);
// What the providers' own APIs say of scopes, clients and keys is public; the names below never are.
const SECRET = /token$|secret|password|assertion$|api[_-]?key|subscription-key|^request$|^code$|^code_verifier$|^nin$|^ssn$|^pid$|identity\/pid$|^d$|^p$|^q$/i;

const decoded = (part) =>
  JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0))));

/** Header and claims of a compact JWS; nothing for what is none. */
export function takenApart(text) {
  try {
    const [header, claims] = text.split(".", 2).map(decoded);
    return { header: rows(header), claims: rows(claims) };
  } catch {
    return undefined;
  }
}

const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value)).slice(0, 300);
const rows = (object) =>
  Object.entries(object)
    .slice(0, 20)
    .map(([name, value]) => (SECRET.test(name) ? { name, ...mask(shown(value)) } : { name, value: shown(value) }));

function requestFields(headers, body, type) {
  const fields = [];
  const signed = [];
  for (const [name, value] of headers) {
    if (name === "dpop") signed.push({ name: "DPoP", ...takenApart(value) });
    else if (name === "authorization") fields.push({ in: "header", name, value: `${value.split(" ")[0]} ${mask(value.slice(value.indexOf(" ") + 1)).value}` });
    else if (!["accept", "content-type"].includes(name)) fields.push(field("header", name, value));
  }
  if (type.startsWith("application/x-www-form-urlencoded")) {
    for (const [name, value] of new URLSearchParams(body)) {
      const apart = SIGNED.has(name) ? takenApart(value) : undefined;
      if (apart) signed.push({ name, ...apart });
      fields.push(SECRET.test(name) ? { in: "body", name, ...mask(value) } : { in: "body", name, value: value.slice(0, 300) });
    }
  } else if (type.startsWith("application/json")) {
    fields.push(...jsonFields(body));
  }
  return { fields: fields.slice(0, 24), signed };
}

function jsonFields(text) {
  try {
    const value = JSON.parse(text);
    if (Array.isArray(value))
      return [
        {
          in: "body",
          name: `[${value.length}]`,
          value: value
            .slice(0, MOST)
            .map((one) => (typeof one === "object" && one ? (Object.values(one).find((part) => typeof part === "string") ?? "{…}") : String(one)))
            .join(", ")
            .slice(0, 300),
        },
      ];
    if (value === null || typeof value !== "object") return [{ in: "body", name: "value", value: shown(value) }];
    return rows(value)
      .slice(0, MOST)
      .map((row) => ({ in: "body", ...row }));
  } catch {
    return text ? [{ in: "body", name: "text", value: text.slice(0, 120) }] : [];
  }
}

/** A fetch that writes down what it carries, and what it wrote. */
export function recording() {
  const messages = [];
  async function recorded(input, init = {}) {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const body = request.body ? await request.clone().text() : "";
    const message = {
      method: request.method,
      host: url.host,
      path: url.pathname + (url.search.length > 120 ? "?…" : url.search),
      ...requestFields(request.headers, body, request.headers.get("content-type") ?? ""),
      ms: 0,
      status: 0,
      answer: [],
    };
    messages.push(message);
    const started = Date.now();
    const response = await fetch(input, init);
    message.ms = Date.now() - started;
    message.status = response.status;
    message.answer = jsonFields((await response.clone().text()).slice(0, 200_000));
    return response;
  }
  return { fetch: recorded, messages };
}
