//! The keys by which the shell signs and verifies: a caller's, in software or elsewhere.
//!
//! RFC 7515. The core asks by role; who holds the key decides nothing but how it signs.
//! Refuses to go on without a key that is asked for, and one that is not what the exchange was made with.

use alloc::vec::Vec;

use super::decrypt::Decrypter;
use super::webcrypto::{self, AsyncSigner};
use crate::Secret;
use crate::flow::step::{DecryptRequest, KeyRole, SignRequest, VerifyRequest};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::jose::{KeyInfo, Signer, Verifier};

/// Signers and a verifier, each where an exchange needs one. Without a verifier the host's WebCrypto verifies.
///
/// A signer that takes its time, such as a KMS or [`WebKey`](super::WebKey), has a place of its own: `client_async`,
/// `dpop_async`, `grant_async`.
///
/// ```no_run,standalone_crate
/// # use samtykke::{ClientAuthentication, ClientCredentials, Exchange, Registration, Result, Tokens, fetch::{Keys, Transport}, jose::Signer};
/// async fn token(client: &Registration, key: &dyn Signer, dpop: &dyn Signer) -> Result<Tokens> {
///     let authentication = ClientAuthentication::private_key_jwt(key.info().clone());
///     let grant = ClientCredentials::new("read");
///     let mut exchange = Exchange::client_credentials(client, &authentication, &grant)?.dpop(dpop.info(), None);
///     Transport::new().drive(&mut exchange, &Keys::new().client(key).dpop(dpop)).await
/// }
/// ```
#[derive(Clone, Copy, Default)]
pub struct Keys<'a> {
    client: Option<Holder<'a>>,
    dpop: Option<Holder<'a>>,
    grant: Option<Holder<'a>>,
    verifier: Option<&'a dyn Verifier>,
    decrypter: Option<&'a dyn Decrypter>,
}

/// Who signs, and whether at once.
#[derive(Clone, Copy)]
enum Holder<'a> {
    Now(&'a dyn Signer),
    Later(&'a dyn AsyncSigner),
}

impl<'a> Holder<'a> {
    fn info(self) -> &'a KeyInfo {
        match self {
            Self::Now(signer) => signer.info(),
            Self::Later(signer) => signer.info(),
        }
    }

    async fn sign(self, input: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::Now(signer) => signer.sign(input),
            Self::Later(signer) => signer.sign(input).await,
        }
    }
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
        self.client = Some(Holder::Now(signer));
        self
    }

    /// As [`client`](Self::client), by a signer that takes its time.
    #[must_use]
    pub fn client_async(mut self, signer: &'a dyn AsyncSigner) -> Self {
        self.client = Some(Holder::Later(signer));
        self
    }

    /// Signs DPoP proofs.
    #[must_use]
    pub fn dpop(mut self, signer: &'a dyn Signer) -> Self {
        self.dpop = Some(Holder::Now(signer));
        self
    }

    /// As [`dpop`](Self::dpop), by a signer that takes its time.
    #[must_use]
    pub fn dpop_async(mut self, signer: &'a dyn AsyncSigner) -> Self {
        self.dpop = Some(Holder::Later(signer));
        self
    }

    /// Signs the statements of a `JwtBearer` grant.
    #[must_use]
    pub fn grant(mut self, signer: &'a dyn Signer) -> Self {
        self.grant = Some(Holder::Now(signer));
        self
    }

    /// As [`grant`](Self::grant), by a signer that takes its time.
    #[must_use]
    pub fn grant_async(mut self, signer: &'a dyn AsyncSigner) -> Self {
        self.grant = Some(Holder::Later(signer));
        self
    }

    /// Verifies id_tokens and signed answers, in place of the host's WebCrypto.
    #[must_use]
    pub fn verifier(mut self, verifier: &'a dyn Verifier) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// Decrypts what the server encrypts for this client ([`Requests::encryption`](crate::protocol::profile::Requests::encryption)).
    #[must_use]
    pub fn decrypter(mut self, decrypter: &'a dyn Decrypter) -> Self {
        self.decrypter = Some(decrypter);
        self
    }

    /// What is known of the key that signs DPoP proofs.
    pub(super) fn dpop_info(&self) -> Option<&'a KeyInfo> {
        self.dpop.map(Holder::info)
    }

    pub(super) async fn sign(&self, request: &SignRequest) -> Result<Vec<u8>> {
        let (holder, expected) = match request.key {
            KeyRole::Client | KeyRole::Object => (self.client, "a signer for the client's key"),
            KeyRole::Dpop => (self.dpop, "a signer for the DPoP key"),
            KeyRole::Grant => (self.grant, "a signer for the grant's key"),
        };
        match holder {
            Some(holder) if holder.info().alg == request.alg => holder.sign(request.input.as_bytes()).await,
            _ => Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token).expected(expected)),
        }
    }

    /// What is in a token; nothing where nobody can decrypt it.
    pub(super) async fn decrypt(&self, request: &DecryptRequest) -> Option<Secret> {
        self.decrypter?.decrypt(request).await
    }

    pub(super) async fn verify(&self, request: &VerifyRequest) -> Result<bool> {
        match self.verifier {
            Some(verifier) => verifier.verify(request.alg, &request.key, request.input.as_bytes(), &request.signature),
            None => webcrypto::verify(request).await,
        }
    }
}
