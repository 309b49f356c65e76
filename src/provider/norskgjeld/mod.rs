//! Norsk Gjeldsinformasjon: consent to read a person's unsecured debt, and the APIs around it.
//!
//! Facts of norsk-gjeldsinformasjon/api-docs (`reference/consent`, `reference/openapi.json`); an ORY Hydra server.
//! Refuses scopes outside the documented grammar, other client authentication than Basic, and mixed environments.

mod agreement;
mod api;
mod data;
mod debt;
mod event;
mod feed;
mod known;
mod scope;

pub use agreement::{Agreement, RegisteredConsent};
pub use api::{Api, Revoked};
pub use data::RULES;
pub use debt::{ConsentStatus, CreditorAnswer, DebtConsent, DebtInformation, Loan};
pub use event::{Event, EventPage, EventType};
pub use feed::{Batch, FeedCall, Reading};
pub use scope::{Purpose, Scope};

use crate::provider::table::{join, row};
use alloc::string::String;

use crate::ground::error::{Error, Result, codes};
use crate::ground::octet::{AUTHORITY, is_all};
use crate::ground::text::cut;
use crate::ground::uri::is_web;
use crate::protocol::profile::Profile;

/// One of the two environments, or a local server for development. Base URL, issuer and audiences come from one
/// value, so that preprod and production cannot be mixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    auth: String,
    api: String,
    development: bool,
}

/// A service of norskgjeld, for which a token is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// Debt lookup, consent status and revocation.
    Debt,
    /// Consents collected by the client itself.
    Agreement,
    /// The feed of consent events.
    ConsentEvents,
}

/// The two origins of an environment.
fn find(name: &str) -> Option<(&'static str, &'static str)> {
    row(data::ENVIRONMENTS, name).map(|[_, auth, api]| (*auth, *api))
}

fn check_origins(auth: &str, api: &str) -> Result<()> {
    // An origin: `http://` or `https://`, and nothing after the host and its port.
    let fits = [auth, api].iter().all(|base| is_web(base, true) && is_all(base.get(8..).unwrap_or_default(), AUTHORITY));
    if fits {
        return Ok(());
    }
    Err(Error::new(&codes::INVALID_CONFIGURATION).expected("environment: preprod, production or two origins"))
}

impl Environment {
    /// Texts that may stand for it, best first.
    #[cfg(feature = "serde")]
    pub(crate) fn texts(&self) -> alloc::vec::Vec<String> {
        crate::provider::table::texts(data::ENVIRONMENTS, &join(&join(&self.auth, " "), &self.api))
    }

    /// The test environment, `*-preprod.norskgjeld.no`.
    pub fn preprod() -> Self {
        Self::of("preprod")
    }

    /// The production environment, `*.norskgjeld.no`.
    pub fn production() -> Self {
        Self::of("production")
    }

    fn of(name: &str) -> Self {
        let (auth, api) = find(name).unwrap_or_default();
        Self { auth: auth.into(), api: api.into(), development: false }
    }

    /// A server of one's own, such as the local one for development: base URLs without a trailing slash,
    /// https, or http on loopback.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn custom(auth: &str, api: &str) -> Result<Self> {
        check_origins(auth, api)?;
        Ok(Self { auth: auth.into(), api: api.into(), development: true })
    }

    /// The environment of a name: `preprod`, `production`, or two origins with a space between them.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn from_name(name: &str) -> Result<Self> {
        if find(name).is_some() {
            return Ok(Self::of(name));
        }
        let (auth, api) = cut(name, b' ');
        Self::custom(auth, api.unwrap_or_default())
    }

    /// The origin of the APIs.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// The audience a token for a service needs, in this environment.
    ///
    /// ```
    /// use samtykke::provider::norskgjeld::{Environment, Service};
    /// assert_eq!(Environment::preprod().audience(Service::Debt), "https://api-preprod.norskgjeld.no/v1/debt");
    /// ```
    pub fn audience(&self, service: Service) -> String {
        self.url(match service {
            Service::Debt => "/v1/debt",
            Service::Agreement => "/v1/consent/agreement",
            Service::ConsentEvents => "/feed/v1/consent",
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        join(&self.api, path)
    }
}

/// Addresses and rules of an environment. The issuer ends in a slash; the others are constants, no discovery needed.
pub fn profile(environment: &Environment) -> Profile {
    Profile { development: environment.development.into(), ..data::profile(&environment.auth) }
}
