//! Private keys in PEM as OpenSSL and OpenSSH write them, certificates in any order, and when they are valid.
//!
//! RFC 7468, RFC 5958, RFC 8017 appendix A.1.2, RFC 5915, RFC 8018 section 6.2; the files are those of `tests/js/pem.test.mjs`.

use samtykke::Error;
use samtykke::jose::{Algorithm, Signer, Verifier};
use samtykke::signer::native::{NativeKey, NativeVerifier};
use samtykke::signer::p256::P256Key;

use crate::by_hand::by_hand;

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../vectors/keys/", $name))
    };
}

fn alg(name: &str) -> &'static Algorithm {
    Algorithm::from_name(name).unwrap()
}

fn key(pem: &str, name: &str) -> NativeKey {
    NativeKey::from_pem(pem, alg(name)).unwrap()
}

fn refused(error: Error, found: &str, expected: &str) {
    assert_eq!(error.code(), "key_refused");
    assert!(error.actual_value().unwrap_or_default().contains(found), "{:?}", error.actual_value());
    assert!(error.expected_value().unwrap_or_default().contains(expected), "{:?}", error.expected_value());
}

#[test]
fn every_form_of_a_key_is_the_same_key() {
    for (name, one, other) in [
        ("RS256", file!("rsa.pk8.pem"), file!("rsa.pkcs1.pem")),
        ("PS512", file!("rsa.pk8.pem"), file!("rsa.nodes.pem")),
        ("ES256", file!("ec.pk8.pem"), file!("ec.sec1.pem")),
        ("ES384", file!("ec384.sec1.pem"), file!("ec384.sec1.pem")),
        ("ES512", file!("ec521.sec1.pem"), file!("ec521.sec1.pem")),
        ("EdDSA", file!("ed.pk8.pem"), file!("ed.pk8.pem")),
    ] {
        let (one, other) = (key(one, name), key(other, name));
        assert_eq!(one.info().public, other.info().public, "{name}");
        let signature = other.sign(b"x").unwrap();
        assert!(NativeVerifier.verify(alg(name), &one.info().public, b"x", &signature).unwrap(), "{name}");
    }
    let theirs = key(file!("ec.pk8.pem"), "ES256");
    for pem in [file!("ec.pk8.pem"), file!("ec.sec1.pem")] {
        assert_eq!(P256Key::from_pem(pem).unwrap().info().public, theirs.info().public);
    }
}

#[test]
fn as_secret_managers_and_editors_hand_it_on() {
    for (name, pem) in [("RS256", file!("rsa.pk8.pem")), ("ES256", file!("ec.sec1.pem"))] {
        let public = key(pem, name).info().public.clone();
        for text in [
            pem.replace('\n', "\\n"),
            pem.replace('\n', "\\r\\n"),
            pem.replace('\n', "\\\\n"),
            format!("\"{}\"", pem.replace('\n', "\\n")),
            format!("'{}'", pem.trim()),
            format!("\u{feff}{pem}"),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', " "),
            pem.replace('\n', "\n    "),
            format!("The key of 2026\n{pem}\nand nothing else"),
        ] {
            assert_eq!(key(&text, name).info().public, public, "{}", &text[..60]);
        }
    }
}

#[test]
fn one_text_with_key_certificate_and_chain_in_any_order() {
    let [own, leaf, issuing, root, other] =
        [file!("rsa.pk8.pem"), file!("leaf.pem"), file!("issuing.pem"), file!("root.pem"), file!("other.pem")];
    let base64 = |pem: &str| pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let chain = [leaf, issuing, root].map(base64);
    for parts in [&[own, leaf, issuing, root][..], &[root, issuing, own, leaf], &[other, issuing, leaf, root, own, leaf]] {
        let key = key(&parts.concat(), "RS256");
        assert_eq!(key.info().x5c, chain);
        assert!(key.info().x5t.is_some() && key.info().valid.is_some_and(|(start, end)| start < end));
    }
    assert_eq!(key(file!("rsa.nodes.pem"), "RS256").info().x5c, chain);
    assert_eq!(key(&[own, root, leaf].concat(), "RS256").info().x5c, chain[..1], "what leads nowhere is left out");
    assert!(key(own, "RS256").info().x5c.is_empty());
    for wrong in [[own, other].concat(), [own, root, issuing].concat()] {
        assert_eq!(NativeKey::from_pem(&wrong, alg("RS256")).unwrap_err().code(), "key_refused");
    }
}

#[test]
fn what_is_not_read_says_what_it_is_and_how_to_convert_it() {
    let rsa = |pem: &str| NativeKey::from_pem(pem, alg("RS256")).unwrap_err();
    refused(rsa(file!("rsa.dek.pem")), "DEK-Info", "openssl pkcs8 -topk8 -nocrypt");
    refused(rsa(file!("openssh.pem")), "OPENSSH", "ssh-keygen -p -m PKCS8");
    refused(rsa(file!("leaf.pem")), "none", "openssl pkcs12 -nodes");
    refused(rsa(file!("ec.pk8.pem")), "PRIVATE KEY", "for this algorithm");
    refused(rsa(&[file!("rsa.pk8.pem"), file!("ec.pk8.pem")].concat()), "several", "one private key");
    refused(P256Key::from_pem(file!("ec384.sec1.pem")).unwrap_err(), "EC PRIVATE KEY", "P-256");
    for damaged in ["", "x", &file!("rsa.pk8.pem")[..800], &file!("rsa.pk8.pem").replace('M', "\\")] {
        refused(rsa(damaged), "", "PEM");
    }
}

#[test]
fn an_alg_that_says_the_type_names_none() {
    let pair = key(file!("ec.sec1.pem"), "ES256");
    let jwk = pair.info().public.to_json();
    let with = |alg: &str| samtykke::jose::Jwk::parse(&jwk.replacen('{', &format!(r#"{{"alg":"{alg}","#), 1)).unwrap();
    assert_eq!((with("EC").alg(), with("EC").fits(alg("ES256"))), (None, true));
    assert!(!with("ES384").fits(alg("ES256")) && !with("RSA").fits(alg("ES256")) && with("ES256").fits(alg("ES256")));
}

#[cfg(feature = "encrypted-keys")]
#[test]
fn encrypted_keys() {
    let open = |pem: &str, passphrase: &str| NativeKey::from_encrypted_pem(pem, passphrase.as_bytes(), alg("RS256"));
    let public = key(file!("rsa.pk8.pem"), "RS256").info().public.clone();
    for pem in [
        file!("rsa.hmacWithSHA1.aes-128-cbc.pem"),
        file!("rsa.hmacWithSHA256.aes-128-cbc.pem"),
        file!("rsa.hmacWithSHA256.aes-256-cbc.pem"),
        file!("rsa.hmacWithSHA384.aes-256-cbc.pem"),
        file!("rsa.hmacWithSHA512.aes-256-cbc.pem"),
        file!("rsa.pk8.pem"),
    ] {
        assert_eq!(open(pem, "samtykke").unwrap().info().public, public);
    }
    let ec = P256Key::from_encrypted_pem(file!("ec.encrypted.pem"), b"samtykke").unwrap();
    assert_eq!(ec.info().public, P256Key::from_pem(file!("ec.sec1.pem")).unwrap().info().public);
    let encrypted = file!("rsa.hmacWithSHA256.aes-256-cbc.pem");
    refused(open(encrypted, "other").unwrap_err(), "another one", "passphrase");
    refused(open(encrypted, "").unwrap_err(), "none", "passphrase");
    refused(NativeKey::from_pem(encrypted, alg("RS256")).unwrap_err(), "none", "passphrase");
    refused(open(file!("rsa.rounds.pem"), "samtykke").unwrap_err(), "10000001", "10000000 rounds");
    for pem in [file!("rsa.pbe-3des.pem"), file!("rsa.pbes2-3des.pem"), file!("rsa.scrypt.pem")] {
        refused(open(pem, "samtykke").unwrap_err(), "another scheme", "openssl pkcs8 -topk8 -v2 aes-256-cbc");
    }
}

#[cfg(not(feature = "encrypted-keys"))]
#[test]
fn without_the_feature_an_encrypted_key_names_it() {
    let error = P256Key::from_pem(file!("ec.encrypted.pem")).unwrap_err();
    refused(error, "the feature encrypted-keys", "openssl pkcs8 -topk8 -nocrypt");
}

#[test]
fn a_certificate_out_of_its_time_is_told_with_its_dates_before_any_request() {
    use samtykke::provider::halland;
    use samtykke::{ClientAuthentication, ClientCredentials, Exchange, Registration, Step};
    let client = Registration::new(halland::profile("https://adfs.example/adfs"), "c", "https://app.example/cb").unwrap();
    let info = key(file!("rsa.nodes.pem"), "RS256").info().clone();
    let (start, end) = info.valid.unwrap();
    assert_eq!(start, 1_796_049_681);
    let authentication = ClientAuthentication::private_key_jwt(info);
    let step = |now: i64| {
        let exchange = Exchange::client_credentials(&client, &authentication, &ClientCredentials::new("a")).unwrap();
        by_hand(exchange).step(&[7; 32], u64::try_from(now).unwrap())
    };
    for now in [start, end] {
        assert!(matches!(step(now), Ok(Step::Sign(_))));
    }
    refused(step(start - 1).err().unwrap(), "one from 2026-11-30T14:41:21Z to 2126-", "valid at 2026-11-30T14:41:20Z");
    refused(step(end + 1).err().unwrap(), "one from 2026-11-30T14:41:21Z to 2126-", "valid at 2126-");
}
