//! A login on another device: a short code for the person, a long one for the client, and a poll until they are done.
//!
//! RFC 8628 sections 3.1 to 3.5. The host sleeps between polls; how long is decided here.
//! Refuses answers without codes or lifetime, addresses that are not https, and polls after the code's end.

use alloc::string::String;

use crate::flow::attempt::Attempt;
use crate::flow::exchange::Exchange;
use crate::flow::judge::{Context, Judge, Reader};
use crate::flow::token::{TokenJudge, token_endpoint};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::form::Form;
use crate::ground::http::Response;
use crate::ground::secret::Secret;
use crate::ground::uri::Uri;
use crate::protocol::answer::Answer;
use crate::protocol::authorization::transaction::has_openid;
use crate::protocol::client::Registration;
use crate::protocol::client_auth::ClientAuthentication;
use crate::protocol::endpoint::{self, Development, Local};
use crate::protocol::grant::Target;
use crate::protocol::id_token::claims::{Claims, Unverified};
use crate::protocol::token::{RequestKind, Tokens, lifetime};

/// Seconds between polls when the server names none (RFC 8628 section 3.2).
const INTERVAL: u32 = 5;
/// Seconds between polls at most; a server that asks for more is not waited for.
pub(crate) const MAX_INTERVAL: u32 = 3600;

/// What a device asks for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DeviceRequest {
    /// Scope tokens, single spaces between them; empty for the server's default.
    pub scope: String,
    /// What the tokens are for, and further parameters.
    pub target: Target,
}

impl DeviceRequest {
    /// Asks for a scope.
    pub fn new(scope: impl Into<String>) -> Self {
        Self { scope: scope.into(), target: Target::new() }
    }

    /// What the tokens are for, and further parameters.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    pub(crate) fn form(&self) -> Result<Form> {
        let mut form = Form::new();
        crate::protocol::grant::push_scope(&mut form, &self.scope)?;
        Ok(form)
    }
}

/// A login that waits for the person.
#[derive(Clone, Debug)]
pub struct Device {
    /// The client's code. Show it to nobody.
    pub device_code: Secret,
    /// What the person types.
    pub user_code: String,
    /// Where the person types it.
    pub verification_uri: String,
    /// The address with the code in it, for a link or a QR code, when the server gives one.
    pub verification_uri_complete: Option<String>,
    /// Seconds the codes live, from the answer on.
    pub expires_in: u32,
    /// Seconds to wait before each poll.
    pub interval: u32,
    /// The scope that was asked for.
    pub requested_scope: String,
    /// What goes with each poll beside its code; nothing unless you set it.
    pub target: Target,
}

/// What a poll brought.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Polled {
    /// The person is not done: wait for the interval and poll again.
    Pending,
    /// As [`Pending`](Self::Pending), and too fast, or the server is busy: wait five seconds longer from now on
    /// ([`Device::slow_down`]), and this time at least so many seconds (`Retry-After`; 0 where it has none).
    SlowDown(u32),
    /// The person is done.
    Tokens(alloc::boxed::Box<Tokens>),
}

impl Device {
    /// Waits five seconds longer between polls, as a server may ask (RFC 8628 section 3.5).
    pub fn slow_down(&mut self) {
        self.interval = self.interval.saturating_add(5).min(MAX_INTERVAL);
    }

    /// As much of a login as a poll needs, where only that was kept: its device code, and the scope that was asked for.
    #[must_use]
    pub fn poll(device_code: &str, scope: &str) -> Self {
        Self {
            device_code: Secret::new(device_code),
            user_code: String::new(),
            verification_uri: String::new(),
            verification_uri_complete: None,
            expires_in: 0,
            interval: INTERVAL,
            requested_scope: scope.into(),
            target: Target::new(),
        }
    }

    /// Judges the answer to a [`DeviceRequest`]; `development` allows http to loopback, `texts` lifetimes as strings of digits.
    pub(crate) fn judge(response: &Response, scope: &str, development: Local<'_>, texts: bool) -> Result<Self> {
        let judged = Answer { response, malformed: &codes::DEVICE_RESPONSE_MALFORMED };
        let answer = judged.success(&[200])?;
        let wrong = |expected: &'static str| judged.wrong(expected);
        let text = |name: &str| answer.text(name);
        let device_code =
            text("device_code").filter(|code| crate::protocol::syntax::is_vschar(code)).ok_or_else(|| wrong("device_code: ASCII"))?;
        let printable = |code: &&str| (1..=64).contains(&code.len()) && code.bytes().all(|octet| matches!(octet, b' '..=b'~'));
        let user_code = text("user_code").filter(printable).ok_or_else(|| wrong("user_code: 1 to 64 characters of ASCII"))?;
        let address = |uri: &&str| Uri::parse(uri).is_some_and(|uri| uri.is_secure(development));
        // An early draft's name is still in use.
        let place = text("verification_uri").or_else(|| text("verification_url"));
        let verification_uri = place.filter(address).ok_or_else(|| wrong("verification_uri: an https URL"))?;
        let complete = match answer.get("verification_uri_complete") {
            None => None,
            Some(uri) => Some(uri.as_str().filter(address).ok_or_else(|| wrong("verification_uri_complete: an https URL"))?),
        };
        let seconds = |name: &str, least: i64, most: i64| {
            let found = answer.get(name).and_then(|value| lifetime(value, texts)).filter(|seconds| (least..=most).contains(seconds));
            found.and_then(|seconds| u32::try_from(seconds).ok())
        };
        let expires_in = seconds("expires_in", 1, 86_400).ok_or_else(|| wrong("expires_in: whole seconds, 1 to one day"))?;
        let interval = match answer.get("interval") {
            None => INTERVAL,
            Some(_) => seconds("interval", 0, i64::from(MAX_INTERVAL)).ok_or_else(|| wrong("interval: whole seconds, at most an hour"))?,
        };
        Ok(Self {
            device_code: Secret::new(device_code),
            user_code: user_code.into(),
            verification_uri: verification_uri.into(),
            verification_uri_complete: complete.map(String::from),
            expires_in,
            interval: interval.max(1),
            requested_scope: scope.into(),
            target: Target::new(),
        })
    }

    pub(crate) fn form(&self) -> Result<Form> {
        crate::protocol::grant::check_token(self.device_code.expose(), "a device code: ASCII")?;
        let mut form = Form::new();
        form.push("grant_type", "urn:ietf:params:oauth:grant-type:device_code").push("device_code", self.device_code.expose());
        Ok(form)
    }
}

/// What a failed poll means: go on, or why not.
pub(crate) fn poll_error(error: Error) -> Result<Polled> {
    let is = |code| error.oauth().is_some_and(|oauth| oauth.is(code));
    if is("authorization_pending") {
        Ok(Polled::Pending)
    } else if is("slow_down") || (error.oauth().is_none() && matches!(error.status(), Some(429 | 503))) {
        Ok(Polled::SlowDown(error.retry_after().unwrap_or_default().min(MAX_INTERVAL)))
    } else if is("expired_token") {
        let ended = Error::new(&codes::DEVICE_CODE_EXPIRED);
        Err(match error.oauth() {
            Some(oauth) => ended.oauth_error(oauth.clone()),
            None => ended,
        })
    } else {
        Err(error)
    }
}

impl Exchange<Device> {
    /// Begins a login on another device.
    ///
    /// # Errors
    /// `endpoint_missing`, `invalid_scope`, `invalid_configuration`.
    pub fn device_authorization(client: &Registration, authentication: &ClientAuthentication, request: &DeviceRequest) -> Result<Self> {
        let url = client.profile.endpoint("device_authorization_endpoint", authentication);
        endpoint::check("device_authorization_endpoint", url, (&client.profile.development).into())
            .map_err(|error| error.at(Phase::Token))?;
        let attempt = Attempt::form(client, authentication, url, request.form()?, false)?;
        let judge = DeviceJudge { scope: request.scope.clone(), development: client.profile.development.clone(), device: None };
        Self::new(client, Some(attempt), judge).target(&request.target)
    }
}

struct DeviceJudge {
    scope: String,
    development: Development,
    device: Option<Device>,
}

impl Reader for DeviceJudge {
    fn answer(&mut self, response: &Response, context: &mut Context) -> Result<()> {
        self.device = Some(Device::judge(response, &self.scope, (&self.development).into(), context.expectation.expires_in_string)?);
        Ok(())
    }
}

impl Judge<Device> for DeviceJudge {
    fn reader(&mut self) -> &mut dyn Reader {
        self
    }

    fn finish(&mut self, _: Option<Claims>, _: u64) -> Result<Device> {
        self.device.take().ok_or_else(|| Error::new(&codes::TRANSACTION_USED).at(Phase::Token))
    }
}

impl Exchange<Polled> {
    /// Asks once whether the person is done. Wait for [`Device::interval`] seconds before each poll, and stop when
    /// [`Device::expires_in`] is over.
    ///
    /// # Errors
    /// `token_error` when the person refused (`access_denied`); `device_code_expired` when the server says so; those of any
    /// exchange.
    pub fn device_poll(client: &Registration, authentication: &ClientAuthentication, device: &Device) -> Result<Self> {
        let attempt = Attempt::form(client, authentication, token_endpoint(client, authentication)?, device.form()?, false)?;
        let mut exchange = Self::new(client, Some(attempt), PollJudge::default());
        exchange.expect(|expectation| {
            expectation.id_token = has_openid(&device.requested_scope) && !client.profile.rules.id_token_optional;
            expectation.scope = device.requested_scope.clone();
            expectation.kind = RequestKind::DeviceCode;
        });
        exchange.target(&device.target)
    }
}

#[derive(Default)]
struct PollJudge {
    waiting: Option<Polled>,
    tokens: TokenJudge,
}

impl Reader for PollJudge {
    fn answer(&mut self, response: &Response, context: &mut Context) -> Result<()> {
        if let Err(error) = self.tokens.answer(response, context) {
            self.waiting = Some(poll_error(error)?);
        }
        Ok(())
    }

    fn token(&self) -> Option<&str> {
        self.tokens.token()
    }

    fn encrypted_token(&self) -> Option<&str> {
        self.tokens.encrypted_token()
    }

    fn set_decrypted(&mut self, token: &str) {
        self.tokens.set_decrypted(token);
    }

    fn take_unverified(&mut self, context: &Context, now: u64) -> Result<Option<Unverified>> {
        if self.waiting.is_some() { Ok(None) } else { self.tokens.take_unverified(context, now) }
    }
}

impl Judge<Polled> for PollJudge {
    fn reader(&mut self) -> &mut dyn Reader {
        self
    }

    fn finish(&mut self, claims: Option<Claims>, now: u64) -> Result<Polled> {
        match self.waiting.take() {
            Some(waiting) => Ok(waiting),
            None => Ok(Polled::Tokens(alloc::boxed::Box::new(self.tokens.finish(claims, now)?))),
        }
    }
}
