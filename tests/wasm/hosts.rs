//! Hosts as they are: the scope this runs in, and answers that only look like answers. Nothing panics.

use js_sys::{Array, Function, Reflect};
use samtykke::fetch::{self, Transport};
use samtykke::provider::norskgjeld::Api;
use samtykke::{Secret, Tokens};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::AbortController;

use crate::{client_at, code, environment, secret};

/// Exchanges a code by a `fetch` with this body, at a server that does not exist.
async fn by(transport: Transport, body: &str) -> samtykke::Result<Tokens> {
    let client = client_at("https://op.example", "/token");
    transport.fetch(Function::new_with_args("request", body)).exchange(&client, &secret(), code(&client)).await
}

async fn fault(body: &str) -> &'static str {
    by(Transport::new().timeout(1), body).await.unwrap_err().code()
}

const GOOD: &str = r#"{"access_token":"x.y","token_type":"bearer"}"#;

// The server tells the runner which scopes it saw; the runner knows which it asked for.
#[wasm_bindgen_test]
async fn works_in_this_scope() {
    let name = Reflect::get(&js_sys::global(), &"constructor".into()).and_then(|kind| Reflect::get(&kind, &"name".into())).unwrap();
    let (environment, token) = (environment(), Secret::new(format!("scope-{}", name.as_string().unwrap())));
    assert!(fetch::call(Api::new(&environment, &token).debt()).await.is_ok());
}

#[wasm_bindgen_test]
async fn the_options_are_the_safe_ones() {
    let seen = "globalThis.samtykkeSeen = [request.method, request.redirect, request.headers.get('accept'), request.signal instanceof AbortSignal, \
        !('credentials' in Request.prototype) || request.credentials, !('cache' in Request.prototype) || request.cache];";
    let body = format!("{seen} return new Response('{GOOD}', {{ headers: {{ 'content-type': 'application/json' }} }});");
    assert_eq!(by(Transport::new(), &body).await.unwrap().access_token.expose(), "x.y");
    let seen: Array = Reflect::get(&js_sys::global(), &"samtykkeSeen".into()).unwrap().unchecked_into();
    assert_eq!(seen.join(" ").as_string().unwrap(), "POST manual application/json true omit no-store");
}

#[wasm_bindgen_test]
async fn the_global_fetch_is_used_as_it_is_now() {
    let global = js_sys::global();
    let real = Reflect::get(&global, &"fetch".into()).unwrap();
    let body = format!("return Promise.resolve(new Response('{GOOD}', {{ headers: {{ 'content-type': 'application/json' }} }}));");
    Reflect::set(&global, &"fetch".into(), &Function::new_with_args("request", &body)).unwrap();
    let client = client_at("https://op.example", "/token");
    let tokens = fetch::exchange(&client, &secret(), code(&client)).await;
    Reflect::set(&global, &"fetch".into(), &real).unwrap();
    assert_eq!(tokens.unwrap().access_token.expose(), "x.y");
}

#[wasm_bindgen_test]
async fn an_object_that_looks_like_an_answer_is_one() {
    let body = format!(
        "return {{ status: 200, headers: {{ get: (name) => name === 'content-type' ? 'application/json' : null }}, text: async () => '{GOOD}' }};"
    );
    assert_eq!(by(Transport::new(), &body).await.unwrap().access_token.expose(), "x.y");
}

#[wasm_bindgen_test]
async fn what_is_no_answer_is_a_network_error() {
    for body in [
        "return undefined",
        "return null",
        "return 'text'",
        "return Promise.resolve({})",
        "return { status: 'ok' }",
        "return { status: 0, type: 'error' }",
        "return { status: 1e9 }",
        "return { status: 200 }",
        "return { status: 200, headers: {}, body: { getReader: () => ({}) } }",
        "return { status: 200, body: { getReader: () => ({ read: () => Promise.reject(null) }) } }",
        "return { get status() { throw new Error('no') } }",
        "throw new Error('no')",
        "throw undefined",
        "return Promise.reject('no')",
    ] {
        assert_eq!(fault(body).await, "network_error", "{body}");
    }
}

#[wasm_bindgen_test]
async fn followed_redirects_are_refused_too() {
    assert_eq!(fault("return { status: 200, redirected: true, headers: new Headers() }").await, "redirect_refused");
    assert_eq!(fault("return { status: 0, type: 'opaqueredirect' }").await, "redirect_refused");
    assert_eq!(fault("return new Response(null, { status: 307, headers: { location: 'https://op.example/' } })").await, "redirect_refused");
}

#[wasm_bindgen_test]
async fn a_host_that_heeds_no_signal_cannot_hold_the_caller() {
    assert_eq!(fault("return new Promise(() => {})").await, "timeout");
    let endless = "return { status: 200, headers: new Headers(), body: { getReader: () => ({ read: () => new Promise(() => {}) }) } }";
    assert_eq!(fault(endless).await, "timeout");
    let flood = "return { status: 200, headers: new Headers(), body: { getReader: () => ({ read: async () => ({ value: new Uint8Array(65536) }), cancel: () => Promise.reject('no') }) } }";
    assert_eq!(fault(flood).await, "token_response_too_large");
}

#[wasm_bindgen_test]
async fn an_aborted_signal_sends_nothing() {
    let controller = AbortController::new().unwrap();
    controller.abort();
    let error = by(Transport::new().signal(&controller.signal()), "globalThis.samtykkeSent = true").await.unwrap_err();
    assert_eq!(error.code(), "aborted");
    assert!(Reflect::get(&js_sys::global(), &JsValue::from_str("samtykkeSent")).unwrap().is_undefined());
}

#[wasm_bindgen_test]
async fn errors_quote_no_secret() {
    // Hosts quote a header that cannot be sent; the error must not.
    let (environment, token) = (environment(), Secret::new("s3cret\nvalue"));
    let error = fetch::call(Api::new(&environment, &token).debt()).await.unwrap_err();
    assert_eq!(error.code(), "invalid_parameter");
    let thrown = by(Transport::new(), "throw new TypeError('s3cret in a message')").await.unwrap_err();
    let named = by(Transport::new(), "throw { name: 's3cret, with spaces' }").await.unwrap_err();
    for error in [error, thrown, named] {
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
