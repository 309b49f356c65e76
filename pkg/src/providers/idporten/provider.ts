// ID-porten and Ansattporten as data over the standard client: environments, logins with level, customer and language.

import { type Names, assertConfigured, assertGiven, isObject, only } from "../../core/check.js";
import { hostError } from "../../core/error.js";
import type { AuthorizationRequest } from "../../protocol/flow.js";
import type { Provider } from "../../protocol/page_provider.js";
import { provider } from "../../protocol/provider.js";
import { DEFAULT_SCOPE, ENVIRONMENTS, SERVER, addresses } from "./data.js";

/** ID-porten's and Ansattporten's environments, or a server of your own by its issuer, at which its logins are too. */
export type IdPortenEnvironment = "test" | "production" | "ansattporten-test" | "ansattporten-production" | { readonly issuer: string };

/** Your registration with ID-porten or Ansattporten. */
export interface IdPortenOptions {
  readonly environment: IdPortenEnvironment;
  readonly clientId: string;
  readonly redirectUri: string;
}

/**
 * ID-porten, or Ansattporten, with your client id. All addresses are known, so that no discovery is needed; logins are pushed.
 *
 * @throws {SamtykkeError} `invalid_configuration` naming the setting; `secret_in_browser`.
 * @example
 * ```ts
 * const porten = idporten({ environment: "test", clientId: env.CLIENT_ID, redirectUri: env.REDIRECT_URI });
 * const client = new Client(porten, privateKeyJwt(await SigningKey.fromPem(env.KEY, { alg: "RS256", kid: env.KID })));
 * const { url, transaction } = await client.start(idportenLogin({ acrValues: ["idporten-loa-high"], uiLocales: "nn" }));
 * ```
 */
export function idporten(options: IdPortenOptions): Provider {
  assertConfigured(isObject(options), "options as an object");
  only(options, OPTIONS);
  const { environment, clientId, redirectUri } = options;
  const own = isObject(environment) && typeof environment.issuer === "string" && environment.issuer;
  const [name, issuer, login] = own ? ["", own, own] : (ENVIRONMENTS.find(([known]) => known === environment) ?? []);
  if (!issuer || issuer.endsWith("/")) {
    const expected = "environment: test, production, ansattporten-test, ansattporten-production, or an issuer without a slash at its end";
    throw hostError("invalid_configuration", { expected });
  }
  const { userinfoEndpoint, ...endpoints } = addresses(issuer, login!);
  return provider({
    ...SERVER,
    ...endpoints,
    // Ansattporten has none.
    ...(!name!.startsWith("ansattporten") && { userinfoEndpoint }),
    issuer,
    clientId,
    redirectUri,
    rules: "idporten",
    development: !!own,
  });
}

const OPTIONS: Names<IdPortenOptions> = { environment: 1, clientId: 1, redirectUri: 1 };

/** A login at ID-porten or Ansattporten. */
export interface IdPortenLogin {
  /** `openid profile` unless given. */
  readonly scope?: string;
  /**
   * Levels of assurance, of which the lowest is the least that will do: `idporten-loa-substantial` or `idporten-loa-high` at
   * ID-porten, `substantial` or `high` at Ansattporten. Whatever the server chooses unless given.
   */
  readonly acrValues?: readonly string[];
  /** The customer for whom a supplier's client logs the person in, as registered; the id_token must name the same one. */
  readonly onBehalfOf?: string;
  /** The language. */
  readonly uiLocales?: "nb" | "nn" | "en" | "se";
  /** What the person is to represent an organisation for (RFC 9396), such as `{ type: "ansattporten:altinn:service", resource }`. */
  readonly authorizationDetails?: readonly { readonly type: string; readonly [member: string]: unknown }[];
  readonly prompt?: "login" | "none" | "consent";
  /** How the answer comes back; `query` unless given. */
  readonly responseMode?: AuthorizationRequest["responseMode"];
}

/**
 * An authorization request for `client.start`.
 *
 * @throws {SamtykkeError} `invalid_parameter` for a list that is none.
 */
export function idportenLogin(login: IdPortenLogin = {}): AuthorizationRequest {
  only(login, LOGIN, "authorization");
  const { scope = DEFAULT_SCOPE, acrValues, onBehalfOf, uiLocales, authorizationDetails, prompt, responseMode } = login;
  assertGiven(acrValues === undefined || Array.isArray(acrValues), "authorization", "acrValues: a list of texts");
  assertGiven(authorizationDetails === undefined || Array.isArray(authorizationDetails), "authorization", "authorizationDetails: a list of objects");
  return {
    scope,
    ...(responseMode && { responseMode }),
    extra: {
      ...(acrValues?.length && { acr_values: acrValues.join(" ") }),
      ...(onBehalfOf && { onbehalfof: onBehalfOf }),
      ...(uiLocales && { ui_locales: uiLocales }),
      ...(authorizationDetails && { authorization_details: JSON.stringify(authorizationDetails) }),
      ...(prompt && { prompt }),
    },
  };
}

const LOGIN: Names<IdPortenLogin> = {
  scope: 1,
  acrValues: 1,
  onBehalfOf: 1,
  uiLocales: 1,
  authorizationDetails: 1,
  prompt: 1,
  responseMode: 1,
};
