// A local Ansattporten: ID-porten's manners with `state` and `nonce` demanded, no userinfo, and representation by RAR.
// docs.digdir.no: ansattporten_guide, ansattporten_representasjon; RFC 9396 for `authorization_details`.
// Refuses requests without state or nonce, and details of another type than the documented ones.

import { PEOPLE, createIdPorten } from "../idporten/index.mjs";

const SERVICE = "ansattporten:altinn:service";

/** Whom a person represents, as the token says it: the organisation of the made-up person's employer. */
function represented({ params }) {
  const asked = params.get("authorization_details");
  if (!asked) return undefined;
  const details = JSON.parse(asked).filter(({ type }) => type === SERVICE);
  const reportees = [{ authority: "iso6523-actorid-upis", ID: "0192:991825827", Name: "Testetaten" }];
  return { authorization_details: details.map((one) => ({ ...one, resource_name: one.resource, reportees })) };
}

export const createAnsattporten = (options) =>
  createIdPorten({
    name: "Ansattporten",
    // Levels by names of its own (ansattporten_guide, id_token).
    levels: ["substantial", "high"],
    people: PEOPLE.map((person) => ({ ...person, acr: person.acr.replace("idporten-loa-", "") })),
    demands: ["state", "nonce"],
    without: ["userinfo_endpoint"],
    codeClaims: represented,
    more: { authorization_details_types_supported: [SERVICE] },
    ...options,
  });
