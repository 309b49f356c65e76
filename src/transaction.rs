//! What must be remembered between sending a person away and their return.
//!
//! Binds state, nonce and PKCE verifier to issuer, client and redirect URI (RFC 9700 sections 2.1 and 4.4).
//! Refuses a second use (it is consumed by `finish`), a late one, and one that another client began.

use alloc::string::String;

use crate::encoding::{cut, number};
use crate::error::{Error, Result, codes};
use crate::pkce::Verifier;
use crate::secret::Secret;

/// How the answer travels (OAuth 2.0 Multiple Response Types, Form Post Response Mode).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ResponseMode {
    /// In the query of `redirect_uri`: the default for a code, and not named in the request.
    #[default]
    Query,
    /// In the fragment of `redirect_uri`.
    Fragment,
    /// In the body of a POST to `redirect_uri`.
    FormPost,
}

impl ResponseMode {
    /// The parameter's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }

    /// The mode of a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Query, Self::Fragment, Self::FormPost].into_iter().find(|mode| mode.as_str() == name)
    }
}

/// Seconds a transaction lives unless the caller says otherwise.
pub const DEFAULT_LIFETIME: u32 = 3600;

/// One flow's memory. Keep it where only this browser can bring it back: session storage, or a sealed cookie.
///
/// It cannot be cloned: `finish` consumes it, so a callback is judged once.
///
/// ```compile_fail
/// fn twice(transaction: samtykke::Transaction) -> (samtykke::Transaction, samtykke::Transaction) {
///     (transaction.clone(), transaction)
/// }
/// ```
// The text it is stored as is also what it holds: fields in one order, a space between them, the scope last because
// only a scope has spaces. So reading one costs a check and no copies.
#[derive(Debug)]
pub struct Transaction(Secret);

const STATE: usize = 0;
const ISSUER: usize = 1;
const CLIENT_ID: usize = 2;
const REDIRECT_URI: usize = 3;
const NONCE: usize = 4;
const VERIFIER: usize = 5;
const CREATED: usize = 6;
const LIFETIME: usize = 7;
const RESPONSE_MODE: usize = 8;
const SCOPE: usize = 9;

impl Transaction {
    /// Joins the fields, in the order of the constants above.
    pub(crate) fn join(fields: [&str; SCOPE + 1]) -> Self {
        let mut text = String::with_capacity(512);
        for field in fields {
            text.push_str(field);
            text.push(' ');
        }
        text.pop();
        Self(Secret::new(text))
    }

    #[inline(never)]
    fn field(&self, wanted: usize) -> &str {
        nth(self.0.expose(), wanted, SCOPE)
    }

    /// As text, to be stored. It holds the verifier: keep it from logs and URLs.
    pub fn serialize(&self) -> &Secret {
        &self.0
    }

    /// Reads what [`serialize`](Self::serialize) wrote.
    ///
    /// # Errors
    /// `transaction_missing` for an empty text, `transaction_malformed` for anything that is not one.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::new(&codes::TRANSACTION_MISSING));
        }
        let found = Self(Secret::new(text));
        let fits = !found.state().is_empty()
            && number(found.field(CREATED)).is_some()
            && number(found.field(LIFETIME)).is_some_and(|seconds| seconds <= u64::from(u32::MAX))
            && Verifier::parse(found.verifier()).is_ok()
            && has_openid(found.scope()) != found.nonce().is_empty()
            && ResponseMode::parse(found.field(RESPONSE_MODE)).is_some();
        if fits { Ok(found) } else { Err(Error::new(&codes::TRANSACTION_MALFORMED)) }
    }

    /// The `state`, under which a store may keep the transaction.
    pub fn state(&self) -> &str {
        self.field(STATE)
    }

    /// The issuer the flow was begun with.
    pub fn issuer(&self) -> &str {
        self.field(ISSUER)
    }

    /// The client id the flow was begun with.
    pub fn client_id(&self) -> &str {
        self.field(CLIENT_ID)
    }

    /// The redirect URI the flow was begun with, byte for byte.
    pub fn redirect_uri(&self) -> &str {
        self.field(REDIRECT_URI)
    }

    /// The scope that was asked for.
    pub fn scope(&self) -> &str {
        self.field(SCOPE)
    }

    /// How the answer must travel.
    pub fn response_mode(&self) -> ResponseMode {
        ResponseMode::parse(self.field(RESPONSE_MODE)).unwrap_or_default()
    }

    pub(crate) fn nonce(&self) -> &str {
        self.field(NONCE)
    }

    pub(crate) fn verifier(&self) -> &str {
        self.field(VERIFIER)
    }

    /// Whether it is too old at `now` (seconds since 1970), or from the future by more than five minutes.
    pub fn is_expired(&self, now: u64) -> bool {
        let created = number(self.field(CREATED)).unwrap_or_default();
        let lifetime = number(self.field(LIFETIME)).unwrap_or_default();
        now > created.saturating_add(lifetime) || created > now.saturating_add(300)
    }
}

/// A field of a text whose last field, `last`, is all the rest.
pub(crate) fn nth(text: &str, wanted: usize, last: usize) -> &str {
    let mut rest = text;
    for at in 0..last {
        let (field, after) = cut(rest, b' ');
        if at == wanted {
            return field;
        }
        rest = after.unwrap_or_default();
    }
    rest
}

#[cfg(feature = "serde")]
impl serde::Serialize for Transaction {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Transaction {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> core::result::Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| serde::de::Error::custom(error.code()))
    }
}

/// Whether a scope asks for an id_token (OIDC Core section 3.1.2.1).
pub(crate) fn has_openid(scope: &str) -> bool {
    let mut rest = Some(scope);
    while let Some(text) = rest {
        let (token, after) = cut(text, b' ');
        if token == "openid" {
            return true;
        }
        rest = after;
    }
    false
}
