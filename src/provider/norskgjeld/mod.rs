//! Norsk Gjeldsinformasjon: consent to read a person's unsecured debt, and the APIs around it.
//!
//! Facts of norsk-gjeldsinformasjon/api-docs (`reference/consent`, `reference/openapi.json`); an ORY Hydra server.
//! Refuses scopes outside the documented grammar, other client authentication than Basic, and mixed environments.

mod agreement;
mod api;
mod debt;
mod feed;
mod scope;

pub use agreement::{Agreement, RegisteredConsent};
pub use api::{Api, Call, Revoked};
pub use debt::{ConsentStatus, CreditorAnswer, DebtConsent, DebtInformation, Loan};
pub use feed::{Batch, Event, EventPage, EventType, FeedReader};
#[cfg(all(feature = "bindings", target_arch = "wasm32"))]
pub(crate) use scope::refused as refused_scope;
pub use scope::{Purpose, Scope};

use alloc::string::String;

use crate::client::{CallbackError, Profile, Rules};
use crate::encoding::cut;
use crate::error::{Action, Error, Result, codes};
use crate::uri::Uri;

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
pub enum Service {
    /// Debt lookup, consent status and revocation.
    Debt,
    /// Consents collected by the client itself.
    Agreement,
    /// The feed of consent events.
    ConsentEvents,
}

const PREPROD: (&str, &str) = ("https://access-preprod.norskgjeld.no", "https://api-preprod.norskgjeld.no");
const PRODUCTION: (&str, &str) = ("https://access.norskgjeld.no", "https://api.norskgjeld.no");

/// What follows the origin in issuer, authorization endpoint and token endpoint.
pub(crate) const PATHS: [&str; 3] = ["/", "/oauth2/auth", "/oauth2/token"];

/// The origins of an environment's name, for logins and for APIs, and whether they are for development.
pub(crate) fn origins(name: &str) -> Result<(&str, &str, bool)> {
    let (auth, api) = match name {
        "preprod" => PREPROD,
        "production" => PRODUCTION,
        _ => {
            let (auth, api) = cut(name, b' ');
            let api = api.unwrap_or_default();
            check_origins(auth, api)?;
            return Ok((auth, api, true));
        }
    };
    Ok((auth, api, false))
}

fn check_origins(auth: &str, api: &str) -> Result<()> {
    let fits = [auth, api].into_iter().all(|base| {
        Uri::parse(base).is_some_and(|uri| uri.is_secure(true) && uri.path.is_empty() && uri.query.is_none() && uri.fragment.is_none())
    });
    if fits {
        return Ok(());
    }
    Err(Error::new(&codes::INVALID_CONFIGURATION).expected("environment: preprod, production, or origins such as http://localhost:4400"))
}

impl Environment {
    /// The test environment, `*-preprod.norskgjeld.no`.
    pub fn preprod() -> Self {
        Self::known(PREPROD)
    }

    /// The production environment, `*.norskgjeld.no`.
    pub fn production() -> Self {
        Self::known(PRODUCTION)
    }

    fn known((auth, api): (&str, &str)) -> Self {
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
        let (auth, api, development) = origins(name)?;
        Ok(Self { auth: auth.into(), api: api.into(), development })
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

pub(crate) fn join(base: &str, path: &str) -> String {
    let mut url = String::from(base);
    url.push_str(path);
    url
}

/// Addresses and rules of an environment. The issuer ends in a slash; the others are constants, no discovery needed.
pub fn profile(environment: &Environment) -> Profile {
    let [issuer, authorization_endpoint, token_endpoint] = PATHS.map(|path| join(&environment.auth, path));
    let standard = Profile::new(&issuer, &authorization_endpoint, &token_endpoint);
    Profile { rules: &RULES, development: environment.development, ..standard }
}

/// What norskgjeld does differently.
pub static RULES: Rules = Rules {
    id: "norskgjeld",
    check_scope: |scope| Scope::parse(scope).map(|_| ()),
    callback_errors: CALLBACK_ERRORS,
    client_authentication: &["client_secret_basic"],
    // The documentation contradicts itself on id_tokens; the debt answer names person and consent all the same.
    id_token_optional: true,
};

const fn row(error: &'static str, action: Action) -> CallbackError {
    CallbackError { error, kind: &codes::AUTHORIZATION_ERROR, action }
}

/// Documented codes first, then Hydra's own.
static CALLBACK_ERRORS: &[CallbackError] = &[
    CallbackError { error: "consent_denied", kind: &codes::CONSENT_DENIED, action: Action::UserDeclined },
    CallbackError { error: "login_cancelled", kind: &codes::LOGIN_CANCELLED, action: Action::UserCancelled },
    row("invalid_scopes", Action::FixConfiguration),
    row("server_error", Action::TryLater),
    row("invalid_scope", Action::FixConfiguration),
    row("unsupported_response_type", Action::FixConfiguration),
    row("unauthorized_client", Action::FixConfiguration),
    row("invalid_state", Action::FixConfiguration),
    row("insufficient_entropy", Action::FixConfiguration),
    row("invalid_request", Action::FixConfiguration),
    row("request_forbidden", Action::Restart),
    row("request_unauthorized", Action::Restart),
    row("access_denied", Action::Restart),
    row("request_denied", Action::Restart),
    row("login_required", Action::Restart),
    row("consent_required", Action::Restart),
    row("interaction_required", Action::Restart),
    row("temporarily_unavailable", Action::TryLater),
];
