// What an API reads in a token of Maskinporten's: who calls, for whom. The core judges the claims; the signature is verified before.

import { type Names, assertGiven, isObject, only } from "../../core/check.js";
import { now } from "../../core/clock.js";
import { hideSecrets } from "../../core/hidden.js";
import { call } from "../../core/wasm.js";
import type { Provider } from "../../protocol/page_provider.js";
import { environmentOf } from "./client.js";

/** An organisation as a token names it. */
export interface MaskinportenOrganisation {
  /** The whole identifier, such as `0192:991825827`. */
  readonly id: string;
  /** The organisation number. */
  readonly number: string;
  /** What follows the number, for a part of an organisation. */
  readonly part?: string;
}

/** A caller of an API, as its token says. */
export interface MaskinportenCaller {
  /** Whose access it is. */
  readonly consumer: MaskinportenOrganisation;
  /** Who calls for the consumer, where access was delegated. */
  readonly supplier?: MaskinportenOrganisation;
  /** Where it was delegated, such as `https://www.altinn.no/`. */
  readonly delegationSource?: string;
  /** Not to be used to decide on access. */
  readonly clientId?: string;
  readonly scope: string;
  /** The person the token is about; the person has not logged in. */
  readonly pid?: string;
}

/** What an API expects of an access token. */
export interface MaskinportenExpectation {
  readonly provider: Provider;
  /** A scope that must be among the token's. */
  readonly scope: string;
  /** Your API's audience; none where its tokens are not restricted to one. */
  readonly audience?: string;
}

/**
 * For an API: judges the claims of an access token whose signature you verified with the issuer's published keys. A European
 * business is refused here: see {@link europeanCaller}.
 *
 * @throws {SamtykkeError} `claim_refused` naming the claim, `jwt_expired`.
 */
export const caller = (claims: object, expected: MaskinportenExpectation): MaskinportenCaller =>
  hideSecrets(judgeClaims<MaskinportenCaller>("token", claims, expected), "Caller");

/** A European business that called with its eSeal. */
export interface EuropeanCaller {
  /**
   * What identifies it, as its certificate has it: `NTRSE-5560001111`. Decide on access by this alone: a number means nothing
   * without its register and country.
   */
  readonly id: string;
  /** The list that its number is of: `NTR` (trade register), `VAT`, `PSD`, `LEI`, or a country's own, such as `EI:`. */
  readonly register: string;
  /** ISO 3166, two capital letters. */
  readonly country: string;
  readonly number: string;
  /** Whether the token says that its certificate is a qualified one (`QCForESeal`). */
  readonly qualified: boolean;
  readonly name?: string;
  /** `eidas-` and the certificate's serial number; not to be used to decide on access. */
  readonly clientId?: string;
  readonly scope: string;
}

/**
 * For an API whose scope has `supports_european_businesses`: as {@link caller}, for a consumer who is registered nowhere in Norway.
 * A Norwegian one is refused here.
 *
 * @throws {SamtykkeError} `claim_refused` naming the claim, `jwt_expired`.
 */
export const europeanCaller = (claims: object, expected: MaskinportenExpectation): EuropeanCaller => judgeClaims("european", claims, expected);

function judgeClaims<T>(operation: string, claims: object, expected: MaskinportenExpectation): T {
  assertGiven(isObject(claims) && isObject(expected), "api", "claims and what is expected of them: objects");
  only(expected, { provider: 1, scope: 1, audience: 1 } satisfies Names<MaskinportenExpectation>, "api");
  const { provider, scope, audience } = expected;
  environmentOf(provider);
  return JSON.parse(call(["maskinporten", operation, provider.issuer, audience, scope, now()], JSON.stringify(claims))) as T;
}
