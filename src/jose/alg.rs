//! The signature algorithms, one row each: nothing below switches on a name.
//!
//! RFC 7518 sections 3.1 to 3.5, RFC 8037 section 3.1; what a row holds is what signing, verifying and key choice need.
//! Refuses every name that is no row, `none` in any spelling first; HMAC only where a caller asks for it by its own function.

use alloc::vec::Vec;

use sha2::Digest;

/// How an algorithm signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Family {
    /// RSASSA-PKCS1-v1_5 (RFC 7518 section 3.3).
    RsaPkcs1,
    /// RSASSA-PSS, salt as long as the hash (RFC 7518 section 3.5).
    RsaPss,
    /// ECDSA, signature R and S side by side (RFC 7518 section 3.4).
    Ecdsa,
    /// EdDSA (RFC 8037 section 3.1).
    EdDsa,
    /// HMAC (RFC 7518 section 3.2).
    Hmac,
}

/// A hash of the SHA-2 family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// The digest of some octets.
    ///
    /// ```
    /// assert_eq!(samtykke::jose::alg::Hash::Sha384.digest(b"abc").len(), 48);
    /// ```
    pub fn digest(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => crate::ground::sha256::digest(octets).into(),
            Self::Sha384 => sha2::Sha384::digest(octets).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(octets).to_vec(),
        }
    }

    /// Octets of a digest.
    pub fn octets(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A row of the algorithm table.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Algorithm {
    /// `alg`, as registered; case-sensitive (RFC 7515 section 4.1.1).
    pub name: &'static str,
    /// How it signs.
    pub family: Family,
    /// `kty` of its keys.
    pub kty: &'static str,
    /// `crv` of its keys; empty for a key type without curves.
    pub crv: &'static str,
    /// The hash inside it; the one of `at_hash` and `c_hash` too (OIDC Core section 3.1.3.6).
    pub hash: Hash,
    /// Octets of a signature, where every key gives the same number; 0 where the key decides.
    pub signature_octets: usize,
}

impl Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, which a client gets that registers no other.
    pub const RS256: &'static Self = &RS256;
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    pub const RS384: &'static Self = &RS384;
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    pub const RS512: &'static Self = &RS512;
    /// RSASSA-PSS with SHA-256.
    pub const PS256: &'static Self = &PS256;
    /// RSASSA-PSS with SHA-384.
    pub const PS384: &'static Self = &PS384;
    /// RSASSA-PSS with SHA-512.
    pub const PS512: &'static Self = &PS512;
    /// ECDSA over P-256 with SHA-256.
    pub const ES256: &'static Self = &ES256;
    /// ECDSA over P-384 with SHA-384.
    pub const ES384: &'static Self = &ES384;
    /// ECDSA over P-521 with SHA-512.
    pub const ES512: &'static Self = &ES512;
    /// EdDSA over Ed25519.
    pub const EDDSA: &'static Self = &EDDSA;

    /// The signature algorithm of a name; `None` for any other, `none` and HMAC among them.
    ///
    /// ```
    /// use samtykke::jose::Algorithm;
    /// assert_eq!(Algorithm::from_name("ES256").unwrap().crv, "P-256");
    /// assert!(Algorithm::from_name("none").is_none() && Algorithm::from_name("HS256").is_none() && Algorithm::from_name("es256").is_none());
    /// ```
    ///
    /// `Ed25519`, the name that says its curve (RFC 9864 section 2.2), is `EdDSA`: one algorithm, written under its older name.
    ///
    /// ```
    /// # use samtykke::jose::Algorithm;
    /// assert_eq!(Algorithm::from_name("Ed25519").unwrap().name, "EdDSA");
    /// ```
    pub fn from_name(name: &str) -> Option<&'static Self> {
        let name = if name == "Ed25519" { "EdDSA" } else { name };
        ALGORITHMS.iter().copied().find(|row| row.name == name)
    }

    /// Whether a name is this algorithm's, or another name of it.
    pub(crate) fn is(&self, name: &str) -> bool {
        Self::from_name(name).is_some_and(|row| core::ptr::eq(row, self))
    }

    /// The HMAC algorithm of a name: for `client_secret_jwt`, never to choose a key that a server published.
    ///
    /// ```
    /// assert!(samtykke::jose::Algorithm::symmetric("HS256").is_some());
    /// ```
    pub fn symmetric(name: &str) -> Option<&'static Self> {
        SYMMETRIC.iter().copied().find(|row| row.name == name)
    }
}

const fn row(name: &'static str, family: Family, kty: &'static str, crv: &'static str, hash: Hash, signature_octets: usize) -> Algorithm {
    Algorithm { name, family, kty, crv, hash, signature_octets }
}

/// The one a client gets that registers none.
pub(crate) static RS256: Algorithm = row("RS256", Family::RsaPkcs1, "RSA", "", Hash::Sha256, 0);
static RS384: Algorithm = row("RS384", Family::RsaPkcs1, "RSA", "", Hash::Sha384, 0);
static RS512: Algorithm = row("RS512", Family::RsaPkcs1, "RSA", "", Hash::Sha512, 0);
static PS256: Algorithm = row("PS256", Family::RsaPss, "RSA", "", Hash::Sha256, 0);
static PS384: Algorithm = row("PS384", Family::RsaPss, "RSA", "", Hash::Sha384, 0);
static PS512: Algorithm = row("PS512", Family::RsaPss, "RSA", "", Hash::Sha512, 0);
static ES256: Algorithm = row("ES256", Family::Ecdsa, "EC", "P-256", Hash::Sha256, 64);
static ES384: Algorithm = row("ES384", Family::Ecdsa, "EC", "P-384", Hash::Sha384, 96);
static ES512: Algorithm = row("ES512", Family::Ecdsa, "EC", "P-521", Hash::Sha512, 132);
static EDDSA: Algorithm = row("EdDSA", Family::EdDsa, "OKP", "Ed25519", Hash::Sha512, 64);

/// Every signature algorithm there is here.
pub static ALGORITHMS: &[&Algorithm] = &[&RS256, &RS384, &RS512, &PS256, &PS384, &PS512, &ES256, &ES384, &ES512, &EDDSA];

/// HMAC with a shared secret, kept apart so that no header can choose it.
pub static SYMMETRIC: &[&Algorithm] = &[
    &row("HS256", Family::Hmac, "oct", "", Hash::Sha256, 32),
    &row("HS384", Family::Hmac, "oct", "", Hash::Sha384, 48),
    &row("HS512", Family::Hmac, "oct", "", Hash::Sha512, 64),
];
