//! The keys of a client: what is published of them, and the list that the service keeps.
//!
//! `POST` and `GET /v1/client-secret`; RFC 7517, RFC 7638. Keys as NHN's own tool approves them.
//! Refuses private members, EdDSA, RSA below 2048 bits, keys without `alg` or `kid`, and an `alg` that does not fit.

use alloc::string::String;
use alloc::vec::Vec;

use super::refusal;
use crate::ground::error::{Error, Result, codes};
use crate::ground::json::Value;
use crate::ground::time::seconds;
use crate::jose::alg::Family;
use crate::jose::{Algorithm, Jwk, thumbprint};

/// The longest name of a key.
const MAX_REFERENCE: usize = 512;

/// A public key that the service takes: checked, and written anew, so that nothing else goes along.
///
/// ```
/// use samtykke::provider::selvbetjening::PublicKey;
/// let key = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// assert_eq!(PublicKey::parse(key)?.thumbprint(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
/// assert!(PublicKey::parse(&key.replace("\"kid\"", "\"d\"")).is_err());
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    json: String,
    kid: String,
    thumbprint: String,
}

impl PublicKey {
    /// Checks a public JWK.
    ///
    /// # Errors
    /// `key_refused`, saying what was expected.
    pub fn parse(json: &str) -> Result<Self> {
        let key = Jwk::parse(json)?;
        let refused = |expected: &'static str| Err(Error::new(&codes::KEY_REFUSED).expected(expected));
        let Some(kid) = key.kid().filter(|kid| kid.len() <= 255) else { return refused("kid: 1 to 255 characters") };
        let alg = key.alg().and_then(Algorithm::from_name).filter(|alg| alg.family != Family::EdDsa && key.fits(alg));
        if alg.is_none() {
            return refused("alg: RS, PS or ES with 256, 384 or 512, one that fits the key, for signatures");
        }
        let mut json = key.to_json();
        json.pop();
        json.push_str(r#","use":"sig"}"#);
        Ok(Self { json, kid: kid.into(), thumbprint: thumbprint(&key) })
    }

    /// The key as JSON: its own members, `kid`, `alg` and `use`.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// `kid`.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// RFC 7638, SHA-256: by it a key is found again in the service's list.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }
}

/// How a key stands in the body of `POST /v1/client-secret`. NHN's samples send a text, its libraries an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SecretBody {
    /// A JSON string that holds the JWK.
    #[default]
    Text,
    /// The JWK itself.
    Object,
}

/// A key as the service lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ClientSecret {
    /// `kid`.
    pub kid: Option<String>,
    /// RFC 7638 thumbprint.
    pub thumbprint: Option<String>,
    /// When it ends, in seconds since 1970; some have no end.
    pub expires_at: Option<i64>,
    /// `Gui`, `Api`, or an origin yet unknown.
    pub origin: Option<String>,
}

impl ClientSecret {
    /// The list; `None` when it is none, or a time in it cannot be read.
    pub(super) fn list(value: &Value<'_>) -> Option<Vec<Self>> {
        value.as_array()?.iter().map(Self::read).collect()
    }

    fn read(value: &Value<'_>) -> Option<Self> {
        let Value::Object(_) = value else { return None };
        let text = |name| value.text(name).filter(|text| !text.is_empty()).map(String::from);
        Some(Self { kid: text("kid"), thumbprint: text("jwkThumbprint"), expires_at: expiration(value)?, origin: text("origin") })
    }
}

/// A time, or none; nothing at all for a text that is no time.
pub(super) fn expiration(value: &Value<'_>) -> Option<Option<i64>> {
    match value.get("expiration") {
        None => Some(None),
        Some(time) => seconds(time).map(Some),
    }
}

/// The entry of a key in the service's list: by thumbprint, or by `kid` where the list names no thumbprint.
pub fn find_secret<'l>(list: &'l [ClientSecret], key: &PublicKey) -> Option<&'l ClientSecret> {
    list.iter().find(|secret| match &secret.thumbprint {
        Some(thumbprint) => *thumbprint == key.thumbprint,
        None => secret.kid.as_ref() == Some(&key.kid),
    })
}

/// A key of the caller's: the name that finds its private part again, and its public part.
///
/// ```
/// use samtykke::provider::selvbetjening::{Key, PublicKey};
/// let jwk = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// let key = Key::new("arn:aws:kms:eu-north-1:1:key/9", PublicKey::parse(jwk)?)?;
/// assert_eq!(key.public().kid(), "k1");
/// assert!(Key::new(jwk, PublicKey::parse(jwk)?).is_err()); // a name, not a key
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    reference: String,
    public: PublicKey,
}

impl Key {
    /// Names a key: by a file, a row, or the name that a key service gave.
    ///
    /// # Errors
    /// `invalid_parameter` for a name that is empty, over 512 octets, or holds quotes or line ends, as a JWK and a PEM do: the
    /// private key itself is no name.
    pub fn new(reference: &str, public: PublicKey) -> Result<Self> {
        let named = (1..=MAX_REFERENCE).contains(&reference.len()) && !reference.chars().any(|letter| letter == '"' || letter.is_control());
        if !named {
            return Err(refusal("the name of a key: one line, without quotes"));
        }
        Ok(Self { reference: reference.into(), public })
    }

    /// The caller's name for it.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// Its public part. Compare its thumbprint with what the name led to.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }
}
