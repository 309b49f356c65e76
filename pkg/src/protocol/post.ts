// A form to the authorization server: authenticated, proved, and sent once more when a DPoP nonce challenge asks for it.
// Each attempt has an assertion and a proof of its own; nothing else is ever sent again.

import { heldBy, type ClientAuthentication } from "./authentication.js";
import { type Nonces, again } from "./dpop.js";
import { type Value, call } from "../core/wasm.js";
import type { Phase } from "../core/error.js";
import { hostError } from "../core/error.js";
import { type Provider, clientLines } from "./page_provider.js";
import { type Sent, type Transport, request, send } from "../core/http.js";
import type { SigningKey } from "../crypto/keys.js";
import type { AliasedEndpoint } from "./profile.js";
import { type Statement, clientAssertion, proof } from "./signing.js";

/** What goes with every token request, whatever the grant. */
export interface TokenTarget {
  /** Services the token is for, as URIs (RFC 8707); any text where the provider's profile says so. */
  readonly resource?: string | readonly string[];
  /** Services the token is for, by their names with the provider (RFC 8693 section 2.1). */
  readonly audience?: string | readonly string[];
  /** Rich authorization details (RFC 9396). */
  readonly authorizationDetails?: readonly { readonly type: string; readonly [name: string]: unknown }[];
  /** Further parameters of the provider's. */
  readonly extra?: Readonly<Record<string, string>>;
  /** Claims of this request's client assertion, where a provider reads some. */
  readonly assertionClaims?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

/** @internal Lines of a target. */
export function targetLines({ resource = [], audience = [], authorizationDetails, extra }: TokenTarget): Value[] {
  const lines: Value[] = [];
  for (const value of [resource].flat()) lines.push(`r${value}`);
  for (const value of [audience].flat()) lines.push(`a${value}`);
  if (authorizationDetails) lines.push(`d${JSON.stringify(authorizationDetails)}`);
  for (const name in extra) lines.push(`p${name}=${extra[name]!}`);
  return lines;
}

/** @internal Who sends, and with what. */
export interface Party {
  readonly provider: Provider;
  readonly authentication: ClientAuthentication;
  readonly transport: Transport;
  readonly dpop: SigningKey | undefined;
  readonly nonces: Nonces;
  readonly offset: number;
}

/** @internal A name of ours as the metadata writes it. */
export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** @internal What is sent where. */
export interface Post {
  readonly endpoint: Exclude<AliasedEndpoint, "userinfoEndpoint">;
  /** The grant's name and values. */
  readonly grant: readonly Value[];
  readonly target?: TokenTarget;
  /** Whether a DPoP proof goes with it; it does where tokens are issued. */
  readonly proved?: boolean;
  readonly phase?: Phase & ("token" | "authorization");
  /** Signed anew for each attempt: form parameters, already encoded. */
  readonly more?: (statement: Omit<Statement, "issuer">) => Promise<string>;
  /** Called when the core has taken the request, just before it is sent for the first time. */
  readonly ready?: (idToken: boolean) => void;
}

/** @internal The answer, with what the core knows of the request. */
export interface Posted extends Sent {
  readonly idToken: boolean;
  readonly scope: string;
}

/** @internal The address of an endpoint; a client with a certificate goes to the alias for those (RFC 8705 section 5). */
export function endpointOf({ provider, authentication }: Pick<Party, "provider" | "authentication">, name: AliasedEndpoint): string | undefined {
  const alias = authentication.method === "tls_client_auth" ? provider.server?.mtlsEndpointAliases?.[name] : undefined;
  return alias ?? (name === "tokenEndpoint" ? provider.tokenEndpoint : provider.server?.[name]);
}

/** @internal Sends a form, at most twice. */
export async function post(party: Party, { endpoint, grant, target = {}, proved = true, phase = "token", more, ready }: Post): Promise<Posted> {
  const { provider, authentication, transport, nonces, offset } = party;
  const server = provider.server;
  const dpop = proved ? party.dpop : undefined;
  if (proved && server?.requireDpop && !dpop) throw hostError("invalid_configuration", { phase, expected: "dpop: a key" });
  const { secret, rules } = heldBy(authentication)!;
  const beside = rules?.clientId ?? server?.assertion?.clientId ?? true;
  const address = endpointOf(party, endpoint);
  const text = call([
    "form",
    clientLines(provider),
    address,
    snake(endpoint),
    authentication.method,
    secret,
    beside ? 1 : "",
    server?.freeResource ? 1 : "",
    ...grant,
    ...targetLines(target),
  ]);
  const [idToken, scope] = text.split("\n", 2) as [string, string];
  const core = request(text.slice(idToken.length + scope.length + 2));
  const url = core.url;
  ready?.(!!idToken);
  for (let second = false; ; second = true) {
    const to = { server: provider.issuer, address: url, offset };
    const statement = { ...to, issuer: provider.clientId, subject: provider.clientId, claims: target.assertionClaims };
    let body = core.body ?? "";
    const add = (pairs: string) => (body += (body && "&") + pairs);
    if (more) add(await more(to));
    const assertion = await clientAssertion(authentication, server?.assertion, statement);
    if (assertion) add(`client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=${assertion}`);
    const headers = { ...core.headers };
    if (dpop) headers["dpop"] = await proof(dpop, core.method, url, nonces.of("a", url), offset);
    const answer = await send({ ...core, headers, body }, phase, transport, target.signal);
    if (!dpop || !again(nonces, "a", url, second, answer)) return { ...answer, idToken: !!idToken, scope };
  }
}
