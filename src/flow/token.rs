//! Every grant as an exchange with the token endpoint, and the judge of its answer.
//!
//! RFC 6749 sections 3.2, 4.1.3, 4.4 and 6, RFC 7523 section 2.1, RFC 8693 section 2.1, OIDC Core section 3.1.3.
//! Refuses a code of another client, a client's own token without authentication, and an id_token without the server's keys.

use alloc::string::String;

use crate::flow::attempt::Attempt;
use crate::flow::exchange::Exchange;
use crate::flow::judge::{Context, Judge, Reader, Spent, used_error};
use crate::flow::keys::unkeyed_error;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::form::Form;
use crate::ground::http::Response;
use crate::ground::json::Value;
use crate::ground::lean::SESSIONS;
use crate::ground::secret::Secret;
use crate::ground::text::{Parts, base64url, word};
use crate::jose::{Compact, is_encrypted};
use crate::protocol::authorization::response::AuthorizationCode;
use crate::protocol::authorization::transaction::has_openid;
use crate::protocol::client::Registration;
use crate::protocol::client_auth::ClientAuthentication;
use crate::protocol::endpoint;
use crate::protocol::endpoint::Local;
use crate::protocol::grant::{ClientCredentials, JwtBearer, Refresh, Source, Target, TokenExchange};
use crate::protocol::id_token::claims::{Claims, Unverified};
use crate::protocol::id_token::{self, IdTokenExpectation};
use crate::protocol::token::{Expectation, RequestKind, Tokens};

impl Exchange<Tokens> {
    /// Exchanges a checked code. The code is consumed: there is no second exchange with it.
    ///
    /// # Errors
    /// `transaction_mismatch` when the code was checked for another client, `invalid_configuration` when the provider
    /// does not take this client authentication.
    pub fn authorization_code(client: &Registration, authentication: &ClientAuthentication, code: AuthorizationCode) -> Result<Self> {
        let mut exchange = Self::token(client, authentication, code.form(&client.settings())?, true)?;
        let expectation = &mut exchange.flow.context.expectation;
        let acr = code.acr_values();
        expectation.id_token = acr.is_some() || (has_openid(code.scope()) && !client.profile.rules.id_token_optional);
        expectation.scope = code.scope().into();
        let id_token = &mut exchange.flow.context.id_token;
        id_token.nonce = code.nonce().map(String::from);
        id_token.max_age = code.max_age();
        id_token.state = code.state().map(String::from);
        id_token.acr_values = acr.map(|acr| client.profile.rules.acr_values(&acr)).unwrap_or_default();
        id_token.echoed = code.echoed_state().map(|value| (client.profile.rules.echoed.1, value));
        id_token.code = code.code();
        exchange.flow.context.spends =
            id_token.code.as_ref().map(|code| (Spent::Sent, spent_name(&client.profile.issuer, &client.client_id, code.expose())));
        Ok(exchange)
    }

    /// Asks for a token of the client's own.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`, `invalid_configuration`.
    pub fn client_credentials(client: &Registration, authentication: &ClientAuthentication, grant: &ClientCredentials) -> Result<Self> {
        if matches!(authentication, ClientAuthentication::None) {
            return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("client authentication for client_credentials"));
        }
        let mut exchange = Self::token(client, authentication, grant.form()?, false)?;
        let expectation = &mut exchange.flow.context.expectation;
        expectation.scope = grant.scope.clone();
        expectation.kind = RequestKind::ClientCredentials;
        if let Some(attempt) = &mut exchange.flow.attempt {
            attempt.request.repeatable = true;
        }
        Ok(exchange)
    }

    /// Asks for new tokens with a refresh token. When no new one comes back, the old one stays.
    ///
    /// # Errors
    /// `invalid_scope` for a scope wider than the granted one, `invalid_parameter`, `invalid_configuration`.
    pub fn refresh(client: &Registration, authentication: &ClientAuthentication, grant: &Refresh) -> Result<Self> {
        let mut exchange = Self::token(client, authentication, grant.form()?, false)?;
        let expectation = &mut exchange.flow.context.expectation;
        expectation.scope = grant.expected_scope();
        expectation.refresh_token = Some(grant.token.clone());
        expectation.kind = RequestKind::RefreshToken;
        let rules = &mut exchange.flow.context.id_token;
        rules.refresh_of = grant.claims.clone();
        rules.unchecked = grant.unchecked;
        rules.echoed = grant.subject.clone().map(|subject| ("sub", subject));
        exchange.flow.context.kept = grant.id_token.clone();
        exchange.flow.context.spends = Some((Spent::Answered, spent_name(&client.profile.issuer, &client.client_id, grant.token.expose())));
        exchange.target(&grant.target)
    }

    /// Asks for a token with a signed statement. A client without authentication of its own sends nothing else.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`, `invalid_configuration`.
    pub fn jwt_bearer(client: &Registration, authentication: &ClientAuthentication, grant: &JwtBearer) -> Result<Self> {
        let unnamed = matches!(authentication, ClientAuthentication::None);
        let mut exchange = Self::token(client, authentication, grant.form()?, unnamed)?;
        let expectation = &mut exchange.flow.context.expectation;
        expectation.scope = grant.expected_scope();
        expectation.kind = RequestKind::JwtBearer;
        if let (Some(attempt), Source::Signed(signed)) = (&mut exchange.flow.attempt, &grant.source) {
            attempt.grant = Some((**signed).clone());
        }
        Ok(exchange)
    }

    /// Exchanges one token for another.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`, `invalid_configuration`.
    pub fn token_exchange(client: &Registration, authentication: &ClientAuthentication, grant: &TokenExchange) -> Result<Self> {
        let mut exchange = Self::token(client, authentication, grant.form()?, false)?;
        let expectation = &mut exchange.flow.context.expectation;
        expectation.scope = grant.scope.clone();
        expectation.kind = RequestKind::TokenExchange;
        expectation.token_exchange = true;
        expectation.issued_token_type = !client.profile.requests.issued_token_type_optional;
        Ok(exchange)
    }

    fn token(client: &Registration, authentication: &ClientAuthentication, form: Form, named: bool) -> Result<Self> {
        let attempt = Attempt::form(client, authentication, token_endpoint(client, authentication)?, form, named)?;
        Ok(Self::new(client, Some(attempt), TokenJudge::default()))
    }

    /// What the answer will be judged against.
    pub fn expectation(&self) -> &Expectation {
        &self.flow.context.expectation
    }

    /// The refresh token that came with the answer, from its arrival on, also where the flow then fails. Store it whatever comes:
    /// the one it replaces is spent, and what follows, such as fetching keys or judging an id_token, can fail. By
    /// [`with_store`](Self::with_store) it comes as a step of its own, before anything else of the answer is judged.
    ///
    /// ```
    /// use samtykke::{ClientAuthentication, Exchange, Profile, Registration, Response, Step};
    /// use samtykke::flow::machine::{Input, Machine, Moment};
    /// use samtykke::protocol::grant::Refresh;
    /// # fn http(_: samtykke::Request) -> Response { Response::new(200, Some("application/json"), r#"{"access_token":"x","token_type":"Bearer","refresh_token":"r1"}"#) }
    /// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    /// let client = Registration::new(profile, "client-1", "https://rp.example/cb")?;
    /// let secret = ClientAuthentication::secret_basic("correct horse");
    /// let mut exchange = Exchange::refresh(&client, &secret, &Refresh::new("r0"))?;
    /// let moment = Moment { now: 1_700_000_000, random: &[7; 32] };
    /// if let Step::Send(request) = exchange.advance(Input::Start, &moment)? {
    ///     exchange.advance(Input::Response(http(request)), &moment)?;
    /// }
    /// assert_eq!(exchange.new_refresh_token().map(|token| token.expose()), Some("r1"));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn new_refresh_token(&self) -> Option<&Secret> {
        self.flow.context.renewed.as_ref()
    }

    /// Demands one of these `acr` values, spaces between them, none for no more than the login did. What the login demanded can be
    /// narrowed, not widened.
    ///
    /// # Errors
    /// `invalid_parameter` where none of them is among those that the login demanded.
    pub fn narrow_acr(&mut self, values: &str) -> Result<()> {
        if values.is_empty() {
            return Ok(());
        }
        let demanded = &mut self.flow.context.id_token.acr_values;
        let mut left = String::new();
        for value in Parts(Some(&self.flow.context.rules.acr_values(values)), b' ')
            .filter(|value| demanded.is_empty() || word(demanded, value.as_bytes()).is_some())
        {
            if !left.is_empty() {
                left.push_str(" ");
            }
            left.push_str(value);
        }
        if left.is_empty() {
            return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected("acrValues: some that the login demanded"));
        }
        *demanded = left;
        self.flow.context.expectation.id_token = true;
        Ok(())
    }
}

impl<T> Exchange<T> {
    /// What the token is for, and further parameters.
    ///
    /// # Errors
    /// `invalid_parameter`, `reserved_parameter`.
    pub fn target(mut self, target: &Target) -> Result<Self> {
        if let Some(attempt) = &mut self.flow.attempt {
            let mut form = Form::new();
            let client = &attempt.client;
            target.push(client.profile.requests.free_resource, &client.client_id, attempt.is_named(), &mut form)?;
            attempt.append(form);
            attempt.claims.extend(target.claims.iter().cloned());
        }
        Ok(self)
    }
}

/// A name for what is sent once, that tells nothing of it.
pub(crate) fn spent_name(issuer: &str, client_id: &str, value: &str) -> String {
    let mut text = String::new();
    for part in [issuer, client_id, value] {
        text.push_str(part);
        text.push_str("\n");
    }
    base64url(&crate::ground::sha256::digest(text.as_bytes()))
}

/// Where tokens come from, when secrets may be sent there.
pub(crate) fn token_endpoint<'a>(client: &'a Registration, authentication: &ClientAuthentication) -> Result<&'a str> {
    let url = client.profile.endpoint("token_endpoint", authentication);
    check_token_endpoint(url, (&client.profile.development).into())?;
    Ok(url)
}

/// Refuses a token endpoint that may not be sent secrets.
pub(crate) fn check_token_endpoint(url: &str, development: Local<'_>) -> Result<()> {
    if endpoint::is_endpoint(url, development) {
        return Ok(());
    }
    let expected = "token_endpoint: an https URL of a public host, no fragment";
    let error = Error::new_expected(&codes::INVALID_CONFIGURATION, expected).at(Phase::Token);
    Err(if !development.is_on() && endpoint::is_local(url) { error.with_hint(endpoint::LOCAL) } else { error })
}

/// The nonce of a token that is about to be judged; nothing for one that cannot be read.
fn nonce_in(token: &str) -> Option<String> {
    let token = Compact::parse(token).ok()?;
    let (claims, _) = Value::parse_claims(core::str::from_utf8(token.payload()).ok()?).ok()?;
    claims.text("nonce").map(String::from)
}

/// Judges the answer of a token endpoint, and the id_token in it.
#[derive(Default)]
pub(crate) struct TokenJudge {
    tokens: Option<Tokens>,
    /// Claims and id_token of the login, at a refresh whose answer has none.
    claims: Option<Claims>,
    id_token: Option<Secret>,
}

impl Reader for TokenJudge {
    fn answer(&mut self, response: &Response, context: &mut Context) -> Result<()> {
        let tokens = Tokens::judge(response, &context.expectation).map_err(|error| context.end_with(error, response))?;
        context.id_token.access_token = Some(tokens.access_token.clone());
        if tokens.id_token.is_none() {
            self.claims = context.id_token.refresh_of.clone();
            self.id_token = context.kept.take();
        }
        self.tokens = Some(tokens);
        Ok(())
    }

    fn token(&self) -> Option<&str> {
        Some(self.tokens.as_ref()?.id_token.as_ref()?.expose())
    }

    fn encrypted_token(&self) -> Option<&str> {
        self.token().filter(|token| is_encrypted(token))
    }

    fn set_decrypted(&mut self, token: &str) {
        if let Some(tokens) = &mut self.tokens {
            tokens.id_token = Some(Secret::new(token));
        }
    }

    fn take_unverified(&mut self, context: &Context, now: u64) -> Result<Option<Unverified>> {
        let token = self.tokens.as_ref().and_then(|tokens| tokens.id_token.as_ref());
        let (keyed, rules) = (context.is_keyed(), &context.id_token);
        // At a refresh of a login whose claims nobody kept there is no nonce to compare with, and nobody to be.
        let unknown = context.expectation.refresh_token.is_some() && rules.refresh_of.is_none() && rules.nonce.is_none();
        let refused = unknown && !rules.unchecked && rules.echoed.is_none() && (keyed || (SESSIONS && context.of_session));
        match token {
            Some(_) if refused => Err(Error::new_expected(&codes::CLAIM_REFUSED, "no id_token: the login had none to compare with")),
            // Without the server's keys nothing can be believed: the claims stay unread.
            Some(token) if keyed => {
                let token = token.expose();
                let own = if unknown { nonce_in(token) } else { None };
                let judge = |expectation: &IdTokenExpectation<'_>| {
                    let nonce = own.as_deref().or(expectation.nonce);
                    id_token::check(token, &IdTokenExpectation { nonce, ..*expectation }, now)
                };
                rules.with_expectation(judge).map(Some)
            }
            Some(_) if context.expectation.id_token => Err(unkeyed_error()),
            _ => Ok(None),
        }
    }
}

impl Judge<Tokens> for TokenJudge {
    fn reader(&mut self) -> &mut dyn Reader {
        self
    }

    fn finish(&mut self, claims: Option<Claims>, _: u64) -> Result<Tokens> {
        let mut tokens = self.tokens.take().ok_or_else(used_error)?;
        if tokens.id_token.is_none() {
            (tokens.id_token, tokens.claims) = (self.id_token.take(), self.claims.take());
        } else {
            tokens.claims = claims;
        }
        Ok(tokens)
    }
}
