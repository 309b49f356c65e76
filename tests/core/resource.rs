//! Calls of APIs with a token: where it may go, in what, and how often (RFC 6750, RFC 9449 sections 7 and 9).

use crate::by_hand::by_hand;
use crate::encode::base64url_decode;
use samtykke::jose::{Algorithm, Jwk, KeyInfo};
use samtykke::protocol::token::{Expectation, TokenType, Tokens};
use samtykke::{Error, Exchange, Request, Response, Secret, Step};
use serde_json::Value;

use crate::flow::{NOW, client, profile, refused};

const API: &str = "https://api.example";

fn tokens(kind: TokenType) -> Tokens {
    let body = format!(r#"{{"access_token":"tok","token_type":"{}"}}"#, kind.as_str());
    Tokens::judge(&Response::new(200, Some("application/json"), &body), &Expectation { token_type: kind, ..Expectation::default() })
        .unwrap()
}

fn get(url: &str) -> Request {
    Request { method: "GET", url: url.into(), headers: Vec::new(), body: None, repeatable: true }
}

fn call(url: &str, origins: &[&str]) -> Result<Exchange<Response>, Error> {
    Exchange::resource(&client(), &tokens(TokenType::Bearer), origins, get(url))
}

fn key() -> KeyInfo {
    let jwk =
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    KeyInfo::new(Algorithm::from_name("ES256").unwrap(), Jwk::parse(jwk).unwrap()).unwrap()
}

/// The requests that go out while the API gives these answers, and the outcome.
fn play(exchange: Exchange<Response>, answers: &[Response]) -> (Vec<Request>, Result<Response, Error>) {
    let mut exchange = by_hand(exchange);
    let (mut sent, mut left) = (Vec::new(), answers.iter());
    loop {
        let step = match exchange.step(&[7; 32], NOW) {
            Ok(step) => step,
            Err(error) => return (sent, Err(error)),
        };
        match step {
            Step::Sign(_) => exchange.accept_signature(&[1; 64]),
            Step::Send(request) => {
                sent.push(request);
                exchange.receive(left.next().expect("a request too many").clone());
            }
            Step::Done(response) => return (sent, Ok(response)),
            _ => panic!("nothing is verified here"),
        }
    }
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let mut found = request.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
    let value = found.next().map(|(_, value)| value.expose());
    assert!(found.next().is_none(), "{name} twice");
    value
}

fn htu(request: &Request) -> String {
    let claims = header(request, "dpop").unwrap().split('.').nth(1).and_then(base64url_decode).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["htu"].as_str().unwrap().into()
}

#[test]
fn n115_a_token_goes_to_named_origins_alone() {
    call("https://api.example/v1", &["https://other.example", API]).unwrap();
    for url in [
        "https://other.example/v1",
        "https://api.example:8443/v1",
        "https://api.example.evil.example/",
        "https://user@api.example/",
        "/v1",
        "",
    ] {
        refused(call(url, &[API]), "resource_refused");
    }
    // What is named must be an origin, and something must be named.
    for origins in [&[][..], &["https://api.example/v1"], &["https://api.example?x"], &["api.example"], &["*"]] {
        refused(call("https://api.example/v1", origins), "resource_refused");
    }
}

#[test]
fn n113_a_token_goes_by_https_in_the_header() {
    refused(call("http://api.example/v1", &["http://api.example"]), "resource_refused");
    refused(call("http://127.0.0.1:9/v1", &["http://127.0.0.1:9"]), "resource_refused");
    for query in ["access_token=tok", "a=1&access_token=", "a=1&%61ccess_token=x"] {
        refused(call(&format!("https://api.example/v1?{query}"), &[API]), "resource_refused");
    }
    let mut local = profile();
    local.development = true.into();
    let local = samtykke::Registration::new(local, "client-1", "https://rp.example/cb").unwrap();
    Exchange::resource(&local, &tokens(TokenType::Bearer), &["http://127.0.0.1:9"], get("http://127.0.0.1:9/v1")).unwrap();
    let (sent, outcome) = play(call("https://api.example/v1", &[API]).unwrap(), &[Response::new(404, None, "")]);
    // Whatever an API answers is the caller's.
    assert_eq!((outcome.unwrap().status, header(&sent[0], "authorization"), header(&sent[0], "dpop")), (404, Some("Bearer tok"), None));
}

#[test]
fn headers_of_the_librarys_own_are_not_the_callers() {
    for name in ["authorization", "Authorization", "dpop", "DPoP"] {
        let mut request = get("https://api.example/v1");
        request.headers.push((name, Secret::new("x")));
        refused(Exchange::resource(&client(), &tokens(TokenType::Bearer), &[API], request), "reserved_parameter");
    }
}

#[test]
fn n049_a_redirect_of_an_api_is_refused() {
    for status in [301, 302, 303, 307, 308] {
        let (sent, outcome) = play(call("https://api.example/v1", &[API]).unwrap(), &[Response::new(status, None, "")]);
        refused(outcome, "redirect_refused");
        assert_eq!(sent.len(), 1);
    }
}

#[test]
fn n098_a_proof_names_the_address_as_the_api_sees_it() {
    for (url, called, named) in [
        ("https://api.example/v1?x=1&y#top", "https://api.example/v1?x=1&y", "https://api.example/v1"),
        ("HTTPS://API.example:443/V1", "https://api.example/V1", "https://api.example/V1"),
        ("https://api.example", "https://api.example/", "https://api.example/"),
        ("https://api.example?x", "https://api.example/?x", "https://api.example/"),
        ("https://api.example:8443/a%20b", "https://api.example:8443/a%20b", "https://api.example:8443/a%20b"),
    ] {
        let origin = if url.contains("8443") { "https://api.example:8443" } else { API };
        let exchange = Exchange::resource(&client(), &tokens(TokenType::DPoP), &[origin], get(url)).unwrap().dpop(&key(), None);
        let (sent, outcome) = play(exchange, &[Response::new(200, None, "")]);
        assert_eq!((outcome.unwrap().status, sent[0].url.as_str(), htu(&sent[0]).as_str()), (200, called, named), "{url}");
        assert_eq!(header(&sent[0], "authorization"), Some("DPoP tok"));
    }
}

#[test]
fn n100_a_bound_token_needs_its_key_and_one_nonce() {
    let bound = || Exchange::resource(&client(), &tokens(TokenType::DPoP), &[API], get("https://api.example/v1")).unwrap();
    let (sent, outcome) = play(bound(), &[]);
    refused(outcome, "invalid_configuration");
    assert!(sent.is_empty());

    let challenge = |error: &str, nonce: Option<&str>| {
        let mut response = Response::new(401, None, "");
        response.www_authenticate = Some(format!("DPoP error=\"{error}\""));
        response.dpop_nonce = nonce.map(String::from);
        response
    };
    let again = challenge("use_dpop_nonce", Some("n1"));
    let (sent, outcome) = play(bound().dpop(&key(), None), &[again.clone(), Response::new(200, None, "")]);
    assert_eq!((sent.len(), outcome.unwrap().status), (2, 200));
    let (sent, outcome) = play(bound().dpop(&key(), None), &[again.clone(), again]);
    refused(outcome, "dpop_nonce_refused");
    assert_eq!(sent.len(), 2);
    let (sent, outcome) = play(bound().dpop(&key(), None), &[challenge("use_dpop_nonce", None)]);
    refused(outcome, "dpop_nonce_missing");
    assert_eq!(sent.len(), 1);
    // Another refusal asks for no repetition.
    let (sent, outcome) = play(bound().dpop(&key(), None), &[challenge("invalid_token", Some("n1"))]);
    assert_eq!((sent.len(), outcome.unwrap().status), (1, 401));
}

#[test]
fn what_no_uri_holds_is_encoded_then_judged_proved_and_sent() {
    for (given, called) in [
        ("/fhir/Patient?identifier=urn:oid:2.16.578.1.12.4.1.4.1|123", "/fhir/Patient?identifier=urn:oid:2.16.578.1.12.4.1.4.1%7C123"),
        ("/a{b}/c^d?e=\"f\"&g=<h>`", "/a%7Bb%7D/c%5Ed?e=%22f%22&g=%3Ch%3E%60"),
        ("/søk?navn=Kåre Bø", "/s%C3%B8k?navn=K%C3%A5re%20B%C3%B8"),
        ("/already%7C?x=%7C", "/already%7C?x=%7C"),
        ("?a=b|c", "/?a=b%7Cc"),
    ] {
        let (sent, _) = play(call(&format!("{API}{given}"), &[API]).unwrap(), &[Response::new(200, None, "")]);
        assert_eq!(sent[0].url, format!("{API}{called}"));
    }
    let exchange = Exchange::resource(&client(), &tokens(TokenType::DPoP), &[API], get(&format!("{API}/a|b?c|d"))).unwrap();
    let mut exchange = by_hand(exchange.dpop(&key(), None));
    let Step::Sign(proof) = exchange.step(&[7; 32], NOW).unwrap() else { panic!("a proof") };
    let claims: Value = serde_json::from_slice(&base64url_decode(proof.input.split('.').nth(1).unwrap()).unwrap()).unwrap();
    assert_eq!(claims["htu"], format!("{API}/a%7Cb"));
    // In a host nothing is encoded, and what a reader would take for another address is refused.
    for odd in
        ["https://api.exam|ple/x", "https://api.example|/x", "https://api.example\\/x", "https://api.exåmple/x", "https://api.example/x\ty"]
    {
        refused(call(odd, &[API]), "resource_refused");
    }
}
