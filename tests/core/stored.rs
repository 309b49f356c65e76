//! What callers store or show through serde: transactions as their text, errors as data, debt with its person.

use samtykke::provider::norskgjeld::{Api, Environment};
use samtykke::{Callback, Response, Secret, Transaction};

use crate::flow::{NOW, REDIRECT_URI, begin, client, read};

#[test]
fn a_transaction_is_one_text() {
    let transaction = begin(read()).unwrap().transaction;
    let json = serde_json::to_string(&transaction).unwrap();
    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), transaction.serialize().expose());
    let stored: Transaction = serde_json::from_str(&json).unwrap();
    let answer = format!("{REDIRECT_URI}?code=a&state={}", transaction.state());
    assert!(stored.finish(&client(), Callback::Url(&answer), NOW).is_ok());
    for (odd, code) in [("\"\"", "transaction_missing"), ("\"x\"", "transaction_malformed")] {
        assert!(serde_json::from_str::<Transaction>(odd).unwrap_err().to_string().contains(code));
    }
}

#[test]
fn an_error_is_data() {
    let transaction = begin(read()).unwrap().transaction;
    let answer = format!("{REDIRECT_URI}?error=access_denied&error_description=no&state={}", transaction.state());
    let error = transaction.finish(&client(), Callback::Url(&answer), NOW).unwrap_err();
    let json: serde_json::Value = serde_json::to_value(&error).unwrap();
    for (name, value) in [
        ("code", "authorization_error"),
        ("phase", "callback"),
        ("action", "user_declined"),
        ("error", "access_denied"),
        ("error_description", "no"),
    ] {
        assert_eq!(json[name], value);
    }
    assert_eq!((&json["retryable"], &json["status"]), (&false.into(), &serde_json::Value::Null));
    assert_eq!((json["hint"].as_str(), json["doc"].as_str()), (Some(error.hint()), Some(error.doc())));
}

#[test]
fn debt_names_its_person() {
    let (environment, token) = (Environment::preprod(), Secret::new("x.y"));
    let body = r#"{"ssn":"14842249091","loans":[{"creditorName":"A","loan":null}]}"#;
    let debt = Api::new(&environment, &token).debt().finish(&Response::new(200, None, body)).unwrap();
    let json = serde_json::to_value(&debt).unwrap();
    assert_eq!((json["ssn"].as_str(), json["loans"][0]["creditor_name"].as_str()), (Some("14842249091"), Some("A")));
}
