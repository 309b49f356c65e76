// Claims about the person, fetched with the access token (OIDC Core section 5.3).

import { type CallSettings, type HttpAnswer, answerLines, ask, bare, get, hidden } from "./answer.js";
import { call } from "./engine.js";
import { hostError } from "./error.js";
import { type Provider } from "./flow.js";
import { type TokenExpectations, common } from "./id_token.js";
import { type KeySource, released } from "./jwks.js";

/** Claims as the server sent them, `sub` checked. An object without a prototype. Personal data: keep it out of logs. */
export interface UserinfoClaims {
  readonly sub: string;
  readonly [name: string]: unknown;
}

/** Whose claims are expected: the `sub` of the verified id_token, or, where there is none to compare with, anyone's. */
export interface SubjectCheck {
  readonly subject?: string;
  /** Takes anyone's claims. Only where there is no id_token: otherwise another person's could be put in place of theirs. */
  readonly unchecked?: boolean;
}

/** What userinfo is fetched with. */
export interface UserinfoTokens {
  readonly accessToken: string;
  readonly tokenType: "Bearer" | "DPoP";
  /** Claims of the verified id_token. */
  readonly claims?: { readonly sub?: unknown };
}

/** How {@link userinfo} asks. */
export interface UserinfoSettings extends CallSettings, SubjectCheck {
  /** Makes the DPoP proof for the request, for a token that is bound to a key. */
  readonly proof?: (method: "GET", url: string, accessToken: string) => Promise<string>;
  /** Demands a signed answer; a plain one is then refused. Without, a signed one is. */
  readonly signed?: SignedUserinfo;
}

function subjectLines({ subject, unchecked }: SubjectCheck): [1 | "", string] {
  if (unchecked) return ["", ""];
  if (!subject) throw hostError("invalid_configuration", { phase: "api", expected: "subject: the sub of the verified id_token" });
  return [1, subject];
}

/**
 * Judges a plain answer of a userinfo endpoint that you fetched yourself.
 *
 * @throws {SamtykkeError} `subject_mismatch`, `userinfo_malformed`; `token_invalid` or `unauthorized`, with the challenge's
 * error as `oauth`, when the token was refused; …
 */
export function judgeUserinfo(answer: HttpAnswer, check: SubjectCheck): UserinfoClaims {
  return hidden(bare(JSON.parse(call(["userinfo", ...subjectLines(check), ...answerLines(answer)], answer.body)) as UserinfoClaims), "UserinfoClaims");
}

/** What signed claims must say, where the client registered `userinfo_signed_response_alg`. */
export interface SignedUserinfo extends Partial<Omit<TokenExpectations, "issuer" | "clientId">> {
  /** The server's keys. */
  readonly keys: KeySource;
}

/**
 * Verifies a signed answer of a userinfo endpoint that you fetched yourself. Nothing of it is given out before.
 *
 * @throws {SamtykkeError} As {@link judgeUserinfo}, and as `verifyIdToken`.
 */
export async function judgeSignedUserinfo(
  answer: HttpAnswer,
  check: SubjectCheck,
  expected: TokenExpectations,
  keys: KeySource,
): Promise<UserinfoClaims> {
  const head = ["userinfo_signed", ...common(expected), ...subjectLines(check), ...answerLines(answer)];
  return hidden(bare(JSON.parse(await released(answer.body, call(head, answer.body), keys)) as UserinfoClaims), "UserinfoClaims");
}

/**
 * Fetches the claims. They are compared with the `sub` of `tokens.claims`, or with `subject`.
 *
 * @throws {SamtykkeError} `endpoint_missing` where the provider has none; as {@link judgeUserinfo}; `network_error`, …
 */
export async function userinfo(provider: Provider, tokens: UserinfoTokens, settings: UserinfoSettings = {}): Promise<UserinfoClaims> {
  const { signed, unchecked, proof, subject = tokens.claims?.sub as string | undefined } = settings;
  const check = { subject, unchecked };
  subjectLines(check);
  const { server, issuer, clientId } = provider;
  const endpoint = server?.userinfoEndpoint ?? "";
  call(["endpoint", "userinfo_endpoint", endpoint, provider.flags.includes("d") ? 1 : ""]);
  const { accessToken, tokenType } = tokens;
  const headers: Record<string, string> = { accept: "application/json, application/jwt", authorization: `${tokenType} ${accessToken}` };
  if (tokenType === "DPoP") {
    // Without its proof a bound token is worth nothing, and it is never sent as another type.
    if (!proof) throw hostError("invalid_configuration", { phase: "api", expected: "proof: the DPoP token's" });
    headers["dpop"] = await proof("GET", endpoint, accessToken);
  }
  const answer = await ask(get(endpoint, headers), "api", settings);
  return signed ? judgeSignedUserinfo(answer, check, { ...signed, issuer, clientId }, signed.keys) : judgeUserinfo(answer, check);
}
