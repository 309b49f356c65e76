//! What callers store or show: transactions, codes and tokens as their own texts, errors, claims and answers as data, environments.

use samtykke::protocol::id_token::claims::Claims;
use samtykke::protocol::introspection::Introspection;
use samtykke::protocol::token::Expectation;
use samtykke::provider::norskgjeld::{Api, Environment};
use samtykke::{AuthorizationCode, Callback, Response, Secret, Tokens, Transaction};

use crate::flow::{NOW, REDIRECT_URI, begin, client, read};

#[test]
fn what_is_stored_is_opaque_and_has_its_version() {
    let transaction = begin(read()).unwrap().transaction;
    let text = transaction.serialize();
    assert!(text.expose().starts_with("1 "));
    let answer = format!("{REDIRECT_URI}?code=a&state={}", transaction.state());
    let code = Transaction::restore(text.expose()).unwrap().finish(&client(), Callback::Url(&answer), NOW).unwrap();
    let text = code.serialize();
    assert_eq!(AuthorizationCode::restore(text.expose()).unwrap().serialize(), text);
    for newer in [transaction.serialize(), text].map(|text| text.expose().replacen('1', "2", 1)) {
        assert!(Transaction::restore(&newer).is_err() && AuthorizationCode::restore(&newer).is_err(), "{newer}");
    }
}

#[test]
fn tokens_come_back_as_they_were_stored() {
    let body = r#"{"access_token":"a","token_type":"bearer","expires_in":60,"scope":"read","refresh_token":"r","more":{"x":[1]}}"#;
    let mut tokens = Tokens::judge(&Response::new(200, Some("application/json"), body), &Expectation::default()).unwrap();
    tokens.claims = Some(Claims::from_stored(r#"{"sub":"kari","n":1e21}"#).unwrap());
    tokens.id_token = Some(Secret::new("x.y.z"));
    tokens.requested_scope = "read write".into();
    let again = Tokens::restore(tokens.serialize().expose()).unwrap();
    assert_eq!(
        (&again.access_token, &again.refresh_token, &again.id_token),
        (&tokens.access_token, &tokens.refresh_token, &tokens.id_token)
    );
    assert_eq!((again.expires_in, &again.scope, &again.requested_scope), (Some(60), &tokens.scope, &tokens.requested_scope));
    assert_eq!(
        (again.other("more"), again.claims.clone(), again.token_type),
        (tokens.other("more"), tokens.claims.clone(), tokens.token_type)
    );
    let text = tokens.serialize().expose().to_owned();
    for odd in [
        "",
        "1 ",
        "1 {}",
        "1 []",
        &text[2..],
        &text.replacen('1', "2", 1),
        &text.replace(r#""Bearer""#, r#""Basic""#),
        &text.replace("60", "-1"),
    ] {
        assert_eq!(Tokens::restore(odd).unwrap_err().code(), "session_invalid", "{odd}");
    }
    // Where they are to be shown, a call says so; claims are shown as they are.
    let shown = serde_json::to_value(tokens.exposed()).unwrap();
    assert_eq!((&shown["access_token"], &shown["more"]["x"][0], &shown["expires_in"]), (&"a".into(), &1.into(), &60.into()));
    assert!(shown.get("claims").is_none());
    assert_eq!(serde_json::to_string(&tokens.claims).unwrap(), r#"{"sub":"kari","n":1e+21}"#);
}

#[test]
fn an_introspection_is_the_servers_answer() {
    let answer = Response::new(200, Some("application/json"), r#"{"active":true,"scope":["a","b"],"exp":1700000000,"more":null}"#);
    let shown = serde_json::to_value(Introspection::judge(&answer).unwrap()).unwrap();
    assert_eq!((&shown["active"], &shown["scope"], &shown["exp"]), (&true.into(), &"a b".into(), &1_700_000_000.into()));
}

#[test]
fn an_environment_is_the_text_of_a_configuration() {
    use samtykke::provider::{acmidm, altinn, halland, helseid, idporten, maskinporten, selvbetjening};
    fn same<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(environment: T, text: &str) {
        assert_eq!(serde_json::to_value(&environment).unwrap(), text);
        assert_eq!(serde_json::from_value::<T>(text.into()).unwrap(), environment);
        assert!(serde_json::from_str::<T>(r#""http://192.0.2.1/x""#).is_err() && serde_json::from_str::<T>("1").is_err());
    }
    let _ = halland::default_header();
    same(Environment::preprod(), "preprod");
    same(Environment::custom("http://localhost:1", "http://localhost:2").unwrap(), "http://localhost:1 http://localhost:2");
    same(helseid::Environment::production(), "production");
    same(helseid::Environment::custom("http://localhost:1").unwrap(), "http://localhost:1");
    same(acmidm::Environment::ti(), "ti");
    same(acmidm::Environment::custom("https://acm.example/op").unwrap(), "https://acm.example/op");
    same(acmidm::ElysEnvironment::from_name("dao-beta").unwrap(), "dao-beta");
    same(acmidm::ElysEnvironment::custom("http://localhost:1").unwrap(), "http://localhost:1");
    same(idporten::Environment::ansattporten_test(), "ansattporten-test");
    same(idporten::Environment::custom("http://localhost:1").unwrap(), "http://localhost:1");
    same(altinn::Environment::tt02(), "tt02");
    same(selvbetjening::Environment::test(), "test");
    same(maskinporten::Environment::test(), "test");
    same(maskinporten::Environment::test().self_service_at("guide").unwrap(), "test guide");
    let own = maskinporten::Environment::custom("http://localhost:1/", "", "http://localhost:1/api/v1").unwrap();
    same(own, "http://localhost:1/ http://localhost:1/token http://localhost:1/api/v1");
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
