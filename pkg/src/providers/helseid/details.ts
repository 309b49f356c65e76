// Organisation numbers and other details (HelseID, "Organisasjonsnumre"): typed here, judged and worded by the core.

import { call } from "../../core/wasm.js";
import { type Names, assertGiven, isObject, only } from "../../core/check.js";

/** Whom a client acts for; numbers of nine digits. */
export type Organization =
  /** A single-tenant client's child unit; the parent is the client's own and is not said. */
  | { readonly tenancy: "single"; readonly child: string }
  /** The organisation a multi-tenant client acts for, and perhaps a child unit of it. */
  | { readonly tenancy: "multi"; readonly parent: string; readonly child?: string };

/** What a request says in its client assertion, or a login in its request object. At least one of the three. */
export interface HelseIdDetails {
  readonly organization?: Organization;
  /** The journal in Sentral forskrivningsmodul (SFM) the token is for. */
  readonly sfmJournalId?: string;
  /** Any others, each with a `type`. */
  readonly raw?: readonly { readonly type: string; readonly [name: string]: unknown }[];
}

const isText = (value: unknown): value is string => typeof value === "string";

/**
 * The value of `assertion_details` or `authorization_details`: one detail as an object, several as an array.
 *
 * @throws {SamtykkeError} `invalid_parameter`: no detail at all, numbers that are not nine digits (HID-1004), a multi-tenant
 * organisation without its parent, two organisations.
 * @example
 * ```ts
 * claimOf({ organization: { tenancy: "multi", parent: "999977775", child: "999977776" } });
 * ```
 */
export function claimOf(details: HelseIdDetails): object {
  return JSON.parse(call(["helseid", "details", ...detailLines(details)])) as object;
}

/** @internal Details as the core's operations take them. */
export function detailLines(details: HelseIdDetails): string[] {
  assertGiven(isObject(details), "token", "details as an object");
  only(details, { organization: 1, sfmJournalId: 1, raw: 1 } satisfies Names<HelseIdDetails>, "token");
  const { organization, sfmJournalId, raw = [] } = details;
  const lines: string[] = [];
  if (organization !== undefined) {
    const { tenancy, parent, child } = (isObject(organization) ? organization : {}) as Partial<Organization & { parent: string }>;
    assertGiven(
      tenancy === "single" ? isText(child) && parent === undefined : tenancy === "multi" && isText(parent),
      "token",
      'organization: { tenancy: "single", child } or { tenancy: "multi", parent, child? }',
    );
    only(organization, { tenancy: 1, parent: 1, child: 1 } satisfies Names<Organization>, "token");
    assertGiven(child === undefined || isText(child), "token", "child: a text");
    lines.push(tenancy === "single" ? `c${child}` : `m${parent}${child === undefined ? "" : ` ${child}`}`);
  }
  if (sfmJournalId !== undefined) lines.push(`s${sfmJournalId}`);
  assertGiven(Array.isArray(raw), "token", "raw: a list of details");
  for (const detail of raw) lines.push(`r${JSON.stringify(detail)}`);
  return lines;
}
