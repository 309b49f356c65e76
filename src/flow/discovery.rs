//! Finding a server's metadata from its issuer alone, and an API's from the API's address.
//!
//! OIDC Discovery 1.0 section 4.1, then RFC 8414 section 3.1 when the first address has nothing of the kind; RFC 9728 section 3.
//! Refuses to follow a redirect, and to ask a second time where a document was there and is wrong.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::flow::machine::{Failure, Input, Kind, Machine, Moment};
use crate::flow::step::Step;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{Request, Response};
use crate::ground::json::Value;
use crate::ground::uri::Uri;
use crate::protocol::answers::metadata::{Metadata, Policy, check_issuer};
use crate::protocol::answers::resource_metadata::{self, ResourceMetadata};
use crate::protocol::challenge::Challenge;
use crate::protocol::endpoint::{Development, Local, get, insert};

/// Where metadata is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WellKnown {
    /// `/.well-known/openid-configuration`, behind the issuer's path.
    OpenId,
    /// `/.well-known/oauth-authorization-server`, before the issuer's path.
    OAuth,
}

impl WellKnown {
    /// The address for an issuer; a slash at the issuer's end is left out.
    ///
    /// # Errors
    /// `invalid_configuration` for an issuer that is none.
    ///
    /// ```
    /// use samtykke::flow::discovery::WellKnown;
    /// let issuer = "https://authenticatie.vlaanderen.be/op";
    /// assert_eq!(WellKnown::OpenId.url(issuer, false)?, "https://authenticatie.vlaanderen.be/op/.well-known/openid-configuration");
    /// assert_eq!(WellKnown::OAuth.url(issuer, false)?, "https://authenticatie.vlaanderen.be/.well-known/oauth-authorization-server/op");
    /// assert_eq!(WellKnown::OAuth.url("https://maskinporten.no/", false)?, "https://maskinporten.no/.well-known/oauth-authorization-server");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn url<'l>(self, issuer: &str, development: impl Into<Local<'l>>) -> Result<String> {
        check_issuer(issuer, development.into())?;
        Ok(match self {
            Self::OpenId => insert(issuer, "", "/.well-known/openid-configuration"),
            Self::OAuth => insert(issuer, "/.well-known/oauth-authorization-server", ""),
        })
    }
}

/// What is looked for, and how an answer is judged.
pub(crate) trait Document<T>: Send + Sync {
    /// The request for it at the next address; none where there is no other.
    fn next(&mut self) -> Result<Option<Request>>;

    /// Judges the answer to a request that was sent at this time.
    fn judge(&self, response: &Response, asked: u64) -> Result<T>;

    /// Whether an answer is nothing of the kind, so that the next address is worth a try.
    fn is_absent(&self, _: &Response) -> bool {
        false
    }

    /// What was looked for, and where, once it is nowhere.
    fn sought(&self) -> Option<String> {
        None
    }

    /// Where in a flow it is needed.
    fn phase(&self) -> Phase {
        Phase::Configuration
    }
}

/// A document that is looked up: a server's metadata, an API's, a key set.
///
/// ```
/// use samtykke::{Response, Step};
/// use samtykke::flow::discovery::Discovery;
/// use samtykke::flow::machine::{Input, Machine, Moment};
/// use samtykke::protocol::metadata::Policy;
/// # fn http(_: samtykke::Request) -> Response { Response::new(200, Some("application/json"), r#"{"issuer":"https://op.example","authorization_endpoint":"https://op.example/a","token_endpoint":"https://op.example/t"}"#) }
/// let mut discovery = Discovery::new("https://op.example", Policy::default())?;
/// let mut input = Input::Start;
/// let metadata = loop {
///     input = match discovery.advance(input, &Moment { now: 1_700_000_000, random: &[7; 32] })? {
///         Step::Send(request) => Input::Response(http(request)),
///         Step::Done(metadata) => break metadata,
///         _ => unreachable!("no other step"),
///     };
/// };
/// assert_eq!(metadata.text("token_endpoint").as_deref(), Some("https://op.example/t"));
/// # Ok::<(), samtykke::Error>(())
/// ```
pub struct Discovery<T = Metadata> {
    document: Box<dyn Document<T>>,
    /// What was wrong with the first answer.
    first: Option<Error>,
    state: State,
}

impl<T> core::fmt::Debug for Discovery<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Discovery").field("state", &self.state).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    Ready,
    /// With the time it was asked at.
    Sent(u64),
    Over,
}

impl<T> Discovery<T> {
    pub(crate) fn of(document: impl Document<T> + 'static) -> Self {
        Self { document: Box::new(document), first: None, state: State::Ready }
    }

    /// The request at the next address; where there is none, the first one's error.
    fn ask(&mut self, error: Option<Error>, now: u64) -> Result<Step<T>> {
        self.state = State::Over;
        self.first = self.first.take().or(error);
        match self.document.next()? {
            Some(request) => {
                self.state = State::Sent(now);
                Ok(Step::Send(request))
            }
            None => {
                let error = self.first.take().unwrap_or_else(|| self.used_error());
                Err(match self.document.sought().filter(|_| error.expected_value().is_none()) {
                    Some(sought) => error.expected(sought),
                    None => error,
                })
            }
        }
    }

    fn used_error(&self) -> Error {
        Error::new(&codes::TRANSACTION_USED).at(self.document.phase())
    }
}

impl<T> Machine for Discovery<T> {
    type Output = T;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<T>> {
        match (self.state, input) {
            (State::Ready, Input::Start) => self.ask(None, moment.now),
            (State::Sent(asked), Input::Response(response)) => {
                self.state = State::Over;
                match self.document.judge(&response, asked) {
                    Ok(found) => Ok(Step::Done(found)),
                    Err(error) if self.document.is_absent(&response) => self.ask(Some(error), moment.now),
                    Err(error) => Err(error),
                }
            }
            (State::Sent(_), Input::Failed(failure)) if failure.is_of(Kind::Send) => {
                self.state = State::Over;
                let error = failure.error(self.document.phase(), true);
                // A page is not shown where a redirect leads, nor its status.
                let elsewhere = matches!(failure, Failure::Redirected) && self.document.is_absent(&Response::new(302, None, ""));
                if elsewhere { self.ask(Some(error), moment.now) } else { Err(error) }
            }
            _ => Err(self.used_error()),
        }
    }
}

/// A server's metadata, and where it was not looked for yet.
struct Published {
    issuer: String,
    profile: String,
    origins: Option<Vec<String>>,
    development: Development,
    left: &'static [WellKnown],
    /// Whether it was named by its address, which says nothing of a slash at its end.
    addressed: bool,
    tried: Vec<String>,
}

/// An issuer, and the form of its metadata's address where that was given in its place.
fn issuer_of(given: &str) -> (String, Option<WellKnown>) {
    const OPENID: &str = "/.well-known/openid-configuration";
    const OAUTH: &str = "/.well-known/oauth-authorization-server";
    if let Some(issuer) = given.strip_suffix(OPENID) {
        return (issuer.into(), Some(WellKnown::OpenId));
    }
    let path = Uri::parse(given).map_or("", |uri| uri.path);
    match (path.strip_prefix(OAUTH), given.strip_suffix(path)) {
        (Some(rest), Some(origin)) if rest.is_empty() || rest.starts_with('/') => {
            let mut issuer = String::from(origin);
            issuer.push_str(rest);
            (issuer, Some(WellKnown::OAuth))
        }
        _ => (given.into(), None),
    }
}

impl Document<Metadata> for Published {
    fn next(&mut self) -> Result<Option<Request>> {
        let Some((first, left)) = self.left.split_first() else { return Ok(None) };
        self.left = left;
        let url = first.url(&self.issuer, &self.development)?;
        self.tried.push(url.clone());
        Ok(Some(get(url)))
    }

    fn sought(&self) -> Option<String> {
        let mut text = String::from("metadata at ");
        text.push_str(&self.tried.join(" or "));
        Some(text)
    }

    fn judge(&self, response: &Response, _: u64) -> Result<Metadata> {
        let origins: Option<Vec<&str>> = self.origins.as_ref().map(|origins| origins.iter().map(String::as_str).collect());
        let policy = Policy { profile: &self.profile, origins: origins.as_deref(), development: (&self.development).into() };
        if self.addressed {
            let mut slashed = self.issuer.clone();
            slashed.push_str("/");
            let document = Value::parse(response.body.expose());
            if document.is_some_and(|document| document.text("issuer") == Some(&*slashed)) {
                return Metadata::judge(response, &slashed, &policy);
            }
        }
        Metadata::judge(response, &self.issuer, &policy)
    }

    fn is_absent(&self, response: &Response) -> bool {
        match response.status {
            300..=499 => true,
            200 if response.is_json() => Value::parse(response.body.expose()).is_some_and(|document| document.get("issuer").is_none()),
            200 => true,
            _ => false,
        }
    }
}

impl Discovery {
    /// Looks for an issuer's metadata at both addresses. The address of metadata is taken for what it is: it is asked there alone.
    ///
    /// # Errors
    /// `invalid_configuration` for an issuer that is none; then those of [`Metadata::judge`], of the first answer where none of the
    /// addresses has metadata.
    pub fn new(issuer: &str, policy: Policy<'_>) -> Result<Self> {
        Self::at(issuer, policy, &[WellKnown::OpenId, WellKnown::OAuth])
    }

    /// Looks at these addresses, in their order.
    ///
    /// # Errors
    /// As [`new`](Self::new), and `invalid_configuration` for no address.
    pub fn at(issuer: &str, policy: Policy<'_>, addresses: &'static [WellKnown]) -> Result<Self> {
        let Policy { profile, origins, development } = policy;
        let (issuer, form) = issuer_of(issuer);
        let addresses = match form {
            Some(WellKnown::OpenId) => &[WellKnown::OpenId],
            Some(WellKnown::OAuth) => &[WellKnown::OAuth],
            None => addresses,
        };
        development.check()?;
        check_issuer(&issuer, development)?;
        if addresses.is_empty() {
            return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("an address to look at"));
        }
        let origins = origins.map(|origins| origins.iter().map(|origin| String::from(*origin)).collect());
        let (profile, addressed) = (profile.into(), form.is_some());
        Ok(Self::of(Published { issuer, profile, origins, development: development.into(), left: addresses, addressed, tried: Vec::new() }))
    }
}

/// An API's metadata.
struct Described {
    request: Option<Request>,
    resource: String,
    issuer: Option<String>,
    development: Development,
}

impl Document<ResourceMetadata> for Described {
    fn next(&mut self) -> Result<Option<Request>> {
        Ok(self.request.take())
    }

    fn judge(&self, response: &Response, _: u64) -> Result<ResourceMetadata> {
        ResourceMetadata::judge(response, &self.resource, self.issuer.as_deref(), &self.development)
    }
}

impl Discovery<ResourceMetadata> {
    /// Looks for what an API says of itself: at the address that its refusal names (`WWW-Authenticate`; then `resource` is the URL
    /// that was asked for), or at the well-known one. `issuer`, when given, is the server whose tokens are to be sent.
    ///
    /// # Errors
    /// `challenge_malformed`, `endpoint_refused`; then those of [`ResourceMetadata::judge`].
    pub fn resource<'l>(resource: &str, refusal: Option<&str>, issuer: Option<&str>, development: impl Into<Local<'l>>) -> Result<Self> {
        let development = development.into();
        development.check()?;
        let challenges = refusal.map(Challenge::parse).transpose()?.unwrap_or_default();
        let url = match resource_metadata::address(&challenges, development)? {
            Some(url) => url,
            None => resource_metadata::well_known(resource, development)?,
        };
        let request = Some(resource_metadata::request(&url, development)?);
        Ok(Self::of(Described { request, resource: resource.into(), issuer: issuer.map(String::from), development: development.into() }))
    }
}
