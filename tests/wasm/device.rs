//! A login on another device: the poll goes on, slows down and ends as the server and the network say (RFC 8628 section 3.5).

use js_sys::{Array, Date, Function, Reflect};
use samtykke::fetch::{Keys, Transport};
use samtykke::flow::device::Device;
use samtykke::protocol::grant::Target;
use samtykke::{ClientAuthentication, Result, Secret, Tokens};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::AbortController;

use crate::{client_at, key};

fn device(expires_in: u32) -> Device {
    Device {
        device_code: Secret::new("d"),
        user_code: "ABCD".into(),
        verification_uri: "https://op.example/d".into(),
        verification_uri_complete: None,
        expires_in,
        interval: 1,
        requested_scope: "read".into(),
        target: Target::new(),
    }
}

/// Polls a server that answers by these lines of JavaScript, one after the other; and when it was asked, in milliseconds.
async fn poll(transport: Transport, device: Device, answers: &[&str]) -> (Result<Tokens>, Vec<f64>) {
    let global = js_sys::global();
    let name = JsValue::from_str(&format!("samtykkePolls{}", key()));
    Reflect::set(&global, &name, &Array::new()).unwrap();
    let cases: String = answers.iter().enumerate().map(|(at, answer)| format!("case {at}: {answer};")).collect();
    let json = "const json = (value, status = 400) => new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } });";
    let body = format!("{json} switch (globalThis.{}.push(Date.now()) - 1) {{ {cases} }}", name.as_string().unwrap());
    let transport = transport.fetch(Function::new_with_args("request", &format!("return (async () => {{ {body} }})();")));
    let client = client_at("https://op.example", "/token");
    let begun = Date::now();
    let outcome = transport.device_tokens(&client, &ClientAuthentication::None, device, &Keys::new()).await;
    let polls: Array = Reflect::get(&global, &name).unwrap().unchecked_into();
    (outcome, polls.iter().map(|time| time.as_f64().unwrap() - begun).collect())
}

const GOOD: &str = "return json({ access_token: 'x.y', token_type: 'Bearer' }, 200)";

#[wasm_bindgen_test]
async fn a_poll_waits_and_outlasts_a_broken_connection() {
    let pending = "return json({ error: 'authorization_pending' })";
    let (tokens, polls) = poll(Transport::new(), device(60), &[pending, "throw new TypeError('no connection')", GOOD]).await;
    assert_eq!(tokens.unwrap().access_token.expose(), "x.y");
    let pauses: Vec<f64> = polls.iter().scan(0.0, |before, time| Some(time - core::mem::replace(before, *time))).collect();
    // Timers may be a little early.
    assert!(pauses.len() == 3 && pauses[0] > 900.0 && pauses[1] > 900.0 && pauses[2] > 1900.0, "{pauses:?}");
}

#[wasm_bindgen_test]
async fn what_the_server_refuses_ends_the_poll() {
    for (error, code) in [("access_denied", "token_error"), ("expired_token", "device_code_expired"), ("invalid_grant", "token_error")] {
        let (outcome, polls) = poll(Transport::new(), device(60), &[&format!("return json({{ error: '{error}' }})")]).await;
        assert_eq!((outcome.unwrap_err().code(), polls.len()), (code, 1), "{error}");
    }
}

#[wasm_bindgen_test]
async fn a_code_that_has_ended_is_not_asked_for() {
    let (outcome, polls) = poll(Transport::new(), device(1), &[GOOD]).await;
    assert_eq!((outcome.unwrap_err().code(), polls.len()), ("device_code_expired", 0));
}

#[wasm_bindgen_test]
async fn a_caller_may_give_up() {
    let controller = AbortController::new().unwrap();
    controller.abort();
    let (outcome, polls) = poll(Transport::new().signal(&controller.signal()), device(60), &[GOOD]).await;
    assert_eq!((outcome.unwrap_err().code(), polls.len()), ("aborted", 0));
}
