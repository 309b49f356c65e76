//! Rich authorization details: a system user, or a consent, in Altinn.
//!
//! RFC 9396; docs.digdir.no `maskinporten_func_systembruker`, `maskinporten_func_samtykke`. One entry in a request.
//! Refuses other types, undocumented members, organisations without `0192:`, and several entries.

use alloc::string::String;

use super::organisation::OrganisationNumber;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::{Value, Writer};
use crate::ground::secret::Secret;

const SYSTEM_USER: &str = "urn:altinn:systemuser";
const CONSENT: &str = "urn:altinn:consent";
const PERSON: &str = "urn:altinn:person:identifier-no:";
const ORGANISATION: &str = "urn:altinn:organization:identifier-no:";

/// What a token is asked for beyond its scope. `Debug` shows none of it, as a consent can name a person.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationDetails(String);

/// Who gave a consent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConsentFrom {
    /// A person: 11 digits.
    Person(Secret),
    /// An organisation.
    Organisation(OrganisationNumber),
}

impl AuthorizationDetails {
    /// On behalf of a customer that made you a system user. `external_reference` where the request for it had one.
    ///
    /// # Errors
    /// `invalid_parameter` for an empty reference.
    ///
    /// ```
    /// use samtykke::provider::maskinporten::{AuthorizationDetails, OrganisationNumber};
    /// let details = AuthorizationDetails::system_user(&OrganisationNumber::parse("910753614")?, None)?;
    /// assert!(details.json().contains("\"ID\":\"0192:910753614\""));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn system_user(organisation: &OrganisationNumber, external_reference: Option<&str>) -> Result<Self> {
        let organisation = Writer::new().string("authority", "iso6523-actorid-upis").string("ID", &organisation.identifier()).take();
        let mut json = Writer::new();
        json.string("type", SYSTEM_USER).raw("systemuser_org", &organisation).some("externalRef", external_reference);
        Self::parse(&to_list(&json.take()))
    }

    /// By a consent.
    ///
    /// # Errors
    /// `invalid_parameter` for an odd id or identity number.
    pub fn consent(id: &str, from: &ConsentFrom) -> Result<Self> {
        let (prefix, number) = match from {
            ConsentFrom::Person(number) => (PERSON, number.expose()),
            ConsentFrom::Organisation(number) => (ORGANISATION, number.as_str()),
        };
        let mut who = String::from(prefix);
        who.push_str(number);
        Self::parse(&to_list(&Writer::new().string("type", CONSENT).string("id", id).string("from", &who).take()))
    }

    /// From the JSON that goes into the grant: an array with one entry as documented.
    ///
    /// # Errors
    /// `invalid_parameter`, saying what was expected.
    pub fn parse(json: &str) -> Result<Self> {
        let value = Value::parse(json);
        let Some([entry]) = value.as_ref().and_then(Value::as_array) else {
            return Err(refusal("authorization_details: an array of one entry"));
        };
        let known = |object: &Value<'_>, names: &[&str]| {
            object.members().iter().all(|member| names.contains(&&*member.name) && !matches!(member.value, Value::Null))
        };
        let text = |name| entry.get(name).and_then(Value::as_str);
        match text("type") {
            Some(SYSTEM_USER) => {
                let organisation = entry.get("systemuser_org").unwrap_or(&Value::Null);
                let part = |name| organisation.get(name).and_then(Value::as_str);
                if !known(entry, &["type", "systemuser_org", "externalRef"]) || !known(organisation, &["authority", "ID"]) {
                    return Err(refusal("a system user: type, systemuser_org with authority and ID, externalRef"));
                }
                let number = part("ID").and_then(|id| id.strip_prefix("0192:")).unwrap_or_default();
                if part("authority") != Some("iso6523-actorid-upis") || OrganisationNumber::unchecked(number).is_err() {
                    return Err(refusal("systemuser_org: authority iso6523-actorid-upis, ID 0192: and nine digits"));
                }
                if entry.get("externalRef").is_some() && text("externalRef").is_none_or(str::is_empty) {
                    return Err(refusal("externalRef: a text, not empty"));
                }
            }
            Some(CONSENT) => {
                let id = text("id").unwrap_or_default();
                let from = text("from").unwrap_or_default();
                let digits = |prefix, length| {
                    from.strip_prefix(prefix).is_some_and(|rest| rest.len() == length && rest.bytes().all(|octet| octet.is_ascii_digit()))
                };
                let is_id = id.len() == 36 && id.bytes().all(|octet| octet.is_ascii_hexdigit() || octet == b'-');
                if !known(entry, &["type", "id", "from"]) || !is_id || !(digits(PERSON, 11) || digits(ORGANISATION, 9)) {
                    return Err(refusal("a consent: type, id as a UUID, from as a person's or organisation's urn with its digits"));
                }
            }
            _ => return Err(refusal("type: urn:altinn:systemuser or urn:altinn:consent")),
        }
        Ok(Self(json.into()))
    }

    /// The JSON of the claim.
    pub fn json(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Debug for AuthorizationDetails {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AuthorizationDetails(…)")
    }
}

fn to_list(entry: &str) -> String {
    let mut json = String::from("[");
    json.push_str(entry);
    json.push_str("]");
    json
}

fn refusal(expected: &'static str) -> Error {
    Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected(expected)
}
