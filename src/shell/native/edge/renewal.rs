//! The renewal of a session's tokens: the core's machine, driven for a client.
//!
//! RFC 6749 section 6, RFC 9700 section 4.14.2. Where what comes is kept, and how turns are taken, is the caller's.
//! Refuses what the machine refuses.

use crate::flow::exchange::Exchange;
use crate::flow::machine::Machine as _;
use crate::flow::session::SessionRenewal;
use crate::ground::error::Result;
use crate::ground::json::Value;
use crate::ground::secret::Secret;
use crate::protocol::dpop::Server;
use crate::protocol::grant::Refresh;
use crate::protocol::token::Tokens;
use crate::shell::native::client::Client;
use crate::shell::native::driver::{Program, Storing};

/// What a renewal brought: a new refresh token, before anything else is judged; then all of the tokens.
#[derive(Clone)]
pub(crate) enum Came {
    RefreshToken(Secret),
    Tokens(Tokens),
}

impl Came {
    /// Reads what the machine hands out to be stored.
    pub(crate) fn read(text: Secret) -> Self {
        let tokens = Value::parse(text.expose()).as_ref().and_then(Tokens::of_members);
        tokens.map_or(Self::RefreshToken(text), Self::Tokens)
    }
}

impl Client {
    /// Renews a session, of which the machine is told `kept`: in turns with all who share it by this name, where they do.
    pub(crate) async fn renew_session(&self, kept: &Secret, name: Option<&str>, store: Storing<'_>, program: Program<'_>) -> Result<()> {
        let this = self.current().await;
        let client = this.clone();
        let asking = move |kept: &str| {
            let grant = Refresh::of(&Tokens::restore(kept)?)?;
            let exchange = Exchange::refresh(&client.0.registration, &client.0.authentication, &grant)?;
            Ok(client.with_keys(client.bound(exchange)))
        };
        let mut renewal = SessionRenewal::new(kept.expose(), asking);
        if let Some(name) = name {
            renewal = renewal.shared(name);
        }
        let inner = &this.0;
        let outcome = inner.driver.drive_with(&mut renewal, &inner.keys, Some(store), &inner.spent, program).await;
        let endpoint = inner.registration.profile().token_endpoint.as_str();
        this.learn(Server::Authorization, endpoint, renewal.nonce(), renewal.known_jwks_at());
        outcome.map(|_| ())
    }
}
