// What Selvbetjening keeps of a client, and says of it.

/** A claim for one API, such as a HER-id. */
export interface ClientClaim {
  readonly key: string;
  readonly value: string;
}

/** What a draft asks for. A list that is not given is the template's. */
export interface ClientDraft {
  /** The organisation's number: nine digits. */
  readonly organizationNumber: string;
  readonly apiScopes?: readonly string[];
  readonly audienceSpecificClientClaims?: readonly ClientClaim[];
  readonly redirectUris?: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
  readonly childOrganizationNumbers?: readonly string[];
  /** Where the portal sends the person afterwards: https, or http on loopback; no query, no fragment. */
  readonly postClientConfirmationRedirectUri?: string;
}

/** `ok`; `pending` (the API's owner has to approve, which can take days); `updatePending`; or a status yet unknown, never ready. */
export type AccessStatus = "ok" | "pending" | "updatePending" | (string & {});

/** The client as the service sees it. */
export interface CurrentClient {
  /** Whether every scope (at least one) and every claim is `ok`. */
  readonly ready: boolean;
  /** Names of scopes and claims that wait for approval. */
  readonly pending: readonly string[];
  /** Names of scopes and claims with a status that this version does not know. */
  readonly unknown: readonly string[];
  readonly apiScopes: readonly { readonly scope: string; readonly status: AccessStatus; readonly statusReason?: string }[] | null;
  readonly audienceSpecificClientClaims:
    | readonly {
        readonly claimType: string;
        readonly activeClaimValue?: string;
        readonly pendingClaimValue?: string;
        readonly status: AccessStatus;
        readonly statusReason?: string;
      }[]
    | null;
  readonly redirectUris: readonly string[] | null;
  readonly postLogoutRedirectUris: readonly string[] | null;
  readonly childOrganizationNumbers: readonly string[] | null;
}

/** A client's settings, all of them: the service replaces everything, and applies null. */
export interface ClientSettings {
  readonly apiScopes: readonly string[] | null;
  readonly audienceSpecificClientClaims: readonly ClientClaim[] | null;
  /** Null fails, unless the template has redirect URIs of its own. */
  readonly redirectUris: readonly string[] | null;
  readonly postLogoutRedirectUris: readonly string[] | null;
  readonly childOrganizationNumbers: readonly string[] | null;
}

/** A key as the service lists it; `expiresAt` in seconds since 1970. */
export interface ListedKey {
  readonly kid?: string;
  /** RFC 7638, SHA-256. */
  readonly jwkThumbprint?: string;
  readonly expiresAt?: number;
  /** `Gui`, `Api`, or an origin yet unknown. */
  readonly origin?: string;
}

/** An organisation that delegates to a client of several organisations. */
export interface Delegation {
  readonly organizationNumber: string;
  readonly name?: string;
  readonly isHelsenettMember?: boolean;
  /** Terms that are not signed explain a `rejected_scope` in a token answer. */
  readonly serviceTerms: readonly { readonly uri?: string; readonly name?: string; readonly signed: boolean; readonly scopes: readonly string[] }[];
}
