//! Organisation numbers and other details: what a token request says in its client assertion, a login in its request object.
//!
//! HelseID "Organisasjonsnumre", requirement FK5; RFC 9396, but for one detail, which is an object and no array.
//! Refuses numbers that are not nine digits (HID-1004), two organisations at once, details without a type, and none at all.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Result, codes};
use crate::ground::json::{Value, Writer};

/// The system of a single-tenant client's child unit.
const CHILD_SYSTEM: &str = "urn:oid:2.16.578.1.12.4.1.4.101";
/// The system of a multi-tenant client's organisations.
const TENANT_SYSTEM: &str = "urn:oid:1.0.6523";

/// Whom a client acts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    system: &'static str,
    value: String,
}

impl Organization {
    /// A single-tenant client's child unit. The parent is the client's own and is not said.
    ///
    /// # Errors
    /// `invalid_parameter` unless it has nine digits.
    pub fn child(child: &str) -> Result<Self> {
        check(child)?;
        Ok(Self { system: CHILD_SYSTEM, value: child.into() })
    }

    /// The organisation a multi-tenant client acts for, and a child unit of it where one is meant.
    ///
    /// # Errors
    /// `invalid_parameter` unless each has nine digits.
    ///
    /// ```
    /// use samtykke::provider::helseid::{Details, Organization};
    /// let details = Details::new().organization(&Organization::multi_tenant("999977775", Some("999977776"))?);
    /// assert!(details.json()?.contains(r#""value":"NO:ORGNR:999977775:999977776""#));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn multi_tenant(parent: &str, child: Option<&str>) -> Result<Self> {
        check(parent)?;
        let mut value = String::from("NO:ORGNR:");
        value.push_str(parent);
        // NHN's own libraries end in a colon where there is no child.
        value.push_str(":");
        if let Some(child) = child {
            check(child)?;
            value.push_str(child);
        }
        Ok(Self { system: TENANT_SYSTEM, value })
    }

    fn json(&self) -> String {
        let mut identifier = Writer::new();
        identifier.string("system", self.system).string("type", "ENH").string("value", &self.value);
        let mut json = identifier.take();
        for name in ["identifier", "organization"] {
            json = Writer::new().raw(name, &json).take();
        }
        Writer::new().string("type", ORGANIZATION).raw("practitioner_role", &json).take()
    }
}

const ORGANIZATION: &str = "helseid_authorization";

fn check(number: &str) -> Result<()> {
    if number.len() == 9 && number.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(());
    }
    Err(Error::new_expected(&codes::INVALID_PARAMETER, "an organisation number: nine digits"))
}

/// Details of one request. The same go into a client assertion (`assertion_details`) or a request object
/// (`authorization_details`), never into both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    items: Vec<String>,
}

impl Details {
    /// None yet. Empty ones are refused when they are used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whom the client acts for.
    #[must_use]
    pub fn organization(mut self, organization: &Organization) -> Self {
        self.items.push(organization.json());
        self
    }

    /// The journal in Sentral forskrivningsmodul (SFM) the token is for.
    ///
    /// # Errors
    /// `invalid_parameter` for an empty id.
    pub fn sfm_journal_id(mut self, id: &str) -> Result<Self> {
        if !crate::protocol::grant::is_text(id) {
            return Err(Error::new_expected(&codes::INVALID_PARAMETER, "a journal id: a text, not empty"));
        }
        let value = Writer::new().string("journal_id", id).take();
        self.items.push(Writer::new().string("type", "nhn:sfm:journal-id").raw("value", &value).take());
        Ok(self)
    }

    /// Any other detail: a JSON object with a `type`.
    ///
    /// # Errors
    /// `invalid_parameter`.
    pub fn raw(mut self, json: &str) -> Result<Self> {
        let value = Value::parse(json);
        let typed = value.as_ref().and_then(|value| value.get("type")).and_then(Value::as_str).is_some_and(|kind| !kind.is_empty());
        if !typed {
            return Err(Error::new_expected(&codes::INVALID_PARAMETER, "a detail: a JSON object with a type"));
        }
        self.items.push(json.into());
        Ok(self)
    }

    /// The claim's value: one detail as an object, several as an array.
    ///
    /// # Errors
    /// `invalid_parameter` when there is none, or more than one organisation.
    ///
    /// ```
    /// use samtykke::provider::helseid::{Details, Organization};
    /// let one = Details::new().organization(&Organization::child("999977776")?);
    /// assert!(one.json()?.starts_with("{"));
    /// assert!(one.sfm_journal_id("j-1")?.json()?.starts_with("[{"));
    /// assert!(Details::new().json().is_err());
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn json(&self) -> Result<String> {
        let organizations = self.items.iter().filter(|item| {
            let value = Value::parse(item);
            value.as_ref().and_then(|value| value.get("type")).and_then(Value::as_str) == Some(ORGANIZATION)
        });
        if organizations.count() > 1 {
            return Err(Error::new_expected(&codes::INVALID_PARAMETER, "details of one organisation"));
        }
        match self.items.as_slice() {
            [] => Err(Error::new_expected(&codes::INVALID_PARAMETER, "details: at least one")),
            [one] => Ok(one.clone()),
            several => {
                let mut json = String::from("[");
                for item in several {
                    if json.len() > 1 {
                        json.push_str(",");
                    }
                    json.push_str(item);
                }
                json.push_str("]");
                Ok(json)
            }
        }
    }
}
