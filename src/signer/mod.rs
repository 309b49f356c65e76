//! Keys kept in software, behind features: a signer for each, and verifiers.
//!
//! RFC 7515 section 5, RFC 7517 section 9.3, RFC 5208 (PKCS#8). A shell of the core, which itself holds no private key.
//! Refuses encrypted and older key files, and keys whose public and private halves do not belong together.

#[cfg(feature = "jose-jwk")]
mod jwk;
#[cfg(all(feature = "native-crypto", not(target_arch = "wasm32")))]
pub mod native;
#[cfg(feature = "p256")]
pub mod p256;

#[cfg(any(feature = "p256", all(feature = "native-crypto", not(target_arch = "wasm32"))))]
mod private {
    use alloc::vec::Vec;

    use zeroize::Zeroizing;

    use crate::ground::error::{Error, Result, codes};
    use crate::ground::json::Value;
    use crate::ground::text::base64url_decode;
    use crate::jose::der;
    use crate::jose::jwk::Jwk;

    pub(super) fn refused(expected: &'static str) -> Error {
        Error::new(&codes::KEY_REFUSED).expected(expected)
    }

    /// A private key as JSON: its public half, and its private members.
    pub(super) struct Members<'a>(Value<'a>);

    impl<'a> Members<'a> {
        pub(super) fn parse(json: &'a str) -> Result<Self> {
            Value::parse(json).map(Self).ok_or_else(|| refused("one JSON object, no member twice"))
        }

        pub(super) fn public(&self) -> Result<Jwk> {
            Jwk::public_part(&self.0)
        }

        pub(super) fn member(&self, name: &str) -> Result<Zeroizing<Vec<u8>>> {
            let octets = self.0.text(name).and_then(base64url_decode);
            octets.map(Zeroizing::new).ok_or_else(|| refused("a private key with all of its members, as base64url"))
        }
    }

    /// The one PKCS#8 block of a PEM text.
    pub(super) fn pkcs8(pem: &str) -> Result<Zeroizing<Vec<u8>>> {
        let mut blocks = der::blocks(pem)?.into_iter();
        match (blocks.next(), blocks.next()) {
            (Some(der::Block { label: "PRIVATE KEY", der }), None) => Ok(Zeroizing::new(der)),
            _ => Err(refused("PEM of one PRIVATE KEY, unencrypted PKCS#8 (openssl pkcs8 -topk8 -nocrypt)")),
        }
    }

    /// The one PKCS#1 block of a PEM text (RFC 8017 appendix A.1.2).
    #[cfg(all(feature = "native-crypto", not(target_arch = "wasm32")))]
    pub(super) fn pkcs1(pem: &str) -> Option<Zeroizing<Vec<u8>>> {
        let mut blocks = der::blocks(pem).ok()?.into_iter();
        match (blocks.next(), blocks.next()) {
            (Some(der::Block { label: "RSA PRIVATE KEY", der }), None) => Some(Zeroizing::new(der)),
            _ => None,
        }
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
