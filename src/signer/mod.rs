//! Keys kept in software, behind features: a signer for each, and verifiers.
//!
//! RFC 7515 section 5, RFC 7517 section 9.3, RFC 5208 (PKCS#8), RFC 8017 appendix A.1.2 (PKCS#1), RFC 5915 (SEC1), RFC 8018
//! section 6.2 (PBES2). A shell of the core, which itself holds no private key.
//! Refuses key files of other forms, saying how to convert them, and keys whose public and private halves do not belong together.

#[cfg(feature = "jose-jwk")]
mod jwk;
#[cfg(all(feature = "aws-lc-rs", not(target_arch = "wasm32")))]
pub mod native;
#[cfg(feature = "p256")]
pub mod p256;
#[cfg(all(feature = "pkcs12", not(target_arch = "wasm32")))]
pub mod pkcs12;

#[cfg(any(feature = "p256", all(feature = "aws-lc-rs", not(target_arch = "wasm32"))))]
mod private {
    use alloc::vec::Vec;

    use zeroize::Zeroizing;

    use crate::ground::error::{Error, Result, codes};
    use crate::ground::json::Value;
    use crate::ground::text::base64url_decode;
    use crate::jose::der;
    use crate::jose::jwk::Jwk;
    use crate::jose::key::KeyInfo;

    pub(super) fn refusal(expected: &'static str) -> Error {
        Error::new(&codes::KEY_REFUSED).expected(expected)
    }

    /// A private key as JSON: its public half, and its private members.
    pub(super) struct Members<'a>(Value<'a>);

    impl<'a> Members<'a> {
        pub(super) fn parse(json: &'a str) -> Result<Self> {
            Value::parse(json).map(Self).ok_or_else(|| refusal("one JSON object, no member twice"))
        }

        pub(super) fn public(&self) -> Result<Jwk> {
            Jwk::public_part(&self.0)
        }

        pub(super) fn member(&self, name: &str) -> Result<Zeroizing<Vec<u8>>> {
            let octets = self.0.text(name).and_then(base64url_decode);
            octets.map(Zeroizing::new).ok_or_else(|| refusal("a private key with all of its members, as base64url"))
        }
    }

    /// A private key of a PEM text, and the certificates beside it.
    pub(super) struct Found {
        /// `PRIVATE KEY` (PKCS#8), `RSA PRIVATE KEY` (PKCS#1, RFC 8017 appendix A.1.2) or `EC PRIVATE KEY` (SEC1, RFC 5915).
        pub(super) label: &'static str,
        pub(super) der: Zeroizing<Vec<u8>>,
        certificates: Vec<Vec<u8>>,
    }

    impl Found {
        /// What is known of the key, with its certificate where the text has one.
        pub(super) fn with_name(&self, info: KeyInfo) -> Result<KeyInfo> {
            if self.certificates.is_empty() { Ok(info) } else { info.with_certificates(&self.certificates) }
        }
    }

    const READ: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
    const OPEN: &str = "a key that is not encrypted; open it: openssl pkcs8 -topk8 -nocrypt -in key.pem";

    /// The one private key of a PEM text, of any form that is read here. `passphrase` opens an encrypted one.
    pub(super) fn read(pem: &str, passphrase: Option<&[u8]>) -> Result<Found> {
        let mut key = None;
        let mut certificates = Vec::new();
        for block in der::blocks(pem)? {
            if block.label == "CERTIFICATE" {
                certificates.push(block.der);
            } else if block.label.ends_with("PRIVATE KEY") {
                let der = Zeroizing::new(block.der);
                if key.replace((block.label, der)).is_some() {
                    return Err(refusal("one private key in the text").actual("several"));
                }
            }
        }
        let Some((label, der)) = key else {
            return Err(refusal("PEM with a private key; of PKCS#12: openssl pkcs12 -nodes -in key.p12 -out key.pem").actual("none"));
        };
        if der.is_empty() {
            return Err(refusal(OPEN).actual("a key in the older encryption (DEK-Info)"));
        }
        if label == "ENCRYPTED PRIVATE KEY" {
            return Ok(Found { label: "PRIVATE KEY", der: opened(&der, passphrase)?, certificates });
        }
        let Some(label) = READ.into_iter().find(|known| *known == label) else {
            let convert = "PKCS#8, PKCS#1 or SEC1; of OPENSSH: ssh-keygen -p -m PKCS8 -f key; of others: openssl pkcs8 -topk8 -nocrypt";
            return Err(refusal(convert).actual(label));
        };
        Ok(Found { label, der, certificates })
    }

    #[cfg(not(feature = "encrypted-keys"))]
    fn opened(_: &[u8], _: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>> {
        Err(refusal(OPEN).actual("ENCRYPTED PRIVATE KEY, which the feature encrypted-keys opens"))
    }

    /// More rounds of PBKDF2 than any tool writes; some seconds of work.
    #[cfg(feature = "encrypted-keys")]
    const MAX_ROUNDS: u32 = 10_000_000;

    /// What encrypted PKCS#8 holds (PBES2, RFC 8018 section 6.2).
    #[cfg(feature = "encrypted-keys")]
    fn opened(der: &[u8], passphrase: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>> {
        use pkcs8::EncryptedPrivateKeyInfo;
        use pkcs8::pkcs5::EncryptionScheme;
        let other = || {
            let expected = "PKCS#8 encrypted by PBES2: PBKDF2 and AES-CBC; convert it: openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem";
            refusal(expected).actual("ENCRYPTED PRIVATE KEY by another scheme")
        };
        let Some(passphrase) = passphrase.filter(|passphrase| !passphrase.is_empty()) else {
            return Err(refusal("the passphrase of the ENCRYPTED PRIVATE KEY").actual("none"));
        };
        let info = EncryptedPrivateKeyInfo::try_from(der).map_err(|_| other())?;
        let EncryptionScheme::Pbes2(scheme) = &info.encryption_algorithm else { return Err(other()) };
        let rounds = scheme.kdf.pbkdf2().ok_or_else(other)?.iteration_count;
        if !(1..=MAX_ROUNDS).contains(&rounds) {
            return Err(refusal("1 to 10000000 rounds of PBKDF2").actual(crate::ground::text::decimal(u64::from(rounds))));
        }
        let wrong = |_| refusal("the passphrase of this ENCRYPTED PRIVATE KEY").actual("another one");
        Ok(Zeroizing::new(info.decrypt(passphrase).map_err(wrong)?.as_bytes().to_vec()))
    }

    /// An uncompressed point as a JWK.
    pub(super) fn point(crv: &str, point: &[u8]) -> Result<Jwk> {
        let mut json = crate::ground::json::Writer::new();
        let coordinates = point.strip_prefix(&[4]).unwrap_or_default();
        let (x, y) = coordinates.split_at_checked(coordinates.len() / 2).unwrap_or_default();
        json.string("kty", "EC").string("crv", crv);
        json.string("x", &crate::ground::text::base64url(x)).string("y", &crate::ground::text::base64url(y));
        Jwk::parse(&json.take())
    }
}
