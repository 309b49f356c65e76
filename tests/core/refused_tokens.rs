//! The token request and its answer: one test for each refusal, named after its number in the project's checklist.
//! Deleting the check fails the test.

use crate::by_hand::by_hand;
use crate::encode::base64url;
use crate::flow::*;
use samtykke::jose::Jwk;
use samtykke::protocol::token::{Expectation, TokenType, Tokens};
use samtykke::protocol::userinfo;
use samtykke::{AuthorizationRequest, ClientAuthentication, ClientCredentials, Error, Exchange, Registration, Request, Response, Step};

fn judge(body: &str) -> Result<Tokens, Error> {
    Tokens::judge(&Response::new(200, Some("application/json"), body), &Expectation::default())
}

fn with(member: &str) -> Result<Tokens, Error> {
    judge(&format!(r#"{{"access_token":"tok","token_type":"Bearer",{member}}}"#))
}

#[test]
fn n047_token_endpoint_https_and_public() {
    for odd in [
        "",
        "http://op.example/token",
        "https://op.example/token#f",
        "https://user@op.example/token",
        "https://127.0.0.1/token",
        "https://localhost/token",
        "https://10.1.2.3/token",
        "https://[::1]/token",
        "https://169.254.169.254/token",
        "http://localhost:4400/token",
        "https://2130706433/token",
    ] {
        let mut profile = profile();
        profile.token_endpoint = odd.into();
        let client = Registration::new(profile, "client-1", REDIRECT_URI).unwrap();
        refused(Exchange::authorization_code(&client, &ClientAuthentication::None, checked()), "invalid_configuration");
    }
    let mut profile = profile();
    profile.development = true.into();
    for (address, fits) in [("http://localhost:4400/token", true), ("https://10.1.2.3/token", false), ("http://op.example/token", false)] {
        profile.token_endpoint = address.into();
        let client = Registration::new(profile.clone(), "client-1", REDIRECT_URI).unwrap();
        assert_eq!(Exchange::authorization_code(&client, &ClientAuthentication::None, checked()).is_ok(), fits, "{address}");
    }
}

fn body(authentication: &ClientAuthentication) -> (String, Option<String>) {
    let mut exchange = by_hand(Exchange::authorization_code(&client(), authentication, checked()).unwrap());
    let Step::Send(request) = exchange.step(&[7; 32], 1_700_000_000).unwrap() else { panic!("a request") };
    assert_eq!((request.method, &*request.url), ("POST", "https://op.example/token"));
    let header = request.headers.iter().find(|(name, _)| *name == "authorization").map(|(_, value)| value.expose().to_owned());
    (request.body.unwrap().expose().to_owned(), header)
}

#[test]
fn n048_redirect_uri_and_verifier_always() {
    let (body, _) = body(&ClientAuthentication::None);
    let verifier = samtykke::protocol::authorization::pkce::Verifier::from_random(&random()[..32]);
    let expected = format!(
        "grant_type=authorization_code&client_id=client-1&redirect_uri=https%3A%2F%2Frp.example%2Fcb&code=a&code_verifier={}",
        verifier.expose()
    );
    assert_eq!(body, expected);
}

#[test]
fn n049_redirects() {
    for status in [300, 301, 302, 303, 307, 308, 399] {
        let answer = Response::new(status, Some("application/json"), r#"{"access_token":"tok","token_type":"Bearer"}"#);
        refused(Tokens::judge(&answer, &Expectation::default()), "redirect_refused");
    }
}

#[test]
fn n050_one_client_authentication() {
    let (form, header) = body(&ClientAuthentication::secret_basic("s"));
    assert_eq!((form.contains("client_secret"), header.as_deref()), (false, Some("Basic Y2xpZW50LTE6cw==")));
    let (form, header) = body(&ClientAuthentication::secret_post("a&b"));
    assert_eq!((form.matches("client_id=").count(), form.ends_with("&client_secret=a%26b"), header), (1, true, None));
    let (form, header) = body(&ClientAuthentication::None);
    assert_eq!((form.contains("client_secret"), header), (false, None));
    for empty in [ClientAuthentication::secret_basic(""), ClientAuthentication::secret_post("")] {
        refused(Exchange::authorization_code(&client(), &empty, checked()), "invalid_configuration");
    }
    let grant = ClientCredentials::new("read");
    refused(Exchange::client_credentials(&client(), &ClientAuthentication::None, &grant), "invalid_configuration");
    let mut exchange = by_hand(Exchange::client_credentials(&client(), &ClientAuthentication::secret_post("s"), &grant).unwrap());
    let Step::Send(request) = exchange.step(&[7; 32], 1_700_000_000).unwrap() else { panic!("a request") };
    assert_eq!(request.body.unwrap().expose(), "grant_type=client_credentials&scope=read&client_id=client-1&client_secret=s");
    for odd in ["", "a\nb"] {
        let grant = ClientCredentials::new("read").audience(odd);
        refused(Exchange::client_credentials(&client(), &ClientAuthentication::secret_basic("s"), &grant), "invalid_parameter");
    }
    let authentication = ClientAuthentication::secret_basic("s");
    let mut exchange = by_hand(Exchange::client_credentials(&client(), &authentication, &ClientCredentials::default()).unwrap());
    let Step::Send(request) = exchange.step(&[7; 32], 1_700_000_000).unwrap() else { panic!("a request") };
    assert_eq!(request.body.unwrap().expose(), "grant_type=client_credentials", "nothing is sent empty");
}

const GOOD: &str = r#"{"access_token":"tok","token_type":"Bearer"}"#;

#[test]
fn n052_success_is_200_with_one_json_object() {
    for status in [100, 201, 204, 500, 503] {
        refused(Tokens::judge(&Response::new(status, Some("application/json"), GOOD), &Expectation::default()), "http_status_unexpected");
    }
    for odd in [None, Some(""), Some("text/html"), Some("application/jsonp"), Some("application/json+x"), Some("text/json")] {
        refused(Tokens::judge(&Response::new(200, odd, GOOD), &Expectation::default()), "content_type_unexpected");
        refused(Tokens::judge(&Response::new(400, odd, r#"{"error":"x"}"#), &Expectation::default()), "http_status_unexpected");
    }
    for odd in ["", "[]", "null", "\"tok\"", "1", &format!("{GOOD}{{}}"), &format!("{GOOD}x"), "{\"access_token\""] {
        refused(judge(odd), "token_response_malformed");
    }
    assert!(Tokens::judge(&Response::new(200, Some("Application/JSON ; charset=x"), GOOD), &Expectation::default()).is_ok());
}

#[test]
fn n053_access_token_without_controls_and_a_type() {
    for odd in ["null", "1", "\"\"", "{}", r#""a\r\nb""#, r#""a\tb""#, r#""å""#, r#""a\u007f""#] {
        refused(judge(&format!(r#"{{"access_token":{odd},"token_type":"Bearer"}}"#)), "token_response_malformed");
    }
    refused(judge(r#"{"token_type":"Bearer"}"#), "token_response_malformed");
    for odd in ["null", "1", "\"\""] {
        refused(judge(&format!(r#"{{"access_token":"tok","token_type":{odd}}}"#)), "token_response_malformed");
    }
    refused(judge(r#"{"access_token":"tok"}"#), "token_response_malformed");
    for name in ["refresh_token", "id_token"] {
        for odd in ["1", "\"\"", r#""a\tb""#] {
            refused(with(&format!(r#""{name}":{odd}"#)), "token_response_malformed");
        }
        with(&format!(r#""{name}":null"#)).unwrap();
    }
    refused(with(r#""id_token":"a b""#), "token_response_malformed");
    // A space is a letter of tokens (RFC 6749 appendix A); what cannot stand in a header is refused where a header is made.
    let spaced = with(r#""refresh_token":"W <? _?""#).unwrap();
    assert_eq!(spaced.refresh_token.unwrap().expose(), "W <? _?");
    let spaced = judge(r#"{"access_token":"a b","token_type":"Bearer"}"#).unwrap();
    refused(userinfo::request("https://op.example/u", &spaced, None, false), "invalid_configuration");
    let request = Request { method: "GET", url: "https://rs.example/r".into(), headers: Vec::new(), body: None, repeatable: true };
    refused(Exchange::resource(&client(), &spaced, &["https://rs.example"], request), "invalid_parameter");
    assert_eq!(with(r#""refresh_token":"r""#).unwrap().refresh_token.unwrap().expose(), "r");
}

#[test]
fn n054_only_the_type_that_was_asked_for() {
    for odd in ["N_A", "mac", "Bearer ", "DPoP", "B"] {
        let error = refused(judge(&format!(r#"{{"access_token":"tok","token_type":"{odd}"}}"#)), "token_type_unexpected");
        assert_eq!((error.expected_value(), error.actual_value()), (Some("Bearer"), Some(odd)));
    }
    assert_eq!(judge(r#"{"access_token":"tok","token_type":"bEARER"}"#).unwrap().token_type, TokenType::Bearer);
}

#[test]
fn n055_no_downgrade_from_dpop() {
    let expectation = Expectation { token_type: TokenType::DPoP, ..Expectation::default() };
    let answer = |kind: &str| Response::new(200, Some("application/json"), &GOOD.replace("Bearer", kind));
    refused(Tokens::judge(&answer("Bearer"), &expectation), "token_type_unexpected");
    assert_eq!(Tokens::judge(&answer("dpop"), &expectation).unwrap().token_type, TokenType::DPoP);
}

#[test]
fn n056_expires_in_whole_seconds_within_bounds() {
    assert_eq!(with(r#""expires_in":null"#).unwrap().expires_in, None);
    for odd in ["-1", "1.5", "1e400", "{}", "[3600]", "true", "\"3600\"", "315360001", "9007199254740993", "1e-1"] {
        refused(with(&format!(r#""expires_in":{odd}"#)), "token_response_malformed");
    }
    for (fine, seconds) in [("0", 0), ("3600", 3600), ("3600.0", 3600), ("36e2", 3600), ("315360000", 315_360_000)] {
        assert_eq!(with(&format!(r#""expires_in":{fine}"#)).unwrap().expires_in, Some(seconds));
    }
    assert_eq!(judge(GOOD).unwrap().expires_in, None);
    let lenient = Expectation { expires_in_string: true, ..Expectation::default() };
    for (text, seconds) in [("3600", Some(3600)), ("3600abc", None), ("", None), ("-1", None), ("315360001", None)] {
        let body = format!(r#"{{"access_token":"tok","token_type":"Bearer","expires_in":"{text}"}}"#);
        let found = Tokens::judge(&Response::new(200, Some("application/json"), &body), &lenient).ok();
        assert_eq!(found.and_then(|tokens| tokens.expires_in), seconds, "{text}");
    }
}

#[test]
fn n057_scope_of_the_right_type_and_characters() {
    for odd in ["1", "[]", r#"["a"]"#, r#""a\"b""#, r#""a\tb""#, r#""å""#] {
        refused(with(&format!(r#""scope":{odd}"#)), "token_response_malformed");
    }
    assert_eq!(with(r#""scope":null"#).unwrap().scope, None);
    for blanks in [r#""a  b""#, r#"" a b""#, r#""a b ""#, r#""  a   b  ""#] {
        assert_eq!(with(&format!(r#""scope":{blanks}"#)).unwrap().scope.as_deref(), Some("a b"), "{blanks}");
    }
    assert_eq!(with(r#""scope":" ""#).unwrap().scope.as_deref(), Some(""));
    let expectation = Expectation { scope: "read".into(), ..Expectation::default() };
    let tokens = Tokens::judge(&Response::new(200, Some("application/json"), GOOD), &expectation).unwrap();
    assert_eq!((tokens.scope, &*tokens.requested_scope), (None, "read"));
    assert_eq!(with(r#""scope":"a b""#).unwrap().scope.as_deref(), Some("a b"));
}

#[test]
fn n059_error_only_with_4xx_and_a_word() {
    for odd in ["{}", r#"{"error":""}"#, r#"{"error":1}"#, r#"{"error":"a\nb"}"#, "[]", "oops"] {
        refused(Tokens::judge(&Response::new(400, Some("application/json"), odd), &Expectation::default()), "http_status_unexpected");
    }
    // Refused whatever else it holds, and the server's words reach the caller.
    let error = refused(with(r#""error":"bad_verification_code","error_description":"expired""#), "token_error");
    let oauth = error.oauth().unwrap();
    assert_eq!((oauth.error.as_str(), oauth.description.as_deref()), ("bad_verification_code", Some("expired")));
    refused(judge(r#"{"error":"bad_verification_code"}"#), "token_error");
    for odd in [r#""error":"""#, r#""error":"a\nb""#] {
        refused(with(odd), "token_response_malformed");
    }
    with(r#""error":null,"error_description":null"#).unwrap();
    let mut answer = Response::new(429, Some("application/json"), r#"{"error":"slow_down","error_description":"d"}"#);
    answer.retry_after = Some(" 7 ".into());
    let error = refused(Tokens::judge(&answer, &Expectation::default()), "token_error");
    assert_eq!((error.status(), error.retry_after(), error.retryable()), (Some(429), Some(7), false));
    assert_eq!(error.oauth().unwrap().description.as_deref(), Some("d"));
    let error = refused(
        Tokens::judge(&Response::new(500, Some("application/json"), r#"{"error":"x","error_description":"d"}"#), &Expectation::default()),
        "http_status_unexpected",
    );
    assert_eq!((error.action().as_str(), error.oauth().map(|oauth| &*oauth.error)), ("try_later", Some("x")));
}

#[test]
fn n060_members_once() {
    for odd in [r#""access_token":"b""#, r#""\u0061ccess_token":"b""#, r#""x":1,"x":1"#, r#""x":{"y":1,"y":2}"#] {
        refused(with(odd), "token_response_malformed");
    }
}

#[test]
fn n061_bounds_and_no_second_sending() {
    let sized = |size: usize| format!(r#"{{"access_token":"tok","token_type":"Bearer","x":"{}"}}"#, "A".repeat(size - 51));
    assert_eq!(sized(1 << 20).len(), 1 << 20);
    assert!(judge(&sized(1 << 20)).is_ok());
    refused(judge(&sized((1 << 20) + 1)), "token_response_too_large");
    // The answer is one level; 31 more are allowed.
    let nested = |depth: usize| with(&format!(r#""x":{}{}"#, "[".repeat(depth), "]".repeat(depth)));
    assert!(nested(31).is_ok());
    refused(nested(32), "token_response_malformed");

    let mut exchange = by_hand(Exchange::authorization_code(&client(), &ClientAuthentication::None, checked()).unwrap());
    let Step::Send(request) = exchange.step(&[7; 32], 1_700_000_000).unwrap() else { panic!("a request") };
    assert!(!request.repeatable);
    refused(exchange.step(&[7; 32], 1_700_000_000), "transaction_used");
    exchange.receive(Response::new(200, Some("application/json"), GOOD));
    let Step::Done(tokens) = exchange.step(&[7; 32], 1_700_000_000).unwrap() else { panic!("tokens") };
    assert_eq!(tokens.access_token.expose(), "tok");
    refused(exchange.step(&[7; 32], 1_700_000_000), "transaction_used");
}

#[test]
fn n062_authorization_details_are_an_array() {
    with(r#""authorization_details":null"#).unwrap();
    for odd in [r#""x""#, "{}", "1", "[1]", "[{}]", r#"[{"type":"a"},{"type":5}]"#, r#"[{"type":null}]"#] {
        refused(with(&format!(r#""authorization_details":{odd}"#)), "token_response_malformed");
    }
    let tokens = with(r#""authorization_details":[ {"type":"a"} ],"__proto__":{"admin":true}"#).unwrap();
    assert_eq!(tokens.other("authorization_details"), Some(r#"[ {"type":"a"} ]"#));
    assert_eq!((tokens.other("__proto__"), tokens.other("scope"), tokens.others.len()), (Some(r#"{"admin":true}"#), None, 2));
}

#[test]
fn n064_an_id_token_that_was_asked_for_must_come() {
    let exchange = |scope: &str| {
        let code = finish_as(&client(), AuthorizationRequest::new(scope), &format!("{REDIRECT_URI}?code=a&state=STATE")).unwrap();
        Exchange::authorization_code(&client(), &ClientAuthentication::None, code).unwrap()
    };
    for (scope, asked) in
        [("openid", true), ("read openid", true), ("openid read", true), ("read", false), ("openidx xopenid", false), ("", false)]
    {
        let exchange = exchange(scope);
        assert_eq!(exchange.expectation().id_token, asked, "{scope}");
        assert_eq!(exchange.expectation().scope, scope);
        let found = Tokens::judge(&Response::new(200, Some("application/json"), GOOD), exchange.expectation());
        assert_eq!(found.err().map(|error| error.code()), asked.then_some("id_token_missing"));
    }
}

#[test]
fn n081_an_id_token_is_a_jwt_in_compact_form() {
    for odd in [
        "a",
        "a.b",
        "e30.e30",
        "e30.e30.",
        "e30.e30.AA.AA",
        "e30.W10.AA",
        "W10.e30.AA",
        "e30=.e30.AA",
        "e30.e30.A",
        "e30.e30.A+",
        "e31.e30.AA",
        "_w.e30.AA",
    ] {
        refused(with(&format!(r#""id_token":"{odd}""#)), "token_response_malformed");
    }
    assert_eq!(with(r#""id_token":"e30.e30.AA""#).unwrap().id_token.unwrap().expose(), "e30.e30.AA");
}

#[test]
fn n061_a_response_belongs_to_a_request_that_was_sent() {
    let answer = || Response::new(200, Some("application/json"), GOOD);
    let mut early = by_hand(Exchange::authorization_code(&client(), &ClientAuthentication::None, checked()).unwrap());
    assert_eq!(early.refusal(answer()).code(), "transaction_used", "nothing was sent yet");
    let mut exchange = by_hand(Exchange::authorization_code(&client(), &ClientAuthentication::None, checked()).unwrap());
    let Step::Send(_) = exchange.step(&[7; 32], 1_700_000_000).unwrap() else { panic!("a request") };
    assert_eq!(exchange.refusal(Response::new(400, Some("application/json"), r#"{"error":"invalid_grant"}"#)).code(), "token_error");
    assert_eq!(exchange.refusal(answer()).code(), "transaction_used", "one response for one request");
}

/// A power of 65537, and so of the form that a broken generator gave its moduli (CVE-2017-15361).
fn power_of_65537(exponent: usize) -> Vec<u8> {
    let mut number = vec![1u8];
    for _ in 0..exponent {
        // Times 2^16, and once more added: the lowest octet last.
        let shifted = [number.as_slice(), &[0, 0]].concat();
        let mut carry = 0u16;
        let mut sum: Vec<u8> = Vec::new();
        for at in 0..shifted.len() {
            let one = shifted[shifted.len() - 1 - at];
            let two = if at < number.len() { number[number.len() - 1 - at] } else { 0 };
            let digit = u16::from(one) + u16::from(two) + carry;
            sum.push(digit as u8);
            carry = digit >> 8;
        }
        if carry > 0 {
            sum.push(carry as u8);
        }
        sum.reverse();
        number = sum;
    }
    number
}

#[test]
fn n088_a_modulus_of_a_generator_known_to_be_broken() {
    let parse = |modulus: &[u8]| Jwk::parse(&format!(r#"{{"kty":"RSA","e":"AQAB","n":"{}"}}"#, base64url(modulus)));
    let weak = power_of_65537(128);
    assert_eq!(weak.len() * 8 - weak[0].leading_zeros() as usize, 2049);
    refused(parse(&weak), "key_refused");
    // Its neighbours are as good as any.
    let mut other = weak.clone();
    *other.last_mut().unwrap() += 2;
    parse(&other).unwrap();
}
