//! Keys that hold no value of JavaScript's, so that what holds them goes from thread to thread.
//!
//! RFC 7515, RFC 7517. Refuses a JWK whose halves do not belong together, and to show anything of a key.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::webcrypto::{AsyncSigner, Signing, WebKey};
use crate::Secret;
use crate::ground::error::Result;
use crate::jose::{Algorithm, KeyInfo, Signer};

/// A private key without a value of JavaScript's: one that a signer in Rust holds, or a JWK that WebCrypto signs with, read anew for
/// each signature. A cheap clone, `Send + Sync`; `Debug` shows nothing. A page keeps no client's key: this is for workers, and for
/// DPoP keys.
#[derive(Clone)]
pub struct Key(Arc<Holder>);

enum Holder {
    Signer(Box<dyn Signer + Send + Sync>),
    Jwk { info: KeyInfo, text: Secret },
}

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// A key of a signer that answers at once.
    pub fn of(signer: impl Signer + Send + Sync + 'static) -> Self {
        Self(Arc::new(Holder::Signer(Box::new(signer))))
    }

    /// A private JWK, tried once: its halves belong together, and the host signs with it.
    ///
    /// # Errors
    /// `key_refused`, `algorithm_refused`.
    pub async fn from_jwk(json: &str, alg: &'static Algorithm) -> Result<Self> {
        let info = WebKey::from_jwk(json, alg).await?.info().clone();
        Ok(Self(Arc::new(Holder::Jwk { info, text: Secret::new(json) })))
    }

    /// The same key under an id.
    #[must_use]
    pub fn with_kid(self, kid: &str) -> Self {
        match &*self.0 {
            Holder::Jwk { info, text } => Self(Arc::new(Holder::Jwk { info: info.clone().kid(kid), text: text.clone() })),
            // A signer names itself.
            Holder::Signer(_) => self,
        }
    }

    /// The same key with the certificates of a PEM text, its own first: assertions then name it by them (`x5t`, `x5c`), as AD FS asks.
    ///
    /// # Errors
    /// `key_refused` where the first certificate is not of this key.
    pub fn with_certificates(self, pem: &str) -> Result<Self> {
        match &*self.0 {
            Holder::Jwk { info, text } => Ok(Self(Arc::new(Holder::Jwk { info: info.clone().certificates(pem)?, text: text.clone() }))),
            Holder::Signer(_) => Ok(self),
        }
    }
}

impl AsyncSigner for Key {
    fn info(&self) -> &KeyInfo {
        match &*self.0 {
            Holder::Signer(signer) => signer.info(),
            Holder::Jwk { info, .. } => info,
        }
    }

    fn sign<'a>(&'a self, input: &'a [u8]) -> Signing<'a> {
        Box::pin(async move {
            match &*self.0 {
                Holder::Signer(signer) => signer.sign(input),
                Holder::Jwk { info, text } => WebKey::from_jwk(text.expose(), info.alg).await?.sign(input).await,
            }
        })
    }
}
