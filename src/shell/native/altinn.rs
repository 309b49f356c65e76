//! Altinn by a client that remembers: a token of its own for one of Maskinporten or ID-porten.
//!
//! docs.altinn.studio; see [`provider::altinn`](crate::provider::altinn). Refuses to send the token anywhere but to the platform.

use crate::ground::error::Result;
use crate::protocol::token::Tokens;
use crate::provider::altinn::TokenExchange;
pub use crate::provider::altinn::{AltinnToken, Environment, Issuer};
use crate::shell::native::client::Client;
use crate::shell::native::keys::Keys;

/// Exchanges a token that this client got for one of Altinn's. It is spent by nothing, so a future that is dropped loses nothing.
///
/// ```no_run
/// use samtykke::native::{Client, altinn};
/// # async fn token(client: &Client, tokens: &samtykke::Tokens) -> samtykke::Result<()> {
/// let token = altinn::exchange(client, &altinn::Environment::tt02(), altinn::Issuer::Maskinporten, tokens).await?;
/// assert!(token.expires_at.is_some());
/// # Ok(()) }
/// ```
///
/// # Errors
/// `invalid_parameter`, `token_invalid`, `api_error`; those of the network.
pub async fn exchange(client: &Client, environment: &Environment, issuer: Issuer, tokens: &Tokens) -> Result<AltinnToken> {
    client.0.driver.drive(&mut TokenExchange::new(environment, issuer, &tokens.access_token)?, &Keys::new()).await
}
