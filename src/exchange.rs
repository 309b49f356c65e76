//! A grant exchanged for tokens, step by step, without I/O.
//!
//! The machine hands out a request and takes the response back (RFC 6749 sections 4.1.3 and 4.4.2).
//! Refuses to hand the same request out twice: a code that may have been sent is never sent again.

use alloc::string::String;
use alloc::vec;

use crate::callback::AuthorizationCode;
use crate::client::Client;
use crate::client_auth::ClientAuthentication;
use crate::encoding::Form;
use crate::error::{Error, Phase, Result, codes};
use crate::grant::ClientCredentials;
use crate::http::{Request, Response};
use crate::secret::Secret;
use crate::token::{Expectation, TokenType, Tokens};
use crate::transaction::has_openid;
use crate::uri::Uri;

/// What the caller has to do next.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<T> {
    /// Send this by HTTP and give the response to `receive`.
    Send(Request),
    /// The flow is over.
    Done(T),
}

/// A token request on its way.
///
/// ```
/// use samtykke::{Client, ClientAuthentication, ClientCredentials, Exchange, Profile, Response, Step};
/// # fn http(_: samtykke::Request) -> Response { Response::new(200, Some("application/json"), r#"{"access_token":"x","token_type":"Bearer"}"#) }
/// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
/// let client = Client::new(profile, "client-1", "https://rp.example/cb")?;
/// let secret = ClientAuthentication::secret_basic("correct horse");
/// let mut exchange = Exchange::client_credentials(&client, &secret, &ClientCredentials::new("read"))?;
/// let tokens = loop {
///     match exchange.step()? {
///         Step::Send(request) => exchange.receive(http(request))?,
///         Step::Done(tokens) => break tokens,
///         _ => unreachable!("no other step"),
///     }
/// };
/// assert_eq!(tokens.requested_scope, "read");
/// # Ok::<(), samtykke::Error>(())
/// ```
pub struct Exchange {
    state: State,
    expectation: Expectation,
}

enum State {
    Ready(Request),
    Sent,
    Done(Tokens),
    Over,
}

impl core::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Exchange(…)")
    }
}

impl Exchange {
    /// Exchanges a checked code. The code is consumed: there is no second exchange with it.
    ///
    /// # Errors
    /// `transaction_mismatch` when the code was checked for another client, `invalid_configuration` when the provider
    /// does not take this client authentication.
    pub fn authorization_code(client: &Client, authentication: &ClientAuthentication, code: AuthorizationCode) -> Result<Self> {
        let expectation = Expectation {
            token_type: TokenType::Bearer,
            id_token: has_openid(code.scope()) && !client.profile.rules.id_token_optional,
            scope: code.scope().into(),
            expires_in_string: false,
        };
        Self::new(client, authentication, code.form(client)?, expectation, false)
    }

    /// Asks for a token of the client's own.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`, `invalid_configuration`.
    pub fn client_credentials(client: &Client, authentication: &ClientAuthentication, grant: &ClientCredentials) -> Result<Self> {
        if matches!(authentication, ClientAuthentication::None) {
            return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("client authentication for client_credentials"));
        }
        let expectation = Expectation { scope: grant.scope.clone(), ..Expectation::default() };
        Self::new(client, authentication, grant.form()?, expectation, true)
    }

    fn new(
        client: &Client,
        authentication: &ClientAuthentication,
        mut form: Form,
        expectation: Expectation,
        repeatable: bool,
    ) -> Result<Self> {
        let url = check_token_endpoint(client)?;
        let mut headers =
            vec![("accept", Secret::new("application/json")), ("content-type", Secret::new("application/x-www-form-urlencoded"))];
        // A public client, and one with its secret in the body, names itself there too (RFC 6749 section 2.3.1).
        if repeatable && matches!(authentication, ClientAuthentication::SecretPost(_)) {
            form.push("client_id", &client.client_id);
        }
        authentication.apply(client, &mut headers, &mut form)?;
        let request = Request { method: "POST", url, headers, body: Some(Secret::new(form.into_string())), repeatable };
        Ok(Self { state: State::Ready(request), expectation })
    }

    /// What the answer will be judged against.
    pub fn expectation(&self) -> &Expectation {
        &self.expectation
    }

    /// The next step.
    ///
    /// # Errors
    /// `transaction_used` when the request was handed out and no response has been received.
    pub fn step(&mut self) -> Result<Step<Tokens>> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Ready(request) => {
                self.state = State::Sent;
                Ok(Step::Send(request))
            }
            State::Done(tokens) => Ok(Step::Done(tokens)),
            other => {
                self.state = other;
                Err(Error::new(&codes::TRANSACTION_USED).at(Phase::Token))
            }
        }
    }

    /// Takes the response to the request that [`step`](Self::step) handed out.
    ///
    /// # Errors
    /// Those of [`Tokens::judge`]; `transaction_used` unless a request is out.
    pub fn receive(&mut self, response: Response) -> Result<()> {
        if !matches!(core::mem::replace(&mut self.state, State::Over), State::Sent) {
            return Err(Error::new(&codes::TRANSACTION_USED).at(Phase::Token));
        }
        self.state = State::Done(Tokens::judge(&response, &self.expectation)?);
        Ok(())
    }
}

/// The token endpoint, when secrets may be sent there: https, a public host, no fragment.
fn check_token_endpoint(client: &Client) -> Result<String> {
    let endpoint = &client.profile.token_endpoint;
    let fits = Uri::parse(endpoint).is_some_and(|uri| {
        let local = client.profile.development && uri.is_loopback();
        uri.is_secure(client.profile.development) && uri.fragment.is_none() && (local || !crate::address::is_private(&uri))
    });
    if fits {
        return Ok(endpoint.clone());
    }
    Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token).expected("token_endpoint: an https URL of a public host, no fragment"))
}
