//! Keys that sign at once, and who verifies what the server signed.
//!
//! RFC 7515. Refuses to go on without a key that is asked for, and with one that is not what the machine was made with.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::flow::step::{KeyRole, SignRequest, VerifyRequest};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::jose::{KeyInfo, Signer, Verifier};

/// The keys of one client. A cheap clone; `Debug` shows nothing.
#[derive(Clone, Default)]
pub struct Keys {
    client: Option<Arc<dyn Signer + Send + Sync>>,
    dpop: Option<Arc<dyn Signer + Send + Sync>>,
    verifier: Option<Arc<dyn Verifier + Send + Sync>>,
}

impl core::fmt::Debug for Keys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl Keys {
    /// None at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Signs client assertions, request objects and the statements of grants.
    #[must_use]
    pub fn client(mut self, key: impl Signer + Send + Sync + 'static) -> Self {
        self.client = Some(Arc::new(key));
        self
    }

    /// Signs DPoP proofs (RFC 9449).
    #[must_use]
    pub fn dpop(mut self, key: impl Signer + Send + Sync + 'static) -> Self {
        self.dpop = Some(Arc::new(key));
        self
    }

    /// Verifies what the server signed; without one, the feature `aws-lc-rs` does, else `p256` (ES256 alone).
    #[must_use]
    pub fn verifier(mut self, verifier: impl Verifier + Send + Sync + 'static) -> Self {
        self.verifier = Some(Arc::new(verifier));
        self
    }

    /// The key that tokens are bound to.
    pub fn dpop_info(&self) -> Option<&KeyInfo> {
        self.dpop.as_ref().map(|key| key.info())
    }

    pub(super) fn sign(&self, request: &SignRequest) -> Result<Vec<u8>> {
        let (key, expected) = match request.key {
            KeyRole::Dpop => (&self.dpop, "a DPoP key of the client's"),
            KeyRole::Client | KeyRole::Object | KeyRole::Grant => (&self.client, "a signing key of the client's"),
        };
        match key {
            Some(key) if key.info().alg == request.alg => key.sign(request.input.as_bytes()),
            _ => Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token).expected(expected)),
        }
    }

    pub(super) fn verify(&self, request: &VerifyRequest) -> Result<bool> {
        let (alg, key, input, signature) = (request.alg, &request.key, request.input.as_bytes(), &request.signature[..]);
        if let Some(verifier) = &self.verifier {
            return verifier.verify(alg, key, input, signature);
        }
        #[cfg(feature = "aws-lc-rs")]
        return crate::signer::native::NativeVerifier.verify(alg, key, input, signature);
        #[cfg(all(feature = "p256", not(feature = "aws-lc-rs")))]
        return crate::signer::p256::P256Verifier.verify(alg, key, input, signature);
        #[cfg(not(any(feature = "p256", feature = "aws-lc-rs")))]
        {
            let _ = (alg, key, input, signature);
            let expected = "a verifier: the feature aws-lc-rs, or one of your own";
            Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token).expected(expected))
        }
    }
}
