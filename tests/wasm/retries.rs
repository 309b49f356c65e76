//! API calls: which are tried again, how often, and after what pause.

use js_sys::Date;
use samtykke::error::Phase;
use samtykke::fetch::{self, Transport};
use samtykke::provider::norskgjeld::Api;
use samtykke::{Result, Secret};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::AbortController;

use crate::{counted, environment, key};

/// Asks for a consent's status, which may be repeated, with a token that tells the server how to behave.
async fn status(transport: Transport, token: &str) -> Result<bool> {
    let (environment, token) = (environment(), Secret::new(token));
    transport.call(Api::new(&environment, &token).status("c-1")?).await.map(|status| status.active)
}

#[wasm_bindgen_test]
async fn debt_is_read() {
    let (environment, token) = (environment(), Secret::new(format!("good-{}", key())));
    let debt = fetch::call(Api::new(&environment, &token).debt()).await.unwrap();
    assert_eq!((debt.loans.len(), debt.creditors_missing), (1, Some(0)));
}

#[wasm_bindgen_test]
async fn every_call_has_a_trace_id_the_callers_own_or_a_new_one() {
    let (environment, token) = (environment(), Secret::new(format!("echo-{}", key())));
    let api = Api::new(&environment, &token);
    let of = async |api: Api<'_>| fetch::call(api.debt()).await.unwrap_err().trace_id().map(String::from).unwrap();
    let (first, second) = (of(api).await, of(api).await);
    assert_eq!((first.len(), second.len()), (22, 22));
    assert_ne!(first, second);
    assert_eq!(of(api.trace_id("own-trace")).await, "own-trace");
}

#[wasm_bindgen_test]
async fn a_lookup_is_never_repeated() {
    let (environment, token) = (environment(), Secret::new(format!("flaky-{}", key())));
    let error = Transport::new().retries(5).call(Api::new(&environment, &token).debt()).await.unwrap_err();
    assert_eq!((error.code(), error.status(), error.retryable()), ("api_error", Some(503), false));
    assert_eq!(counted("asked", token.expose()).await, 1);
}

#[wasm_bindgen_test]
async fn a_status_is_asked_again_twice() {
    let token = format!("flaky-{}", key());
    assert!(status(Transport::new(), &token).await.unwrap());
    assert_eq!(counted("asked", &token).await, 3);

    let token = format!("down-{}", key());
    let error = status(Transport::new(), &token).await.unwrap_err();
    assert_eq!((error.code(), error.trace_id(), error.retryable()), ("api_error", Some("t-1"), true));
    assert_eq!(counted("asked", &token).await, 3);

    let token = format!("down-{}", key());
    assert!(status(Transport::new().retries(0), &token).await.is_err());
    assert_eq!(counted("asked", &token).await, 1);
}

#[wasm_bindgen_test]
async fn retry_after_is_heeded() {
    let token = format!("limited-{}", key());
    let start = Date::now();
    assert!(status(Transport::new(), &token).await.unwrap());
    assert!(Date::now() - start >= 990.0, "the server asked for a second");
    assert_eq!(counted("asked", &token).await, 2);
}

#[wasm_bindgen_test]
async fn a_long_retry_after_is_left_to_the_caller() {
    let token = format!("closed-{}", key());
    let error = status(Transport::new(), &token).await.unwrap_err();
    assert_eq!((error.retry_after(), error.retryable()), (Some(3600), true));
    assert_eq!(counted("asked", &token).await, 1);
}

#[wasm_bindgen_test]
async fn a_signal_ends_a_pause() {
    let token = format!("down-{}", key());
    let controller = AbortController::new().unwrap();
    let abort = js_sys::Function::new_with_args("controller", "setTimeout(() => controller.abort(), 100)");
    abort.call1(&wasm_bindgen::JsValue::UNDEFINED, &controller).unwrap();
    let error = status(Transport::new().signal(&controller.signal()), &token).await.unwrap_err();
    assert_eq!((error.code(), error.phase(), error.retryable()), ("aborted", Phase::Api, false));
    assert_eq!(counted("asked", &token).await, 1);
}

#[wasm_bindgen_test]
async fn the_feed_is_read_to_its_end() {
    let (environment, token) = (environment(), Secret::new(format!("good-{}", key())));
    let batch = fetch::read_feed(&Api::new(&environment, &token), 0, 1).await.unwrap();
    let numbers: Vec<_> = batch.events.iter().map(|event| event.sequence_number).collect();
    assert_eq!((numbers, batch.cursor, batch.lost), (vec![3, 5], 5, false));
    let batch = fetch::read_feed(&Api::new(&environment, &token), 1, 500).await.unwrap();
    assert!(batch.lost, "number 2 is not kept any more");
}

#[wasm_bindgen_test]
async fn a_feed_that_stumbles_is_read_all_the_same() {
    let (environment, token) = (environment(), Secret::new(format!("flaky-{}", key())));
    let batch = fetch::read_feed(&Api::new(&environment, &token), 0, 500).await.unwrap();
    assert_eq!((batch.events.len(), batch.cursor), (2, 5));
}
