//! Claims of id_tokens, logout tokens and signed answers: one change to a good token for each refusal.
//! Deleting the check fails the test; the numbers are those of the project's checklist.

use crate::by_hand::by_hand;
use crate::encode::base64url;
use samtykke::jose::{Algorithm, Compact, jwks};
use samtykke::protocol::authorization::transaction::ResponseMode;
use samtykke::protocol::id_token::claims::Claims;
use samtykke::protocol::id_token::logout_token;
use samtykke::protocol::id_token::{self, IdTokenExpectation};
use samtykke::{AuthorizationRequest, Callback, Error, Registration, Response, Step};
use serde_json::{Value, json};

use crate::flow::{ISSUER, NOW, REDIRECT_URI, profile, random, refused};

/// A token of these claims. Its signature is as long as one of RS256; nothing here verifies it.
fn token(header: Value, claims: &Value) -> String {
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    format!("{}.{}.{}", part(&header), part(claims), "A".repeat(342))
}

fn rs256() -> Value {
    json!({ "alg": "RS256", "kid": "a" })
}

fn good() -> Value {
    json!({ "iss": ISSUER, "aud": "client-1", "sub": "user-1", "iat": NOW, "exp": NOW + 60 })
}

/// With members changed; `null` takes one out.
fn with(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn check(expectation: &IdTokenExpectation<'_>, changes: Value) -> Result<(), Error> {
    id_token::check(&token(rs256(), &with(good(), &changes)), expectation, NOW).map(|_| ())
}

#[test]
fn n069_several_audiences_need_azp() {
    let trusting = IdTokenExpectation { trusted_audiences: &["api-1"], ..IdTokenExpectation::new(ISSUER, "client-1") };
    check(&trusting, json!({ "aud": ["client-1", "api-1"], "azp": "client-1" })).unwrap();
    for changes in [
        json!({ "aud": ["client-1", "api-1"] }),
        json!({ "aud": ["client-1", "api-1"], "azp": "api-1" }),
        json!({ "aud": ["client-1"], "azp": "api-1" }),
        json!({ "aud": ["client-1", "api-1", "api-2"], "azp": "client-1" }),
    ] {
        refused(check(&trusting, changes), "claim_refused");
    }
}

#[test]
fn n072_n073_times_that_cannot_be() {
    let usual = IdTokenExpectation::new(ISSUER, "client-1");
    check(&usual, json!({})).unwrap();
    for changes in [
        json!({ "exp": NOW * 1000 }),
        json!({ "exp": NOW + 1_577_880_011 }),
        json!({ "exp": NOW + 3, "iat": NOW + 5 }),
        json!({ "iat": NOW - 86_401, "exp": NOW + 60 }),
        json!({ "iat": NOW + 11 }),
        json!({ "nbf": NOW + 11 }),
    ] {
        refused(check(&usual, changes), "claim_refused");
    }
}

#[test]
fn n076_auth_time_within_max_age_and_not_ahead() {
    let usual = IdTokenExpectation::new(ISSUER, "client-1");
    let fresh = IdTokenExpectation { max_age: Some(60), ..usual };
    check(&usual, json!({})).unwrap();
    check(&fresh, json!({ "auth_time": NOW - 70 })).unwrap();
    for changes in [json!({}), json!({ "auth_time": NOW - 71 }), json!({ "auth_time": NOW + 11 }), json!({ "auth_time": "1" })] {
        refused(check(&fresh, changes), "claim_refused");
    }
    refused(check(&usual, json!({ "auth_time": NOW + 11 })), "claim_refused");
}

#[test]
fn n076_auth_time_as_a_date_where_a_server_writes_it_so() {
    let text = |seconds: u64| {
        let (day, rest) = (seconds / 86_400, seconds % 86_400);
        // 2023-11-14 is day 19,675.
        assert_eq!(day, 19_675);
        json!(format!("2023-11-14T{:02}:{:02}:{:02}.180Z", rest / 3600, rest / 60 % 60, rest % 60))
    };
    let usual = IdTokenExpectation::new(ISSUER, "client-1");
    refused(check(&usual, json!({ "auth_time": text(NOW) })), "claim_refused");
    let dated = IdTokenExpectation { auth_time_text: true, ..usual };
    let fresh = IdTokenExpectation { max_age: Some(60), ..dated };
    check(&dated, json!({ "auth_time": NOW })).unwrap();
    check(&fresh, json!({ "auth_time": text(NOW - 70) })).unwrap();
    for changes in [json!({ "auth_time": text(NOW - 71) }), json!({ "auth_time": text(NOW + 11) }), json!({})] {
        refused(check(&fresh, changes), "claim_refused");
    }
    for odd in ["1", "", "yesterday", "2023-11-14", "2023-11-14T22:13:20", "1700000000"] {
        refused(check(&dated, json!({ "auth_time": odd })), "claim_refused");
    }
    // No other time may be a text.
    for name in ["exp", "iat", "nbf"] {
        refused(check(&dated, json!({ name: text(NOW) })), "claim_refused");
    }
    // A refresh is compared by time, however it is written.
    let before = Claims::from_stored(&with(good(), &json!({ "auth_time": text(NOW - 500) })).to_string()).unwrap();
    assert_eq!(before.time("auth_time"), i64::try_from(NOW - 500).ok());
    let refreshed = IdTokenExpectation { refresh_of: Some(&before), ..dated };
    check(&refreshed, json!({ "auth_time": NOW - 500 })).unwrap();
    check(&refreshed, json!({ "auth_time": text(NOW - 500) })).unwrap();
    refused(check(&refreshed, json!({ "auth_time": text(NOW - 499) })), "claim_refused");
}

#[test]
fn n078_hashes_of_code_and_state() {
    let usual = IdTokenExpectation::new(ISSUER, "client-1");
    let hash = base64url(&Algorithm::from_name("RS256").unwrap().hash.digest(b"value")[..16]);
    let expectations = [
        ("at_hash", IdTokenExpectation { access_token: Some("value"), ..usual }),
        ("c_hash", IdTokenExpectation { code: Some("value"), ..usual }),
        ("s_hash", IdTokenExpectation { state: Some("value"), ..usual }),
    ];
    for (name, expectation) in expectations {
        check(&expectation, json!({})).unwrap();
        check(&expectation, json!({ name: hash })).unwrap();
        for wrong in [json!(hash[1..]), json!(format!("{hash}1")), json!(hash.to_lowercase()), json!(""), json!(1)] {
            refused(check(&expectation, json!({ name: wrong })), "claim_refused");
        }
    }
}

#[test]
fn n079_a_refreshed_id_token_is_of_the_same_login() {
    let login = json!({ "aud": ["client-1", "api-1"], "azp": "client-1", "auth_time": NOW - 500, "nonce": "n-0123456789abcdef" });
    let before = Claims::from_stored(&with(good(), &login).to_string()).unwrap();
    let usual = IdTokenExpectation { trusted_audiences: &["api-1", "api-2"], ..IdTokenExpectation::new(ISSUER, "client-1") };
    let refreshed = IdTokenExpectation { refresh_of: Some(&before), ..usual };
    let check = |changes: Value| {
        let claims = with(with(with(good(), &login), &json!({ "iat": NOW + 1 })), &changes);
        id_token::check(&token(rs256(), &claims), &refreshed, NOW).map(|_| ())
    };
    // A nonce and the time of the login may be left out; an audience may be added.
    for fits in [
        json!({}),
        json!({ "nonce": null }),
        json!({ "auth_time": null }),
        json!({ "azp": null, "aud": null }),
        json!({ "aud": ["client-1", "api-1", "api-2"] }),
        json!({ "iat": NOW }),
    ] {
        // Without any audience it is no token of this client's.
        if fits.get("aud").is_some_and(Value::is_null) {
            refused(check(fits), "claim_refused");
        } else {
            check(fits).unwrap();
        }
    }
    for changes in [
        json!({ "sub": "user-2" }),
        json!({ "aud": "client-1" }),
        json!({ "aud": ["client-1", "api-2"] }),
        json!({ "iat": NOW - 1 }),
        json!({ "auth_time": NOW - 499 }),
    ] {
        refused(check(changes), "claim_refused");
    }
    refused(check(json!({ "nonce": "n-another-of-the-kind" })), "nonce_mismatch");
    // Where the login named another party, this client's own name is a change all the same.
    let other = Claims::from_stored(&with(good(), &json!({ "azp": "client-2" })).to_string()).unwrap();
    let moved = IdTokenExpectation { refresh_of: Some(&other), ..usual };
    refused(id_token::check(&token(rs256(), &with(good(), &json!({ "azp": "client-1" }))), &moved, NOW), "claim_refused");
}

#[test]
fn n086_a_key_that_may_not_verify() {
    let rs256 = Algorithm::from_name("EdDSA").unwrap();
    let set =
        |more: &str| format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"{more}}}]}}"#);
    for fits in [
        "",
        r#","key_ops":[],"x5c":[],"oth":[]"#,
        r#","use":null,"kid":null,"d":null"#,
        r#","use":"sig""#,
        r#","key_ops":["verify"]"#,
        r#","key_ops":["sign","verify"],"alg":"EdDSA""#,
    ] {
        jwks::select(&set(fits), rs256, None).unwrap();
    }
    for odd in [r#","use":"enc""#, r#","key_ops":["sign"]"#, r#","key_ops":["encrypt"]"#, r#","alg":"ES256""#] {
        refused(jwks::select(&set(odd), rs256, None), "key_not_found");
    }
    let many = |count: usize| format!(r#"{{"keys":[{}]}}"#, vec![r#"{"kty":"none"}"#; count].join(","));
    refused(jwks::select(&many(100), rs256, None), "key_not_found");
    refused(jwks::select(&many(101), rs256, None), "jwks_malformed");
    let judge = |count| jwks::judge(&Response::new(200, Some("application/json"), &many(count)));
    judge(100).unwrap();
    refused(judge(101), "jwks_malformed");
}

#[test]
fn n091_sizes_of_a_token() {
    let header = |octets: usize| base64url(format!(r#"{{"alg":"RS256","x":"{}"}}"#, "a".repeat(octets)).as_bytes());
    assert!(Compact::parse(&format!("{}.e30.AAAA", header(12_000))).is_ok());
    refused(Compact::parse(&format!("{}.e30.AAAA", header(12_300))), "jws_malformed");
    let payload = |octets: usize| base64url(&vec![b' '; octets]);
    let head = base64url(br#"{"alg":"RS256"}"#);
    assert!(Compact::parse(&format!("{head}.{}.AAAA", payload(196_000))).is_ok());
    refused(Compact::parse(&format!("{head}.{}.AAAA", payload(197_000))), "jws_malformed");
    assert!(Compact::parse(&format!("{head}.e30.{}", base64url(&[0; 1024]))).is_ok());
    refused(Compact::parse(&format!("{head}.e30.{}", base64url(&[0; 1025]))), "jws_malformed");
}

/// OIDC Back-Channel Logout section 2.6.
#[test]
fn a_logout_token_is_nothing_else() {
    const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
    let good = json!({ "iss": ISSUER, "aud": "client-1", "iat": NOW, "exp": NOW + 60, "jti": "j", "sub": "user-1", "sid": "s", "events": { EVENT: {} } });
    let usual = IdTokenExpectation::new(ISSUER, "client-1");
    let judge = |header: Value, changes: Value| logout_token::check(&token(header, &with(good.clone(), &changes)), &usual, NOW).map(|_| ());
    for fits in [json!({}), json!({ "sub": null }), json!({ "sid": null }), json!({ "events": { EVENT: { "more": 1 }, "other": {} } })] {
        judge(rs256(), fits).unwrap();
    }
    for typ in ["logout+jwt", "application/logout+jwt", "JWT"] {
        judge(json!({ "alg": "RS256", "typ": typ }), json!({})).unwrap();
    }
    for typ in ["at+jwt", "dpop+jwt", "oauth-authz-req+jwt"] {
        refused(judge(json!({ "alg": "RS256", "typ": typ }), json!({})), "claim_refused");
    }
    for changes in [
        json!({ "jti": null }),
        json!({ "jti": "" }),
        json!({ "sub": null, "sid": null }),
        json!({ "sub": "", "sid": null }),
        json!({ "nonce": "n" }),
        json!({ "events": null }),
        json!({ "events": { "other": {} } }),
        json!({ "events": { EVENT: "x" } }),
        json!({ "events": [EVENT] }),
        json!({ "iat": null }),
        json!({ "exp": null }),
        json!({ "aud": "client-2" }),
        json!({ "iss": "https://op.example/" }),
    ] {
        refused(judge(rs256(), changes), "claim_refused");
    }
    refused(judge(rs256(), json!({ "exp": NOW - 60 })), "jwt_expired");
    refused(judge(json!({ "alg": "none" }), json!({})), "algorithm_refused");
    refused(judge(json!({ "alg": "ES256" }), json!({})), "algorithm_refused");
}

/// A signed answer to a flow that was begun in a mode, judged up to its signature.
fn jarm(header: Value, changes: &Value, right: bool) -> Result<String, Error> {
    let mut profile = profile();
    profile.endpoints.jwks_uri = Some("https://op.example/jwks".into());
    let client = Registration::new(profile, "client-1", REDIRECT_URI).unwrap();
    let login = client.begin(AuthorizationRequest::new("read").response_mode(ResponseMode::Jwt), &random(), NOW).unwrap();
    let good = json!({ "iss": ISSUER, "aud": "client-1", "exp": NOW + 60, "state": login.transaction.state(), "code": "a code" });
    let answer = format!("{REDIRECT_URI}?response={}", token(header, &with(good, changes)));
    let n = base64url(&[0xc5; 256]);
    let set = format!(r#"{{"keys":[{{"kty":"RSA","kid":"a","n":"{n}","e":"AQAB"}}]}}"#);
    let mut exchange = by_hand(login.transaction.finish_jarm(&client, Callback::Url(&answer), NOW)?.jwks(set));
    let Step::Verify(_) = exchange.step(&[7; 32], NOW)? else { panic!("a signature to verify") };
    exchange.accept_verdict(right);
    let Step::Done(code) = exchange.step(&[7; 32], NOW)? else { panic!("a code") };
    Ok(code.issuer().into())
}

#[test]
fn n043_a_signed_answer_is_this_flow_s() {
    assert_eq!(jarm(rs256(), &json!({}), true).unwrap(), ISSUER);
    refused(jarm(rs256(), &json!({}), false), "signature_invalid");
    for (changes, code) in [
        (json!({ "state": null }), "state_missing"),
        (json!({ "state": "another" }), "state_mismatch"),
        (json!({ "state": 1 }), "state_mismatch"),
        (json!({ "iss": null }), "issuer_missing"),
        (json!({ "iss": "https://op.example/" }), "issuer_mismatch"),
        (json!({ "iss": [ISSUER] }), "claim_refused"),
        (json!({ "aud": null }), "claim_refused"),
        (json!({ "aud": "client-2" }), "claim_refused"),
        (json!({ "aud": ["client-1", "client-2"] }), "claim_refused"),
        (json!({ "exp": null }), "claim_refused"),
        (json!({ "exp": NOW - 360 }), "jwt_expired"),
        (json!({ "nbf": NOW + 60 }), "claim_refused"),
        (json!({ "code": 1 }), "callback_malformed"),
        (json!({ "code": null }), "code_missing"),
        (json!({ "error": "access_denied" }), "callback_unexpected_parameter"),
        (json!({ "code": null, "error": "access_denied" }), "authorization_error"),
        (json!({ "access_token": "x" }), "callback_unexpected_parameter"),
    ] {
        let error = refused(jarm(rs256(), &changes, true), code);
        assert_eq!(error.phase().as_str(), "callback", "{changes}");
        // State, issuer, audience and end come before the signature, what the answer says after it (JARM section 2.4).
        let early = ["state", "iss", "aud", "exp", "nbf"].iter().any(|name| changes.get(name).is_some());
        refused(jarm(rs256(), &changes, false), if early { code } else { "signature_invalid" });
    }
    refused(jarm(json!({ "alg": "none" }), &json!({}), true), "algorithm_refused");
    refused(jarm(json!({ "alg": "ES256" }), &json!({}), true), "algorithm_refused");
    refused(jarm(json!({ "alg": "RS256", "typ": "at+jwt" }), &json!({}), true), "claim_refused");
}
