//! The keys by which the shell signs and verifies: a caller's, in software or elsewhere.
//!
//! RFC 7515. The core asks by role; who holds the key decides nothing but how it signs.
//! Refuses to go on without a key that is asked for, and one that is not what the exchange was made with.

use alloc::vec::Vec;

use crate::error::{Error, Phase, Result, codes};
use crate::exchange::{KeyRole, SignRequest, VerifyRequest};
use crate::jose::{Signer, Verifier};

/// Signers and a verifier, each where an exchange needs one.
///
/// ```no_run
/// # use samtykke::{Client, ClientAuthentication, ClientCredentials, Exchange, Result, Tokens, fetch::{Keys, Transport}, jose::Signer};
/// async fn token(client: &Client, key: &dyn Signer, dpop: &dyn Signer) -> Result<Tokens> {
///     let authentication = ClientAuthentication::private_key_jwt(key.info().clone());
///     let grant = ClientCredentials::new("read");
///     let mut exchange = Exchange::client_credentials(client, &authentication, &grant)?.dpop(dpop.info(), None);
///     Transport::new().drive(&mut exchange, &Keys::new().client(key).dpop(dpop)).await
/// }
/// ```
#[derive(Clone, Copy, Default)]
pub struct Keys<'a> {
    client: Option<&'a dyn Signer>,
    pub(super) dpop: Option<&'a dyn Signer>,
    grant: Option<&'a dyn Signer>,
    verifier: Option<&'a dyn Verifier>,
}

impl core::fmt::Debug for Keys<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl<'a> Keys<'a> {
    /// None at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Signs client assertions and request objects.
    #[must_use]
    pub fn client(mut self, signer: &'a dyn Signer) -> Self {
        self.client = Some(signer);
        self
    }

    /// Signs DPoP proofs.
    #[must_use]
    pub fn dpop(mut self, signer: &'a dyn Signer) -> Self {
        self.dpop = Some(signer);
        self
    }

    /// Signs the statements of a `JwtBearer` grant.
    #[must_use]
    pub fn grant(mut self, signer: &'a dyn Signer) -> Self {
        self.grant = Some(signer);
        self
    }

    /// Verifies id_tokens and signed answers.
    #[must_use]
    pub fn verifier(mut self, verifier: &'a dyn Verifier) -> Self {
        self.verifier = Some(verifier);
        self
    }

    pub(super) fn sign(&self, request: &SignRequest) -> Result<Vec<u8>> {
        let (signer, expected) = match request.key {
            KeyRole::Client => (self.client, "a signer for the client's key"),
            KeyRole::Dpop => (self.dpop, "a signer for the DPoP key"),
            KeyRole::Grant => (self.grant, "a signer for the grant's key"),
        };
        match signer {
            Some(signer) if signer.info().alg == request.alg => signer.sign(request.input.as_bytes()),
            _ => Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token).expected(expected)),
        }
    }

    pub(super) fn verify(&self, request: &VerifyRequest) -> Result<bool> {
        let missing = || Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token).expected("a verifier for the server's signatures");
        self.verifier.ok_or_else(missing)?.verify(request.alg, &request.key, request.input.as_bytes(), &request.signature)
    }
}
