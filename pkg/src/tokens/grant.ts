// How a token source asks: by a client with a grant, or by a function of the caller's. Either makes a new assertion each time.

import { type Names, assertConfigured, isObject, only } from "../core/check.js";
import type { Client } from "../protocol/client.js";
import { heldBy } from "../protocol/authentication.js";
import { Nonces } from "../protocol/dpop.js";
import { call } from "../core/wasm.js";
import { type Development, developmentMarks } from "../core/development.js";
import { hostError } from "../core/error.js";
import { TRANSPORT, type Transport, checkTransport } from "../core/http.js";
import { SigningKey } from "../crypto/keys.js";
import { parties } from "../protocol/party.js";
import { type AssertionRules, RULES } from "../protocol/profile.js";
import type { Bearer } from "../protocol/resource.js";
import { line, type Target } from "./clock.js";
import type { Tokens } from "../protocol/tokens.js";

/** How a client asks. */
export type ClientGrant =
  /** The client's own credentials (RFC 6749 section 4.4); `organisation` and `subject` have no place in it. */
  | "client_credentials"
  /** A signed statement (RFC 7523 section 2.1), signed anew for each request. */
  | {
      readonly key: SigningKey;
      /** `iss`; the client id unless given. */
      readonly issuer?: string;
      /** `sub`; none unless given. */
      readonly subject?: string;
      readonly rules?: AssertionRules;
      /**
       * The statement's claims for a target, where a provider wants them there: then scope, resource and audience are no form
       * parameters. Without it they are, and `organisation` and `subject` have no place.
       */
      readonly claims?: (target: Target) => Readonly<Record<string, unknown>>;
    };

/** Asks by a client. */
export interface ClientAsk {
  readonly client: Client;
  /** `client_credentials` unless given. */
  readonly grant?: ClientGrant;
}

/** Asks by a function of yours. */
export interface RequestAsk extends Transport {
  /** Asks for a token once, with a new assertion; ends when the signal says so. */
  readonly request: (target: Target, signal: AbortSignal) => Promise<Tokens>;
  /** Who issues the tokens, who asks, and with which key: what keeps two sources apart that share a store. */
  readonly issuer: string;
  readonly clientId: string;
  /** The key that signs for the client or that its tokens are bound to: its thumbprint or id. */
  readonly keyId?: string;
  /**
   * A name of what the request authenticates with, where that is no key: the number or version of the secret, never the secret. A
   * refusal in a shared store keeps those still that have this name, or else this `keyId`; with neither, this source alone.
   */
  readonly credentialId?: string;
  /** The key that tokens are bound to, for {@link TokenSource.fetch}. */
  readonly dpop?: SigningKey;
  /** Lets {@link TokenSource.fetch} call http on this machine, and at the origins named. */
  readonly development?: Development;
  /** Whole seconds to add to this machine's clock in the proofs of {@link TokenSource.fetch}; 0 unless given. */
  readonly clockOffset?: number;
}

/** @internal */
export interface Asking {
  /** The lines of issuer, client and key, with which each target's name begins. */
  readonly base: string;
  readonly request: (target: Target, signal: AbortSignal) => Promise<Tokens>;
  readonly bearer: Bearer;
  /** Names what the client authenticates with, where that has no public name; tells too little of it to find it out. */
  readonly credential: () => string;
  /** What the provider says of tokens without an end, in seconds. */
  readonly unknownLife?: number | undefined;
}

/** Eighteen bits: enough to tell a new secret from the one before, and none to find a secret by. */
const credentialOf = (base: string, secret: string) => {
  let found: string | undefined;
  return () => (found ??= secret && call(["digest"], base + secret).slice(0, 3));
};

const baseOf = (issuer: string, clientId: string, key: string) => line("i", issuer) + line("c", clientId) + (key && line("k", key));

const CLIENT: Names<ClientAsk> = { client: 1, grant: 1 };
const REQUEST: Names<RequestAsk> = { ...TRANSPORT, request: 1, issuer: 1, clientId: 1, keyId: 1, credentialId: 1, dpop: 1, development: 1, clockOffset: 1 };
const GRANT: Names<Exclude<ClientGrant, string>> = { key: 1, issuer: 1, subject: 1, rules: 1, claims: 1 };

/** @internal `settings` are the names of a source's own options. */
export function askingOf(options: ClientAsk | RequestAsk, settings: object): Asking {
  assertConfigured(isObject(options), "{ client } or { request, issuer, clientId }");
  only(options, { ...settings, ...("client" in options ? CLIENT : REQUEST) });
  return "client" in options ? byClient(options) : byFunction(options);
}

function byFunction(options: RequestAsk): Asking {
  const { request, issuer, clientId, keyId = "", credentialId, dpop, fetch, timeout, development, clockOffset: offset = 0 } = options;
  assertConfigured(typeof request === "function", "request: a function, or client: a Client");
  assertConfigured(
    [issuer, clientId].every((value) => typeof value === "string" && value),
    "issuer and clientId: texts",
  );
  assertConfigured(typeof keyId === "string", "keyId: a text");
  assertConfigured(credentialId === undefined || (typeof credentialId === "string" && credentialId !== ""), "credentialId: a text, not empty");
  assertConfigured(dpop === undefined || dpop instanceof SigningKey, "dpop: a SigningKey");
  assertConfigured(Number.isSafeInteger(offset), "clockOffset: whole seconds");
  const transport = { ...(fetch && { fetch }), ...(timeout !== undefined && { timeout }) };
  checkTransport(transport);
  // A token that is bound to a key is of no use to a process that has another.
  const key = dpop ? `${keyId} ${dpop.thumbprint}` : keyId;
  // Where nobody says what authenticates, another process may have a new secret: a refusal here is no reason for it to keep still.
  const credential = credentialId ?? (keyId || crypto.randomUUID());
  return {
    base: baseOf(issuer, clientId, key),
    credential: () => credential,
    request,
    bearer: { transport, dpop, nonces: new Nonces(), development: developmentMarks(development), offset },
  };
}

function byClient({ client, grant = "client_credentials" }: ClientAsk): Asking {
  const party = isObject(client) ? parties.get(client) : undefined;
  assertConfigured(!!party, "client: a Client");
  assertConfigured(
    grant === "client_credentials" || (isObject(grant) && grant.key instanceof SigningKey),
    'grant: "client_credentials", or { key: a SigningKey, … }',
  );
  if (typeof grant === "object") {
    only(grant, GRANT);
    only(grant.rules, RULES);
  }
  const { provider, authentication, transport, dpop, nonces, offset } = party!;
  const signing = [heldBy(authentication)?.key, typeof grant === "object" ? grant.key : undefined, dpop];
  const issuer = typeof grant === "object" ? (grant.issuer ?? "") : "";
  const subject = typeof grant === "object" ? (grant.subject ?? "") : "";
  const key = [...signing.map((one) => one?.thumbprint ?? ""), issuer, subject].join(" ").trim();
  const base = baseOf(provider.issuer, provider.clientId, key);
  return {
    base,
    credential: credentialOf(base, heldBy(authentication)?.secret ?? ""),
    request: (target, signal) => ask(client, grant, target, signal),
    unknownLife: provider.server?.unknownLife,
    bearer: { transport, dpop, nonces, development: provider.flags, offset },
  };
}

async function ask(client: Client, grant: ClientGrant, target: Target, signal: AbortSignal): Promise<Tokens> {
  const { scope, organisation, subject, resource, audience, ...rest } = target;
  const claims = typeof grant === "object" ? grant.claims : undefined;
  if (!claims && (organisation || subject)) {
    throw hostError("invalid_parameter", {
      phase: "token",
      expected: "no organisation or subject: this grant has no place for them, so give claims or a request of your own",
    });
  }
  const form = { resource, audience, scope: typeof scope === "string" || !scope ? scope : scope.join(" ") };
  if (grant === "client_credentials") return client.clientCredentials({ ...rest, ...form, signal });
  const { key, issuer, subject: sub, rules } = grant;
  const signed = { key, ...(issuer !== undefined && { issuer }), ...(sub !== undefined && { subject: sub }) };
  if (!claims) return client.jwtBearer({ ...rest, ...form, ...signed, ...(rules && { rules }), signal });
  return client.jwtBearer({ ...rest, ...signed, rules: { ...rules, claims: { ...rules?.claims, ...claims(target) } }, signal });
}
