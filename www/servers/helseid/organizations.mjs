// Reads `assertion_details` and `authorization_details` as HelseID does, and answers with its numbered errors.
// HelseID "Organisasjonsnumre" and "Feilmeldinger": HID-1001 to HID-1010; one detail is an object, several an array.
// Refuses whatever the page says is refused; a text in an error begins with its number.

const SINGLE = "urn:oid:2.16.578.1.12.4.1.4.101";
const MULTI = "urn:oid:1.0.6523";

/** An error of HelseID's own. */
export const hid = (number, text) => Object.assign(new Error(`HID-${number}: ${text}`), { oauth: "invalid_request" });

/**
 * What details say of the organisations, for a client.
 * @returns {{ parent: string, child?: string, supplier?: string, journal?: string }}
 */
export function organizationsOf(details, client) {
  const items = Array.isArray(details) ? details : [details];
  if (Array.isArray(details) && details.length < 2) throw hid(1007, "one detail is an object, not an array");
  const found = client.tenancy === "single" ? { parent: client.organization } : { supplier: client.organization };
  for (const item of items) {
    if (item?.type === "nhn:sfm:journal-id" && typeof item.value?.journal_id === "string") found.journal = item.value.journal_id;
    else if (item?.type === "helseid_authorization") Object.assign(found, organization(item, client));
    else throw hid(1007, "the structure of the details is not valid");
  }
  return found;
}

function organization(item, { tenancy, delegators = [], children = [] }) {
  const { system, type, value } = item.practitioner_role?.organization?.identifier ?? {};
  if (type !== "ENH" || typeof value !== "string" || system !== (tenancy === "single" ? SINGLE : MULTI)) {
    throw tenancy ? hid(1007, "the structure of the details is not valid") : hid(1010, "the client's configuration does not allow organisation numbers");
  }
  const [parent, child] = tenancy === "single" ? [undefined, value] : value.replace(/^NO:ORGNR:/, "").split(":");
  for (const number of [parent, child]) if (number && !/^[0-9]{9}$/.test(number)) throw hid(1004, "an organization number must have nine digits");
  if (parent !== undefined && !delegators.includes(parent)) throw hid(1001, "the parent organization is not in the whitelist");
  if (tenancy === "single" && !children.includes(child)) throw hid(1002, "the child organization is not in the whitelist");
  return { ...(parent && { parent }), ...(child && { child }) };
}
