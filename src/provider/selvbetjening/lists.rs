//! Lists of a draft and of a client's settings: scopes, claims, addresses, organisations; judged, read and written the same way.
//!
//! Body of `POST /v1/client-drafts` and `PUT /v1/client`.
//! Refuses odd organisation numbers, scopes and addresses, and anything twice.

use alloc::string::String;
use alloc::vec::Vec;

use super::refusal;
use crate::ground::error::Result;
use crate::ground::json::{Value, Writer, push_string};
use crate::ground::octet::{NQCHAR, is_all};
use crate::protocol::syntax::is_redirect_uri;

/// A claim for one API, such as a HER-id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The claim's name with the API.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// The lists that drafts and updates share.
pub(super) struct Lists<'a> {
    pub(super) api_scopes: Option<&'a [String]>,
    pub(super) claims: Option<&'a [Claim]>,
    pub(super) redirect_uris: Option<&'a [String]>,
    pub(super) post_logout_redirect_uris: Option<&'a [String]>,
    pub(super) child_organization_numbers: Option<&'a [String]>,
}

impl Lists<'_> {
    /// Checks and writes them; with `nulls`, one that is not there is written as null.
    pub(super) fn write(&self, json: &mut Writer, nulls: bool) -> Result<()> {
        let scopes = self.api_scopes.unwrap_or_default();
        if !scopes.iter().all(|scope| is_all(scope, NQCHAR)) || twice(scopes) {
            return Err(refusal("apiScopes: single scopes, none twice"));
        }
        let claims = self.claims.unwrap_or_default();
        let plain = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
        let doubled = claims.iter().enumerate().any(|(at, claim)| claims.iter().take(at).any(|other| other.key == claim.key));
        if !claims.iter().all(|claim| plain(&claim.key) && plain(&claim.value)) || doubled {
            return Err(refusal("audienceSpecificClientClaims: key and value, not empty, no key twice"));
        }
        for uris in [self.redirect_uris, self.post_logout_redirect_uris].into_iter().flatten() {
            if !uris.iter().all(|uri| is_redirect_uri(uri)) || twice(uris) {
                return Err(refusal(
                    "redirectUris, postLogoutRedirectUris: https, http on loopback or a private scheme; no fragment, none twice",
                ));
            }
        }
        check_organizations(self.child_organization_numbers.unwrap_or_default())?;
        let mut list = |name: &str, items: Option<String>| match items {
            Some(items) => {
                json.raw(name, &items);
            }
            None if nulls => {
                json.raw(name, "null");
            }
            None => {}
        };
        list("apiScopes", self.api_scopes.map(texts));
        list("audienceSpecificClientClaims", self.claims.map(pairs));
        list("redirectUris", self.redirect_uris.map(texts));
        list("postLogoutRedirectUris", self.post_logout_redirect_uris.map(texts));
        list("childOrganizationNumbers", self.child_organization_numbers.map(texts));
        Ok(())
    }
}

pub(super) fn check_organizations(numbers: &[String]) -> Result<()> {
    let fits = numbers.iter().all(|number| number.len() == 9 && number.bytes().all(|octet| octet.is_ascii_digit()));
    if fits && !twice(numbers) { Ok(()) } else { Err(refusal("organisation numbers: nine digits, none twice")) }
}

fn twice(texts: &[String]) -> bool {
    texts.iter().enumerate().any(|(at, text)| texts.iter().take(at).any(|other| other == text))
}

pub(crate) fn texts(items: &[String]) -> String {
    array(items.len(), |at, json| push_string(json, items.get(at).map_or("", String::as_str)))
}

pub(super) fn pairs(claims: &[Claim]) -> String {
    array(claims.len(), |at, json| {
        if let Some(claim) = claims.get(at) {
            json.push_str(&Writer::new().string("key", &claim.key).string("value", &claim.value).take());
        }
    })
}

/// A JSON array of so many items.
pub(crate) fn array(count: usize, item: impl Fn(usize, &mut String)) -> String {
    let mut json = String::from("[");
    for at in 0..count {
        if at > 0 {
            json.push_str(",");
        }
        item(at, &mut json);
    }
    json.push_str("]");
    json
}

/// A list, `None` for null or absent; nothing at all when it is something else.
pub(super) fn list<T>(value: &Value<'_>, name: &str, read: fn(&Value<'_>) -> Option<T>) -> Option<Option<Vec<T>>> {
    match value.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(items) => items.as_array()?.iter().map(read).collect::<Option<Vec<T>>>().map(Some),
    }
}

pub(super) fn text(value: &Value<'_>) -> Option<String> {
    value.as_str().map(String::from)
}

/// A claim as drafts and updates write it.
pub(super) fn key_and_value(value: &Value<'_>) -> Option<Claim> {
    Some(Claim { key: value.get("key").and_then(text)?, value: value.get("value").and_then(text)? })
}
