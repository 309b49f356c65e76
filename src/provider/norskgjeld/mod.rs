//! Norsk Gjeldsinformasjon: consent to read a person's unsecured debt, and the APIs around it.
//!
//! Facts of norsk-gjeldsinformasjon/api-docs (`reference/consent`, `reference/openapi.json`); an ORY Hydra server.
//! Refuses scopes outside the documented grammar, other client authentication than Basic, and mixed environments.

mod agreement;
mod api;
mod debt;
mod event;
mod feed;
mod scope;

pub use agreement::{Agreement, RegisteredConsent};
pub use api::{Api, Call, Revoked};
pub use debt::{ConsentStatus, CreditorAnswer, DebtConsent, DebtInformation, Loan};
pub use event::{Event, EventPage, EventType};
pub use feed::{Batch, FeedReader};
pub use scope::{Purpose, Scope};

use crate::provider::table::{join, row};
use alloc::string::String;

use crate::ground::error::{Action, Error, Result, codes};
use crate::ground::octet::{AUTHORITY, is_all};
use crate::ground::text::cut;
use crate::ground::uri::is_web;
use crate::protocol::profile::{Endpoints, Profile, Rules};

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

const ENVIRONMENTS: &str = include_str!("environments.txt");

/// The values of a row of the file of environments.
fn values(key: &str) -> Option<impl Iterator<Item = &'static str>> {
    row(ENVIRONMENTS, key).map(|rest| rest.split('|'))
}

/// The two origins of an environment.
fn known(name: &str) -> Option<(&'static str, &'static str)> {
    let mut origins = values(name).filter(|_| name != "paths")?;
    Some((origins.next()?, origins.next()?))
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
    /// The test environment, `*-preprod.norskgjeld.no`.
    pub fn preprod() -> Self {
        Self::of("preprod")
    }

    /// The production environment, `*.norskgjeld.no`.
    pub fn production() -> Self {
        Self::of("production")
    }

    fn of(name: &str) -> Self {
        let (auth, api) = known(name).unwrap_or_default();
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
    pub fn named(name: &str) -> Result<Self> {
        if known(name).is_some() {
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
    let mut paths = values("paths").into_iter().flatten();
    let [issuer, authorization_endpoint, token_endpoint, keys] =
        [(); 4].map(|()| join(&environment.auth, paths.next().unwrap_or_default()));
    let standard = Profile::new(&issuer, &authorization_endpoint, &token_endpoint);
    let endpoints = Endpoints { jwks_uri: Some(keys), ..Endpoints::default() };
    Profile { rules: &RULES, development: environment.development, endpoints, ..standard }
}

/// What norskgjeld does differently.
pub static RULES: Rules = Rules {
    id: "norskgjeld",
    check_scope: |scope| Scope::parse(scope).map(|_| ()),
    callback_errors: CALLBACK_ERRORS,
    callback_kinds: &[&codes::CONSENT_DENIED, &codes::LOGIN_CANCELLED],
    client_authentication: &["client_secret_basic"],
    // The documentation contradicts itself on id_tokens; the debt answer names person and consent all the same. One that comes is
    // verified like any other.
    id_token_optional: true,
};

/// The documented codes, and Hydra's own. The others of both (`request_forbidden`, `login_required`, …) ask for a new flow,
/// as any code does that is not named here.
static CALLBACK_ERRORS: &[(Action, &str)] = &[
    (
        Action::FixConfiguration,
        "invalid_scopes invalid_scope unsupported_response_type unauthorized_client invalid_state insufficient_entropy invalid_request",
    ),
    (Action::TryLater, "server_error temporarily_unavailable"),
    (Action::UserDeclined, "access_denied"),
];
