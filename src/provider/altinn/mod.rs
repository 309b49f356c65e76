//! Altinn: a token of its own, for one of Maskinporten or ID-porten, which its APIs do not take as it is.
//!
//! docs.altinn.studio (Altinn Platform, Authentication: `GET /exchange/{tokenProvider}`). Refuses to send a token to another origin than
//! the platform's, a redirect, and an answer that is no token.

mod data;

use alloc::string::String;
use alloc::vec;

use crate::flow::machine::{Input, Kind, Machine, Moment};
use crate::flow::step::Step;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{Request, Response};
use crate::ground::json::Value;
use crate::ground::secret::Secret;
use crate::ground::uri::is_web;
use crate::jose::jws::Compact;
use crate::protocol::syntax::is_token68;
use crate::provider::table::{join, row};

/// Altinn's platform in one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    platform: String,
}

impl Environment {
    /// Texts that may stand for it, best first.
    #[cfg(feature = "serde")]
    pub(crate) fn texts(&self) -> alloc::vec::Vec<String> {
        crate::provider::table::texts(data::ENVIRONMENTS, &self.platform)
    }

    /// TT02, which takes tokens of `test.maskinporten.no` and `test.idporten.no`.
    pub fn tt02() -> Self {
        Self::find("tt02").unwrap_or_default()
    }

    /// Production.
    pub fn production() -> Self {
        Self::find("production").unwrap_or_default()
    }

    fn find(name: &str) -> Option<Self> {
        row(data::ENVIRONMENTS, name).map(|[_, platform]| Self { platform: (*platform).into() })
    }

    /// The environment of a name: `tt02`, `production`, or the origin of a platform of one's own: https, or http on loopback.
    ///
    /// # Errors
    /// `invalid_configuration`.
    ///
    /// ```
    /// use samtykke::provider::altinn::Environment;
    /// assert_eq!(Environment::from_name("tt02")?.platform(), "https://platform.tt02.altinn.no");
    /// assert!(Environment::from_name("https://altinn.example/platform/").is_err());
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn from_name(name: &str) -> Result<Self> {
        if let Some(known) = Self::find(name) {
            return Ok(known);
        }
        if !is_web(name, true) || name.ends_with('/') || name.contains('?') {
            return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("environment: tt02, production, or the origin of a platform"));
        }
        Ok(Self { platform: name.into() })
    }

    /// The platform's origin, the only one that a token goes to.
    pub fn platform(&self) -> &str {
        &self.platform
    }
}

/// Whose token is exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Issuer {
    /// Maskinporten's.
    Maskinporten,
    /// ID-porten's.
    IdPorten,
}

impl Issuer {
    /// The name in the address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Maskinporten => "maskinporten",
            Self::IdPorten => "id-porten",
        }
    }

    /// The issuer of a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Maskinporten, Self::IdPorten].into_iter().find(|one| one.as_str() == name)
    }
}

/// A token of Altinn's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AltinnToken {
    /// The token, to be sent as Bearer.
    pub token: Secret,
    /// When it ends, in seconds since 1970, as it says itself; not verified, so good for planning a renewal alone.
    pub expires_at: Option<u64>,
}

/// Exchanges a token for one of Altinn's.
///
/// ```
/// use samtykke::flow::machine::{Input, Machine, Moment};
/// use samtykke::provider::altinn::{Environment, Issuer, TokenExchange};
/// use samtykke::{Response, Secret, Step};
/// # fn http(request: samtykke::Request) -> Response { assert!(request.url.ends_with("/exchange/maskinporten")); Response::new(200, Some("text/plain; charset=utf-8"), "eyJh.e30.c2ln") }
/// let mut exchange = TokenExchange::new(&Environment::tt02(), Issuer::Maskinporten, &Secret::new("x.y.z"))?;
/// let moment = Moment { now: 1_700_000_000, random: &[7; 32] };
/// let Step::Send(request) = exchange.advance(Input::Start, &moment)? else { unreachable!("one request") };
/// let Step::Done(found) = exchange.advance(Input::Response(http(request)), &moment)? else { unreachable!("one answer") };
/// assert_eq!(found.token.expose(), "eyJh.e30.c2ln");
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Debug)]
pub struct TokenExchange {
    request: Option<Request>,
    waiting: bool,
}

impl TokenExchange {
    /// For a token of Maskinporten's, or the access token of a login at ID-porten; its environment must be the platform's.
    ///
    /// # Errors
    /// `invalid_parameter` for a token that is none.
    pub fn new(environment: &Environment, issuer: Issuer, token: &Secret) -> Result<Self> {
        Ok(Self { request: Some(request(environment, issuer, token, false)?), waiting: false })
    }

    /// As service owner of Altinn's test department, which has no organisation number of its own (`test=true`); Maskinporten's tokens
    /// alone.
    #[must_use]
    pub fn for_test_department(mut self) -> Self {
        if let Some(request) = &mut self.request {
            request.url.push_str(TEST);
        }
        self
    }
}

impl Machine for TokenExchange {
    type Output = AltinnToken;

    fn advance(&mut self, input: Input, _: &Moment<'_>) -> Result<Step<AltinnToken>> {
        match input {
            Input::Start => {
                let request = self.request.take().ok_or_else(used_error)?;
                self.waiting = true;
                Ok(Step::Send(request))
            }
            Input::Response(response) if core::mem::take(&mut self.waiting) => judge(&response).map(Step::Done),
            Input::Failed(failure) if failure.is_of(Kind::Send) && core::mem::take(&mut self.waiting) => {
                Err(failure.error(Phase::Token, true))
            }
            _ => Err(used_error()),
        }
    }
}

/// What the address of the test department's exchange has besides.
const TEST: &str = "?test=true";

/// The request of an exchange.
pub(crate) fn request(environment: &Environment, issuer: Issuer, token: &Secret, test: bool) -> Result<Request> {
    if !is_token68(token.expose()) {
        return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected("an access token: token68"));
    }
    let mut url = join(&join(&environment.platform, "/authentication/api/v1/exchange/"), issuer.as_str());
    if test {
        url.push_str(TEST);
    }
    // The documentation has text/plain; older deployments answered JSON.
    let headers =
        vec![("accept", Secret::new("application/json, text/plain")), ("authorization", Secret::new(join("Bearer ", token.expose())))];
    Ok(Request { method: "GET", url, headers, body: None, repeatable: true })
}

fn used_error() -> Error {
    Error::new(&codes::TRANSACTION_USED).at(Phase::Token)
}

/// Judges the answer: the token alone, or the same as a JSON text.
pub(crate) fn judge(response: &Response) -> Result<AltinnToken> {
    let fail = |kind| Error::new(kind).at(Phase::Token).http(response);
    match response.status {
        200 => {}
        401 => return Err(fail(&codes::TOKEN_INVALID).expected("a token of this platform's environment, not expired")),
        403 => return Err(fail(&codes::UNAUTHORIZED).expected("a token with a scope of Altinn's")),
        _ if response.is_redirect() => return Err(fail(&codes::REDIRECT_REFUSED)),
        _ => return Err(fail(&codes::HTTP_STATUS_UNEXPECTED)),
    }
    let body = response.body.expose().trim_matches([' ', '\t', '\r', '\n']);
    let quoted = body.starts_with('"').then(|| Value::parse(body)).flatten();
    let token = quoted.as_ref().map_or(Some(body), Value::as_str).unwrap_or_default();
    if !is_token68(token) {
        return Err(fail(&codes::TOKEN_RESPONSE_MALFORMED).expected("one token, bare or as a JSON text"));
    }
    Ok(AltinnToken { token: Secret::new(token), expires_at: end_of(token) })
}

fn end_of(token: &str) -> Option<u64> {
    let jws = Compact::parse(token).ok()?;
    let payload = Value::parse(core::str::from_utf8(jws.payload()).ok()?)?;
    u64::try_from(payload.get("exp")?.as_integer()?).ok()
}
