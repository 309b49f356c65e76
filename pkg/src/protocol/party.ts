// Who sends, and with what: a client's settings as the core's machines read them, and the hands that carry out their steps.

import { type ClientAuthentication, heldBy } from "./authentication.js";
import type { Names } from "../core/check.js";
import { type Hands, drive } from "../core/drive.js";
import type { Nonces } from "./dpop.js";
import { type Value, joined } from "../core/wasm.js";
import { type Provider, clientLines } from "./page_provider.js";
import type { Transport } from "../core/http.js";
import { type KeySource, isRight } from "./jwks.js";
import type { SigningKey } from "../crypto/keys.js";
import type { AliasedEndpoint } from "./profile.js";
import { jwkLine, keyLines, ruleLines, signInput } from "./signing.js";

/** @internal Who sends, and with what. */
export interface Party {
  readonly provider: Provider;
  readonly authentication: ClientAuthentication;
  readonly transport: Transport;
  readonly dpop: SigningKey | undefined;
  readonly nonces: Nonces;
  readonly offset: number;
  /** Where the server's keys are, when they are known. */
  readonly keys?: KeySource | undefined;
  readonly trustedAudiences?: readonly string[] | undefined;
  readonly skew?: number | undefined;
  readonly lenient?: Leniencies | undefined;
  readonly encryption?: Encryption | undefined;
}

/** What the server encrypts for the client. */
export interface Encryption {
  /**
   * Decrypts id_tokens and userinfo that the server encrypts for this client: what is in them must be signed, and is verified as
   * ever. `decrypter` of `samtykke/jwe` makes one; a key management service may be another. Whatever it rejects with becomes
   * `decryption_failed`.
   */
  readonly decrypt?: (jwe: string, header: Readonly<Record<string, unknown>>) => Promise<Uint8Array>;
  /** `alg` values that the client is registered with; `["RSA-OAEP-256", "ECDH-ES"]` unless given. Never RSA1_5. */
  readonly encryptionAlgorithms?: readonly string[];
  /** `enc` values that the client is registered with; `["A128CBC-HS256", "A256GCM"]` unless given. */
  readonly contentEncryption?: readonly string[];
}

/** @internal How the server encrypts for the client, as a line; nothing where it does not. */
export const encryptionLine = ({
  decrypt,
  encryptionAlgorithms = ["RSA-OAEP-256", "ECDH-ES"],
  contentEncryption = ["A128CBC-HS256", "A256GCM"],
}: Encryption): Value => decrypt && `${encryptionAlgorithms.join(" ")}\t${contentEncryption.join(" ")}`;

/** What servers that break a standard need; each is off unless given. */
export interface Leniencies {
  /** Accepts lifetimes (`expires_in`, `interval`) as strings of digits, in every answer that has them. */
  readonly expiresInString?: boolean;
  /** The type of a token whose answer names none (RFC 6749 section 5.1 requires it). */
  readonly defaultTokenType?: "Bearer" | "DPoP";
  /** Accepts `scope` as a list of texts in token answers. */
  readonly scopeList?: boolean;
  /** Sends HTTP Basic credentials as they are, for servers that do not decode them (RFC 6749 section 2.3.1 has them form-encoded). */
  readonly rawBasic?: boolean;
  /**
   * Tokens are bound to the certificate of the connection (RFC 8705 sections 3 and 5), which your `fetch` presents: requests go to
   * the server's addresses for such clients, however the client authenticates itself.
   */
  readonly certificateBound?: boolean;
  /** `false` pushes no request (RFC 9126), although the server takes it and demands none; it is pushed unless given. */
  readonly pushedRequests?: false;
  /** Accepts logout tokens without `exp` (Back-Channel Logout 1.0 section 2.4 demands it) while their `iat` is at most two minutes old. */
  readonly logoutTokenWithoutExp?: boolean;
}

/** @internal */
export const LENIENCIES: Names<Leniencies> = {
  expiresInString: 1,
  defaultTokenType: 1,
  scopeList: 1,
  rawBasic: 1,
  certificateBound: 1,
  logoutTokenWithoutExp: 1,
  pushedRequests: 1,
};

/** @internal What a client holds, for the parts of this package that work on its behalf. */
export const parties = new WeakMap<object, Party>();

/** @internal A name of ours as the metadata writes it. */
export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** @internal The address of an endpoint; a client with a certificate goes to the alias for those (RFC 8705 section 5). */
export function endpointOf(
  { provider, authentication, lenient }: Pick<Party, "provider" | "authentication" | "lenient">,
  name: AliasedEndpoint,
): string | undefined {
  const alias = authentication.method === "tls_client_auth" || lenient?.certificateBound ? provider.server?.mtlsEndpointAliases?.[name] : undefined;
  return alias ?? (name === "tokenEndpoint" ? provider.tokenEndpoint : provider.server?.[name]);
}

/** A client's lines, put together once. */
const known = new WeakMap<Party, string>();

function linesOf(party: Party): string {
  let text = known.get(party);
  if (text === undefined) known.set(party, (text = writeParty(party)));
  return text;
}

function writeParty({ provider, authentication, dpop, keys, trustedAudiences, skew, lenient = {}, encryption = {} }: Party): string {
  const { server = {} } = provider;
  const { secret, key, rules } = heldBy(authentication)!;
  const aliases = Object.entries(server.mtlsEndpointAliases ?? {}).map(([name, url]) => `${snake(name)} ${url}`);
  const marks = [
    server.requirePushedRequests && "P",
    lenient.pushedRequests === false && "U",
    server.requireRequestObject && "O",
    server.requireDpop && "D",
    server.issuedTokenTypeOptional && "I",
    server.authTimeText && "T",
    lenient.expiresInString && "S",
    lenient.scopeList && "L",
    lenient.defaultTokenType && { Bearer: "b", DPoP: "d" }[lenient.defaultTokenType],
    lenient.rawBasic && "R",
    lenient.certificateBound && "C",
    keys && "K",
  ];
  return joined([
    clientLines(provider),
    server.pushedAuthorizationRequestEndpoint,
    server.deviceAuthorizationEndpoint,
    server.userinfoEndpoint,
    server.introspectionEndpoint,
    server.revocationEndpoint,
    aliases.join(" "),
    marks.filter(Boolean).join(""),
    server.sessionEnd?.join(" "),
    server.signingAlgorithms?.join(" "),
    trustedAudiences?.join("\t"),
    skew,
    encryptionLine(encryption),
    authentication.method,
    secret,
    ...ruleLines({ ...server.assertion, ...rules }),
    ...keyLines(key),
    dpop?.alg,
    dpop && jwkLine(dpop),
  ]);
}

/** @internal What an operation is run with beyond what the client holds. */
export interface Asked {
  readonly signal?: AbortSignal | null | undefined;
  readonly store?: ((refreshToken: string) => void | Promise<void>) | undefined;
  /** Carries out what the operation's machine alone asks for. */
  readonly carry?: Hands["carry"];
  /** The key of a grant, or of a request object. */
  readonly key?: SigningKey | undefined;
  /** Where the request goes, where that is not the token endpoint. */
  readonly at?: string | undefined;
  /** Whether that is an API, whose nonces are its own. */
  readonly resource?: boolean;
  /** Octets of randomness at the start. */
  readonly random?: number;
}

/** @internal Drives the machine of one of the protocol's operations to its outcome. `rest`: what may hold line ends. */
export function ask(
  party: Party,
  operation: string,
  lines: readonly Value[],
  { signal, store, carry, key, at, resource, random }: Asked = {},
  rest = "",
): Promise<string> {
  const { authentication, transport, dpop, nonces, offset, keys, encryption } = party;
  const server = resource ? "r" : "a";
  const place = at ?? endpointOf(party, "tokenEndpoint")!;
  const hands: Hands = {
    transport,
    signal,
    offset,
    store,
    carry,
    sign: (role, input) => (role === "dpop" ? dpop!.sign(input) : signInput(role === "client" ? heldBy(authentication)!.key! : key!, input, offset)),
    verify: (alg, kid, token) => isRight(keys!, alg, kid, token),
    decrypt: encryption?.decrypt,
    nonce: (nonce) => nonces.keep(server, place, nonce),
  };
  const nonce = dpop && nonces.of(server, place);
  return drive(operation, joined([nonce, store && 1]) + linesOf(party) + joined(lines) + rest, hands, random);
}
