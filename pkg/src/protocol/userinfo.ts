// Claims about the person, fetched with the access token (OIDC Core section 5.3).

import { bare } from "./answer.js";
import { type Names, only } from "../core/check.js";
import { hostError } from "../core/error.js";
import type { TokenExpectations } from "./id_token.js";
import { type Party, ask, endpointOf } from "./party.js";
import { hideSecrets } from "../core/hidden.js";
import type { Tokens } from "./tokens.js";

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
   * one is then refused; without, one that comes signed is judged as id_tokens are, where the server's keys are known.
   */
  readonly signed?: boolean | Partial<Pick<TokenExpectations, "algorithms" | "trustedAudiences" | "skew">>;
  readonly signal?: AbortSignal;
}

const CHECK: Names<SubjectCheck> = { subject: 1, unchecked: 1 };
const OPTIONS: Names<UserinfoOptions> = { ...CHECK, signed: 1, signal: 1 };
const SIGNED: Names<Partial<Pick<TokenExpectations, "algorithms" | "trustedAudiences" | "skew">>> = { algorithms: 1, trustedAudiences: 1, skew: 1 };

function subjectLines({ subject, unchecked }: SubjectCheck): [1 | "", string] {
  if (unchecked) return ["", ""];
  if (!subject) throw hostError("invalid_configuration", { phase: "api", expected: "subject: the sub of the verified id_token" });
  return [1, subject];
}

/** @internal Fetches the claims; they are compared with the `sub` of the verified id_token, or with `subject`. */
export async function userinfo(
  party: Party,
  { tokenType, accessToken, claims }: Tokens,
  options: UserinfoOptions,
  expected: TokenExpectations,
): Promise<UserinfoClaims> {
  only(options, OPTIONS, "api");
  const { signed, unchecked, subject = claims?.sub, signal } = options;
  if (typeof signed === "object") only(signed, SIGNED, "api");
  const check: SubjectCheck = { ...(subject && { subject }), ...(unchecked && { unchecked }) };
  const at = endpointOf(party, "userinfoEndpoint");
  const agreed: Partial<TokenExpectations> = { ...expected, ...(signed === true ? {} : signed || {}) };
  const lines = signed ? [1, (agreed.algorithms ?? ["RS256"]).join(" "), agreed.trustedAudiences?.join("\t"), agreed.skew] : ["", "", "", ""];
  const text = await ask(party, "userinfo", [tokenType, accessToken, ...subjectLines(check), ...lines], { signal, at, resource: true });
  return hideSecrets(bare(JSON.parse(text) as UserinfoClaims), "UserinfoClaims");
}
