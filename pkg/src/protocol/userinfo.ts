// Claims about the person, fetched with the access token (OIDC Core section 5.3).

import { type HttpAnswer, answerLines, bare } from "./answer.js";
import { call } from "../core/wasm.js";
import { hostError } from "../core/error.js";
import { MAX_BODY, header, read } from "../core/http.js";
import { type TokenExpectations, common } from "./id_token.js";
import { type KeySource, verified } from "./jwks.js";
import type { ResourceFetch } from "./resource.js";
import type { Tokens } from "./tokens.js";
import { hidden } from "../core/hidden.js";

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

/** How userinfo is asked for. */
export interface UserinfoOptions extends SubjectCheck {
  /**
   * Demands a signed answer, where the client registered `userinfo_signed_response_alg`: `true`, or what it must say. A plain
   * one is then refused; without, a signed one is.
   */
  readonly signed?: boolean | Partial<Omit<TokenExpectations, "issuer" | "clientId">>;
  readonly signal?: AbortSignal;
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

/**
 * Verifies a signed answer of a userinfo endpoint that you fetched yourself. Nothing of it is given out before.
 *
 * @throws {SamtykkeError} As {@link judgeUserinfo}, and as `verifyIdToken`.
 */
export async function judgeSignedUserinfo(answer: HttpAnswer, check: SubjectCheck, expected: TokenExpectations, keys: KeySource): Promise<UserinfoClaims> {
  const head = ["userinfo_signed", ...common(expected), ...subjectLines(check), ...answerLines(answer)];
  return hidden(bare(JSON.parse(await verified(answer.body, keys, () => call(head, answer.body))) as UserinfoClaims), "UserinfoClaims");
}

/** @internal Fetches the claims; they are compared with the `sub` of the verified id_token, or with `subject`. */
export async function userinfo(
  api: ResourceFetch,
  endpoint: string,
  tokens: Tokens,
  { signed, unchecked, subject = tokens.claims?.sub, signal }: UserinfoOptions,
  expected: TokenExpectations,
  keys: () => KeySource,
): Promise<UserinfoClaims> {
  const check: SubjectCheck = { ...(subject && { subject }), ...(unchecked && { unchecked }) };
  subjectLines(check);
  const found = signed ? keys() : undefined;
  const response = await api(endpoint, { headers: { accept: "application/json, application/jwt" }, ...(signal && { signal }) });
  const body = await read(response, MAX_BODY);
  if (body === undefined) throw hostError("userinfo_malformed", { http: { status: response.status } });
  const answer = {
    status: response.status,
    contentType: header(response, "content-type"),
    retryAfter: header(response, "retry-after"),
    wwwAuthenticate: header(response, "www-authenticate"),
    body,
  };
  return found
    ? judgeSignedUserinfo(answer, check, { ...expected, ...(signed === true ? {} : signed) } as TokenExpectations, found)
    : judgeUserinfo(answer, check);
}
