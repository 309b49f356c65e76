//! What an API reads in the token of a European business: it calls with its eSeal and is registered nowhere in Norway.
//!
//! docs.digdir.no `maskinporten_func_european_eseals`; ETSI EN 319 412-1 section 5.1.4 (identifiers of legal persons).
//! Refuses what access_token.rs refuses, Norwegian consumers, identifiers of other forms, and a supplier.

use alloc::string::String;

use super::access_token::{TokenExpectation, judge_claims, refusal};
use crate::ground::error::Result;
use crate::ground::json::Value;
use crate::ground::text::cut;

/// Both are in the documentation: one in its example, one in its text.
const AUTHORITIES: [&str; 2] = ["etsi-en-319-412", "etsi_en_119_612"];

/// A European business that calls an API whose scope has `supports_european_businesses`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct EuropeanCaller {
    /// What identifies it, as its certificate has it: `NTRSE-5560001111`. Decide on access by this alone: a number means nothing
    /// without its register and country.
    pub id: String,
    /// The list that its number is of: `NTR` (trade register), `VAT`, `PSD`, `LEI`, or a country's own, such as `EI:`.
    pub register: String,
    /// ISO 3166, two capital letters.
    pub country: String,
    /// The number in that list.
    pub number: String,
    /// Whether the token says that its certificate is a qualified one (`QCForESeal`).
    pub qualified: bool,
    /// Its name, as the certificate has it.
    pub name: Option<String>,
    /// `eidas-` and the certificate's serial number; not to be used to decide on access.
    pub client_id: Option<String>,
    /// All scopes of the token.
    pub scope: String,
}

impl EuropeanCaller {
    /// Judges the claims of a token whose signature was verified. A Norwegian consumer is refused here, and read by
    /// [`AccessToken`](super::AccessToken).
    ///
    /// # Errors
    /// `claim_refused`, naming the claim; `jwt_expired`.
    ///
    /// ```
    /// use samtykke::provider::maskinporten::{EuropeanCaller, TokenExpectation};
    /// let claims = r#"{"iss":"https://maskinporten.no/","scope":"difi:api3","exp":1700000120,"client_amr":"QCForESeal",
    ///     "consumer":{"authority":"etsi-en-319-412","ID":"NTRSE-5560001111","organizationName":"Exempel AB"}}"#;
    /// let expected = TokenExpectation { issuer: "https://maskinporten.no/", audience: None, scope: "difi:api3", now: 1_700_000_000 };
    /// let caller = EuropeanCaller::judge(claims, &expected)?;
    /// assert_eq!((caller.id.as_str(), caller.country.as_str(), caller.qualified), ("NTRSE-5560001111", "SE", true));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn judge(claims: &str, expected: &TokenExpectation<'_>) -> Result<Self> {
        let value = judge_claims(claims, expected)?;
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let consumer = value.get("consumer").unwrap_or(&Value::Null);
        let of = |name: &str| consumer.get(name).and_then(Value::as_str);
        let id = of("ID").filter(|_| of("authority").is_some_and(|authority| AUTHORITIES.contains(&authority)));
        let Some((register, country, number)) = id.and_then(parts) else {
            return Err(refusal("consumer: authority etsi-en-319-412, ID as ETSI EN 319 412-1 has it, such as NTRSE-5560001111"));
        };
        // Delegations are Altinn's, between organisations that it knows.
        if value.get("supplier").is_some() {
            return Err(refusal("supplier: none, as nothing is delegated to an eSeal"));
        }
        Ok(Self {
            id: id.unwrap_or_default().into(),
            register: register.into(),
            country: country.into(),
            number: number.into(),
            qualified: text("client_amr") == Some("QCForESeal"),
            name: of("organizationName").map(String::from),
            client_id: text("client_id").map(String::from),
            scope: text("scope").unwrap_or_default().into(),
        })
    }
}

/// Three letters for the list, or two and a colon for a country's own; two for the country; a hyphen; the number.
fn parts(id: &str) -> Option<(&str, &str, &str)> {
    let (head, number) = cut(id, b'-');
    let number = number.filter(|number| !number.is_empty() && number.bytes().all(|octet| octet.is_ascii_graphic()))?;
    let (register, country) = head.split_at_checked(3)?;
    let capitals = |text: &str| text.bytes().all(|octet| octet.is_ascii_uppercase());
    let known = capitals(register.strip_suffix(':').unwrap_or(register));
    (known && country.len() == 2 && capitals(country)).then_some((register, country, number))
}
