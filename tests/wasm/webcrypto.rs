//! Keys of the host's WebCrypto and signers that take their time, against a server that judges each signature.
//!
//! `op.mjs` is the other side; id_tokens are signed as its path says and verified by the host.

use js_sys::futures::JsFuture;
use js_sys::{Function, Promise, Reflect};
use samtykke::fetch::{AsyncSigner, Keys, Signing, Transport, WebKey};
use samtykke::jose::{Algorithm, Jwk, KeyInfo, Signer, Verifier, thumbprint};
use samtykke::signer::p256::{P256Key, P256Verifier};
use samtykke::{Error, Tokens};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::bound::{CLIENT_KEY, at, refused};

/// The key of the server's client, as PKCS#8.
const CLIENT_PEM: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff
H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp
7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt
-----END PRIVATE KEY-----";

fn alg(name: &str) -> &'static Algorithm {
    Algorithm::from_name(name).unwrap()
}

async fn client_key() -> WebKey {
    WebKey::from_jwk(CLIENT_KEY, alg("ES256")).await.unwrap()
}

/// A key behind a door that opens in its own time.
struct Slow(P256Key);

impl AsyncSigner for Slow {
    fn info(&self) -> &KeyInfo {
        self.0.info()
    }

    fn sign<'a>(&'a self, input: &'a [u8]) -> Signing<'a> {
        Box::pin(async {
            JsFuture::from(Promise::resolve(&JsValue::NULL)).await.unwrap();
            self.0.sign(input)
        })
    }
}

#[wasm_bindgen_test]
async fn a_login_by_keys_that_cannot_be_read_out() {
    let (client, dpop) = (client_key().await, WebKey::generate(alg("ES256")).await.unwrap());
    let mut party = at("good");
    let keys = Keys::new().client_async(&client).dpop_async(&dpop);
    let tokens = party.tokens_by(&keys, dpop.info()).await.unwrap();
    assert_eq!((tokens.token_type.as_str(), tokens.claims.unwrap().text("sub").as_deref()), ("DPoP", Some("ola")));
}

#[wasm_bindgen_test]
async fn a_signer_that_never_ends_is_waited_for_as_long_as_a_request() {
    struct Never(KeyInfo);
    impl AsyncSigner for Never {
        fn info(&self) -> &KeyInfo {
            &self.0
        }

        fn sign<'a>(&'a self, _: &'a [u8]) -> Signing<'a> {
            Box::pin(core::future::pending())
        }
    }
    let never = Never(AsyncSigner::info(&client_key().await).clone());
    let keys = Keys::new().client_async(&never).dpop_async(&never);
    let party = at("good");
    refused("late", party.begun_by(Transport::new().timeout(1), &keys, &never.0).await, "timeout");
    let controller = web_sys::AbortController::new().unwrap();
    Function::new_with_args("controller", "setTimeout(() => controller.abort(), 100)").call1(&JsValue::UNDEFINED, &controller).unwrap();
    refused("ended", party.begun_by(Transport::new().signal(&controller.signal()), &keys, &never.0).await, "aborted");
    assert_eq!(party.asked(["par"]).await, [0], "nothing was sent");
}

#[wasm_bindgen_test]
async fn a_signer_may_take_its_time_and_may_fail() {
    let (client, dpop) = (Slow(P256Key::from_jwk(CLIENT_KEY).unwrap()), P256Key::from_random(&[9; 32]).unwrap());
    let mut party = at("good");
    party.tokens_by(&Keys::new().client_async(&client).dpop(&dpop), dpop.info()).await.unwrap();

    struct Away(KeyInfo);
    impl AsyncSigner for Away {
        fn info(&self) -> &KeyInfo {
            &self.0
        }

        fn sign<'a>(&'a self, _: &'a [u8]) -> Signing<'a> {
            Box::pin(async { Err(Error::new(&samtykke::error::codes::SIGNING_FAILED)) })
        }
    }
    let away = Away(client.info().clone());
    let mut party = at("good");
    refused("away", party.tokens_by(&Keys::new().client_async(&away).dpop(&dpop), dpop.info()).await, "signing_failed");
    assert_eq!(party.asked(["par"]).await, [0]);
}

/// A login whose id_token is signed with an algorithm, verified by the host.
async fn verified(behaviour: &str, name: &str) -> Result<Tokens, Error> {
    let (client, dpop) = (client_key().await, P256Key::from_random(&[9; 32]).unwrap());
    let mut party = at(behaviour);
    party.signed_with(name);
    party.tokens_by(&Keys::new().client_async(&client).dpop(&dpop), dpop.info()).await
}

#[wasm_bindgen_test]
async fn the_host_verifies_what_a_server_signs() {
    for name in ["RS256", "PS256", "ES384"] {
        let tokens = verified(&format!("alg-{name}"), name).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(tokens.claims.unwrap().text("sub").as_deref(), Some("ola"), "{name}");
        refused(name, verified(&format!("alg-{name}-broken"), name).await, "signature_invalid");
    }
    refused("RS256", verified("alg-RS256", "PS256").await, "algorithm_refused");
    refused("good", verified("id-signature", "ES256").await, "signature_invalid");
}

#[wasm_bindgen_test]
async fn signatures_of_the_host_are_those_of_the_algorithm() {
    let key = client_key().await;
    let signature = key.sign(b"input").await.unwrap();
    assert!(P256Verifier.verify(key.info().alg, &key.info().public, b"input", &signature).unwrap());
    for (name, octets) in [("RS256", 384), ("PS512", 384), ("ES384", 96)] {
        let key = WebKey::generate(alg(name)).await.unwrap();
        assert_eq!((key.sign(b"x").await.unwrap().len(), key.info().alg.name), (octets, name));
        assert!(key.info().public.fits(alg(name)) && key.info().kid.is_none());
    }
}

#[wasm_bindgen_test]
async fn no_private_key_is_given_out() {
    let subtle = Reflect::get(&Reflect::get(&js_sys::global(), &"crypto".into()).unwrap(), &"subtle".into()).unwrap();
    let export: Function = Reflect::get(&subtle, &"exportKey".into()).unwrap().unchecked_into();
    let from_pem = WebKey::from_pem(CLIENT_PEM, alg("ES256")).await.unwrap();
    assert_eq!(thumbprint(&from_pem.info().public), thumbprint(&client_key().await.info().public));
    for key in [from_pem, client_key().await, WebKey::generate(alg("ES256")).await.unwrap()] {
        let exported = export.call2(&subtle, &"jwk".into(), key.crypto_keys().0).unwrap();
        assert!(JsFuture::from(Promise::resolve(&exported)).await.is_err());
        assert_eq!(format!("{key:?}"), "WebKey(…)");
        // As a store gives them back.
        let (private, public) = key.crypto_keys();
        let again = WebKey::from_crypto_keys(private.clone(), public.clone(), alg("ES256")).await.unwrap();
        assert_eq!(thumbprint(&again.info().public), thumbprint(&key.info().public));
        let named = again.with(|info| Ok(info.kid("k"))).unwrap();
        assert_eq!(named.info().kid.as_deref(), Some("k"));
    }
}

#[wasm_bindgen_test]
async fn keys_that_are_none_are_refused() {
    let swapped = |from: &str, to: &str| CLIENT_KEY.replace(from, to);
    for (json, name) in [
        (CLIENT_KEY.to_owned(), "RS256"),
        (CLIENT_KEY.to_owned(), "ES384"),
        (swapped("\"d\"", "\"none\""), "ES256"),
        (swapped("jpsQ", "jpsR"), "ES256"),
        (swapped("x_FE", "x_FF"), "ES256"),
        (swapped("{", r#"{"use":"enc","#), "ES256"),
        (String::from("{}"), "ES256"),
        (String::from("none"), "ES256"),
    ] {
        refused(name, WebKey::from_jwk(&json, alg(name)).await, "key_refused");
    }
    for pem in
        ["", CLIENT_PEM.trim_start_matches('-'), &CLIENT_PEM.replace("PRIVATE KEY", "PUBLIC KEY"), &format!("{CLIENT_PEM}\n{CLIENT_PEM}")]
    {
        refused("PEM", WebKey::from_pem(pem, alg("ES256")).await, "key_refused");
    }
    refused("PEM", WebKey::from_pem(CLIENT_PEM, alg("RS256")).await, "key_refused");
    // A pair whose halves are of two keys, and one that any script could read.
    let (one, other) = (client_key().await, WebKey::generate(alg("ES256")).await.unwrap());
    let (private, public) = (one.crypto_keys().0.clone(), other.crypto_keys().1.clone());
    refused("halves", WebKey::from_crypto_keys(private, public.clone(), alg("ES256")).await, "key_refused");
    refused("no pair", WebKey::from_crypto_keys(JsValue::NULL, public, alg("ES256")).await, "key_refused");
    let make = "return crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])";
    let pair = JsFuture::from(Promise::resolve(&Function::new_no_args(make).call0(&JsValue::NULL).unwrap())).await.unwrap();
    let half = |name: &str| Reflect::get(&pair, &name.into()).unwrap();
    refused("readable", WebKey::from_crypto_keys(half("privateKey"), half("publicKey"), alg("ES256")).await, "key_refused");
    assert!(Jwk::parse(CLIENT_KEY).is_err());
}

#[wasm_bindgen_test]
async fn a_host_without_webcrypto_is_an_error() {
    // Where a page's origin is not secure there is no `subtle`; here it is looked for on an object that has none.
    let global = js_sys::global();
    let real = Reflect::get(&global, &"crypto".into()).unwrap();
    let hide = "Object.defineProperty(globalThis, 'crypto', { value, configurable: true, writable: true })";
    let set = Function::new_with_args("value", hide);
    set.call1(&JsValue::NULL, &js_sys::Object::new()).unwrap();
    let outcome = WebKey::generate(alg("ES256")).await;
    set.call1(&JsValue::NULL, &real).unwrap();
    refused("no crypto", outcome, "key_refused");
    let _ = Transport::new();
}
