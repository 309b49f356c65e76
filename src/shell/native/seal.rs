//! Sealed values: AES-256-GCM with a list of keys, the first to seal, all to open.
//!
//! docs/formats.md, "Sealed values"; NIST SP 800-38D, RFC 5869. Each kind of value has a key of its own, and the purpose is
//! authenticated with the value, so that one cannot pass for another.
//! Refuses keys that are not 32 octets, and base64url in any but its one spelling.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use zeroize::{Zeroize, Zeroizing};

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::text::{base64url, base64url_decode};
use crate::shell::native::runtime::random;

const VERSION: u8 = 1;
const IV: usize = 12;
const TAG: usize = 16;

/// Keys of 32 octets, newest first. A cheap clone; `Debug` shows nothing.
///
/// ```
/// let keys: samtykke::native::SealKeys = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".parse()?;
/// let sealed = keys.seal("login https://op.example/", b"what nobody may read")?;
/// assert_eq!(keys.open("login https://op.example/", &sealed).unwrap()[..], *b"what nobody may read");
/// assert!(keys.open("session https://op.example/", &sealed).is_none());
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone)]
pub struct SealKeys(Arc<Vec<hkdf::Prk>>);

impl core::fmt::Debug for SealKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SealKeys(…)")
    }
}

impl core::str::FromStr for SealKeys {
    type Err = Error;

    /// Keys as base64url, with spaces or commas between them, newest first.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = |expected: &'static str| Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Session).expected(expected);
        let mut keys = Vec::new();
        for key in text.split([' ', ',', '\n', '\t', '\r']).filter(|key| !key.is_empty()) {
            let key = base64url_decode(key.trim_end_matches('=')).map(Zeroizing::new).filter(|key| key.len() == 32);
            let key = key.ok_or_else(|| wrong("keys of 32 octets as base64url"))?;
            keys.push(hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(&key));
        }
        if keys.is_empty() {
            return Err(wrong("at least one key"));
        }
        Ok(Self(Arc::new(keys)))
    }
}

/// So many octets of a derived key.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// The key of a kind: what stands before a purpose's first space.
fn key(root: &hkdf::Prk, purpose: &str) -> Option<LessSafeKey> {
    let kind = purpose.split(' ').next().unwrap_or_default();
    let info: [&[u8]; 2] = [b"samtykke 1 ", kind.as_bytes()];
    let mut octets = Zeroizing::new([0; 32]);
    root.expand(&info, Length(32)).ok()?.fill(&mut *octets).ok()?;
    UnboundKey::new(&AES_256_GCM, &*octets).ok().map(LessSafeKey::new)
}

impl SealKeys {
    /// Seals octets for a purpose, whose first word has a key of its own.
    ///
    /// # Errors
    /// `invalid_configuration` where the system gives no randomness.
    pub fn seal(&self, purpose: &str, octets: &[u8]) -> Result<String> {
        let none = || Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Session).expected("a key that seals");
        let iv = random::<IV>()?;
        let key = self.0.first().and_then(|root| key(root, purpose)).ok_or_else(none)?;
        let mut sealed = octets.to_vec();
        let nonce = Nonce::assume_unique_for_key(*iv);
        let done = key.seal_in_place_append_tag(nonce, Aad::from(purpose.as_bytes()), &mut sealed);
        if done.is_err() {
            sealed.zeroize();
            return Err(none());
        }
        let mut whole = Vec::with_capacity(sealed.len().saturating_add(IV).saturating_add(1));
        whole.push(VERSION);
        whole.extend_from_slice(&*iv);
        whole.extend_from_slice(&sealed);
        Ok(base64url(&whole))
    }

    /// What was sealed for this purpose by one of the keys.
    pub fn open(&self, purpose: &str, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let whole = base64url_decode(sealed)?;
        let (version, rest) = whole.split_first()?;
        let (iv, rest) = rest.split_at_checked(IV)?;
        if *version != VERSION || rest.len() < TAG {
            return None;
        }
        self.0.iter().find_map(|root| {
            let nonce = Nonce::try_assume_unique_for_key(iv).ok()?;
            let mut octets = Zeroizing::new(rest.to_vec());
            let length = key(root, purpose)?.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut octets).ok()?.len();
            octets.truncate(length);
            Some(octets)
        })
    }
}
