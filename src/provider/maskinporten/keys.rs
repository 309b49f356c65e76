//! A client's registered keys: how the set changes when one is added, renewed or removed.
//!
//! docs.digdir.no `oidc_api_admin_maskinporten`. A POST replaces the whole set, so each change is made from the set as it stands.
//! Refuses private members, a sixth key, an id that is taken or has odd letters, other keys than RSA.

use super::record::{object, refusal};
use alloc::string::String;
use alloc::vec::Vec;

use super::record::Record;
use super::registration::check_public;
use crate::ground::error::{Phase, Result, codes};
use crate::ground::json::{Value, Writer};
use crate::jose::{Algorithm, Jwk};

/// Keys a client can have.
pub const MAX_KEYS: usize = 5;

/// What a change sends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The whole new set; `None` when none is left, which takes a DELETE.
    pub set: Option<String>,
}

impl Change {
    /// Adds a public key to a set: JSON with `kid`; `use` is added, and `alg` where there is none.
    ///
    /// # Errors
    /// `key_refused`, `registration_conflict` for an id that is taken, `invalid_parameter`.
    pub fn add(set: &str, key: &str) -> Result<Self> {
        let added = public_key(key)?;
        let mut keys = keys(set)?;
        if keys.iter().any(|known| known.text("kid") == added.text("kid")) {
            return Err(refusal(&codes::REGISTRATION_CONFLICT, "a kid that the set does not have"));
        }
        if keys.len() >= MAX_KEYS {
            return Err(refusal(&codes::INVALID_PARAMETER, "at most five keys: remove one first"));
        }
        keys.push(added);
        Self::of(keys)
    }

    /// Posts a key again, so that it lives for another year; the others keep their end.
    ///
    /// # Errors
    /// `not_found` when there is no such key.
    pub fn renew(set: &str, kid: &str) -> Result<Self> {
        let mut keys = keys(set)?;
        let key = keys.iter_mut().find(|key| key.text("kid").as_deref() == Some(kid));
        let Some(key) = key else { return Err(refusal(&codes::NOT_FOUND, "a kid of the set")) };
        *key = key.clone().without(&["exp"]);
        Self::of(keys)
    }

    /// Removes a key.
    ///
    /// # Errors
    /// `not_found` when there is no such key.
    pub fn remove(set: &str, kid: &str) -> Result<Self> {
        let mut keys = keys(set)?;
        let before = keys.len();
        keys.retain(|key| key.text("kid").as_deref() != Some(kid));
        if keys.len() == before {
            return Err(refusal(&codes::NOT_FOUND, "a kid of the set"));
        }
        Self::of(keys)
    }

    fn of(keys: Vec<Record>) -> Result<Self> {
        let mut list = String::new();
        for key in keys {
            check_public(&key.value())?;
            let key = key.without(&["created", "last_updated"]).text_member("use", "sig");
            list.push_str(if list.is_empty() { "[" } else { "," });
            list.push_str(key.json());
        }
        if list.is_empty() {
            return Ok(Self { set: None });
        }
        list.push_str("]");
        Ok(Self { set: Some(Writer::new().raw("keys", &list).take()) })
    }

    /// Judges the set that was read after the change: nobody may have written another meanwhile.
    ///
    /// # Errors
    /// `registration_conflict` when the set is not as it was written.
    pub fn confirm(&self, set: &str) -> Result<()> {
        let names = |set: &str| -> Result<Vec<(Option<String>, Option<String>)>> {
            let mut names: Vec<_> = keys(set)?.iter().map(|key| (key.text("kid"), key.text("n"))).collect();
            names.sort();
            Ok(names)
        };
        if names(self.set.as_deref().unwrap_or(r#"{"keys":[]}"#))? == names(set)? {
            return Ok(());
        }
        Err(refusal(&codes::REGISTRATION_CONFLICT, "the keys as they were just written: someone else changed them"))
    }
}

/// The ids of keys that end at this time or before, in seconds since 1970; renew them in good time.
///
/// # Errors
/// `invalid_parameter` for what is no key set.
///
/// ```
/// let set = r#"{"keys":[{"kty":"RSA","kid":"a","exp":1700000000},{"kty":"RSA","kid":"b","exp":1900000000}]}"#;
/// assert_eq!(samtykke::provider::maskinporten::kids_expiring_by(set, 1_800_000_000)?, ["a"]);
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn kids_expiring_by(set: &str, by: i64) -> Result<Vec<String>> {
    let due = |key: Record| key.integer("exp").filter(|end| *end <= by).and_then(|_| key.text("kid"));
    Ok(keys(set)?.into_iter().filter_map(due).collect())
}

/// Whether an id is one that can be registered.
pub(crate) fn is_kid(kid: &str) -> bool {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'_' | b'-');
    (1..=255).contains(&kid.len()) && kid.bytes().all(fits) && kid.bytes().any(|octet| octet != b'.')
}

/// A key as it is uploaded, from members that were checked.
pub(crate) fn public_key(json: &str) -> Result<Record> {
    let given = Record::parse(json)?;
    check_public(&given.value())?;
    let key = Jwk::parse(json).map_err(|error| error.at(Phase::Api))?;
    let kid = key.kid().unwrap_or_default();
    if !is_kid(kid) {
        return Err(refusal(&codes::KEY_REFUSED, "kid: letters, digits, full stops, underscores and hyphens"));
    }
    let alg = key.alg().unwrap_or("RS256");
    if !matches!(alg, "RS256" | "RS384" | "RS512") || !Algorithm::from_name(alg).is_some_and(|alg| key.fits(alg)) {
        return Err(refusal(&codes::KEY_REFUSED, "an RSA key for signatures, alg RS256, RS384 or RS512"));
    }
    let mut out = Writer::new();
    let value = given.value();
    let text = |name| value.get(name).and_then(Value::as_str);
    out.string("kty", "RSA").string("use", "sig").string("alg", alg).string("kid", kid).some("n", text("n")).some("e", text("e"));
    for name in ["x5c", "exp"] {
        if let Some(raw) = given.raw(name) {
            out.raw(name, &raw);
        }
    }
    Record::parse(&out.take())
}

/// The keys of a set.
fn keys(set: &str) -> Result<Vec<Record>> {
    let set = Record::parse(set)?;
    let value = set.raw("keys").unwrap_or_default();
    let list = Value::parse(&value);
    let Some(items) = list.as_ref().and_then(Value::as_array) else {
        return Err(refusal(&codes::INVALID_PARAMETER, "a key set: keys, an array"));
    };
    items.iter().map(object).collect()
}
