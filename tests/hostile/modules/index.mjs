// All 118 client modules of the OpenID Foundation's conformance suite (2026-08-20), by the name each has there.
// https://gitlab.com/openid/conformance-suite; only names and faults are taken over, no code.
// Refuses to be another number than that: tests/hostile/table.test.mjs counts.

import { FAPI1 } from "./fapi1.mjs";
import { FAPI2 } from "./fapi2.mjs";
import { OIDC } from "./oidc.mjs";

export const MODULES = [...OIDC, ...FAPI1, ...FAPI2];

/** Those that are run: in scope, or out of scope with a refusal to show. */
export const RUN = MODULES.filter((row) => !row.out || row.refused);
