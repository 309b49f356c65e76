//! Requests for userinfo, introspection and revocation, and the machines that carry them through.

use crate::by_hand::{ByHand, by_hand};
use crate::encode::base64url;
use samtykke::protocol::id_token::rules::IdTokenRules;
use samtykke::protocol::introspection::TokenHint;
use samtykke::protocol::userinfo::{self, Subject};
use samtykke::{ClientAuthentication, Error, Exchange, Profile, Registration, Request, Response, Secret, Step, Tokens};
use serde_json::json;

use crate::answers::{NOW, json_answer};
use crate::metadata::code;

const SECRET: &str = "S3CRET";

pub(crate) fn client(endpoint: &str) -> Registration {
    let mut profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    let endpoints = &mut profile.endpoints;
    for slot in [&mut endpoints.introspection, &mut endpoints.revocation, &mut endpoints.end_session, &mut endpoints.userinfo] {
        *slot = Some(endpoint.into()).filter(|_| endpoint != "none");
    }
    Registration::new(profile, "client-1", "https://rp.example/cb").unwrap()
}

fn tokens(kind: &str) -> Tokens {
    let body = format!(r#"{{"access_token":"{SECRET}","token_type":"{kind}"}}"#);
    let expectation = samtykke::protocol::token::Expectation {
        token_type: if kind == "DPoP" { samtykke::protocol::token::TokenType::DPoP } else { samtykke::protocol::token::TokenType::Bearer },
        ..Default::default()
    };
    Tokens::judge(&json_answer(200, &body), &expectation).unwrap()
}

#[test]
fn userinfo_requests() {
    let headers =
        |request: samtykke::Request| request.headers.iter().map(|(name, value)| format!("{name}: {}", value.expose())).collect::<Vec<_>>();
    let (bearer, bound, proof) = (tokens("Bearer"), tokens("DPoP"), Secret::new("e30.e30.AA"));
    let request = userinfo::request("https://op.example/u?x=1", &bearer, None, false).unwrap();
    assert_eq!((request.method, request.url.as_str(), request.body.is_none()), ("GET", "https://op.example/u?x=1", true));
    assert!(!format!("{request:?}").contains(SECRET));
    assert_eq!(headers(request), ["accept: application/json, application/jwt", "authorization: Bearer S3CRET"]);
    let request = userinfo::request("https://op.example/u", &bound, Some(&proof), false).unwrap();
    assert_eq!(headers(request)[1..], ["authorization: DPoP S3CRET", "dpop: e30.e30.AA"]);
    // A bound token is never sent as a bearer one, a bearer token with no proof.
    assert_eq!(code(userinfo::request("https://op.example/u", &bound, None, false)), "invalid_configuration");
    assert_eq!(code(userinfo::request("https://op.example/u", &bearer, Some(&proof), false)), "invalid_configuration");
    assert_eq!(code(userinfo::request("", &bearer, None, false)), "endpoint_missing");
    for endpoint in ["http://op.example/u", "https://10.0.0.1/u", "https://op.example/u#f", "http://localhost:1/u"] {
        assert_eq!(code(userinfo::request(endpoint, &bearer, None, false)), "endpoint_refused");
    }
    assert!(userinfo::request("http://localhost:1/u", &bearer, None, true).is_ok());
    let mut broken = tokens("Bearer");
    broken.access_token = Secret::new("a\r\nb");
    assert_eq!(code(userinfo::request("https://op.example/u", &broken, None, false)), "invalid_configuration");
}

#[test]
fn requests_with_client_authentication() {
    let token = Secret::new(SECRET);
    let basic = ClientAuthentication::secret_basic("p");
    let post = ClientAuthentication::secret_post("p");
    let introspect = |client: &Registration, with: &ClientAuthentication, token: &Secret, hint| {
        Exchange::introspection(client, with, token, hint).map(|exchange| first(&mut by_hand(exchange)))
    };
    let revoke = |client: &Registration, with: &ClientAuthentication, token: &Secret, hint| {
        Exchange::revocation(client, with, token, hint).map(|exchange| first(&mut by_hand(exchange)))
    };
    type Build = dyn Fn(&Registration, &ClientAuthentication, &Secret, Option<TokenHint>) -> Result<Request, Error>;
    let builders: [(&str, &Build); 2] = [("introspection_endpoint", &introspect), ("revocation_endpoint", &revoke)];
    for (name, build) in builders {
        let request = build(&client("https://op.example/x?t=1"), &basic, &token, Some(TokenHint::AccessToken)).unwrap();
        assert_eq!((request.method, request.url.as_str(), request.repeatable), ("POST", "https://op.example/x?t=1", true));
        assert_eq!(request.body.as_ref().unwrap().expose(), "token=S3CRET&token_type_hint=access_token");
        assert!(request.headers.iter().any(|(name, value)| *name == "authorization" && value.expose().starts_with("Basic ")));
        assert!(!format!("{request:?}").contains(SECRET));
        let request = build(&client("https://op.example/x"), &post, &token, Some(TokenHint::RefreshToken)).unwrap();
        assert_eq!(request.body.unwrap().expose(), "token=S3CRET&token_type_hint=refresh_token&client_id=client-1&client_secret=p");
        assert_eq!(code(build(&client("none"), &basic, &token, None)), "endpoint_missing");
        for endpoint in ["http://op.example/x", "https://192.168.0.1/x", "https://op.example/x#f"] {
            let error = build(&client(endpoint), &basic, &token, None).unwrap_err();
            assert_eq!(error.code(), "endpoint_refused");
            assert!(error.expected_value().unwrap().starts_with(name));
        }
        // A space is a letter of tokens (RFC 6749 appendix A).
        let request = build(&client("https://op.example/x"), &basic, &Secret::new("a b"), None).unwrap();
        assert_eq!(request.body.unwrap().expose(), "token=a+b");
        for odd in ["", "a\tb", "a\nb", "é"] {
            assert_eq!(code(build(&client("https://op.example/x"), &basic, &Secret::new(odd), None)), "invalid_parameter", "{odd}");
        }
        // The methods that sign do so here as well: an assertion under the secret goes along.
        let request = build(&client("https://op.example/x"), &ClientAuthentication::secret_jwt("s".repeat(32)), &token, None).unwrap();
        assert!(request.body.unwrap().expose().contains("client_assertion="));
    }
    // Anyone could ask; a public client may still give its own token back.
    assert_eq!(code(introspect(&client("https://op.example/x"), &ClientAuthentication::None, &token, None)), "invalid_configuration");
    let request = revoke(&client("https://op.example/x"), &ClientAuthentication::None, &token, None).unwrap();
    assert_eq!(request.body.unwrap().expose(), "token=S3CRET&client_id=client-1");
}

fn first<T>(exchange: &mut ByHand<Exchange<T>>) -> Request {
    let Step::Send(request) = exchange.step(&[7; 32], NOW).unwrap() else { panic!("a request") };
    request
}

#[test]
fn machines() {
    let basic = ClientAuthentication::secret_basic("p");
    let (token, at) = (Secret::new(SECRET), client("https://op.example/x"));
    let mut exchange = by_hand(Exchange::introspection(&at, &basic, &token, None).unwrap());
    first(&mut exchange);
    exchange.receive(json_answer(200, r#"{"active":true,"sub":"user-1"}"#));
    let Step::Done(found) = exchange.step(&[7; 32], NOW).unwrap() else { panic!("the state") };
    assert!(found.active());
    let mut exchange = by_hand(Exchange::revocation(&at, &basic, &token, None).unwrap());
    first(&mut exchange);
    assert_eq!(exchange.refusal(Response::new(503, None, "")).code(), "revocation_failed");
    let mut exchange = by_hand(Exchange::revocation(&at, &basic, &token, None).unwrap());
    first(&mut exchange);
    exchange.receive(Response::new(200, None, ""));
    assert!(matches!(exchange.step(&[7; 32], NOW).unwrap(), Step::Done(())));

    let userinfo = |tokens: &Tokens, signed| Exchange::userinfo(&at, &basic, tokens, Subject::Is("user-1"), signed);
    let mut exchange = by_hand(userinfo(&tokens("Bearer"), None).unwrap());
    assert_eq!(first(&mut exchange).headers[1].1.expose(), "Bearer S3CRET");
    exchange.receive(json_answer(200, r#"{"sub":"user-1"}"#));
    let Step::Done(claims) = exchange.step(&[7; 32], NOW).unwrap() else { panic!("the claims") };
    assert_eq!(claims.json(), r#"{"sub":"user-1"}"#);
    let mut exchange = by_hand(userinfo(&tokens("Bearer"), None).unwrap());
    first(&mut exchange);
    assert_eq!(exchange.refusal(json_answer(200, r#"{"sub":"user-2"}"#)).code(), "subject_mismatch");
    // A bound token is not sent without its key.
    assert_eq!(code(by_hand(userinfo(&tokens("DPoP"), None).unwrap()).step(&[7; 32], NOW)), "invalid_configuration");
    assert_eq!(code(Exchange::userinfo(&client("none"), &basic, &tokens("Bearer"), Subject::Is("user-1"), None)), "endpoint_missing");
    // A token bound to a certificate is of use only where the server asks for one (RFC 8705 section 5).
    let mut profile = at.profile().clone();
    profile.endpoints.mtls_aliases = vec![("userinfo_endpoint".into(), "https://mtls.op.example/x".into())];
    let bound = Registration::new(profile, "client-1", "https://rp.example/cb").unwrap();
    for (authentication, url) in [(&ClientAuthentication::Tls, "https://mtls.op.example/x"), (&basic, "https://op.example/x")] {
        let exchange = Exchange::userinfo(&bound, authentication, &tokens("Bearer"), Subject::Is("user-1"), None).unwrap();
        assert_eq!(first(&mut by_hand(exchange)).url, url);
    }

    // Signed claims come out only when their signature was verified, and never where plain ones are answered.
    let rules = || IdTokenRules::new("https://op.example", "client-1");
    let key = json!({ "kty": "RSA", "n": base64url(&[255; 256]), "e": "AQAB", "kid": "a" });
    let signed = |right: Option<bool>, response: Response| {
        let mut exchange = by_hand(userinfo(&tokens("Bearer"), Some(rules()))?.jwks(json!({ "keys": [key] }).to_string()));
        first(&mut exchange);
        exchange.receive(response);
        let Step::Verify(request) = exchange.step(&[7; 32], NOW)? else { panic!("a signature to verify") };
        assert_eq!((request.alg.name, request.key.kid(), request.signature.len()), ("RS256", Some("a"), 256));
        if let Some(right) = right {
            exchange.accept_verdict(right);
        }
        exchange.step(&[7; 32], NOW)
    };
    let token = format!(
        "{}.{}.{}A",
        base64url(br#"{"alg":"RS256","kid":"a"}"#),
        base64url(br#"{"sub":"user-1","iss":"https://op.example","aud":"client-1"}"#),
        "_".repeat(341)
    );
    let jwt = |token: &str| Response::new(200, Some("application/jwt"), token);
    let Step::Done(claims) = signed(Some(true), jwt(&token)).unwrap() else { panic!("the claims") };
    assert_eq!(claims.text("sub").as_deref(), Some("user-1"));
    assert_eq!(code(signed(Some(false), jwt(&token))), "signature_invalid");
    assert_eq!(code(signed(None, jwt(&token))), "transaction_used");
    assert_eq!(code(signed(None, json_answer(200, r#"{"sub":"user-1"}"#))), "content_type_unexpected");
}
