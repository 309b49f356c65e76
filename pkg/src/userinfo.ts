// Claims about the person, fetched with the access token (OIDC Core section 5.3).

import { type CallSettings, type HttpAnswer, answerLines, ask, bare, hidden } from "./answer.js";
import { call } from "./engine.js";
import { hostError } from "./error.js";
import { type Provider } from "./flow.js";

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
 * Fetches the claims. They are compared with the `sub` of `tokens.claims`, or with `subject`.
 *
 * @throws {SamtykkeError} `endpoint_missing` where the provider has none; as {@link judgeUserinfo}; `network_error`, …
 */
export async function userinfo(provider: Provider, tokens: UserinfoTokens, settings: UserinfoSettings = {}): Promise<UserinfoClaims> {
  const check = { subject: settings.subject ?? (tokens.claims?.sub as string | undefined), unchecked: settings.unchecked };
  subjectLines(check);
  const endpoint = provider.server?.userinfoEndpoint ?? "";
  const proof = tokens.tokenType === "DPoP" && endpoint ? await settings.proof?.("GET", endpoint, tokens.accessToken) : undefined;
  const text = call(["userinfo_request", endpoint, provider.flags.includes("d") ? 1 : "", tokens.tokenType, tokens.accessToken, proof]);
  return judgeUserinfo(await ask(text, "api", settings), check);
}
