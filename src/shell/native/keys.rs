//! Keys by which the native shell signs and verifies: in memory, or wherever a signer of the caller's keeps them.
//!
//! RFC 7515. The core asks by role; who holds the key decides nothing but how it signs.
//! Refuses to go on without a key that is asked for, and with one that is not what the machine was made with.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::flow::step::{DecryptRequest, KeyRole, SignRequest, VerifyRequest};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::secret::Secret;
use crate::jose::{Algorithm, Jwk, KeyInfo, Verifier};
use crate::shell::native::sending::BoxFuture;

/// Whoever holds a private key and may take its time to sign: a key management service, a hardware module.
///
/// ```
/// use samtykke::native::{AsyncSigner, BoxFuture};
/// # async fn ask_the_module(_: &[u8]) -> samtykke::Result<Vec<u8>> { Ok(Vec::new()) }
/// struct Module;
///
/// impl AsyncSigner for Module {
///     fn sign<'a>(&'a self, input: &'a [u8]) -> BoxFuture<'a, samtykke::Result<Vec<u8>>> {
///         Box::pin(ask_the_module(input)) // for ECDSA the octets of R and S, never DER
///     }
/// }
/// ```
pub trait AsyncSigner: Send + Sync {
    /// Signs octets as its algorithm says: for ECDSA the octets of R and S, never DER.
    ///
    /// # Errors
    /// `signing_failed`.
    fn sign<'a>(&'a self, input: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>>;
}

/// Whoever holds the key for which the server encrypts tokens.
///
/// ```
/// use samtykke::native::{BoxFuture, Decrypter};
/// use samtykke::flow::step::DecryptRequest;
/// use samtykke::Secret;
/// # async fn ask_the_module(_: &str) -> Option<String> { None }
/// struct Module;
///
/// impl Decrypter for Module {
///     fn decrypt<'a>(&'a self, request: &'a DecryptRequest) -> BoxFuture<'a, Option<Secret>> {
///         Box::pin(async move { ask_the_module(request.token.expose()).await.map(Secret::new) })
///     }
/// }
/// ```
pub trait Decrypter: Send + Sync {
    /// What is in the token, by its `alg` and `enc`, which are of those that the client is registered with; `None` for whatever may
    /// be wrong with it: no difference may be seen from outside (RFC 7516 section 11.5).
    fn decrypt<'a>(&'a self, request: &'a DecryptRequest) -> BoxFuture<'a, Option<Secret>>;
}

/// A private key and what is known of it. A cheap clone; `Debug` shows nothing.
#[derive(Clone)]
pub struct SigningKey {
    info: Arc<KeyInfo>,
    holder: Arc<dyn AsyncSigner>,
    /// Made by this process, and gone with it.
    ephemeral: bool,
}

impl core::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// A signer that answers at once.
struct AtOnce<S>(S);

impl<S: crate::jose::Signer + Send + Sync> AsyncSigner for AtOnce<S> {
    fn sign<'a>(&'a self, input: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async move { self.0.sign(input) })
    }
}

impl SigningKey {
    /// A key that somebody else holds.
    pub fn new(info: KeyInfo, holder: impl AsyncSigner + 'static) -> Self {
        Self { info: Arc::new(info), holder: Arc::new(holder), ephemeral: false }
    }

    /// A key of a signer that answers at once.
    pub fn of(signer: impl crate::jose::Signer + Send + Sync + 'static) -> Self {
        Self::new(signer.info().clone(), AtOnce(signer))
    }

    /// A private key from its JWK; the algorithm is the JWK's `alg`, its id the `kid`.
    ///
    /// # Errors
    /// `key_refused`, also for a JWK without `alg`; the text is yours to wipe.
    #[cfg(feature = "aws-lc-rs")]
    pub fn from_jwk(json: &str) -> Result<Self> {
        let alg = crate::ground::json::Value::parse(json).and_then(|key| key.text("alg").and_then(Algorithm::from_name));
        let expected = "a private JWK with `alg`, or from_jwk_for";
        let alg = alg.ok_or_else(|| Error::new(&codes::KEY_REFUSED).expected(expected))?;
        Self::from_jwk_for(json, alg)
    }

    /// A private key from its JWK, to sign with an algorithm that fits it.
    ///
    /// # Errors
    /// `key_refused`.
    #[cfg(feature = "aws-lc-rs")]
    pub fn from_jwk_for(json: &str, alg: &'static Algorithm) -> Result<Self> {
        crate::signer::native::NativeKey::from_jwk(json, alg).map(Self::of)
    }

    /// A private key from PEM: PKCS#8, PKCS#1 or SEC1, with text around it. Certificates in the same text are the key's.
    ///
    /// # Errors
    /// `key_refused`.
    #[cfg(feature = "aws-lc-rs")]
    pub fn from_pem(pem: &str, alg: &'static Algorithm) -> Result<Self> {
        crate::signer::native::NativeKey::from_pem(pem, alg).map(Self::of)
    }

    /// A new key, for this process; RSA of 3072 bits.
    ///
    /// # Errors
    /// `signing_failed` when the system gives no randomness.
    #[cfg(feature = "aws-lc-rs")]
    pub fn generate(alg: &'static Algorithm) -> Result<Self> {
        let key = crate::signer::native::NativeKey::generate(alg).map(Self::of)?;
        Ok(Self { ephemeral: true, ..key })
    }

    /// A new key, and its PEM to be stored encrypted: [`from_pem`](Self::from_pem) reads it. Not for this process alone.
    ///
    /// # Errors
    /// As [`generate`](Self::generate).
    #[cfg(feature = "aws-lc-rs")]
    pub fn generate_stored(alg: &'static Algorithm) -> Result<(Self, Secret)> {
        let key = crate::signer::native::NativeKey::generate(alg)?;
        let pem = key.to_pem()?;
        Ok((Self::of(key), pem))
    }

    /// The key of this name that all processes with this store share, sealed there; the first that asks makes it. For DPoP: what it
    /// binds is worth as long as it is there, so it is kept for `life` from its making, and asked for again before that is over.
    ///
    /// ```
    /// use samtykke::jose::Algorithm;
    /// use samtykke::native::{MemoryStore, SealKeys, SigningKey};
    /// # fn main() -> samtykke::Result<()> {
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let keys: SealKeys = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".parse()?; // 32 octets from your settings
    /// let (store, year) = (MemoryStore::new(), std::time::Duration::from_secs(365 * 86_400));
    /// let one = SigningKey::shared(&store, &keys, "dpop", Algorithm::ES256, year).await?;
    /// let other = SigningKey::shared(&store, &keys, "dpop", Algorithm::ES256, year).await?;
    /// assert_eq!(one.info().public, other.info().public);
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// `store_failed`; `key_refused` for what none of the keys opens; as [`generate`](Self::generate).
    #[cfg(feature = "aws-lc-rs")]
    pub async fn shared(
        store: &dyn crate::shell::native::store::TokenStore,
        keys: &crate::shell::native::seal::SealKeys,
        name: &str,
        alg: &'static Algorithm,
        life: core::time::Duration,
    ) -> Result<Self> {
        let failed = |cause| Error::new(&codes::STORE_FAILED).because(Some(cause));
        let purpose = ["key ", name, " ", alg.name].concat();
        let place = crate::ground::text::base64url(&crate::ground::sha256::digest(purpose.as_bytes()));
        let opened = |text: &Secret| {
            let refused = || Error::new(&codes::KEY_REFUSED).expected("a key that one of the sealing keys opens");
            let pem = keys.open(&purpose, text.expose()).ok_or_else(refused)?;
            Self::from_pem(core::str::from_utf8(&pem).map_err(|_| refused())?, alg)
        };
        if let Some(kept) = store.read(&place).await.map_err(failed)? {
            return opened(&kept.text);
        }
        let (key, pem) = Self::generate_stored(alg)?;
        let sealed = Secret::new(keys.seal(&purpose, pem.expose().as_bytes())?);
        if store.compare_and_set(&place, None, &sealed, life).await.map_err(failed)? {
            return Ok(key);
        }
        // Another process was first.
        let kept = store.read(&place).await.map_err(failed)?;
        opened(&kept.ok_or_else(|| Error::new(&codes::STORE_FAILED))?.text)
    }

    /// The same key under an id.
    #[must_use]
    pub fn with_kid(self, kid: &str) -> Self {
        let info = KeyInfo::clone(&self.info).kid(kid);
        Self { info: Arc::new(info), ..self }
    }

    /// What is known of it; nothing in that is secret.
    pub fn info(&self) -> &KeyInfo {
        &self.info
    }
}

/// The keys of one client, and who verifies what the server signed.
#[derive(Clone, Default)]
pub struct Keys {
    client: Option<SigningKey>,
    dpop: Option<SigningKey>,
    verifier: Option<Arc<dyn Verifier + Send + Sync>>,
    decrypter: Option<Arc<dyn Decrypter>>,
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
    pub fn client(mut self, key: SigningKey) -> Self {
        self.client = Some(key);
        self
    }

    /// Signs DPoP proofs.
    #[must_use]
    pub fn dpop(mut self, key: SigningKey) -> Self {
        self.dpop = Some(key);
        self
    }

    /// Verifies what the server signed; without one, the feature `aws-lc-rs` does, else `p256` (ES256 alone).
    #[must_use]
    pub fn verifier(mut self, verifier: impl Verifier + Send + Sync + 'static) -> Self {
        self.verifier = Some(Arc::new(verifier));
        self
    }

    /// Decrypts what the server encrypts for this client ([`Requests::encryption`](crate::protocol::profile::Requests::encryption)).
    #[must_use]
    pub fn decrypter(mut self, decrypter: impl Decrypter + 'static) -> Self {
        self.decrypter = Some(Arc::new(decrypter));
        self
    }

    pub(crate) async fn decrypt(&self, request: &DecryptRequest) -> Option<Secret> {
        self.decrypter.as_ref()?.decrypt(request).await
    }

    /// The key that tokens are bound to.
    pub fn dpop_info(&self) -> Option<&KeyInfo> {
        self.dpop.as_ref().map(SigningKey::info)
    }

    /// The key that signs for the client.
    pub(crate) fn client_info(&self) -> Option<&KeyInfo> {
        self.client.as_ref().map(SigningKey::info)
    }

    /// Whether tokens are bound to a key that is gone with this process.
    pub(crate) fn is_ephemeral(&self) -> bool {
        self.dpop.as_ref().is_some_and(|key| key.ephemeral)
    }

    pub(crate) async fn sign(&self, request: &SignRequest) -> Result<Vec<u8>> {
        let (key, expected) = match request.key {
            KeyRole::Dpop => (&self.dpop, "a DPoP key of the client's"),
            KeyRole::Client | KeyRole::Object | KeyRole::Grant => (&self.client, "a signing key of the client's"),
        };
        match key {
            Some(key) if key.info.alg == request.alg => key.holder.sign(request.input.as_bytes()).await,
            _ => Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token).expected(expected)),
        }
    }

    pub(crate) fn verify(&self, request: &VerifyRequest) -> Result<bool> {
        self.check(request.alg, &request.key, request.input.as_bytes(), &request.signature)
    }

    fn check(&self, alg: &'static Algorithm, key: &Jwk, input: &[u8], signature: &[u8]) -> Result<bool> {
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
