//! A token that came by another way than an answer of the token endpoint: an id_token, or a logout token that the server posted.
//!
//! OIDC Core sections 3.1.3.7 and 12.2, OIDC Back-Channel Logout 1.0 section 2.6. Digests, keys and verification are asked for as in
//! an exchange. Refuses to give out a claim before the signature is verified.

use alloc::string::String;

use crate::flow::exchange::Exchange;
use crate::flow::judge::{Context, Judge, Reader, used_error};
use crate::flow::keys::unkeyed_error;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::Response;
use crate::jose::is_encrypted;
use crate::protocol::client::Registration;
use crate::protocol::id_token::claims::{Claims, Unverified};
use crate::protocol::id_token::{self, logout_token};
use crate::protocol::refusal;

impl Exchange<Claims> {
    /// Verifies an id_token. What it must say beside issuer and audience stands in
    /// [`id_token_expectation`](Self::id_token_expectation): nonce, `max_age`, `acr`, what it has hashes of.
    ///
    /// ```
    /// use samtykke::{Exchange, Profile, Registration};
    /// use samtykke::flow::machine::{Input, Machine, Moment};
    /// use samtykke::protocol::id_token::claims::Claims;
    /// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    /// let client = Registration::new(profile, "client-1", "https://rp.example/cb")?;
    /// let token = "eyJhbGciOiJub25lIn0.e30.AAAA"; // {"alg":"none"}
    /// let mut exchange = Exchange::<Claims>::id_token(&client, token).jwks(r#"{"keys":[]}"#);
    /// let moment = Moment { now: 1_700_000_000, random: &[7; 32] };
    /// assert_eq!(exchange.advance(Input::Start, &moment).unwrap_err().code(), "algorithm_refused");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn id_token(client: &Registration, token: impl Into<String>) -> Self {
        Self::new(client, None, TokenCheck { token: token.into(), logout: false })
    }

    /// Verifies a logout token. Remember its `jti` for as long as it is valid, and refuse it the second time; then end the
    /// sessions of `sub` or `sid`.
    pub fn logout_token(client: &Registration, token: impl Into<String>) -> Self {
        Self::new(client, None, TokenCheck { token: token.into(), logout: true })
    }
}

struct TokenCheck {
    token: String,
    logout: bool,
}

impl Reader for TokenCheck {
    fn answer(&mut self, _: &Response, _: &mut Context) -> Result<()> {
        Ok(())
    }

    fn token(&self) -> Option<&str> {
        (!self.logout).then_some(&*self.token)
    }

    fn encrypted_token(&self) -> Option<&str> {
        Some(&*self.token).filter(|token| is_encrypted(token))
    }

    fn set_decrypted(&mut self, token: &str) {
        self.token = token.into();
    }

    fn take_unverified(&mut self, context: &Context, now: u64) -> Result<Option<Unverified>> {
        if self.encrypted_token().is_some() {
            return Err(refusal::encrypted_error(Error::new(&codes::JWS_MALFORMED)).at(if self.logout {
                Phase::Session
            } else {
                Phase::Token
            }));
        }
        if !context.is_keyed() {
            return Err(if self.logout { unkeyed_error().at(Phase::Session) } else { unkeyed_error() });
        }
        let check = if self.logout { logout_token::check } else { id_token::check };
        context.id_token.with_expectation(|expectation| check(&self.token, expectation, now)).map(Some)
    }
}

impl Judge<Claims> for TokenCheck {
    fn reader(&mut self) -> &mut dyn Reader {
        self
    }

    fn finish(&mut self, claims: Option<Claims>, _: u64) -> Result<Claims> {
        claims.ok_or_else(used_error)
    }
}
