//! Selvbetjening, the self-service of HelseID: from a draft to a confirmed client, its access and its keys.
//!
//! Facts of NHN's Selvbetjening documentation and samples (`/v1/client-drafts`, `/v1/client`, `/v1/client-secret`).
//! Refuses private members in what is published, answers that confirm nothing, and updates that would wipe settings.

mod abandon;
pub(crate) mod api;
mod begun;
mod calls;
mod client;
mod confirmation;
mod data;
mod draft;
mod drafting;
mod enrolment;
mod key;
pub(crate) mod lists;
mod loopback;
mod record;
mod registration;
mod rotation;
mod update;
pub(crate) mod wait;

pub use abandon::{Abandon, Abandoned};
pub use api::{Api, Delegation, ServiceTerms};
pub use client::{ClaimAccess, ClientSettings, CurrentClient, ScopeAccess, Status};
pub use confirmation::judge_confirmation;
pub use draft::Draft;
pub use drafting::Drafting;
pub use enrolment::{Enrolment, confirmation_path};
pub use key::{ClientSecret, Key, PublicKey, SecretBody, find_secret};
pub use lists::Claim;
pub use loopback::Loopback;
pub use rotation::{Rotated, Rotation};
pub use update::Update;
pub use wait::{Pacing, Pause, Wait};

use crate::provider::table::{join, row};
use alloc::string::String;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::octet::{AUTHORITY, UNRESERVED, is_all};
use crate::ground::text::{cut, decimal};
use crate::ground::uri::is_web;

/// The scope of the self-service API; every draft that names scopes must have it, or its client cannot ask for its status.
pub const SCOPE: &str = "nhn:selvbetjening/client";
/// The resource of [`SCOPE`]: the audience of its tokens.
pub const RESOURCE: &str = "nhn:selvbetjening";

/// One of the two environments, or a local service for development. Portal and API come from one value, so that test and
/// production cannot be mixed.
///
/// ```
/// use samtykke::provider::selvbetjening::Environment;
/// assert_eq!(Environment::test().api(), "https://api.selvbetjening.test.nhn.no");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    portal: String,
    api: String,
    development: bool,
}

fn find(name: &str) -> Option<(&'static str, &'static str)> {
    row(data::ENVIRONMENTS, name).map(|[_, portal, api]| (*portal, *api))
}

impl Environment {
    /// Texts that may stand for it, best first.
    #[cfg(feature = "serde")]
    pub(crate) fn texts(&self) -> alloc::vec::Vec<String> {
        crate::provider::table::texts(data::ENVIRONMENTS, &join(&join(&self.portal, " "), &self.api))
    }

    /// The test environment, `*.selvbetjening.test.nhn.no`.
    pub fn test() -> Self {
        Self::of("test")
    }

    /// The production environment, `*.selvbetjening.nhn.no`.
    pub fn production() -> Self {
        Self::of("production")
    }

    fn of(name: &str) -> Self {
        let (portal, api) = find(name).unwrap_or_default();
        Self { portal: portal.into(), api: api.into(), development: false }
    }

    /// A service of one's own, such as the local one for development: origins without a trailing slash, https, or http
    /// on loopback.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn custom(portal: &str, api: &str) -> Result<Self> {
        let fits = [portal, api].iter().all(|base| is_web(base, true) && is_all(base.get(8..).unwrap_or_default(), AUTHORITY));
        if fits {
            return Ok(Self { portal: portal.into(), api: api.into(), development: true });
        }
        Err(Error::new(&codes::INVALID_CONFIGURATION).expected("environment: test, production or two origins"))
    }

    /// The environment of a name: `test`, `production`, or the portal's and the API's origin with a space between them.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn from_name(name: &str) -> Result<Self> {
        if !name.is_empty() && find(name).is_some() {
            return Ok(Self::of(name));
        }
        let (portal, api) = cut(name, b' ');
        Self::custom(portal, api.unwrap_or_default())
    }

    /// The origin of the API: where tokens of [`RESOURCE`] may go, and nowhere else.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// Whether this is a service of one's own.
    pub fn is_development(&self) -> bool {
        self.development
    }

    pub(crate) fn url(&self, path: &str) -> String {
        join(&self.api, path)
    }

    /// Where the person confirms a draft: open it in their browser, once client id and key are stored.
    ///
    /// # Errors
    /// `invalid_parameter` when the client id is not one.
    ///
    /// ```
    /// use samtykke::provider::selvbetjening::Environment;
    /// let url = Environment::test().confirm_url("6a1f5f5e-5a25-4a3c-9d0c-6b3cf6f0a001")?;
    /// assert_eq!(url, "https://selvbetjening.test.nhn.no/confirm-client/6a1f5f5e-5a25-4a3c-9d0c-6b3cf6f0a001");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn confirm_url(&self, client_id: &str) -> Result<String> {
        check_client_id(client_id)?;
        Ok(join(&join(&self.portal, "/confirm-client/"), client_id))
    }

    /// The older form (2023 to spring 2025), for drafts without `postClientConfirmationRedirectUri`: the answer goes to
    /// loopback, to this port and path. Whether the service still reads it is not documented.
    ///
    /// # Errors
    /// `invalid_parameter` when the client id is not one, the port is 0, or the path does not begin with a slash.
    ///
    /// ```
    /// use samtykke::provider::selvbetjening::Environment;
    /// let url = Environment::test().confirm_url_by_port("c-1", 8080, "/callback")?;
    /// assert!(url.ends_with("/confirm-client/c-1?redirectPort=8080&redirectPath=/callback"));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn confirm_url_by_port(&self, client_id: &str, port: u16, path: &str) -> Result<String> {
        let plain = path.strip_prefix('/').is_some_and(|rest| rest.is_empty() || rest.split('/').all(|part| is_all(part, UNRESERVED)));
        if port == 0 || !plain {
            return Err(refusal("redirectPort 1 to 65535; redirectPath: a slash, then letters, digits, - . _ ~"));
        }
        let mut url = self.confirm_url(client_id)?;
        url.push_str("?redirectPort=");
        url.push_str(&decimal(u64::from(port)));
        url.push_str("&redirectPath=");
        url.push_str(path);
        Ok(url)
    }
}

fn check_client_id(client_id: &str) -> Result<()> {
    // It becomes a part of a path, so dots alone would lead elsewhere.
    let fits = client_id.len() <= 128 && is_all(client_id, UNRESERVED) && client_id.bytes().any(|octet| octet != b'.');
    if fits { Ok(()) } else { Err(refusal("a client id: letters, digits, - . _ ~")) }
}

#[cold]
fn refusal(expected: &'static str) -> Error {
    Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected(expected)
}
