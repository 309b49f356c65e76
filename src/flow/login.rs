//! Pushed authorization requests: the request goes to the server first, and the browser carries a reference to it.
//!
//! RFC 9126 sections 2 and 4, RFC 9101 section 5, RFC 9449 section 10, FAPI 2.0 section 5.3.3.2.
//! Refuses to leave anything but `client_id` and the reference in the front channel, and to use a reference twice.

use alloc::string::String;
use alloc::vec::Vec;

use crate::flow::attempt::Attempt;
use crate::flow::exchange::Exchange;
use crate::flow::judge::{Context, Judge, Reader, names};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::form::Form;
use crate::ground::http::{Request, Response};
use crate::ground::secret::Secret;
use crate::ground::text::{cut, push_escaped};
use crate::jose::{KeyInfo, thumbprint};
use crate::protocol::authorization::jar::RequestObject;
use crate::protocol::authorization::par::PushedRequest;
use crate::protocol::authorization::request::{AuthorizationRequest, Login, RANDOM_OCTETS};
use crate::protocol::authorization::transaction::Transaction;
use crate::protocol::client::Registration;
use crate::protocol::client_auth::ClientAuthentication;
use crate::protocol::dpop::{self, Server};
use crate::protocol::endpoint;
use crate::protocol::id_token::claims::Claims;

/// What goes along with a request that is pushed or signed.
#[derive(Clone, Debug, Default)]
pub struct Start {
    pub(crate) object: Option<RequestObject>,
    pub(crate) dpop: Option<(KeyInfo, Option<String>)>,
}

impl Start {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Signs the request.
    #[must_use]
    pub fn object(mut self, object: RequestObject) -> Self {
        self.object = Some(object);
        self
    }

    /// Binds the code to this key (`dpop_jkt`, and a proof where the request is pushed); `nonce` is the newest one of this
    /// server's.
    #[must_use]
    pub fn dpop(mut self, key: &KeyInfo, nonce: Option<&str>) -> Self {
        self.dpop = Some((key.clone(), nonce.map(String::from)));
        self
    }
}

/// The parameters of a login's URL, form-encoded: what follows the endpoint and the character after it.
pub(crate) fn parameters<'a>(url: &'a str, endpoint: &str) -> &'a str {
    url.get(endpoint.len().saturating_add(1)..).unwrap_or_default()
}

/// The URL that carries a reference or a request object, and the client id, and nothing else.
pub(crate) fn front_channel(endpoint: &str, client_id: &str, name: &str, value: &str) -> String {
    let mut url = Vec::from(endpoint.as_bytes());
    url.push(if cut(endpoint, b'?').1.is_some() { b'&' } else { b'?' });
    url.extend_from_slice(b"client_id=");
    push_escaped(&mut url, client_id.as_bytes(), false);
    url.push(b'&');
    url.extend_from_slice(name.as_bytes());
    url.push(b'=');
    push_escaped(&mut url, value.as_bytes(), false);
    String::from_utf8(url).unwrap_or_default()
}

/// What OpenID Connect Core section 6.1 has beside a request object, out of all parameters, form-encoded.
fn outer(parameters: &str) -> String {
    let kept: Vec<&str> = parameters.split('&').filter(|pair| matches!(cut(pair, b'=').0, "response_type" | "scope")).collect();
    kept.join("&")
}

/// Binds a code to a key (RFC 9449 section 10).
pub(crate) const DPOP_JKT: &str = "dpop_jkt";

impl Exchange<Login> {
    /// Begins a flow as the provider asks: pushed where it takes pushed requests, signed where an object is given, as
    /// [`Registration::begin`] otherwise.
    ///
    /// # Errors
    /// Those of [`Registration::begin`]; `endpoint_missing`, `invalid_configuration` where the provider asks for what is not given.
    ///
    /// ```
    /// use samtykke::{AuthorizationRequest, ClientAuthentication, Exchange, Profile, Registration, Response, Step};
    /// use samtykke::flow::login::Start;
    /// use samtykke::flow::machine::{Input, Machine, Moment};
    /// # fn http(_: samtykke::Request) -> Response { Response::new(201, Some("application/json"), r#"{"request_uri":"urn:x:1","expires_in":60}"#) }
    /// let mut profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    /// profile.endpoints.pushed_authorization_request = Some("https://op.example/par".into());
    /// let client = Registration::new(profile, "client-1", "https://rp.example/cb")?;
    /// let secret = ClientAuthentication::secret_basic("correct horse");
    /// let mut exchange = Exchange::login(&client, &secret, AuthorizationRequest::new("read"), Start::new(), &[7; 96], 1_700_000_000)?;
    /// let mut input = Input::Start;
    /// let login = loop {
    ///     input = match exchange.advance(input, &Moment { now: 1_700_000_000, random: &[7; 32] })? {
    ///         Step::Send(request) => Input::Response(http(request)),
    ///         Step::Done(login) => break login,
    ///         _ => unreachable!("a secret signs nothing"),
    ///     };
    /// };
    /// assert_eq!(login.url, "https://op.example/authorize?client_id=client-1&request_uri=urn%3Ax%3A1");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn login(
        client: &Registration,
        authentication: &ClientAuthentication,
        mut request: AuthorizationRequest,
        start: Start,
        random: &[u8; RANDOM_OCTETS],
        now: u64,
    ) -> Result<Self> {
        if let Some((key, _)) = &start.dpop {
            request = request.parameter(DPOP_JKT, thumbprint(&key.public));
        }
        Self::begun(client, authentication, client.begin_any(request, random, now)?, start)
    }

    /// Sends a flow on its way that has begun.
    pub(crate) fn begun(client: &Registration, authentication: &ClientAuthentication, login: Login, start: Start) -> Result<Self> {
        let profile = &client.profile;
        let missing = |expected: &'static str| Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Authorization).expected(expected);
        if profile.requests.dpop && start.dpop.is_none() {
            return Err(missing("a DPoP key: the provider binds its tokens to one"));
        }
        if profile.requests.request_object && start.object.is_none() {
            return Err(missing("a request object: the provider takes signed requests only"));
        }
        if let Some((key, _)) = &start.dpop {
            dpop::check_algorithm(key.alg, &names(&profile.requests.dpop_algorithms)).map_err(|error| error.at(Phase::Authorization))?;
        }
        if profile.requests.pushed && profile.requests.unpushed {
            return Err(missing("pushed requests: the provider takes no others (require_pushed_authorization_requests)"));
        }
        let Login { url, transaction } = login;
        let pushed = profile.endpoint("pushed_authorization_request_endpoint", authentication);
        let is_pushed = profile.requests.pushed || !(pushed.is_empty() || profile.requests.unpushed);
        let parameters = parameters(&url, &profile.authorization_endpoint);
        let whole = start.object.as_ref().is_some_and(|object| !object.beside);
        let mut judge = LoginJudge::new(client, transaction);
        if start.object.as_ref().is_some_and(|object| object.outer) {
            judge.outer = outer(parameters);
        }
        if !is_pushed {
            judge.url = url.clone();
            let Some(object) = start.object else { return Ok(Self::new(client, None, judge)) };
            if object.beside {
                return Err(missing("a pushed request: parameters beside a request object are read there alone"));
            }
            // Nothing is sent: the attempt signs, and its body is the object.
            let request =
                Request { method: "GET", url: String::new(), headers: Vec::new(), body: Some(Secret::new("")), repeatable: false };
            let mut attempt = Attempt::new(client, ClientAuthentication::None, Server::Authorization, request);
            attempt.object = Some(object.with(parameters));
            attempt.unsent = true;
            return Ok(Self::new(client, Some(attempt), judge));
        }
        endpoint::check("pushed_authorization_request_endpoint", pushed, (&profile.development).into())
            .map_err(|error| error.at(Phase::Authorization))?;
        let mut form = Form::new();
        if whole {
            form.push("client_id", &client.client_id);
            form.append(&judge.outer);
        } else {
            form.append(parameters);
        }
        let mut attempt = Attempt::form(client, authentication, pushed, form, true)?;
        attempt.object = start.object.map(|object| object.with(parameters));
        if let Some((key, nonce)) = start.dpop {
            attempt.dpop = Some(key);
            attempt.nonce = nonce;
        }
        Ok(Self::new(client, Some(attempt), judge))
    }
}

struct LoginJudge {
    endpoint: String,
    client_id: String,
    url: String,
    /// What stands beside a request object in the front channel, form-encoded.
    outer: String,
    transaction: Option<Transaction>,
}

impl LoginJudge {
    fn new(client: &Registration, transaction: Transaction) -> Self {
        let (endpoint, client_id) = (client.profile.authorization_endpoint.clone(), client.client_id.clone());
        Self { endpoint, client_id, url: String::new(), outer: String::new(), transaction: Some(transaction) }
    }
}

impl Reader for LoginJudge {
    fn answer(&mut self, response: &Response, context: &mut Context) -> Result<()> {
        let pushed = PushedRequest::judge(response, context.expectation.expires_in_string)?;
        self.url = front_channel(&self.endpoint, &self.client_id, "request_uri", &pushed.request_uri);
        Ok(())
    }

    fn set_signed(&mut self, object: &str) {
        self.url = front_channel(&self.endpoint, &self.client_id, "request", object);
        if !self.outer.is_empty() {
            self.url.push('&');
            self.url.push_str(&self.outer);
        }
    }
}

impl Judge<Login> for LoginJudge {
    fn reader(&mut self) -> &mut dyn Reader {
        self
    }

    fn finish(&mut self, _: Option<Claims>, _: u64) -> Result<Login> {
        let transaction = self.transaction.take().ok_or_else(|| Error::new(&codes::TRANSACTION_USED).at(Phase::Authorization))?;
        Ok(Login { url: core::mem::take(&mut self.url), transaction })
    }
}
