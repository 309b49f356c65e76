//! Token requests against the server: right ones, and answers that are refused. Each is sent exactly once.

use core::future::Future;
use core::task::{Context, Poll, Waker};

use samtykke::error::Phase;
use samtykke::fetch::{self, Transport};
use samtykke::{ClientCredentials, Error};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{client, client_at, code, counted, key, secret};

/// The error of an exchange at an endpoint that behaves so, after checking that the code was sent once.
async fn refused(behaviour: &str) -> Error {
    let key = key();
    let client = client(&format!("/token/{behaviour}?{key}"));
    let error = Transport::new().timeout(1).retries(5).exchange(&client, &secret(), code(&client)).await.unwrap_err();
    assert_eq!(counted("asked", &key).await, 1, "{error}");
    assert_eq!(error.phase(), Phase::Token, "{error}");
    assert!(!error.retryable(), "{error}");
    error
}

#[wasm_bindgen_test]
async fn a_code_becomes_tokens() {
    let client = client("/token/ok");
    let tokens = fetch::exchange(&client, &secret(), code(&client)).await.unwrap();
    assert_eq!(tokens.access_token.expose(), "opaque.token");
    assert_eq!((tokens.expires_in, tokens.scope.as_deref()), (Some(3599), Some("debt.unsecured.presentation")));
}

#[wasm_bindgen_test]
async fn a_client_gets_a_token_of_its_own() {
    let grant = ClientCredentials::new("debt").audience("https://api.example/v1/debt");
    let tokens = fetch::client_credentials(&client("/token/ok"), &secret(), &grant).await.unwrap();
    assert_eq!(tokens.requested_scope, "debt");
}

#[wasm_bindgen_test]
async fn the_servers_error_is_data() {
    let error = refused("denied").await;
    assert_eq!((error.code(), error.status()), ("token_error", Some(400)));
    assert_eq!(error.oauth().unwrap().description.as_deref(), Some("the code was used"));
}

#[wasm_bindgen_test]
async fn a_redirect_is_refused_and_not_followed() {
    assert_eq!(refused("redirect").await.code(), "redirect_refused");
}

#[wasm_bindgen_test]
async fn html_is_refused() {
    assert_eq!(refused("html").await.code(), "content_type_unexpected");
}

#[wasm_bindgen_test]
async fn trouble_does_not_send_a_code_again() {
    assert_eq!(refused("down").await.code(), "http_status_unexpected");
    assert_eq!(refused("octets").await.code(), "token_response_malformed");
    assert_eq!(refused("large").await.code(), "token_response_too_large");
}

#[wasm_bindgen_test]
async fn no_answer_and_half_an_answer_time_out() {
    assert_eq!(refused("slow").await.code(), "timeout");
    assert_eq!(refused("drip").await.code(), "timeout");
}

#[wasm_bindgen_test]
async fn nobody_there_is_a_network_error() {
    // Port 1 is closed, and browsers do not even try it.
    let client = client_at("http://localhost:1", "/token");
    let error = fetch::exchange(&client, &secret(), code(&client)).await.unwrap_err();
    assert_eq!((error.code(), error.phase()), ("network_error", Phase::Token));
    assert!(error.actual_value().unwrap().starts_with("TypeError"), "{error}");
}

#[wasm_bindgen_test]
async fn a_broken_connection_is_a_network_error() {
    // Some browsers repeat a request by themselves when a kept connection breaks, so its number is not judged here.
    let client = client(&format!("/token/reset?{}", key()));
    let error = fetch::exchange(&client, &secret(), code(&client)).await.unwrap_err();
    assert_eq!(error.code(), "network_error");
    assert!(!error.retryable());
}

#[wasm_bindgen_test]
async fn a_dropped_future_ends_its_request() {
    let key = key();
    let client = client(&format!("/token/slow?{key}"));
    {
        let authentication = secret();
        let mut exchange = Box::pin(fetch::exchange(&client, &authentication, code(&client)));
        assert!(matches!(exchange.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
        while counted("asked", &key).await == 0 {}
    }
    while counted("ended", &key).await == 0 {} // without an end the test's own time-out fails it
}
