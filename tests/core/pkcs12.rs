//! PKCS#12 by OpenSSL 3 and 1.1 and by keytool, old and new: key and chain come out as from PEM. tests/vectors/pkcs12/make.sh made the
//! files; tests/js/pkcs12.test.mjs reads the same ones.

use samtykke::jose::{Algorithm, Signer, der};
use samtykke::signer::native::NativeKey;
use samtykke::signer::pkcs12;

const PLAIN: &str = "hunter2-hunter2";

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/vectors/pkcs12/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Each file that is read, with its password.
fn files() -> impl Iterator<Item = (&'static str, String, &'static str)> {
    let forms = ["openssl3", "openssl3-legacy", "openssl11", "keytool", "keytool-legacy"];
    ["rsa", "p256"].into_iter().flat_map(move |kind| {
        forms.map(|form| (kind, format!("{kind}-{form}.p12"), if form == "openssl3" { "grønn-bjørk 7" } else { PLAIN }))
    })
}

#[test]
fn a_key_comes_out_with_its_chain_whoever_wrote_the_file() {
    for (kind, name, password) in files() {
        let pem = pkcs12::read(&file(&name), password).unwrap();
        let alg = Algorithm::from_name(if kind == "rsa" { "RS256" } else { "ES256" }).unwrap();
        let key = NativeKey::from_pem(pem.expose(), alg).unwrap_or_else(|error| panic!("{name}: {error}"));
        let public = der::public_key(&String::from_utf8(file(&format!("{kind}.pub.pem"))).unwrap()).unwrap();
        assert_eq!(key.info().public.required_json(), public.required_json(), "{name}");
        assert_eq!(key.info().x5c.len(), 3, "{name}: its own, its issuer's, the root");
        assert!(key.info().valid.is_some() && !key.sign(b"x").unwrap().is_empty(), "{name}");
        assert!(!format!("{pem:?}").contains("PRIVATE"), "{name}");
    }
}

#[test]
fn another_password_is_an_error_of_its_own() {
    for (_, name, password) in files() {
        for other in ["", "another", &password[1..]] {
            let error = pkcs12::read(&file(&name), other).unwrap_err();
            assert_eq!((error.code(), error.action().as_str()), ("password_refused", "fix_configuration"), "{name}");
        }
    }
}

#[test]
fn any_other_file_is_refused_with_the_command_that_converts_it() {
    for (name, actual) in [
        ("refused-no-mac.p12", "without a MAC"),
        ("refused-camellia.p12", "other"),
        ("refused-rc4.p12", "another scheme"),
        ("refused-rounds.p12", "more rounds"),
    ] {
        let error = pkcs12::read(&file(name), PLAIN).unwrap_err();
        assert_eq!(error.code(), "key_refused", "{name}");
        assert!(error.expected_value().unwrap().contains("openssl pkcs12 -in key.p12 -nodes"), "{name}: {error}");
        assert!(error.actual_value().unwrap().contains(actual), "{name}: {error}");
    }
    let error = pkcs12::read(&file("refused-no-key.p12"), PLAIN).unwrap_err();
    assert_eq!((error.code(), error.actual_value()), ("key_refused", Some("0")));
    // Nor does a damaged file do harm, wherever it is cut off or changed.
    let whole = file("p256-openssl11.p12");
    for at in (0..whole.len()).step_by(97) {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        assert!(pkcs12::read(&whole[..at], PLAIN).is_err() && pkcs12::read(&changed, PLAIN).is_err(), "{at}");
    }
}
