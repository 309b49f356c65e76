//! What an API reads in Maskinporten's access token: who calls, for whom, to what end.
//!
//! docs.digdir.no `maskinporten_protocol_token`, `maskinporten_guide_apitilbyder`; the signature is verified before. Refuses other
//! issuers, ends, audiences and scopes than expected, odd consumers, and European businesses, whose list is another (european.rs).

use alloc::string::String;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::Value;
use crate::ground::secret::Secret;

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub struct TokenExpectation<'a> {
    /// The issuer, slash included.
    pub issuer: &'a str,
    /// Your API's audience; `None` where its tokens are not restricted to one.
    pub audience: Option<&'a str>,
    /// A scope that must be among the token's.
    pub scope: &'a str,
    /// Seconds since 1970.
    pub now: u64,
}

/// An organisation as the token names it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Organisation {
    /// The whole identifier, such as `0192:991825827`.
    pub id: String,
    /// The organisation number.
    pub number: String,
    /// What follows the number, for a part of an organisation.
    pub part: Option<String>,
}

/// A caller of an API.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccessToken {
    /// Whose access it is.
    pub consumer: Organisation,
    /// Who calls for the consumer, where access was delegated.
    pub supplier: Option<Organisation>,
    /// Where it was delegated, such as `https://www.altinn.no/`.
    pub delegation_source: Option<String>,
    /// The client; not to be used to decide on access.
    pub client_id: Option<String>,
    /// All its scopes.
    pub scope: String,
    /// The person the token is about, 11 digits; the person has not logged in.
    pub pid: Option<Secret>,
}

impl AccessToken {
    /// Judges the claims of a token whose signature was verified. A European business is refused here, and read by
    /// [`EuropeanCaller`](super::EuropeanCaller).
    ///
    /// # Errors
    /// `claim_refused`, naming the claim; `jwt_expired`.
    ///
    /// ```
    /// use samtykke::provider::maskinporten::{AccessToken, TokenExpectation};
    /// let claims = r#"{"iss":"https://maskinporten.no/","scope":"difi:api3","exp":1700000120,
    ///     "consumer":{"authority":"iso6523-actorid-upis","ID":"0192:991825827"}}"#;
    /// let expected = TokenExpectation { issuer: "https://maskinporten.no/", audience: None, scope: "difi:api3", now: 1_700_000_000 };
    /// assert_eq!(AccessToken::judge(claims, &expected)?.consumer.number, "991825827");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn judge(claims: &str, expected: &TokenExpectation<'_>) -> Result<Self> {
        let value = judge_claims(claims, expected)?;
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let Some(consumer) = value.get("consumer").and_then(organisation) else {
            return Err(refusal("consumer: authority iso6523-actorid-upis, ID 0192: and nine digits"));
        };
        let supplier = match value.get("supplier") {
            None => None,
            Some(supplier) => Some(organisation(supplier).ok_or_else(|| refusal("supplier: an organisation, as consumer is"))?),
        };
        Ok(Self {
            consumer,
            supplier,
            delegation_source: text("delegation_source").map(String::from),
            client_id: text("client_id").map(String::from),
            scope: text("scope").unwrap_or_default().into(),
            pid: text("pid").map(Secret::new),
        })
    }
}

/// Claims whose issuer, end, audience and scope are as they were expected.
pub(super) fn judge_claims<'a>(claims: &'a str, expected: &TokenExpectation<'_>) -> Result<Value<'a>> {
    let Some(value @ Value::Object(_)) = Value::parse(claims) else { return Err(refusal("claims: one JSON object, no member twice")) };
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(refusal("iss: the issuer, slash included"));
    }
    let Some(end) = value.get("exp").and_then(Value::as_seconds).and_then(|end| u64::try_from(end).ok()) else {
        return Err(refusal("exp: a number of seconds"));
    };
    if end <= expected.now {
        return Err(Error::new(&codes::JWT_EXPIRED).at(Phase::Api));
    }
    let audience = value.get("aud");
    let restricted = audience.is_some() && text("aud") != Some("unspecified");
    let names = |wanted: &str| {
        let listed = audience.and_then(Value::as_array).unwrap_or_default();
        text("aud") == Some(wanted) || listed.iter().any(|item| item.as_str() == Some(wanted))
    };
    match expected.audience {
        Some(wanted) if !names(wanted) => return Err(refusal("aud: this API's audience")),
        // A token that is for one API says so; another must not take it.
        None if restricted => return Err(refusal("aud: none, as none is expected")),
        _ => {}
    }
    let scope = text("scope").unwrap_or_default();
    if expected.scope.is_empty() || !scope.split(' ').any(|token| token == expected.scope) {
        return Err(refusal("scope: this API's scope among them"));
    }
    Ok(value)
}

/// `0192:` and the number, perhaps a part of the organisation after that: two to four parts.
fn organisation(value: &Value<'_>) -> Option<Organisation> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    // An authority of another kind numbers other things; Altinn's examples once have the id in small letters.
    let id = text("ID").or_else(|| text("id")).filter(|_| text("authority") == Some("iso6523-actorid-upis"))?;
    let rest = id.strip_prefix("0192:").filter(|_| id.split(':').count() <= 4)?;
    let (number, part) = crate::ground::text::cut(rest, b':');
    super::OrganisationNumber::unchecked(number).ok()?;
    Some(Organisation { id: id.into(), number: number.into(), part: part.map(String::from) })
}

pub(super) fn refusal(expected: &'static str) -> Error {
    Error::new(&codes::CLAIM_REFUSED).at(Phase::Api).expected(expected)
}
