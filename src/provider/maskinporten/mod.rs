//! Maskinporten: tokens for machines by a signed grant, and the self-service API that registers scopes, clients and keys.
//!
//! docs.digdir.no, Maskinporten (`maskinporten_protocol_jwtgrant`, `maskinporten_protocol_token`, `maskinporten_sjolvbetjening_api`).
//! Refuses other algorithms than RS256, RS384 and RS512, undocumented claims, odd organisation numbers, private keys sent away.

mod access_token;
mod api;
mod details;
mod edit;
mod keys;
mod operation;
mod organisation;
mod problem;
mod record;
mod registration;
mod request;
mod wire;

pub use access_token::{AccessToken, Organisation, TokenExpectation};
pub use api::{AccessState, Call, ScopeAccess, SelfService};
pub use details::{AuthorizationDetails, ConsentFrom};
pub use edit::{Edit, KeyEdit};
pub use keys::{Change, MAX_KEYS, expiring};
pub use operation::Operation;
pub use organisation::OrganisationNumber;
pub use problem::{Again, Problem};
pub use record::Record;
pub use registration::{check_client, maskinporten_client, replacement};
pub use request::{MAX_LIFETIME, TokenRequest};
#[cfg(all(feature = "bindings-apis", target_arch = "wasm32"))]
pub(crate) use wire::{build, judged};

use alloc::string::String;

use crate::client::Profile;
use crate::encoding::cut;
use crate::error::{Error, Result, codes};
use crate::uri::is_web;

const ENVIRONMENTS: &str = include_str!("environments.txt");

/// An environment: issuer, token endpoint and self-service API from one value, so that test and production cannot be mixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    issuer: String,
    token_endpoint: String,
    self_service: String,
    /// What follows the path of the collection of clients.
    collection: String,
    development: bool,
}

/// The values of the row of a name.
fn row(name: &str) -> Option<[&'static str; 3]> {
    let rest = ENVIRONMENTS.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('|')).filter(|_| !name.is_empty())?;
    let mut values = rest.split('|');
    Some([values.next()?, values.next()?, values.next().unwrap_or_default()])
}

impl Environment {
    /// `test.maskinporten.no`; Altinn TT02 is its authority for delegations.
    pub fn test() -> Self {
        Self::of("test")
    }

    /// `maskinporten.no`.
    pub fn production() -> Self {
        Self::of("production")
    }

    fn of(name: &str) -> Self {
        let [issuer, token_endpoint, _] = row(name).unwrap_or_default();
        let [test, production, collection] = row("current").unwrap_or_default();
        let base = if name == "test" { test } else { production };
        Self {
            issuer: issuer.into(),
            token_endpoint: token_endpoint.into(),
            self_service: base.into(),
            collection: collection.into(),
            development: false,
        }
    }

    /// A server of one's own, such as the local one for development: issuer, token endpoint and the base of its self-service
    /// API, which ends in no slash; https, or http on loopback.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn custom(issuer: &str, token_endpoint: &str, self_service: &str) -> Result<Self> {
        let environment = Self {
            issuer: issuer.into(),
            token_endpoint: token_endpoint.into(),
            self_service: String::new(),
            collection: String::new(),
            development: true,
        };
        if !is_web(issuer, true) || !is_web(token_endpoint, true) {
            return Err(wrong("environment: test, production, or https addresses of your own"));
        }
        environment.self_service_at(self_service)
    }

    /// The environment of a name: `test`, `production`, or three addresses with spaces between them: issuer, token endpoint
    /// and base of the self-service API. After a further space, another base, as for [`self_service_at`](Self::self_service_at).
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn named(name: &str) -> Result<Self> {
        let (first, rest) = cut(name, b' ');
        if matches!(first, "test" | "production") {
            let environment = Self::of(first);
            return rest.map_or(Ok(environment.clone()), |base| environment.self_service_at(base));
        }
        let (token_endpoint, base) = cut(rest.unwrap_or_default(), b' ');
        Self::custom(first, token_endpoint, base.unwrap_or_default())
    }

    /// With another base of the self-service API: `current` (`…/api/v1`), `unversioned` (the same host without that path),
    /// `guide` (`integrasjon-ver2.difi.no` and `integrasjon.difi.no`, as the original guide has it), or an address.
    ///
    /// # Errors
    /// `invalid_configuration`.
    ///
    /// ```
    /// use samtykke::Secret;
    /// use samtykke::provider::maskinporten::{Environment, OrganisationNumber, SelfService};
    /// let environment = Environment::test().self_service_at("guide")?;
    /// let token = Secret::new("x.y");
    /// let call = SelfService::new(&environment, &token).grant_access(&OrganisationNumber::parse("889640782")?, "difi:api3")?;
    /// assert_eq!(call.request.url, "https://integrasjon-ver2.difi.no/scopes/access/889640782?scope=difi%3Aapi3");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn self_service_at(mut self, base: &str) -> Result<Self> {
        let named = row(base).filter(|_| matches!(base, "current" | "unversioned" | "guide"));
        let (address, collection) = match named {
            Some(_) if self.development => return Err(wrong("a base of your own server's self-service API: an address")),
            Some([test, production, collection]) => (if self.issuer == Self::of("test").issuer { test } else { production }, collection),
            None => (base, ""),
        };
        let plain = !address.ends_with('/') && !address.contains(['?', ' ', '\\']) && !address.contains("/.");
        if !plain || !is_web(address, self.development) {
            return Err(wrong("base of the self-service API: an https address without a slash at its end, or current, unversioned, guide"));
        }
        self.self_service = address.into();
        self.collection = collection.into();
        Ok(self)
    }

    /// The issuer, which is the audience of every grant; it ends in a slash.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where grants become tokens.
    pub fn token_endpoint(&self) -> &str {
        &self.token_endpoint
    }

    /// The base of the self-service API.
    pub fn self_service(&self) -> &str {
        &self.self_service
    }
}

fn wrong(expected: &'static str) -> Error {
    Error::new(&codes::INVALID_CONFIGURATION).expected(expected)
}

/// Addresses of an environment. No person logs in, so a client of it has an empty redirect URI; the grant authenticates it, so
/// it has no client authentication either ([`ClientAuthentication::None`](crate::ClientAuthentication::None)).
pub fn profile(environment: &Environment) -> Profile {
    Profile { development: environment.development, ..Profile::new(&environment.issuer, "", &environment.token_endpoint) }
}
