//! Maskinporten: tokens for machines by a signed grant, and the self-service API that registers scopes, clients and keys.
//!
//! docs.digdir.no, Maskinporten (`maskinporten_protocol_jwtgrant`, `maskinporten_protocol_token`, `maskinporten_sjolvbetjening_api`).
//! Refuses other algorithms than RS256, RS384 and RS512, undocumented claims, odd organisation numbers, private keys sent away.

mod access;
mod access_token;
mod api;
mod change;
mod data;
mod details;
mod edit;
mod european;
mod keys;
mod operation;
mod organisation;
mod problem;
mod record;
mod registration;
mod request;
mod token;
pub(crate) mod wire;

pub use access::{AccessState, ScopeAccess};
pub use access_token::{AccessToken, Organisation, TokenExpectation};
pub use api::SelfService;
pub use change::{KeyEditCall, UpdateCall, Updated};
pub use details::{AuthorizationDetails, ConsentFrom};
pub use edit::Edit;
pub use european::EuropeanCaller;
pub use keys::{Change, MAX_KEYS, kids_expiring_by};
pub use operation::{ClientScope, Operation};
pub use organisation::OrganisationNumber;
pub use problem::{Again, Problem};
pub use record::Record;
pub use registration::{check_client, maskinporten_client, replacement};
pub use request::{MAX_LIFETIME, TokenRequest};
pub use token::TokenCall;

use crate::provider::table::row;
use alloc::string::String;

use crate::ground::error::{Error, Result, codes};
use crate::ground::text::cut;
use crate::ground::uri::is_web;
use crate::protocol::profile::Profile;

/// An environment: issuer, token endpoint and self-service API from one value, so that test and production cannot be mixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    issuer: String,
    token_endpoint: String,
    self_service: String,
    /// What follows the path of the collection of clients.
    collection: String,
    /// The base of the second version; empty where there is none.
    second: String,
    development: bool,
}

/// What follows the scheme, and the path of it from its slash on.
fn split(address: &str) -> (&str, &str) {
    let host = address.find("//").map_or(0, |at| at.saturating_add(2));
    let path = address.get(host..).and_then(|rest| rest.find('/')).map_or(address.len(), |at| host.saturating_add(at));
    address.split_at_checked(path).unwrap_or((address, ""))
}

impl Environment {
    /// Texts that may stand for it, best first.
    #[cfg(feature = "serde")]
    pub(crate) fn texts(&self) -> alloc::vec::Vec<String> {
        let own = [self.issuer.as_str(), &self.token_endpoint, &self.self_service].join(" ");
        let first = crate::provider::table::texts(data::ENVIRONMENTS, own.trim_end());
        let mut texts = first.clone();
        for name in &first {
            let bases = crate::provider::table::texts(data::BASES, &self.self_service);
            texts.extend(bases.iter().map(|base| [name.as_str(), base].join(" ")));
        }
        texts
    }

    /// `test.maskinporten.no`; Altinn TT02 is its authority for delegations.
    pub fn test() -> Self {
        Self::of("test")
    }

    /// `maskinporten.no`.
    pub fn production() -> Self {
        Self::of("production")
    }

    fn of(name: &str) -> Self {
        let [_, issuer, token_endpoint] = row(data::ENVIRONMENTS, name).copied().unwrap_or_default();
        let environment = Self {
            issuer: issuer.into(),
            token_endpoint: token_endpoint.into(),
            self_service: String::new(),
            collection: String::new(),
            second: String::new(),
            development: false,
        };
        environment.with_members(row(data::BASES, "current").copied().unwrap_or_default())
    }

    /// With a base of one of the forms that are known; a server of one's own keeps its origin.
    fn with_members(mut self, [_, test, production, collection, second]: [&str; 5]) -> Self {
        let in_test = row(data::ENVIRONMENTS, "test").is_some_and(|[_, issuer, _]| self.issuer == *issuer);
        let base = if in_test { test } else { production };
        let (origin, path) = split(base);
        let mut own = String::from(if self.development { split(&self.self_service).0 } else { origin });
        self.second = if second.is_empty() { String::new() } else { join(&own, second) };
        own.push_str(path);
        self.self_service = own;
        self.collection = collection.into();
        self
    }

    /// A server of one's own, such as the local one for development: issuer, token endpoint and the base of its self-service
    /// API, which ends in no slash; https, or http on loopback. An empty token endpoint is `token` beneath the issuer, as
    /// Maskinporten's own; with an empty base there are tokens alone.
    ///
    /// # Errors
    /// `invalid_configuration`.
    ///
    /// ```
    /// # use samtykke::provider::maskinporten::Environment;
    /// let own = Environment::custom("http://localhost:8080/maskinporten", "", "")?;
    /// assert_eq!(own.token_endpoint(), "http://localhost:8080/maskinporten/token");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn custom(issuer: &str, token_endpoint: &str, self_service: &str) -> Result<Self> {
        let beneath = join(issuer.strip_suffix('/').unwrap_or(issuer), "/token");
        let token_endpoint = if token_endpoint.is_empty() { beneath.as_str() } else { token_endpoint };
        let environment = Self {
            issuer: issuer.into(),
            token_endpoint: token_endpoint.into(),
            self_service: String::new(),
            collection: String::new(),
            second: String::new(),
            development: true,
        };
        if !is_web(issuer, true) || !is_web(token_endpoint, true) {
            return Err(wrong("environment: test, production, or https addresses of your own"));
        }
        if self_service.is_empty() { Ok(environment) } else { environment.self_service_at(self_service) }
    }

    /// The environment of a name: `test`, `production`, or up to three addresses with spaces between them: issuer, token endpoint
    /// and base of the self-service API, as for [`custom`](Self::custom). After a further space, another base, as for [`self_service_at`](Self::self_service_at).
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn from_name(name: &str) -> Result<Self> {
        let (first, rest) = cut(name, b' ');
        if row(data::ENVIRONMENTS, first).is_some() {
            let environment = Self::of(first);
            return rest.map_or(Ok(environment.clone()), |base| environment.self_service_at(base));
        }
        let (token_endpoint, rest) = cut(rest.unwrap_or_default(), b' ');
        let (base, other) = cut(rest.unwrap_or_default(), b' ');
        let environment = Self::custom(first, token_endpoint, base)?;
        other.map_or(Ok(environment.clone()), |other| environment.self_service_at(other))
    }

    /// With another base of the self-service API: `current` (`…/api/v1`), `unversioned` (the same host without that path),
    /// `guide` (`integrasjon-ver2.difi.no` and `integrasjon.difi.no`, as the original guide has it), or an address. A server of
    /// one's own takes the form of the name at its own origin.
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
    /// let own = Environment::custom("http://127.0.0.1:9/", "http://127.0.0.1:9/token", "http://127.0.0.1:9/api/v1")?;
    /// assert_eq!(own.self_service_at("guide")?.self_service(), "http://127.0.0.1:9");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn self_service_at(mut self, base: &str) -> Result<Self> {
        // A server of one's own has an address before it has a form.
        if let Some(form) = row(data::BASES, base).filter(|_| !(self.development && self.self_service.is_empty())) {
            return Ok(self.with_members(*form));
        }
        let plain = !base.ends_with('/') && !base.contains(['?', ' ', '\\']) && !base.contains("/.");
        if !plain || !is_web(base, self.development) {
            return Err(wrong("base of the self-service API: an https address without a slash at its end, or current, unversioned, guide"));
        }
        self.self_service = base.into();
        self.collection = String::new();
        self.second = base.strip_suffix("/v1").map_or(String::new(), |before| join(before, "/v2"));
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

    /// The base of the self-service API; empty where it has none.
    pub fn self_service(&self) -> &str {
        &self.self_service
    }
}

fn join(one: &str, other: &str) -> String {
    let mut text = String::from(one);
    text.push_str(other);
    text
}

fn wrong(expected: &'static str) -> Error {
    Error::new(&codes::INVALID_CONFIGURATION).expected(expected)
}

/// Addresses of an environment. No person logs in, so a client of it has an empty redirect URI; the grant authenticates it, so
/// it has no client authentication either ([`ClientAuthentication::None`](crate::ClientAuthentication::None)).
pub fn profile(environment: &Environment) -> Profile {
    Profile { development: environment.development.into(), ..Profile::new(&environment.issuer, "", &environment.token_endpoint) }
}
