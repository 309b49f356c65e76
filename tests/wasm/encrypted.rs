//! Tokens that a server encrypted for the client, decrypted by the host's WebCrypto. `encrypted.json` was made by jose
//! (`make_vectors.mjs`); `op.mjs` encrypts where it behaves as `encrypted`.

use base64ct::{Base64UrlUnpadded, Encoding};
use samtykke::fetch::{Decrypter, Decrypting, Keys, Transport, WebDecrypter};
use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::flow::step::DecryptRequest;
use samtykke::jose::Encryption;
use samtykke::jose::Signer;
use samtykke::protocol::id_token::claims::Claims;
use samtykke::signer::p256::P256Key;
use samtykke::{Exchange, Profile, Registration, Step};
use serde_json::Value;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::bound::{CLIENT_KEY, at};

fn vectors() -> Value {
    serde_json::from_str(include_str!("encrypted.json")).unwrap()
}

/// The keys of these ids.
async fn decrypter(vectors: &Value, ids: &[&str]) -> WebDecrypter {
    let keys: Vec<_> = ids.iter().map(|id| vectors["keys"][id].to_string()).collect();
    WebDecrypter::from_jwks(&keys.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap()
}

/// What the core asks to have decrypted of a token.
fn asked(vectors: &Value, token: &str) -> DecryptRequest {
    let moment = Moment { now: vectors["now"].as_u64().unwrap(), random: &[7; 32] };
    match Exchange::<Claims>::id_token(&registered(), token).advance(Input::Start, &moment) {
        Ok(Step::Decrypt(request)) => request,
        other => panic!("nothing to decrypt: {:?}", other.map(|_| ())),
    }
}

/// A client that is registered for tokens which are encrypted.
fn registered() -> Registration {
    let mut profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    profile.endpoints.jwks_uri = Some("https://op.example/jwks".into());
    profile.requests.encryption = Some(Encryption::new(&["RSA-OAEP-256", "ECDH-ES"], &["A256GCM", "A128CBC-HS256"]).unwrap());
    Registration::new(profile, "client-1", "https://rp.example/cb").unwrap()
}

#[wasm_bindgen_test]
async fn each_algorithm_with_each_encoding_and_curve() {
    let vectors = vectors();
    let all = decrypter(&vectors, &["rsa", "P-256", "P-384", "P-521"]).await;
    let inner = vectors["inner"].as_str().unwrap();
    let tokens = vectors["tokens"].as_array().unwrap();
    assert_eq!(tokens.len(), 8);
    for one in tokens {
        let request = asked(&vectors, one["token"].as_str().unwrap());
        let place = format!("{} {} {}", request.alg, request.enc, one["kid"]);
        let own = decrypter(&vectors, &[one["kid"].as_str().unwrap()]).await;
        for decrypter in [&all, &own] {
            assert_eq!(decrypter.decrypt(&request).await.unwrap().expose(), inner, "{place}");
        }
        assert!(!format!("{all:?}").contains("kty"));
    }
}

#[wasm_bindgen_test]
async fn a_decrypter_that_never_ends_is_waited_for_as_long_as_a_request() {
    struct Never;
    impl Decrypter for Never {
        fn decrypt<'a>(&'a self, _: &'a DecryptRequest) -> Decrypting<'a> {
            Box::pin(core::future::pending())
        }
    }
    let vectors = vectors();
    let mut verification = Exchange::<Claims>::id_token(&registered(), vectors["tokens"][0]["token"].as_str().unwrap());
    let keys = Keys::new().decrypter(&Never);
    assert_eq!(Transport::new().timeout(1).drive(&mut verification, &keys).await.unwrap_err().code(), "timeout");
}

#[wasm_bindgen_test]
async fn whatever_is_wrong_with_a_token_is_nothing() {
    let vectors = vectors();
    let all = decrypter(&vectors, &["rsa", "P-256", "P-384", "P-521"]).await;
    for one in vectors["tokens"].as_array().unwrap() {
        let token = one["token"].as_str().unwrap();
        // Another header is another additional data; each other part has an octet that is not the sender's.
        for part in 0..5 {
            let mut parts: Vec<_> = token.split('.').map(String::from).collect();
            if part == 1 && one["alg"] == "ECDH-ES" {
                parts[1] = "AAAA".into();
            } else if part == 0 {
                let (alg, enc, kid) = (&one["alg"], &one["enc"], &one["kid"]);
                let epk = if alg == "ECDH-ES" { format!(r#","epk":{}"#, vectors["keys"][kid.as_str().unwrap()]) } else { String::new() };
                let header = format!(r#"{{"alg":{alg},"enc":{enc},"kid":{kid}{epk}}}"#);
                parts[0] = Base64UrlUnpadded::encode_string(header.as_bytes());
            } else {
                let first = if parts[part].starts_with('A') { "B" } else { "A" };
                parts[part].replace_range(..1, first);
            }
            let request = asked(&vectors, &parts.join("."));
            assert!(all.decrypt(&request).await.is_none(), "{} {}, part {part}", one["alg"], one["enc"]);
        }
        // A key that it is not for.
        let other = if one["kid"] == "P-256" { "P-384" } else { "P-256" };
        assert!(decrypter(&vectors, &[other]).await.decrypt(&asked(&vectors, token)).await.is_none());
    }
}

#[wasm_bindgen_test]
async fn keys_that_decrypt_nothing_are_refused() {
    let vectors = vectors();
    let key = |id: &str, change: fn(&mut Value)| {
        let mut key = vectors["keys"][id].clone();
        change(&mut key);
        key.to_string()
    };
    let refused = [
        key("P-256", |key| key["d"] = Value::Null),
        key("P-256", |key| key["use"] = "sig".into()),
        key("P-256", |key| key["crv"] = "P-192".into()),
        key("rsa", |key| key["kty"] = "oct".into()),
        "{}".into(),
    ];
    for jwk in &refused {
        assert_eq!(WebDecrypter::from_jwks(&[jwk]).await.unwrap_err().code(), "key_refused", "{jwk}");
    }
    assert_eq!(WebDecrypter::from_jwks(&[]).await.unwrap_err().code(), "key_refused");
    // Whether numbers are a key is the host's to say: WebKit imports some that others refuse.
    for jwk in [key("P-256", |key| key["x"] = key["y"].clone()), key("rsa", |key| key["n"] = "AQAB".into())] {
        if let Err(error) = WebDecrypter::from_jwks(&[&jwk]).await {
            assert_eq!(error.code(), "key_refused", "{jwk}");
        }
    }
}

#[wasm_bindgen_test]
async fn a_login_whose_id_token_comes_encrypted() {
    let decrypter = decrypter(&vectors(), &["P-256"]).await;
    let mut party = at("encrypted");
    party.encrypted();
    let (key, dpop) = (P256Key::from_jwk(CLIENT_KEY).unwrap(), P256Key::from_random(&[9; 32]).unwrap());
    let keys = Keys::new().client(&key).dpop(&dpop);
    let tokens = party.tokens_by(&keys.decrypter(&decrypter), dpop.info()).await.unwrap();
    assert_eq!(tokens.claims.unwrap().text("sub").as_deref(), Some("ola"));
    // Nobody there who could decrypt it.
    let mut party = at("encrypted");
    party.encrypted();
    assert_eq!(party.tokens_by(&keys, dpop.info()).await.unwrap_err().code(), "decryption_failed");
}
