//! Scopes and what follows from them: the audience each is of, which need a person, and how surely the person is known.
//!
//! HelseID "Scopes", "Claims", "Feilmeldinger": `owner:api/scope`; the level is the application's to check (2, 3 or 4).
//! Refuses identity scopes without a person, logins that would not tell their level, and a level below the one asked for.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::Value;
use crate::ground::text::{cut, decimal, number};
use crate::protocol::id_token::claims::Claims;

/// The claim that says how surely the person is known: `"2"`, `"3"` or `"4"`.
pub const SECURITY_LEVEL: &str = "helseid://claims/identity/security_level";
/// The scopes that bring it.
const LEVEL_SCOPES: [&str; 2] = ["helseid://scopes/identity/security_level", "helseid://scopes/identity/all"];
const OWN: &str = "helseid://";

/// The `resource` of an API's scope: what stands before its first slash. `None` for scopes of no API.
///
/// ```
/// use samtykke::provider::helseid::resource_of;
/// assert_eq!(resource_of("nhn:phr/mhd/read-document"), Some("nhn:phr"));
/// assert_eq!(resource_of("helseid://scopes/identity/pid"), None);
/// assert_eq!(resource_of("openid"), None);
/// ```
pub fn resource_of(scope: &str) -> Option<&str> {
    let (resource, rest) = cut(scope, b'/');
    (!scope.starts_with(OWN) && !resource.is_empty() && !rest?.is_empty()).then_some(resource)
}

/// The resources of a whole scope, each once, in its order: what to ask for at PAR.
///
/// ```
/// use samtykke::provider::helseid::resources_of;
/// assert_eq!(resources_of("openid nhn:phr/mhd/read nhn:kj/api nhn:phr/mhd/write"), ["nhn:phr", "nhn:kj"]);
/// ```
pub fn resources_of(scope: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for resource in scope.split(' ').filter_map(resource_of) {
        if !found.contains(&resource) {
            found.push(resource);
        }
    }
    found
}

/// A machine is no person.
pub(crate) fn check_machine(scope: &str) -> Result<()> {
    let of_a_person = |scope: &&str| {
        matches!(*scope, "openid" | "profile" | "offline_access")
            || ["identity/", "hpr/"].iter().any(|kind| scope.strip_prefix("helseid://scopes/").is_some_and(|rest| rest.starts_with(kind)))
    };
    match scope.split(' ').find(of_a_person) {
        None => Ok(()),
        Some(scope) => {
            let error = Error::new_expected(&codes::INVALID_SCOPE, "no scope of a person's with client_credentials");
            Err(error.at(Phase::Token).actual(scope))
        }
    }
}

/// A login must say its level when that is to be judged. `least` is 0 when it is not.
pub(crate) fn check_login(scope: &str, least: u8) -> Result<()> {
    let has = |wanted: &str| scope.split(' ').any(|scope| scope == wanted);
    if least == 0 || has("openid") && LEVEL_SCOPES.into_iter().any(has) {
        return Ok(());
    }
    Err(Error::new_expected(&codes::INVALID_SCOPE, "openid and helseid://scopes/identity/security_level, by which the login is judged"))
}

/// Judges how surely the person of a verified id_token is known.
///
/// # Errors
/// `claim_refused` for a lower level than `least`, and for none.
///
/// ```
/// use samtykke::provider::helseid::check_level;
/// use samtykke::protocol::id_token::claims::Claims;
/// let claims = Claims::from_stored(r#"{"helseid://claims/identity/security_level":"3"}"#)?;
/// assert!(check_level(&claims, 3).is_ok());
/// assert_eq!(check_level(&claims, 4).unwrap_err().code(), "claim_refused");
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn check_level(claims: &Claims, least: u8) -> Result<()> {
    check_level_in(claims.json(), least)
}

/// As [`check_level`], in claims as JSON.
pub(crate) fn check_level_in(claims: &str, least: u8) -> Result<()> {
    let claims = Value::parse(claims);
    let found = claims.as_ref().and_then(|claims| claims.get(SECURITY_LEVEL));
    // A text in every token that was seen; a number is read alike.
    let level = found.and_then(|level| match level.as_str() {
        Some(text) => number(text),
        None => level.as_integer().and_then(|level| u64::try_from(level).ok()),
    });
    if level.is_some_and(|level| level >= u64::from(least)) {
        return Ok(());
    }
    let mut expected = String::from(SECURITY_LEVEL);
    expected.push_str(": at least ");
    expected.push_str(&decimal(u64::from(least)));
    let error = Error::new(&codes::CLAIM_REFUSED).expected(expected);
    Err(match level {
        Some(level) => error.actual(decimal(level)),
        None => error,
    })
}
