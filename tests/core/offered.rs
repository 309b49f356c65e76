//! What a server says it takes is heeded before anything is sent; what it does otherwise than it was asked is said.

use samtykke::error::Action;
use samtykke::flow::login::Start;
use samtykke::jose::{Algorithm, Jwk, KeyInfo};
use samtykke::protocol::authorization::jar::RequestObject;
use samtykke::protocol::authorization::transaction::ResponseMode;
use samtykke::protocol::client_auth::PrivateKeyJwt;
use samtykke::protocol::metadata::{Metadata, Policy};
use samtykke::protocol::profile::STANDARD;
use samtykke::{
    AuthorizationRequest, Callback, ClientAuthentication, ClientCredentials, Error, Exchange, Login, Profile, Registration, Response, Step,
};

use crate::by_hand::by_hand;
use crate::flow::{ISSUER, NOW, REDIRECT_URI, finish_as, profile, random, read, refused};

const P256: &str =
    r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;
const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn key(alg: &str) -> KeyInfo {
    let jwk = if alg == "ES256" { P256 } else { ED25519 };
    KeyInfo::new(Algorithm::from_name(alg).unwrap(), Jwk::parse(jwk).unwrap()).unwrap()
}

fn published(more: &str) -> Profile {
    let body = format!(
        r#"{{"issuer":"{ISSUER}","authorization_endpoint":"{ISSUER}/authorize","token_endpoint":"{ISSUER}/token","jwks_uri":"{ISSUER}/jwks"{more}}}"#
    );
    Metadata::judge(&Response::new(200, Some("application/json"), &body), ISSUER, &Policy::default()).unwrap().profile(&STANDARD, false)
}

fn client(profile: Profile) -> Registration {
    Registration::new(profile, "client-1", REDIRECT_URI).unwrap()
}

fn secret() -> ClientAuthentication {
    ClientAuthentication::secret_basic("s")
}

fn login(client: &Registration, start: Start) -> Result<Exchange<Login>, Error> {
    Exchange::login(client, &secret(), read(), start, &random(), NOW)
}

#[test]
fn a_proof_s_algorithm_that_the_server_lacks_is_told_before_anything_is_sent() {
    for (list, alg, fits) in [
        ("", "ES256", true),
        (r#","dpop_signing_alg_values_supported":["ES256","PS256"]"#, "ES256", true),
        (r#","dpop_signing_alg_values_supported":["PS256","RS256"]"#, "ES256", false),
        (r#","dpop_signing_alg_values_supported":["Ed25519"]"#, "EdDSA", true),
        (r#","dpop_signing_alg_values_supported":["ES256"]"#, "EdDSA", false),
    ] {
        let (client, key) = (client(published(list)), key(alg));
        let exchange = Exchange::client_credentials(&client, &secret(), &ClientCredentials::new("read")).unwrap().dpop(&key, None);
        let token = by_hand(exchange).step(&[7; 32], NOW);
        let login = login(&client, Start::new().dpop(&key, None));
        if fits {
            assert!(matches!(token, Ok(Step::Sign(_))) && login.is_ok(), "{list} {alg}");
            continue;
        }
        for (error, phase) in
            [(refused(token, "invalid_configuration"), "token"), (refused(login, "invalid_configuration"), "authorization")]
        {
            assert_eq!((error.action(), error.phase().as_str(), error.actual_value()), (Action::FixConfiguration, phase, Some(alg)));
        }
    }
}

#[test]
fn an_assertion_s_algorithm_that_the_server_lacks_is_told_before_anything_is_sent() {
    let signing = || ClientAuthentication::PrivateKeyJwt(Box::new(PrivateKeyJwt { key: key("EdDSA"), rules: None }));
    for (list, fits) in [("", true), (r#"["RS256","Ed25519"]"#, true), (r#"["RS256","PS256"]"#, false)] {
        let list = if list.is_empty() { String::new() } else { format!(r#","token_endpoint_auth_signing_alg_values_supported":{list}"#) };
        let exchange = Exchange::client_credentials(&client(published(&list)), &signing(), &ClientCredentials::new("read")).unwrap();
        match by_hand(exchange).step(&[7; 32], NOW) {
            Ok(Step::Sign(_)) => assert!(fits),
            Err(error) => assert_eq!((error.code(), error.expected_value(), fits), ("invalid_configuration", Some("RS256 PS256"), false)),
            _ => panic!("nothing is sent"),
        }
    }
}

#[test]
fn a_response_mode_that_the_server_lacks_is_told_before_anything_is_sent() {
    let asked = |modes: &str, mode| {
        let list = if modes.is_empty() { String::new() } else { format!(r#","response_modes_supported":{modes}"#) };
        client(published(&list)).begin(read().response_mode(mode), &random(), NOW)
    };
    assert!(asked("", ResponseMode::FormPost).is_ok());
    assert!(asked(r#"["query","form_post"]"#, ResponseMode::FormPost).is_ok());
    // The query is how a code comes unless something else is asked; a list that forgets it stops nobody.
    assert!(asked(r#"["form_post"]"#, ResponseMode::Query).is_ok());
    assert!(asked(r#"["query","query.jwt"]"#, ResponseMode::Jwt).is_ok());
    for mode in [ResponseMode::FormPost, ResponseMode::Fragment, ResponseMode::Jwt, ResponseMode::FormPostJwt] {
        let error = refused(asked(r#"["query"]"#, mode), "invalid_parameter");
        assert_eq!((error.action(), error.actual_value()), (Action::FixConfiguration, Some(mode.as_str())));
    }
}

#[test]
fn an_answer_by_another_way_says_what_was_asked_and_how_it_came() {
    let client = client(profile());
    let came = |mode, url: &str| finish_as(&client, read().response_mode(mode), &format!("{REDIRECT_URI}{url}"));
    let answer = "code=a&state=STATE";
    for (mode, url, code, found) in [
        (ResponseMode::FormPost, format!("?{answer}"), "callback_malformed", "one in the query"),
        (ResponseMode::Fragment, format!("?{answer}"), "state_missing", "one in the query"),
        (ResponseMode::Fragment, "?error=access_denied".into(), "state_missing", "one in the query"),
        (ResponseMode::Query, format!("#{answer}"), "state_missing", "one in the fragment"),
        (ResponseMode::Query, format!("?lang=nb#{answer}"), "state_missing", "one in the fragment"),
    ] {
        let error = refused(came(mode, &url), code);
        let expected = format!("an answer by {}, the response_mode that was asked for", mode.as_str());
        assert_eq!((error.expected_value(), error.actual_value()), (Some(&*expected), Some(found)), "{url}");
        assert_eq!(error.action(), Action::FixConfiguration);
        assert!(error.hint().contains("response_mode"), "{error}");
    }
    let transaction = client.begin(read(), &random(), NOW).unwrap().transaction;
    let body = format!("code=a&state={}", transaction.state());
    let post = Callback::FormPost { content_type: "application/x-www-form-urlencoded", body: &body };
    assert_eq!(refused(transaction.finish(&client, post, NOW), "callback_malformed").actual_value(), Some("a POST"));
    // Nothing came at all: then it says nothing of ways.
    assert_eq!(refused(came(ResponseMode::Query, ""), "state_missing").actual_value(), None);
    // A signed answer where a plain one was asked, and the other way round.
    assert!(refused(came(ResponseMode::Jwt, "?response=a.b.c"), "callback_malformed").to_string().contains("finish_jarm"));
    let signed = |mode, query: &str| {
        let transaction = client.begin(read().response_mode(mode), &random(), NOW).unwrap().transaction;
        transaction.finish_jarm(&client, Callback::Url(&format!("{REDIRECT_URI}?{query}")), NOW)
    };
    assert_eq!(refused(signed(ResponseMode::QueryJwt, "code=a&state=b"), "callback_malformed").actual_value(), Some("a plain one"));
    assert!(refused(signed(ResponseMode::Query, "response=a.b.c"), "callback_malformed").to_string().contains("goes to finish"));
}

#[test]
fn pushing_is_switched_off_by_name_alone() {
    let mut profile = published(&format!(r#","pushed_authorization_request_endpoint":"{ISSUER}/par""#));
    let pushed = |profile: &Profile| match by_hand(login(&client(profile.clone()), Start::new()).unwrap()).step(&[7; 32], NOW).unwrap() {
        Step::Send(request) => Some(request.url),
        _ => None,
    };
    assert_eq!(pushed(&profile).as_deref(), Some("https://op.example/par"));
    let mut exchange = by_hand(login(&client(profile.clone()), Start::new()).unwrap());
    let Step::Send(_) = exchange.step(&[7; 32], NOW).unwrap() else { panic!("a pushed request") };
    let error = exchange.refusal(Response::new(401, None, ""));
    assert_eq!((error.phase().as_str(), error.action(), error.status()), ("authorization", Action::FixConfiguration, Some(401)));
    assert!(error.hint().contains("pushed authorization request (PAR)") && error.hint().contains("unpushed"), "{error}");
    profile.requests.unpushed = true;
    assert_eq!(pushed(&profile), None);
    profile.requests.pushed = true;
    let error = refused(login(&client(profile), Start::new()), "invalid_configuration");
    assert!(error.to_string().contains("require_pushed_authorization_requests"), "{error}");
}

#[test]
fn response_type_and_scope_stand_beside_a_request_object_on_demand() {
    let front = |object: RequestObject, par: &str| {
        let client = client(published(par));
        let request = AuthorizationRequest::new("openid read").parameter("ui_locales", "nb");
        let mut exchange = by_hand(Exchange::login(&client, &secret(), request, Start::new().object(object), &random(), NOW).unwrap());
        let Step::Sign(_) = exchange.step(&[7; 32], NOW).unwrap() else { panic!("an object to sign") };
        exchange.accept_signature(&[7; 64]);
        match exchange.step(&[7; 32], NOW).unwrap() {
            Step::Done(login) => login.url,
            Step::Send(request) => request.body.unwrap().expose().to_string(),
            _ => panic!("an outcome"),
        }
    };
    let plain = RequestObject::new(key("ES256"));
    assert!(!front(plain.clone(), "").contains("scope="));
    let outer = front(plain.clone().outer_parameters(), "");
    assert!(outer.contains("&request=ey") && outer.ends_with("&response_type=code&scope=openid%20read"), "{outer}");
    assert!(!outer.contains("ui_locales") && !outer.contains("state="), "{outer}");
    let par = format!(r#","pushed_authorization_request_endpoint":"{ISSUER}/par""#);
    assert!(!front(plain.clone(), &par).contains("scope="));
    let pushed = front(plain.outer_parameters(), &par);
    assert!(pushed.starts_with("client_id=client-1&response_type=code&scope=openid%20read&request=ey"), "{pushed}");
}
