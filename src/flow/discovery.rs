//! Finding a server's metadata from its issuer alone.
//!
//! OIDC Discovery 1.0 section 4.1, then RFC 8414 section 3.1 when the first address has nothing of the kind.
//! Refuses to follow a redirect, and to ask a second time where a document was there and is wrong.

use alloc::string::String;

use crate::flow::step::Step;
use crate::ground::error::{Error, Result, codes};
use crate::ground::http::Response;
use crate::ground::json::Value;
use crate::protocol::answers::metadata::{Metadata, Policy, check_issuer};
use crate::protocol::endpoint::{get, insert};

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
    pub fn url(self, issuer: &str, development: bool) -> Result<String> {
        check_issuer(issuer, development)?;
        Ok(match self {
            Self::OpenId => insert(issuer, "", "/.well-known/openid-configuration"),
            Self::OAuth => insert(issuer, "/.well-known/oauth-authorization-server", ""),
        })
    }
}

/// Whether an answer is no metadata at all, so that the next address is worth a try: none there, another page, another document.
pub(crate) fn is_absent(response: &Response) -> bool {
    match response.status {
        300..=499 => true,
        200 if response.is_json() => Value::parse(response.body.expose()).is_some_and(|document| document.get("issuer").is_none()),
        200 => true,
        _ => false,
    }
}

/// Discovery on its way: hands out a request, takes its answer, and perhaps hands out another.
///
/// ```
/// use samtykke::{Response, Step};
/// use samtykke::flow::discovery::Discovery;
/// use samtykke::protocol::metadata::Policy;
/// # fn http(_: samtykke::Request) -> Response { Response::new(200, Some("application/json"), r#"{"issuer":"https://op.example","authorization_endpoint":"https://op.example/a","token_endpoint":"https://op.example/t"}"#) }
/// let mut discovery = Discovery::new("https://op.example", Policy::default())?;
/// let metadata = loop {
///     match discovery.step()? {
///         Step::Send(request) => discovery.receive(&http(request))?,
///         Step::Done(metadata) => break metadata,
///         _ => unreachable!("no other step"),
///     }
/// };
/// assert_eq!(metadata.text("token_endpoint").as_deref(), Some("https://op.example/t"));
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Debug)]
pub struct Discovery<'a> {
    issuer: &'a str,
    policy: Policy<'a>,
    /// The addresses that have not been tried.
    left: &'static [WellKnown],
    /// What was wrong with the first answer.
    first: Option<Error>,
    state: State,
}

#[derive(Debug)]
enum State {
    Ready,
    Sent,
    Done(Metadata),
    Over,
}

impl<'a> Discovery<'a> {
    /// Looks for an issuer's metadata at both addresses.
    ///
    /// # Errors
    /// `invalid_configuration` for an issuer that is none.
    pub fn new(issuer: &'a str, policy: Policy<'a>) -> Result<Self> {
        Self::at(issuer, policy, &[WellKnown::OpenId, WellKnown::OAuth])
    }

    /// Looks at these addresses, in their order.
    ///
    /// # Errors
    /// `invalid_configuration` for an issuer that is none, and for no address.
    pub fn at(issuer: &'a str, policy: Policy<'a>, addresses: &'static [WellKnown]) -> Result<Self> {
        check_issuer(issuer, policy.development)?;
        if addresses.is_empty() {
            return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("an address to look at"));
        }
        Ok(Self { issuer, policy, left: addresses, first: None, state: State::Ready })
    }

    /// The next step.
    ///
    /// # Errors
    /// `transaction_used` when a request is out, or all is over.
    pub fn step(&mut self) -> Result<Step<Metadata>> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Ready => {
                let Some((first, left)) = self.left.split_first() else { return used() };
                self.left = left;
                self.state = State::Sent;
                Ok(Step::Send(get(first.url(self.issuer, self.policy.development)?)))
            }
            State::Done(metadata) => Ok(Step::Done(metadata)),
            other => {
                self.state = other;
                used()
            }
        }
    }

    /// Takes the answer to the request that [`step`](Self::step) handed out.
    ///
    /// # Errors
    /// Those of [`Metadata::judge`], of the first answer where none of the addresses has metadata; `transaction_used` unless a
    /// request is out.
    pub fn receive(&mut self, response: &Response) -> Result<()> {
        if !matches!(core::mem::replace(&mut self.state, State::Over), State::Sent) {
            return used();
        }
        self.state = match Metadata::judge(response, self.issuer, &self.policy) {
            Ok(metadata) => State::Done(metadata),
            Err(error) if is_absent(response) => {
                let first = self.first.take().unwrap_or(error);
                if self.left.is_empty() {
                    return Err(first);
                }
                self.first = Some(first);
                State::Ready
            }
            Err(error) => return Err(error),
        };
        Ok(())
    }
}

fn used<T>() -> Result<T> {
    Err(Error::new(&codes::TRANSACTION_USED).at(crate::ground::error::Phase::Configuration))
}
