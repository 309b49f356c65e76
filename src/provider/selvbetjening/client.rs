//! A client as the service sees it: access granted or waiting, and its settings, for a whole update.
//!
//! `GET` and `PUT /v1/client`. A `PUT` replaces everything, and null is applied, not ignored.
//! Refuses to count unknown statuses as ready, and to write settings that were not read whole.

use alloc::string::String;
use alloc::vec::Vec;

use super::lists::{Claim, Lists, key_and_value, list, text};
use super::refusal;
use crate::ground::error::Result;
use crate::ground::json::{Value, Writer};

/// How far an access is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Status {
    /// Granted.
    Ok,
    /// The API's owner has to approve; that can take days.
    Pending,
    /// A new value waits for approval; the old one holds meanwhile.
    UpdatePending,
    /// A status yet unknown. It never counts as granted.
    Other(String),
}

impl Status {
    fn read(text: &str) -> Self {
        // Documented in camelCase, seen in PascalCase elsewhere.
        match text {
            _ if text.eq_ignore_ascii_case("ok") => Self::Ok,
            _ if text.eq_ignore_ascii_case("pending") => Self::Pending,
            _ if text.eq_ignore_ascii_case("updatePending") => Self::UpdatePending,
            _ => Self::Other(text.into()),
        }
    }

    /// The status as a word: `ok`, `pending`, `updatePending`, or what came.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ok => "ok",
            Self::Pending => "pending",
            Self::UpdatePending => "updatePending",
            Self::Other(text) => text,
        }
    }
}

/// Access to a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ScopeAccess {
    /// The scope.
    pub scope: String,
    /// How far it is.
    pub status: Status,
    /// Why, in words for people.
    pub reason: Option<String>,
}

/// A claim for one API.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ClaimAccess {
    /// The claim's name.
    pub claim: String,
    /// The value that holds.
    pub active: Option<String>,
    /// The value that waits for approval.
    pub pending: Option<String>,
    /// How far it is.
    pub status: Status,
    /// Why, in words for people.
    pub reason: Option<String>,
}

/// What the service knows of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CurrentClient {
    /// Access to scopes; `None` for null.
    pub scopes: Option<Vec<ScopeAccess>>,
    /// Claims for single APIs; `None` for null.
    pub claims: Option<Vec<ClaimAccess>>,
    /// Where logins may end; `None` for null.
    pub redirect_uris: Option<Vec<String>>,
    /// Where logouts may end; `None` for null.
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Child organisations; `None` for null.
    pub child_organization_numbers: Option<Vec<String>>,
    /// Whether the answer had all of these members.
    whole: bool,
}

/// The members of an update, in its order.
const MEMBERS: [&str; 5] =
    ["apiScopes", "audienceSpecificClientClaims", "redirectUris", "postLogoutRedirectUris", "childOrganizationNumbers"];

impl CurrentClient {
    /// Reads the answer to `GET /v1/client`; `None` when it is not the documented one.
    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        let [scopes, claims, redirects, logouts, children] = MEMBERS;
        value.member(scopes)?;
        Some(Self {
            scopes: list(value, scopes, scope)?,
            claims: list(value, claims, claim)?,
            redirect_uris: list(value, redirects, text)?,
            post_logout_redirect_uris: list(value, logouts, text)?,
            child_organization_numbers: list(value, children, text)?,
            whole: MEMBERS.iter().all(|name| value.member(name).is_some()),
        })
    }

    fn statuses(&self) -> impl Iterator<Item = (&str, &Status)> {
        let scopes = self.scopes.iter().flatten().map(|access| (access.scope.as_str(), &access.status));
        scopes.chain(self.claims.iter().flatten().map(|access| (access.claim.as_str(), &access.status)))
    }

    /// Whether all access is granted: at least one scope, and every scope and claim `ok`.
    pub fn is_ready(&self) -> bool {
        self.scopes.as_ref().is_some_and(|scopes| !scopes.is_empty()) && self.statuses().all(|(_, status)| *status == Status::Ok)
    }

    /// Names of the scopes and claims that wait for approval.
    pub fn pending(&self) -> impl Iterator<Item = &str> {
        self.statuses().filter(|(_, status)| matches!(status, Status::Pending | Status::UpdatePending)).map(|(name, _)| name)
    }

    /// Names of the scopes and claims with a status that this version does not know.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.statuses().filter(|(_, status)| matches!(status, Status::Other(_))).map(|(name, _)| name)
    }

    /// The settings as an update would write them: the base of every update.
    ///
    /// # Errors
    /// `invalid_parameter` when the answer was not whole, a status is unknown, or a claim has no value: written back, that
    /// would wipe or change settings.
    pub fn settings(&self) -> Result<ClientSettings> {
        if !self.whole {
            return Err(refusal("an answer of GET /v1/client with all five lists"));
        }
        if let Some(name) = self.unknown().next() {
            return Err(refusal("statuses ok, pending or updatePending alone").actual(crate::ground::error::shown::shown_text(name)));
        }
        let mut claims = self.claims.as_ref().map(|_| Vec::new());
        for access in self.claims.iter().flatten() {
            // The newest wish: writing the active one would take a waiting one back.
            let Some(value) = access.pending.as_ref().or(access.active.as_ref()) else {
                return Err(refusal("a value for every claim").actual(crate::ground::error::shown::shown_text(&access.claim)));
            };
            claims.get_or_insert_default().push(Claim { key: access.claim.clone(), value: value.clone() });
        }
        Ok(ClientSettings {
            api_scopes: self.scopes.as_ref().map(|scopes| scopes.iter().map(|access| access.scope.clone()).collect()),
            claims,
            redirect_uris: self.redirect_uris.clone(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.clone(),
            child_organization_numbers: self.child_organization_numbers.clone(),
        })
    }
}

/// A client's settings, read whole. They begin as [`CurrentClient::settings`]; `None` is written as null, which the service
/// applies.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientSettings {
    /// Scopes of APIs.
    pub api_scopes: Option<Vec<String>>,
    /// Claims for single APIs.
    pub claims: Option<Vec<Claim>>,
    /// Where logins may end. Null fails, unless the template has redirect URIs of its own.
    pub redirect_uris: Option<Vec<String>>,
    /// Where logouts may end.
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Child organisations: nine digits each.
    pub child_organization_numbers: Option<Vec<String>>,
}

impl ClientSettings {
    /// The body of `PUT /v1/client`: all five lists, null where there is none.
    ///
    /// # Errors
    /// `invalid_parameter`, naming the field.
    pub fn json(&self) -> Result<String> {
        let lists = Lists {
            api_scopes: self.api_scopes.as_deref(),
            claims: self.claims.as_deref(),
            redirect_uris: self.redirect_uris.as_deref(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.as_deref(),
            child_organization_numbers: self.child_organization_numbers.as_deref(),
        };
        let mut json = Writer::new();
        lists.write(&mut json, true)?;
        Ok(json.take())
    }

    /// The settings in a JSON text of the shape of [`json`](Self::json), which must have every list.
    ///
    /// # Errors
    /// `invalid_parameter` when a list is absent or no list, or there is a member that is none of them.
    pub fn parse(json: &str) -> Result<Self> {
        let wrong = || refusal("all five lists, each an array or null, and nothing else");
        let value = Value::parse(json).ok_or_else(wrong)?;
        let known = value.members().len() == MEMBERS.len() && MEMBERS.iter().all(|name| value.member(name).is_some());
        let [scopes, claims, redirects, logouts, children] = MEMBERS;
        if !known {
            return Err(wrong());
        }
        Ok(Self {
            api_scopes: list(&value, scopes, text).ok_or_else(wrong)?,
            claims: list(&value, claims, key_and_value).ok_or_else(wrong)?,
            redirect_uris: list(&value, redirects, text).ok_or_else(wrong)?,
            post_logout_redirect_uris: list(&value, logouts, text).ok_or_else(wrong)?,
            child_organization_numbers: list(&value, children, text).ok_or_else(wrong)?,
        })
    }
}

fn scope(value: &Value<'_>) -> Option<ScopeAccess> {
    Some(ScopeAccess {
        scope: value.get("scope").and_then(text)?,
        status: status(value)?,
        reason: value.get("statusReason").and_then(text),
    })
}

fn claim(value: &Value<'_>) -> Option<ClaimAccess> {
    Some(ClaimAccess {
        claim: value.get("claimType").and_then(text)?,
        active: value.get("activeClaimValue").and_then(text),
        pending: value.get("pendingClaimValue").and_then(text),
        status: status(value)?,
        reason: value.get("statusReason").and_then(text),
    })
}

fn status(value: &Value<'_>) -> Option<Status> {
    value.text("status").map(Status::read)
}
