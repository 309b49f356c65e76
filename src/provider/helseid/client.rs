//! A client of HelseID's: its two keys, and every step by the profile, with no switch to forget.
//!
//! HelseID "Sikkerhetsprofil" (SK2 to SK5, FK5), "DPoP"; the steps are those of [`Exchange`].
//! Refuses keys that HelseID does not take, assertions over 60 seconds, and a profile without the PAR endpoint.

use alloc::string::String;

use super::granted::{GrantedJudge, with_provider_code};
use super::{Granted, LoginRequest, MAX_ASSERTION_LIFETIME, TokenRequest, check_algorithm, enforce};
use crate::flow::exchange::Exchange;
use crate::flow::login::Start;
use crate::ground::error::{Error, Result, codes};
use crate::ground::secret::Secret;
use crate::jose::{KeyInfo, thumbprint};
use crate::protocol::answers::logout::Logout;
use crate::protocol::answers::userinfo::Subject;
use crate::protocol::authorization::request::{Login, RANDOM_OCTETS};
use crate::protocol::authorization::response::AuthorizationCode;
use crate::protocol::client::Registration;
use crate::protocol::client_auth::ClientAuthentication;
use crate::protocol::endpoint;
use crate::protocol::grant::{ClientCredentials, Refresh};
use crate::protocol::id_token::claims::Claims;
use crate::protocol::profile::Profile;
use crate::protocol::token::Tokens;

/// A confidential client. The private keys stay with whoever answers the `Sign` steps; one key may serve as both.
///
/// ```
/// # fn key() -> samtykke::jose::KeyInfo {
/// #     use samtykke::jose::{Algorithm, Jwk, KeyInfo};
/// #     let jwk = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// #     KeyInfo::new(Algorithm::from_name("ES256").unwrap(), Jwk::parse(jwk).unwrap()).unwrap()
/// # }
/// use samtykke::Step;
/// use samtykke::flow::machine::{Input, Machine, Moment};
/// use samtykke::provider::helseid::{self, Environment, HelseId, LoginRequest};
/// let profile = helseid::profile(&Environment::test());
/// let helseid = HelseId::new(profile, "5b1d7b4e", "https://journal.example.no/callback", key(), key())?;
/// let request = LoginRequest::new("openid offline_access helseid://scopes/identity/security_level nhn:phr/mhd/read");
/// let mut login = helseid.login(&request, None, &[7; 96], 1_700_000_000)?;
/// let moment = Moment { now: 1_700_000_000, random: &[7; 32] };
/// assert!(matches!(login.advance(Input::Start, &moment)?, Step::Sign(_)));
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct HelseId {
    client: Registration,
    authentication: ClientAuthentication,
    key: KeyInfo,
    dpop: KeyInfo,
    least: u8,
}

impl HelseId {
    /// A client of an environment. `redirect_uri` is empty for one that no person logs in with. `key` signs assertions and
    /// request objects, `dpop` the proofs. Logins must be of level 4 unless [`security_level`](Self::security_level) says else.
    ///
    /// # Errors
    /// `invalid_configuration`, `algorithm_refused`, `endpoint_missing` for metadata without PAR.
    pub fn new(profile: Profile, client_id: &str, redirect_uri: &str, key: KeyInfo, dpop: KeyInfo) -> Result<Self> {
        let mut profile = enforce(profile);
        if redirect_uri.is_empty() {
            profile.authorization_endpoint = String::new();
        }
        Self::of(Registration::new(profile, client_id, redirect_uri)?, key, dpop)
    }

    /// As [`new`](Self::new), of a client that was judged before.
    pub(crate) fn of(client: Registration, key: KeyInfo, dpop: KeyInfo) -> Result<Self> {
        let client = Registration { profile: enforce(client.profile), ..client };
        check_algorithm(key.alg)?;
        check_algorithm(dpop.alg)?;
        let profile = &client.profile;
        if profile.issuer.ends_with('/') {
            return Err(Error::new_expected(&codes::INVALID_CONFIGURATION, "HelseID's issuer: without a slash at its end"));
        }
        let pushed = profile.endpoint("pushed_authorization_request_endpoint", &ClientAuthentication::None);
        endpoint::check("pushed_authorization_request_endpoint", pushed, (&profile.development).into())?;
        Ok(Self { client, authentication: ClientAuthentication::private_key_jwt(key.clone()), key, dpop, least: 4 })
    }

    /// The level a login must have: 2, 3 or 4; 0 judges none.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn security_level(mut self, least: u8) -> Result<Self> {
        if !matches!(least, 0 | 2..=4) {
            return Err(Error::new_expected(&codes::INVALID_CONFIGURATION, "security level: 2, 3 or 4, or 0 for any"));
        }
        self.least = least;
        Ok(self)
    }

    /// Seconds a client assertion lives: 1 to 60, 30 unless given.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn assertion_lifetime(mut self, seconds: u32) -> Result<Self> {
        if !(1..=MAX_ASSERTION_LIFETIME).contains(&seconds) {
            return Err(Error::new_expected(&codes::INVALID_CONFIGURATION, "lifetime of a client assertion: 1 to 60 seconds"));
        }
        self.client.profile.requests.assertion.lifetime = seconds;
        Ok(self)
    }

    /// The client, for [`Transaction::finish`](crate::Transaction::finish) and what else the core offers.
    pub fn client(&self) -> &Registration {
        &self.client
    }

    /// The key that tokens are bound to.
    pub(super) fn dpop(&self) -> &KeyInfo {
        &self.dpop
    }

    /// How it authenticates.
    pub fn authentication(&self) -> &ClientAuthentication {
        &self.authentication
    }

    /// Begins a login: pushed, with S256, state and nonce, its code bound to the DPoP key. `nonce` is the newest one of
    /// HelseID's ([`dpop::Nonces`](crate::protocol::dpop::Nonces)).
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`; then those of [`Exchange::login`].
    pub fn login(&self, request: &LoginRequest, nonce: Option<&str>, random: &[u8; RANDOM_OCTETS], now: u64) -> Result<Exchange<Login>> {
        let mut start = Start::new().dpop(&self.dpop, nonce);
        if let Some(object) = request.object(&self.key)? {
            start = start.object(object);
        }
        let mut exchange = Exchange::login(&self.client, &self.authentication, request.request(self.least)?, start, random, now)?;
        exchange.flow.context.told = with_provider_code;
        Ok(exchange)
    }

    /// Exchanges a checked code for the tokens of the first audience. The login's level is judged with the id_token.
    ///
    /// # Errors
    /// `invalid_parameter` for details or a scope; then those of [`Exchange::authorization_code`].
    pub fn authorization_code(&self, code: AuthorizationCode, request: &TokenRequest, nonce: Option<&str>) -> Result<Exchange<Granted>> {
        request.check_code()?;
        let asked = String::from(code.scope());
        let exchange = Exchange::authorization_code(&self.client, &self.authentication, code)?;
        self.judge_granted(exchange, request, [&asked, &asked], self.least, nonce)
    }

    /// The tokens of another audience, or for another organisation, with the refresh token of the last answer
    /// ([`Granted::refresh`], or a stored one with the login's scope as [`Refresh::with_granted_scope`]; [`Refresh::of`] alone would bound it
    /// by the last audience's). Use one at a time, and store the one that comes back before anything else.
    ///
    /// # Errors
    /// `invalid_parameter`; then those of [`Exchange::refresh`].
    pub fn refresh(&self, refresh: &Refresh, request: &TokenRequest, nonce: Option<&str>) -> Result<Exchange<Granted>> {
        let refresh = refresh.clone().scope(request.scope.clone());
        let exchange = Exchange::refresh(&self.client, &self.authentication, &refresh)?;
        let asked = refresh.expected_scope();
        let login = refresh.granted.as_deref().unwrap_or(&asked);
        self.judge_granted(exchange, request, [&asked, login], 0, nonce)
    }

    /// A token of the client's own. Ask only when [`TokenCache`](super::TokenCache) has none (FK3).
    ///
    /// # Errors
    /// `invalid_scope` for a person's scope, `invalid_parameter`; then those of [`Exchange::client_credentials`].
    pub fn client_credentials(&self, request: &TokenRequest, nonce: Option<&str>) -> Result<Exchange<Granted>> {
        request.check_machine()?;
        let grant = ClientCredentials::new(request.scope.clone());
        let exchange = Exchange::client_credentials(&self.client, &self.authentication, &grant)?;
        self.judge_granted(exchange, request, [&request.scope, &request.scope], 0, nonce)
    }

    fn judge_granted(
        &self,
        exchange: Exchange<Tokens>,
        request: &TokenRequest,
        [asked, login]: [&str; 2],
        least: u8,
        nonce: Option<&str>,
    ) -> Result<Exchange<Granted>> {
        let mut exchange = exchange.target(&request.target()?)?.dpop(&self.dpop, nonce);
        exchange.flow.context.told = with_provider_code;
        let (thumbprint, resource, asked) = (thumbprint(&self.dpop.public), request.resource.clone(), String::from(asked));
        let login_scope = String::from(login);
        Ok(exchange.map_judge(|tokens| GrantedJudge { tokens, thumbprint, resource, asked, login_scope, least }))
    }

    /// The claims about the person, health personnel details (`helseid://claims/hpr/hpr_details`) among them, compared with
    /// the `sub` of the verified id_token.
    ///
    /// # Errors
    /// `invalid_parameter` without verified claims; then those of [`Exchange::userinfo`].
    pub fn userinfo(&self, tokens: &Tokens, nonce: Option<&str>) -> Result<Exchange<Claims>> {
        let sub = tokens.claims.as_ref().and_then(|claims| claims.text("sub"));
        let Some(sub) = sub else {
            return Err(Error::new_expected(&codes::INVALID_PARAMETER, "tokens of a login, their id_token verified"));
        };
        Ok(Exchange::userinfo(&self.client, &self.authentication, tokens, Subject::Is(&sub), None)?.dpop(&self.dpop, nonce))
    }

    /// Where to send the browser to log the person out: with the newest id_token, without which HelseID asks, and takes no
    /// address to return to.
    ///
    /// # Errors
    /// As [`Logout::url`].
    pub fn logout_url(&self, id_token: &Secret, returns: Option<(&str, &str)>) -> Result<String> {
        let mut logout = Logout { id_token_hint: Some(id_token.clone()), ..Logout::default() };
        if let Some((uri, state)) = returns {
            logout.post_logout_redirect_uri = Some(uri.into());
            logout.state = Some(state.into());
        }
        logout.url(&self.client)
    }
}
