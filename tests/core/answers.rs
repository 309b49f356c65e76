//! Answers of the PAR, userinfo, introspection and revocation endpoints: each flaw is refused.

use crate::encode::base64url;
use proptest::prelude::*;
use samtykke::protocol::authorization::par::PushedRequest;
use samtykke::protocol::id_token::IdTokenExpectation;
use samtykke::protocol::introspection::Introspection;
use samtykke::protocol::revocation;
use samtykke::protocol::userinfo::{self, Subject};
use samtykke::{Error, Response};
use serde_json::{Value, json};

use crate::metadata::code;

pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) fn json_answer(status: u16, body: &str) -> Response {
    Response::new(status, Some("application/json"), body)
}

/// What every JSON endpoint refuses, and the OAuth errors that those with client authentication hand on.
fn common(judge: &dyn Fn(&Response) -> Option<Error>, good: &str, success: u16, phase: &str, malformed: &str, oauth: bool) {
    let code = |response: &Response| {
        let error = judge(response).expect("an error");
        assert_eq!((error.phase().as_str(), error.status()), (phase, Some(response.status)), "{error}");
        error.code()
    };
    assert!(judge(&json_answer(success, good)).is_none(), "{good}");
    assert!(judge(&json_answer(success, &format!("\u{feff}{good}"))).is_none());
    // 304 says that nothing changed; it sends nowhere.
    for status in [204, 206, 304, 500, 502, 503, 100, 0, 999, 404, 413, 429] {
        assert_eq!(code(&json_answer(status, good)), "http_status_unexpected", "{status}");
    }
    for status in [300, 301, 302, 303, 305, 307, 308, 399] {
        assert_eq!(code(&json_answer(status, good)), "redirect_refused");
    }
    for media in ["application/json, application/json", "application/json;charset=utf-8,Application/JSON"] {
        assert!(judge(&Response::new(success, Some(media), good)).is_none(), "a media type that is said twice");
    }
    let media = [None, Some("text/html"), Some("application/jwt"), Some("text/json"), Some(""), Some("application/json, text/html")];
    for media in media {
        assert_eq!(code(&Response::new(success, media, good)), "content_type_unexpected");
    }
    for body in ["", "null", "[]", "{\"", "\"x\"", "1", &format!("{good}x"), &good.replacen('{', r#"{"twice":1,"twice":1,"#, 1)] {
        assert_eq!(code(&json_answer(success, body)), malformed, "{body}");
    }
    assert_eq!(code(&json_answer(success, &good.replacen('{', &format!("{{{}", " ".repeat(1 << 20)), 1))), malformed);
    let error =
        judge(&json_answer(400, r#"{"error":"invalid_request","error_description":"a\u0007b","error_uri":"javascript:x"}"#)).unwrap();
    if !oauth {
        assert_eq!((error.code(), error.oauth().is_none()), ("http_status_unexpected", true));
        return;
    }
    // Whatever else a success holds, one with an error is none; of a status that says trouble, the server's words are kept.
    let both = judge(&json_answer(success, &good.replacen('{', r#"{"error":"invalid_request","#, 1))).unwrap();
    assert_eq!((both.code(), both.oauth().unwrap().error.as_str()), ("oauth_error", "invalid_request"));
    assert!(judge(&json_answer(success, &good.replacen('{', r#"{"error":null,"#, 1))).is_none());
    let trouble = judge(&json_answer(500, r#"{"error":"server_error","error_description":"no permission"}"#)).unwrap();
    assert_eq!(
        (trouble.code(), trouble.oauth().unwrap().description.as_deref(), trouble.action().as_str()),
        ("http_status_unexpected", Some("no permission"), "try_later")
    );
    let found = error.oauth().unwrap();
    assert_eq!(
        (error.code(), found.error.as_str(), found.description.as_deref(), &found.uri),
        ("oauth_error", "invalid_request", Some("a\u{fffd}b"), &None)
    );
    let action = |error: &str| judge(&json_answer(401, &json!({ "error": error }).to_string())).unwrap().action().as_str();
    assert_eq!(
        (action("invalid_client"), action("temporarily_unavailable"), action("server_error")),
        ("fix_configuration", "try_later", "try_later")
    );
    for body in [r#"{"error":""}"#, r#"{"error":1}"#, r#"{"error":"a\nb"}"#, "{}", "[]", "", "x"] {
        assert_eq!(code(&json_answer(400, body)), "http_status_unexpected", "{body}");
    }
    assert_eq!(code(&Response::new(400, Some("text/html"), r#"{"error":"invalid_request"}"#)), "http_status_unexpected");
    assert_eq!(code(&json_answer(500, r#"{"error":"invalid_request"}"#)), "http_status_unexpected");
}

#[test]
fn pushed_requests() {
    let good = json!({ "request_uri": "urn:ietf:params:oauth:request_uri:a", "expires_in": 60 });
    for success in [200, 201] {
        common(
            &|response| PushedRequest::judge(response, false).err(),
            &good.to_string(),
            success,
            "authorization",
            "par_response_malformed",
            true,
        );
    }
    let judge = |name: &str, value: Value, text| {
        let mut body = good.clone();
        body[name] = value;
        PushedRequest::judge(&json_answer(201, &body.to_string()), text)
    };
    // The form is the server's to choose; what a browser would run or read is none.
    for uri in
        ["urn:x&client_id=evil", "https://op.example/r?x=1", "urn:a:b", "http://op.example/r", "urn://host/x", "tag:op.example,2026:r"]
    {
        assert_eq!(judge("request_uri", uri.into(), false).unwrap().request_uri, uri);
    }
    let long = format!("urn:{}", "a".repeat(2044));
    assert!(judge("request_uri", long.clone().into(), false).is_ok());
    for odd in [
        json!(""),
        json!(null),
        json!(1),
        json!(["urn:x"]),
        json!("javascript:alert(1)"),
        json!("data:x"),
        json!("BLOB:x"),
        json!("vbscript:x"),
        json!("file:///etc/hosts"),
        json!("x"),
        json!("urn:"),
        json!("urn:a b"),
        json!("urn:a\n"),
        json!("urn:é"),
        json!("urn:a#b"),
        json!("https://u@op.example/"),
        json!(format!("{long}a")),
    ] {
        assert_eq!(code(judge("request_uri", odd.clone(), false)), "par_response_malformed", "{odd}");
    }
    for (seconds, right) in [
        (json!(1), true),
        (json!(86_400), true),
        (json!(60.0), true),
        (json!(0), false),
        (json!(-1), false),
        (json!(1.5), false),
        (json!("60"), false),
        (json!(86_401), false),
        (json!(null), false),
        (json!([60]), false),
        (json!(1e30), false),
    ] {
        assert_eq!(judge("expires_in", seconds.clone(), false).is_ok(), right, "{seconds}");
    }
    assert_eq!(judge("expires_in", json!("60"), true).unwrap().expires_in, 60);
    for odd in ["", "0", "-1", "6x", "1.0", " 60"] {
        assert!(judge("expires_in", json!(odd), true).is_err(), "{odd}");
    }
    for name in ["request_uri", "expires_in"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(name);
        assert_eq!(code(PushedRequest::judge(&json_answer(201, &body.to_string()), false)), "par_response_malformed");
    }
}

#[test]
fn plain_userinfo() {
    let good = json!({ "sub": "user-1", "name": null, "sub2": 1 }).to_string();
    common(&|response| userinfo::judge(response, Subject::Is("user-1")).err(), &good, 200, "api", "userinfo_malformed", false);
    assert_eq!(userinfo::judge(&json_answer(200, &format!("\u{feff}{good}")), Subject::Unchecked).unwrap().json(), good);
    for (body, subject, expected) in [
        (r#"{"sub":"USER-1"}"#, Subject::Is("user-1"), "subject_mismatch"),
        (r#"{"sub":"user-1invalid"}"#, Subject::Is("user-1"), "subject_mismatch"),
        (r#"{"sub":"user-"}"#, Subject::Is("user-1"), "subject_mismatch"),
        (r#"{"sub":"user-1"}"#, Subject::Is(""), "subject_mismatch"),
        (r#"{"sub":""}"#, Subject::Is(""), "userinfo_malformed"),
        (r#"{"sub":""}"#, Subject::Unchecked, "userinfo_malformed"),
        (r#"{"sub":1}"#, Subject::Unchecked, "userinfo_malformed"),
        (r#"{"sub":["user-1"]}"#, Subject::Is("user-1"), "userinfo_malformed"),
        (r#"{"name":"x"}"#, Subject::Unchecked, "userinfo_malformed"),
    ] {
        let error = userinfo::judge(&json_answer(200, body), subject).unwrap_err();
        assert_eq!(error.code(), expected, "{body}");
        assert!(!format!("{error}").contains("user-1"), "whose claims they are is personal");
    }
    // A 401 is about the token, whatever the word (RFC 9110 section 15.5.2); the words stand in the challenge alone.
    for (status, header, expected, oauth) in [
        (401, Some("Bearer error=\"invalid_token\""), "token_invalid", Some("invalid_token")),
        (401, Some("Basic error=\"x\", dPoP error=\"use_dpop_nonce\""), "token_invalid", Some("use_dpop_nonce")),
        (403, Some("Bearer error=\"insufficient_scope\""), "unauthorized", Some("insufficient_scope")),
        (401, Some("Basic realm=\"Bearer error=\\\"invalid_token\\\"\""), "token_invalid", None),
        (401, Some("Bearer error=\"invalid_token"), "token_invalid", None),
        (401, Some("Bearer error=\"request_unauthorized\""), "token_invalid", Some("request_unauthorized")),
        (403, Some("Bearer error=\"invalid_token\""), "token_invalid", Some("invalid_token")),
        (403, None, "unauthorized", None),
        (401, None, "token_invalid", None),
    ] {
        let mut response = json_answer(status, r#"{"error":"invalid_token"}"#);
        response.www_authenticate = header.map(String::from);
        let error = userinfo::judge(&response, Subject::Unchecked).unwrap_err();
        assert_eq!((error.code(), error.oauth().map(|found| found.error.as_str())), (expected, oauth), "{header:?}");
    }
}

#[test]
fn signed_userinfo() {
    let expectation = IdTokenExpectation::new("https://op.example", "client-1");
    let token = |header: Value, claims: &Value| {
        format!("{}.{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()), "A".repeat(342))
    };
    let judge_as = |media: &str, token: &str| {
        userinfo::judge_signed(&Response::new(200, Some(media), token), Subject::Is("user-1"), &expectation, NOW)
    };
    let good = json!({ "sub": "user-1", "iss": "https://op.example", "aud": ["client-1"], "exp": NOW + 60, "iat": NOW });
    let judge = |header: Value, claims: &Value| judge_as("application/jwt", &token(header, claims));
    let rs256 = || json!({ "alg": "RS256", "kid": "a" });
    let unverified = judge(rs256(), &good).unwrap();
    assert_eq!((unverified.alg().name, unverified.kid()), ("RS256", Some("a")));
    assert_eq!(judge(rs256(), &good).unwrap().release(false).unwrap_err().code(), "signature_invalid");
    assert_eq!(unverified.release(true).unwrap().text("sub").as_deref(), Some("user-1"));
    assert!(judge_as("Application/JWT; charset=utf-8", &token(rs256(), &good)).is_ok());
    for name in ["iss", "aud"] {
        let mut nobody = good.clone();
        nobody.as_object_mut().unwrap().remove(name);
        assert_eq!(code(judge(rs256(), &nobody)), "claim_refused", "signed without {name}");
    }
    for media in ["application/json", "application/jwtx", ""] {
        assert_eq!(code(judge_as(media, &token(rs256(), &good))), "content_type_unexpected", "plain claims where signed ones were agreed");
    }
    assert_eq!(
        code(userinfo::judge(&Response::new(200, Some("application/jwt"), &token(rs256(), &good)), Subject::Unchecked)),
        "content_type_unexpected"
    );
    for odd in ["a.b.c", "", r#"{"sub":"user-1"}"#, "e30.e30.AA"] {
        assert_eq!(code(judge_as("application/jwt", odd)), "jws_malformed", "{odd}");
    }
    for alg in ["none", "HS256", "ES256", "rs256", "PS256"] {
        let error = judge(json!({ "alg": alg }), &good).unwrap_err();
        assert_eq!((error.code(), error.phase().as_str()), ("algorithm_refused", "api"), "{alg}");
    }
    assert_eq!(code(judge(json!({ "alg": "RS256", "typ": "at+jwt" }), &good)), "claim_refused");
    for (name, value, expected) in [
        ("sub", json!("user-2"), "subject_mismatch"),
        ("sub", json!(1), "claim_refused"),
        ("iss", json!("https://op.example/"), "claim_refused"),
        ("iss", json!(null), "claim_refused"),
        ("aud", json!("client-2"), "claim_refused"),
        ("aud", json!(["client-1", "other"]), "claim_refused"),
        ("exp", json!(NOW - 60), "jwt_expired"),
        ("exp", json!("soon"), "claim_refused"),
        ("events", json!({}), "claim_refused"),
        ("nonce", json!("n"), "claim_refused"),
        ("at_hash", json!("h"), "claim_refused"),
    ] {
        let mut claims = good.clone();
        claims[name] = value;
        let error = judge(rs256(), &claims).unwrap_err();
        assert_eq!((error.code(), error.phase().as_str()), (expected, "api"), "{name}");
    }
    // Who says from when says until when; the one is not passed over because the other is not there.
    let timed = |nbf: u64, exp: Value| json!({ "sub": "user-1", "iss": "https://op.example", "aud": "client-1", "nbf": nbf, "exp": exp });
    assert!(judge(rs256(), &timed(NOW, json!(NOW + 90))).is_ok());
    assert_eq!(code(judge(rs256(), &timed(NOW + 60, json!(NOW + 90)))), "claim_refused");
    assert_eq!(code(judge(rs256(), &timed(NOW + 60, Value::Null))), "claim_refused");
    for (status, expected) in [(302, "redirect_refused"), (401, "token_invalid"), (403, "unauthorized"), (500, "http_status_unexpected")] {
        let response = Response::new(status, Some("application/jwt"), &token(rs256(), &good));
        assert_eq!(code(userinfo::judge_signed(&response, Subject::Is("user-1"), &expectation, NOW)), expected);
    }
}

#[test]
fn introspection_answers() {
    let good = json!({
        "active": true, "scope": "a b", "client_id": "c", "token_type": "bearer", "exp": 1_700_000_000, "iat": "2023-11-14T22:13:20Z", "nbf": 1.0,
        "sub": "user-1", "aud": ["x", "y"], "iss": "https://op.example", "cnf": { "jkt": "k" }, "vo_orgcode": "0123",
    });
    common(&|response| Introspection::judge(response).err(), &good.to_string(), 200, "token", "introspection_malformed", true);
    let judge = |body: &Value| Introspection::judge(&json_answer(200, &body.to_string()));
    let found = judge(&good).unwrap();
    let members = found.members();
    assert_eq!((found.active(), found.scope().as_deref(), found.audience()), (true, Some("a b"), vec!["x".into(), "y".into()]));
    assert_eq!(
        ["client_id", "token_type", "sub", "iss"].map(|name| members.text(name).unwrap()),
        ["c", "bearer", "user-1", "https://op.example"]
    );
    assert_eq!(["exp", "iat", "nbf"].map(|name| members.integer(name)), [Some(1_700_000_000), Some(1_700_000_000), Some(1)]);
    let json: Value = serde_json::from_str(members.json()).unwrap();
    assert_eq!((&json["cnf"], &json["vo_orgcode"]), (&good["cnf"], &good["vo_orgcode"]));
    assert!(!format!("{found:?}").contains("user-1"));
    // ACM writes scope and aud in more than one way.
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        judge(&body)
    };
    assert_eq!(with("scope", json!(["a", "c"])).unwrap().scope().as_deref(), Some("a c"));
    assert_eq!(with("scope", json!([])).unwrap().scope().as_deref(), Some(""));
    assert_eq!(with("aud", json!("x")).unwrap().audience(), ["x"]);
    assert!(with("aud", json!([])).unwrap().audience().is_empty());
    let bare = judge(&json!({ "active": true })).unwrap();
    assert!(bare.active() && bare.scope().is_none() && bare.audience().is_empty());
    // Nothing is released of a token that is not active.
    let mut inactive = good.clone();
    inactive["active"] = json!(false);
    let found = judge(&inactive).unwrap();
    assert_eq!((found.active(), found.members().json()), (false, "{}"));
    for odd in [json!("true"), json!(1), json!(null), json!([true])] {
        assert_eq!(code(with("active", odd)), "introspection_malformed");
    }
    assert_eq!(code(judge(&json!({ "scope": "a" }))), "introspection_malformed");
    for name in ["client_id", "token_type", "sub", "iss"] {
        assert!(with(name, json!(null)).unwrap().members().text(name).is_none(), "{name}");
        for odd in [json!(1), json!(["x"])] {
            assert_eq!(code(with(name, odd)), "introspection_malformed", "{name}");
        }
    }
    for name in ["exp", "iat", "nbf"] {
        assert!(with(name, json!(null)).unwrap().members().time(name).is_none(), "{name}");
        for odd in [json!("tomorrow"), json!(1.5), json!(true), json!(-1)] {
            assert_eq!(code(with(name, odd)), "introspection_malformed", "{name}");
        }
    }
    for name in ["scope", "aud"] {
        assert!(with(name, json!(null)).is_ok(), "{name}");
        for odd in [json!(1), json!(["x", 1]), json!({})] {
            assert_eq!(code(with(name, odd)), "introspection_malformed", "{name}");
        }
    }
}

#[test]
fn revocation_answers() {
    assert!(revocation::judge(&Response::new(200, Some("text/html"), "<p>whatever")).is_ok());
    assert!(revocation::judge(&Response::new(204, None, "")).is_ok(), "nothing more to say");
    let error = revocation::judge(&json_answer(200, r#"{"error":"unsupported_token_type"}"#)).unwrap_err();
    assert_eq!((error.code(), error.oauth().unwrap().error.as_str()), ("oauth_error", "unsupported_token_type"));
    for status in [201, 202, 404, 500, 100] {
        assert_eq!(code(revocation::judge(&Response::new(status, None, ""))), "http_status_unexpected", "{status}");
    }
    assert_eq!(code(revocation::judge(&Response::new(302, None, ""))), "redirect_refused");
    let mut later = Response::new(503, None, "");
    later.retry_after = Some("30".into());
    let error = revocation::judge(&later).unwrap_err();
    assert_eq!(
        (error.code(), error.retryable(), error.retry_after(), error.action().as_str()),
        ("revocation_failed", true, Some(30), "try_later")
    );
    let error = revocation::judge(&json_answer(400, r#"{"error":"unsupported_token_type"}"#)).unwrap_err();
    assert_eq!(
        (error.code(), error.oauth().unwrap().error.as_str(), error.phase().as_str()),
        ("oauth_error", "unsupported_token_type", "token")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(text: String, status: u16, body in "[\\[\\]{}:,\"a-z0-9._ -]{0,60}", media in "(application/json|application/jwt|.{0,5})") {
        let expectation = IdTokenExpectation::new("https://op.example", "client-1");
        for body in [&text, &body, &format!("{{\"sub\":\"{text}\",\"active\":true,\"aud\":{body}}}"), &format!("e30.{}.AA", base64url(body.as_bytes()))] {
            for status in [status, 200, 201, 400, 401] {
                let mut response = Response::new(status, Some(&media), body);
                response.www_authenticate = Some(text.clone());
                let _ = (PushedRequest::judge(&response, true), Introspection::judge(&response), revocation::judge(&response));
                let _ = (userinfo::judge(&response, Subject::Is(&text)), userinfo::judge_signed(&response, Subject::Unchecked, &expectation, NOW));
            }
        }
    }
}
