//! eLys, the digital declaration of death (DAO before April 2025): environments, scopes, and the calls of its API.
//!
//! Facts of athumi-eu/digitale-aangifte-overlijden-demo (`algemeen/security`); old and new names are rows of `provider.json`.
//! Refuses a token of another environment's server, paths that leave the API, and ids that are no UUIDs.

use alloc::string::String;
use alloc::vec;

use super::Environment;
use super::data::{ACTORS, ELYS};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::Request;
use crate::ground::secret::Secret;
use crate::ground::uri::is_web;
use crate::provider::table::{join, row};

/// Who the client is in a declaration. Each actor has a client and a scope of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Actor {
    /// An undertaker.
    Uitvaartondernemer,
    /// A crematorium.
    Crematorium,
    /// The department of care.
    Depzorg,
    /// A municipality's registry system.
    Lbbs,
    /// A cemetery.
    Begraafplaats,
    /// A physician.
    Arts,
}

impl Actor {
    fn key(self) -> &'static str {
        match self {
            Self::Uitvaartondernemer => "uitvaartondernemer",
            Self::Crematorium => "crematorium",
            Self::Depzorg => "depzorg",
            Self::Lbbs => "lbbs",
            Self::Begraafplaats => "begraafplaats",
            Self::Arts => "arts",
        }
    }
}

/// An environment of the eLys API, the one of the time before the renaming, or a server of one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElysEnvironment {
    /// The environment of ACM/IDM whose tokens it takes, by its name; empty for a server of one's own.
    pub(crate) acm: String,
    pub(crate) origin: String,
    reference: String,
    client_id: String,
    prefix: String,
}

impl ElysEnvironment {
    /// Texts that may stand for it, best first.
    #[cfg(feature = "serde")]
    pub(crate) fn texts(&self) -> alloc::vec::Vec<String> {
        crate::provider::table::texts(ELYS, &self.origin)
    }

    /// `beta`, `acceptance`, `production`, or `dao-beta` for the API under its old name.
    ///
    /// # Errors
    /// `invalid_configuration` for another name.
    ///
    /// ```
    /// use samtykke::provider::acmidm::{Actor, ElysEnvironment};
    /// let beta = ElysEnvironment::from_name("beta")?;
    /// assert_eq!(beta.scope(Actor::Depzorg)?, "vo_info elys_depzorg");
    /// assert_eq!(ElysEnvironment::from_name("dao-beta")?.scope(Actor::Depzorg)?, "vo_info dao_depzorg");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn from_name(name: &str) -> Result<Self> {
        let Some(found) = row(ELYS, name) else {
            return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("environment: beta, acceptance, production or dao-beta"));
        };
        let [_, acm, origin, reference, client_id, prefix] = found.map(String::from);
        Ok(Self { acm, origin, reference, client_id, prefix })
    }

    /// A server of one's own, by its origin without a slash at its end: https, or http on loopback.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn custom(origin: &str) -> Result<Self> {
        if !is_web(origin, true) || origin.ends_with('/') || origin.contains('?') {
            return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("origin: an https URL without a slash at its end"));
        }
        Ok(Self { acm: String::new(), origin: origin.into(), reference: String::new(), client_id: String::new(), prefix: "elys_".into() })
    }

    /// The origin of the API.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Under which reference the API stands in the portal of ACM/IDM.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The client id of the API, for `audience`, where it is known; it is never your own client id.
    pub fn api_client_id(&self) -> Option<&str> {
        Some(&*self.client_id).filter(|id| !id.is_empty())
    }

    /// The scope of an actor, and `vo_info`, without which the API does not see the organisation.
    ///
    /// # Errors
    /// `invalid_scope` for an actor that this environment does not have.
    pub fn scope(&self, actor: Actor) -> Result<String> {
        let names = row(ACTORS, actor.key()).into_iter().flat_map(|[_, names @ ..]| names);
        match names.copied().find(|scope| scope.starts_with(&*self.prefix)) {
            Some(scope) => Ok(join("vo_info ", scope)),
            None => Err(Error::new(&codes::INVALID_SCOPE).expected("an actor that the API has in this environment")),
        }
    }

    /// Whether tokens of an environment of ACM/IDM go here: those of its own, so that no T&I token reaches production.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn check(&self, environment: &Environment) -> Result<()> {
        self.check_name(environment.name())
    }

    pub(crate) fn check_name(&self, name: &str) -> Result<()> {
        if self.acm == name {
            return Ok(());
        }
        Err(Error::new(&codes::INVALID_CONFIGURATION)
            .expected("ACM/IDM's environment of this API: ti for beta and acceptance, production for production"))
    }
}

/// What names a request in the logs of both sides: UUIDs. The request id is another for each request.
#[derive(Clone, Copy, Debug)]
pub struct Trace<'a> {
    /// `x-correlation-id`: the business process.
    pub correlation_id: &'a str,
    /// `x-tracing-id`: the chain of calls.
    pub tracing_id: &'a str,
    /// `x-request-id`: this request alone.
    pub request_id: &'a str,
}

impl Trace<'_> {
    /// Judges the three ids.
    ///
    /// # Errors
    /// `invalid_parameter`.
    pub fn check(&self) -> Result<()> {
        if [self.correlation_id, self.tracing_id, self.request_id].into_iter().all(is_uuid) {
            return Ok(());
        }
        Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected("correlation, tracing and request id: UUIDs"))
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, octet)| if matches!(at, 8 | 13 | 18 | 23) { octet == b'-' } else { octet.is_ascii_hexdigit() })
}

/// The API of one environment, with a token for it.
///
/// ```
/// use samtykke::Secret;
/// use samtykke::provider::acmidm::{ElysApi, ElysEnvironment, Trace};
/// let (beta, token) = (ElysEnvironment::from_name("beta")?, Secret::new("x.y"));
/// let id = "5f0c7b1e-6d43-4a52-9d0b-0a1b2c3d4e5f";
/// let trace = Trace { correlation_id: id, tracing_id: id, request_id: "0b9f3c55-6f3a-4d6e-8a1f-1c2d3e4f5a6b" };
/// let request = ElysApi::new(&beta, &token).ping(&trace)?;
/// assert_eq!(request.url, "https://elys.api.beta-athumi.eu/health/v1/ping");
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ElysApi<'a> {
    environment: &'a ElysEnvironment,
    token: &'a Secret,
}

impl<'a> ElysApi<'a> {
    /// Calls with this token; it is sent to this environment's origin and nowhere else.
    pub fn new(environment: &'a ElysEnvironment, token: &'a Secret) -> Self {
        Self { environment, token }
    }

    /// `GET /health/v1/ping`: what the API sees of the token. Judge the answer with [`Ping::judge`](super::Ping::judge).
    ///
    /// # Errors
    /// `invalid_parameter`.
    pub fn ping(&self, trace: &Trace<'_>) -> Result<Request> {
        self.request("GET", "/health/v1/ping", trace)
    }

    /// A call of the API, with the token and the headers that every call must have.
    ///
    /// # Errors
    /// `invalid_parameter` for a path that is none, a token or ids that are not.
    pub fn request(&self, method: &'static str, path: &str, trace: &Trace<'_>) -> Result<Request> {
        trace.check()?;
        let wrong = |expected: &'static str| Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected(expected));
        if !path.starts_with('/') || !path.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'#') {
            return wrong("a path of the API: visible ASCII that begins with a slash");
        }
        if !crate::protocol::syntax::is_token68(self.token.expose()) {
            return wrong("an access token: token68");
        }
        let headers = vec![
            ("accept", Secret::new("application/json")),
            ("authorization", Secret::new(join("Bearer ", self.token.expose()))),
            ("x-correlation-id", Secret::new(trace.correlation_id)),
            ("x-tracing-id", Secret::new(trace.tracing_id)),
            ("x-request-id", Secret::new(trace.request_id)),
        ];
        Ok(Request { method, url: join(&self.environment.origin, path), headers, body: None, repeatable: method == "GET" })
    }
}
