//! PKCS#12 (`.p12`, `.pfx`) as the PEM that the signers read: a private key, its certificate and the chain.
//!
//! RFC 7292; PBES2 (RFC 8018 section 6.2), and the older 3DES and RC2-40 of its appendix C. Reading and decrypting is p12-keystore's.
//! Refuses a file without a MAC, one whose MAC is not the password's, other schemes, and more than a million rounds.

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as Trouble;

use crate::ground::error::{Error, Result, codes};
use crate::ground::secret::Secret;
use crate::ground::text::{base64, decimal};
use crate::jose::der;

const AGAIN: &str = "PKCS#12 in DER by PBES2, 3DES or RC2-40, with a MAC, at most 1000000 rounds; convert it: openssl pkcs12 -in key.p12 -nodes -legacy | openssl pkcs12 -export -out new.p12";

/// The private key of a file as PEM of PKCS#8, its certificates after it, in whatever order they are in the file: for
/// `NativeKey::from_pem`, `P256Signer::from_pem` and [`KeyInfo`](crate::jose::KeyInfo).
///
/// # Errors
/// `password_refused` for another password than the file's; `key_refused`, with the command that converts the file.
///
/// ```no_run
/// use samtykke::signer::pkcs12;
/// # fn password() -> String { String::new() }
/// let file = std::fs::read("enterprise.p12").unwrap();
/// let pem = pkcs12::read(&file, &password())?;
/// # #[cfg(feature = "aws-lc-rs")] {
/// let key = samtykke::signer::native::NativeKey::from_pem(pem.expose(), samtykke::jose::Algorithm::from_name("RS256").unwrap())?;
/// # }
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn read(file: &[u8], password: &str) -> Result<Secret> {
    let refused = |actual: &str| Error::new(&codes::KEY_REFUSED).expected(AGAIN).actual(actual);
    if !der::has_mac(file) {
        return Err(refused("a file without a MAC, or other octets"));
    }
    let archive = Pkcs12Archive::from_pkcs12(file, password).map_err(|trouble| match trouble {
        Trouble::MacError(_) => Error::new(&codes::PASSWORD_REFUSED),
        Trouble::InvalidParameters => refused("more rounds"),
        Trouble::UnsupportedEncryptionScheme | Trouble::UnsupportedMacAlgorithm | Trouble::Pkcs5Error(_) => refused("another scheme"),
        _ => refused("other octets"),
    })?;
    let [key] = &archive.keys[..] else {
        let count = decimal(archive.keys.len() as u64);
        return Err(Error::new(&codes::KEY_REFUSED).expected("one private key in the file").actual(count));
    };
    let mut text = Secret::with_capacity(8192);
    push_block(&mut text, "PRIVATE KEY", key.key.as_der());
    for certificate in &archive.certs {
        push_block(&mut text, "CERTIFICATE", certificate.cert.as_der());
    }
    Ok(text)
}

fn push_block(text: &mut Secret, label: &str, der: &[u8]) {
    let encoded = Secret::new(base64(der));
    for part in ["-----BEGIN ", label, "-----\n", encoded.expose(), "\n-----END ", label, "-----\n"] {
        text.push_str(part);
    }
}
