//! What must be remembered between sending a person away and their return.
//!
//! Binds state, nonce and PKCE verifier to issuer, client and redirect URI (RFC 9700 sections 2.1 and 4.4).
//! Refuses a second use (it is consumed by `finish`), a late one, and one that another client began.

use alloc::string::String;

use crate::ground::error::{Error, Result, codes};
use crate::ground::lean::LEAN;
use crate::ground::secret::Secret;
use crate::ground::text::{number, take, word};
use crate::protocol::authorization::pkce::is_verifier;

/// The names of the modes; in a page, which cannot read a POST, two.
pub(crate) const MODES: &str = if LEAN { "query fragment" } else { "query fragment form_post jwt query.jwt fragment.jwt form_post.jwt" };

/// How the answer travels (OAuth 2.0 Multiple Response Types, Form Post Response Mode, JARM).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ResponseMode {
    /// In the query of `redirect_uri`: the default for a code, and not named in the request.
    #[default]
    Query,
    /// In the fragment of `redirect_uri`.
    Fragment,
    /// In the body of a POST to `redirect_uri`.
    FormPost,
    /// Signed, in the query for a code (JARM section 2.3.4).
    Jwt,
    /// Signed, in the query.
    QueryJwt,
    /// Signed, in the fragment.
    FragmentJwt,
    /// Signed, in the body of a POST.
    FormPostJwt,
}

const ALL: &[ResponseMode] = &[
    ResponseMode::Query,
    ResponseMode::Fragment,
    ResponseMode::FormPost,
    ResponseMode::Jwt,
    ResponseMode::QueryJwt,
    ResponseMode::FragmentJwt,
    ResponseMode::FormPostJwt,
];

impl ResponseMode {
    /// The parameter's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            // A page's flow has none of the rest.
            _ if LEAN => "form_post",
            Self::FormPost => "form_post",
            Self::Jwt => "jwt",
            Self::QueryJwt => "query.jwt",
            Self::FragmentJwt => "fragment.jwt",
            Self::FormPostJwt => "form_post.jwt",
        }
    }

    /// The mode of a name.
    pub fn parse(name: &str) -> Option<Self> {
        ALL.iter().filter(|mode| !LEAN || matches!(mode, Self::Query | Self::Fragment)).find(|mode| mode.as_str() == name).copied()
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

pub(crate) const STATE: usize = 0;
pub(crate) const ISSUER: usize = 1;
pub(crate) const CLIENT_ID: usize = 2;
pub(crate) const REDIRECT_URI: usize = 3;
pub(crate) const NONCE: usize = 4;
pub(crate) const VERIFIER: usize = 5;
const CREATED: usize = 6;
const LIFETIME: usize = 7;
pub(crate) const RESPONSE_MODE: usize = 8;
pub(crate) const SCOPE: usize = 9;

impl Transaction {
    /// Takes over a text with the fields in the order of the constants above.
    pub(crate) fn from_text(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The fields, in the order of the constants.
    pub(crate) fn fields(&self) -> Fields<'_> {
        split(self.0.expose())
    }

    fn field(&self, wanted: usize) -> &str {
        self.fields().get(wanted).copied().unwrap_or_default()
    }

    /// The fields as they are, as the package stores them too.
    pub(crate) fn text(&self) -> &Secret {
        &self.0
    }

    /// Reads such fields.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::new(&codes::TRANSACTION_MISSING));
        }
        check(&split(text))?;
        Ok(Self(Secret::new(text)))
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
    pub fn client_id(&self) -> String {
        crate::ground::text::form_decode(self.field(CLIENT_ID)).unwrap_or_default()
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

    /// Whether it is too old at `now` (seconds since 1970), or from the future by more than five minutes.
    pub fn is_expired(&self, now: u64) -> bool {
        is_expired(&self.fields(), now)
    }
}

/// Fields of a stored text, borrowed.
pub(crate) type Fields<'a> = [&'a str; FIELDS];
pub(crate) const FIELDS: usize = SCOPE + 1;

/// Splits a text at its first nine spaces; the last field is all the rest. A field that is not there is empty.
pub(crate) fn split(text: &str) -> Fields<'_> {
    let mut rest = text;
    let mut fields = [""; FIELDS];
    if let Some((last, first)) = fields.split_last_mut() {
        take(&mut rest, first, b' ');
        *last = rest;
    }
    fields
}

/// Whether fields are those of a transaction that was begun here.
pub(crate) fn check(fields: &Fields<'_>) -> Result<()> {
    // In a page what else is wrong shows when it is used: as expired, as another client's, as an answer that does not fit.
    let fits = !LEAN
        && !fields.iter().any(|field| field.bytes().any(|octet| octet < b' ' || octet == 0x7f))
        && !fields[STATE].is_empty()
        && number(fields[CREATED]).is_some()
        && number(fields[LIFETIME]).is_some_and(|seconds| seconds <= u64::from(u32::MAX))
        && is_verifier(fields[VERIFIER])
        && has_openid(fields[SCOPE]) != fields[NONCE].is_empty()
        && word(MODES, fields[RESPONSE_MODE].as_bytes()).is_some();
    if fits || (LEAN && is_verifier(fields[VERIFIER])) { Ok(()) } else { Err(Error::new(&codes::TRANSACTION_MALFORMED)) }
}

pub(crate) fn is_expired(fields: &Fields<'_>, now: u64) -> bool {
    let created = number(fields[CREATED]).unwrap_or_default();
    let lifetime = number(fields[LIFETIME]).unwrap_or_default();
    now > created.saturating_add(lifetime) || created > now.saturating_add(300)
}

/// Whether a scope asks for an id_token (OIDC Core section 3.1.2.1).
pub(crate) fn has_openid(scope: &str) -> bool {
    word(scope, b"openid").is_some()
}
