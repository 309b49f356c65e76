//! Begin, finish and values for JavaScript: what needs no network.

use js_sys::{Date, Object, Reflect};
use samtykke::provider::norskgjeld::{self, Environment, Loan, Purpose, Scope};
use samtykke::{AuthorizationRequest, Callback, Registration, Transaction, fetch};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{client_at, key};

fn at_example() -> Registration {
    client_at("https://op.example", "/token")
}

fn parameter(url: &str, name: &str) -> String {
    web_sys::Request::new_with_str(url).unwrap(); // the host agrees that it is a URL
    let query = url.split_once('?').unwrap().1;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default().into()
}

#[wasm_bindgen_test]
fn each_login_is_fresh() {
    let names = ["state", "code_challenge", "nonce"];
    let urls = [(); 3].map(|()| fetch::begin(&at_example(), AuthorizationRequest::new("openid read")).unwrap().url);
    for name in names {
        let values = urls.each_ref().map(|url| parameter(url, name));
        assert!(values.iter().all(|value| value.len() == 43), "{name}: {values:?}");
        assert!(values[0] != values[1] && values[1] != values[2] && values[0] != values[2], "{name}: {values:?}");
    }
}

#[wasm_bindgen_test]
fn the_url_is_the_documented_one() {
    let profile = norskgjeld::profile(&Environment::preprod());
    let client = Registration::new(profile, "eksempelbank-client", "https://app.example.no/callback").unwrap();
    let login = fetch::begin(&client, Scope::new(Purpose::Presentation).days(100).unwrap().request()).unwrap();
    let start = "https://access-preprod.norskgjeld.no/oauth2/auth?client_id=eksempelbank-client&response_type=code&scope=debt.unsecured.presentation.100&state=";
    assert!(login.url.starts_with(start), "{}", login.url);
    assert_eq!(parameter(&login.url, "redirect_uri"), "https%3A%2F%2Fapp.example.no%2Fcallback");
    assert_eq!(parameter(&login.url, "code_challenge_method"), "S256");
    assert_eq!(parameter(&login.url, "state"), login.transaction.state());
}

#[wasm_bindgen_test]
fn a_stored_transaction_finishes() {
    let client = at_example();
    let login = fetch::begin(&client, AuthorizationRequest::new("read")).unwrap();
    let kept = String::from(login.transaction.serialize().expose());
    let url = format!("https://app.example.no/callback?code=abc&state={}", login.transaction.state());
    let code = fetch::finish(Transaction::restore(&kept).unwrap(), &client, Callback::Url(&url)).unwrap();
    assert_eq!((code.issuer(), code.scope()), ("https://op.example", "read"));
}

#[wasm_bindgen_test]
fn another_state_is_refused() {
    let client = at_example();
    let login = fetch::begin(&client, AuthorizationRequest::new("read")).unwrap();
    let url = format!("https://app.example.no/callback?code=abc&state={}{}", key(), key());
    let error = fetch::finish(login.transaction, &client, Callback::Url(&url)).unwrap_err();
    assert_eq!(error.code(), "state_mismatch");
}

#[wasm_bindgen_test]
fn time_is_the_hosts() {
    let client = at_example();
    let request = AuthorizationRequest::new("read");
    // Begun two hours ago by the host's clock: expired; and not with a lifetime of three.
    let then = (Date::now() / 1000.0) as u64 - 7200;
    for (lifetime, expected) in [(3600, Some("transaction_expired")), (10_800, None)] {
        let login = client.begin(request.clone().lifetime(lifetime), &[7; 96], then).unwrap();
        let url = format!("https://app.example.no/callback?code=abc&state={}", login.transaction.state());
        let found = fetch::finish(login.transaction, &client, Callback::Url(&url));
        assert_eq!(found.err().map(|error| error.code()), expected);
    }
}

#[wasm_bindgen_test]
fn values_are_plain_objects() {
    let mut loan = Loan::default();
    loan.kind = Some("creditFacility".into());
    let value = fetch::to_js(&loan).unwrap();
    assert!(!value.is_instance_of::<js_sys::Map>());
    assert_eq!(Reflect::get(&value, &"kind".into()).unwrap(), JsValue::from_str("creditFacility"));
    assert!(Reflect::get(&value, &"timestamp".into()).unwrap().is_null());

    let error = samtykke::Error::new(&samtykke::error::codes::STATE_MISMATCH);
    let value = fetch::to_js(&error).unwrap();
    assert!(!value.is_instance_of::<js_sys::Map>(), "an error serialises as a map; here it is an object");
    assert_eq!(Reflect::get(&value, &"code".into()).unwrap(), JsValue::from_str("state_mismatch"));
    assert!(Object::keys(value.unchecked_ref::<Object>()).includes(&"hint".into(), 0));

    assert_eq!(fetch::to_js(&u64::MAX).unwrap_err().code(), "invalid_parameter");
}
