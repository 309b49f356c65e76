//! Integrated consent: a consent the client collected, registered with norskgjeld.
//!
//! `PUT /v1/consent/agreement` (api-docs `howto/external-consent-management.md`), idempotent on `client_consent_id`.
//! Refuses odd identity numbers, durations above the maximum of the purpose, and empty ids, before anything is sent.

use alloc::string::String;

use super::scope::Purpose;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::{Value, Writer};
use crate::ground::secret::Secret;
use crate::ground::text::decimal;
use crate::ground::time::seconds;

/// What to register.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// National identity number: 11 digits.
    pub nin: Secret,
    /// The purpose; the scope is sent without days.
    pub purpose: Purpose,
    /// Days the consent lasts: 1 to 365 for presentation, 1 to 28 for processing.
    pub days: u16,
    /// Your own id of the consent, unique on your side: 1 to 255 characters.
    pub client_consent_id: String,
}

/// A registered consent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RegisteredConsent {
    /// Your own id, as registered.
    pub client_consent_id: String,
    /// norskgjeld's id of the consent.
    pub id: String,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// The base scope.
    pub scope: Option<String>,
}

impl Agreement {
    pub(super) fn json(&self) -> Result<String> {
        let nin = self.nin.expose();
        let id = self.client_consent_id.as_str();
        let expected = if nin.len() != 11 || !nin.bytes().all(|c| c.is_ascii_digit()) {
            "nin: 11 digits"
        } else if self.days == 0 || self.days > self.purpose.max_days() {
            "consent_duration_days: 1 to 365 for presentation, 1 to 28 for processing"
        } else if id.is_empty() || id.len() > 255 || id.chars().any(char::is_control) {
            "client_consent_id: 1 to 255 characters"
        } else {
            return Ok(Writer::new()
                .string("nin", nin)
                .string("scope_of_consent", self.purpose.base_scope())
                .raw("consent_duration_days", &decimal(u64::from(self.days)))
                .string("client_consent_id", id)
                .take());
        };
        Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected(expected))
    }
}

impl RegisteredConsent {
    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        let consent = value.get("consent")?;
        Some(Self {
            client_consent_id: value.get("client_consent_id")?.as_str()?.into(),
            id: consent.get("id")?.as_str()?.into(),
            expires_at: consent.get("expires_at").and_then(seconds),
            scope: consent.text("scope_of_consent").map(String::from),
        })
    }
}
