//! What real servers send and nobody can exploit is taken; what could mix two parties up is not: a test for each rule.

use samtykke::jose::{Algorithm, Compact, Jwk, jwks};
use samtykke::protocol::authorization::transaction::ResponseMode;
use samtykke::protocol::id_token::{self, IdTokenExpectation, logout_token};
use samtykke::protocol::token::{Expectation, TokenType, Tokens};
use samtykke::protocol::userinfo::{self, Subject};
use samtykke::{
    AuthorizationRequest, Callback, ClientAuthentication, ClientCredentials, Error, Exchange, Profile, Registration, Request, Response,
    Step,
};
use serde_json::{Value, json};

use crate::by_hand::by_hand;
use crate::encode::{base64, base64url};
use crate::flow::{ISSUER, NOW, REDIRECT_URI, finish_as, profile, random, refused};

fn answer(body: &str) -> Response {
    Response::new(200, Some("application/json"), body)
}

/// A token whose header and payload are these texts, its signature as long as one of RS256.
fn token(header: &str, payload: &str) -> String {
    format!("{}.{}.{}", base64url(header.as_bytes()), base64url(payload.as_bytes()), "A".repeat(342))
}

const HEADER: &str = r#"{"alg":"RS256","kid":"a"}"#;

fn claims(more: &str) -> String {
    format!(r#"{{"iss":"{ISSUER}","aud":"client-1","sub":"user-1","iat":{NOW},"exp":{}{more}}}"#, NOW + 60)
}

fn id_token(header: &str, payload: &str) -> Result<samtykke::protocol::id_token::claims::Claims, Error> {
    id_token::check(&token(header, payload), &IdTokenExpectation::new(ISSUER, "client-1"), NOW)?.release(true)
}

fn sent<T>(exchange: Exchange<T>) -> Request {
    let Step::Send(request) = by_hand(exchange).step(&[7; 32], NOW).unwrap() else { panic!("a request") };
    request
}

#[test]
fn null_is_absent() {
    let all = r#"{"access_token":"a","token_type":"Bearer","scope":null,"refresh_token":null,"id_token":null,"expires_in":null,"error":null,"authorization_details":null,"issued_token_type":null,"custom":null}"#;
    let tokens = Tokens::judge(&answer(all), &Expectation::default()).unwrap();
    assert_eq!((tokens.scope, tokens.expires_in, tokens.refresh_token.is_none(), tokens.id_token.is_none()), (None, None, true, true));
    // What a check needs is missed all the same.
    for body in [r#"{"access_token":null,"token_type":"Bearer"}"#, r#"{"access_token":"a","token_type":null}"#] {
        refused(Tokens::judge(&answer(body), &Expectation::default()), "token_response_malformed");
    }
    let wanted = Expectation { id_token: true, ..Expectation::default() };
    refused(Tokens::judge(&answer(all), &wanted), "id_token_missing");
    let nulls: String = ["nbf", "at_hash", "azp", "amr", "acr", "auth_time", "nonce", "sid", "jti", "events"]
        .map(|name| format!(r#","{name}":null"#))
        .concat();
    id_token(HEADER, &claims(&nulls)).unwrap();
    id_token(r#"{"alg":"RS256","kid":null,"typ":null}"#, &claims("")).unwrap();
    for missing in ["iss", "aud", "sub", "iat", "exp"] {
        let mut whole: Value = serde_json::from_str(&claims("")).unwrap();
        whole[missing] = Value::Null;
        refused(id_token(HEADER, &whole.to_string()), "claim_refused");
    }
    // An extension is one whatever it holds.
    refused(id_token(r#"{"alg":"RS256","crit":null}"#, &claims("")), "jws_malformed");
    let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","y":null,"d":null,"kid":null,"alg":null,"use":null,"key_ops":null}"#;
    assert_eq!(Jwk::parse(key).unwrap().kid(), None);
}

#[test]
fn a_claim_repeated_with_an_equal_value_is_taken() {
    // Keycloak's signed answers name their issuer twice (its issue 44563).
    let twice = |more: &str| id_token(HEADER, &claims(more));
    let found =
        twice(&format!(r#","iss":"{ISSUER}","aud":"client-1","exp":{}.0,"x":{{"a":1,"b":[2]}},"x":{{"a":1,"b":[2]}}"#, NOW + 60)).unwrap();
    // What comes out holds each of them once.
    let read: Value = serde_json::from_str(found.json()).unwrap();
    assert_eq!(
        (read["iss"].as_str(), found.json().matches("\"iss\"").count(), found.text("sub").as_deref()),
        (Some(ISSUER), 1, Some("user-1"))
    );
    for (more, name) in [
        (r#","iss":"https://evil.example""#, "iss"),
        (r#","\u0069ss":"https://evil.example""#, "iss"),
        (r#","aud":["client-1"]"#, "aud"),
        (r#","exp":1"#, "exp"),
        (r#","x":1,"x":"1""#, "x"),
        (r#","x":{"a":1},"x":{"a":2}"#, "x"),
        (r#","x":null,"x":1"#, "x"),
    ] {
        let error = refused(twice(more), "claim_refused");
        assert!(error.expected_value().unwrap().starts_with(name), "{error}");
        assert_eq!(error.action().as_str(), "fix_configuration", "a login begun anew would bring the same");
    }
    // Nowhere else: not deeper, not in a header, not in a plain answer.
    refused(twice(r#","x":{"a":1,"a":1}"#), "claim_refused");
    refused(id_token(r#"{"alg":"RS256","alg":"RS256"}"#, &claims("")), "jws_malformed");
    refused(
        Tokens::judge(&answer(r#"{"access_token":"a","access_token":"a","token_type":"Bearer"}"#), &Expectation::default()),
        "token_response_malformed",
    );
    refused(userinfo::judge(&answer(r#"{"sub":"a","sub":"a"}"#), Subject::Unchecked), "userinfo_malformed");
    let signed = |payload: &str| {
        let response = Response::new(200, Some("application/jwt"), &token(HEADER, payload));
        userinfo::judge_signed(&response, Subject::Is("user-1"), &IdTokenExpectation::new(ISSUER, "client-1"), NOW)?.release(true)
    };
    assert_eq!(signed(&claims(r#","sub":"user-1""#)).unwrap().json().matches("\"sub\"").count(), 1);
    refused(signed(&claims(r#","sub":"user-2""#)), "claim_refused");
}

#[test]
fn a_signed_answer_that_names_its_issuer_twice_gives_its_code() {
    let mut profile = profile();
    profile.endpoints.jwks_uri = Some("https://op.example/jwks".into());
    let client = Registration::new(profile, "client-1", REDIRECT_URI).unwrap();
    let finish = |iss: &str| {
        let login = client.begin(AuthorizationRequest::new("read").response_mode(ResponseMode::Jwt), &random(), NOW).unwrap();
        let state = login.transaction.state().to_owned();
        let payload = format!(r#"{{"exp":{},"iss":"{ISSUER}","aud":"client-1","code":"c.d.e","iss":"{iss}","state":"{state}"}}"#, NOW + 60);
        let answer = format!("{REDIRECT_URI}?response={}", token(HEADER, &payload));
        let set = json!({ "keys": [{ "kty": "RSA", "kid": "a", "n": base64url(&[0xc5; 256]), "e": "AQAB" }] });
        let mut exchange = by_hand(login.transaction.finish_jarm(&client, Callback::Url(&answer), NOW)?.jwks(set.to_string()));
        let Step::Verify(_) = exchange.step(&[7; 32], NOW)? else { panic!("a signature to verify") };
        exchange.accept_verdict(true);
        let Step::Done(code) = exchange.step(&[7; 32], NOW)? else { panic!("the code") };
        Ok(sent(Exchange::authorization_code(&client, &ClientAuthentication::None, code)?).body.unwrap().expose().to_owned())
    };
    assert!(finish(ISSUER).unwrap().contains("&code=c.d.e&"));
    refused(finish("https://evil.example"), "claim_refused");
}

#[test]
fn keys_in_a_header_are_not_looked_at() {
    for more in [
        r#""jku":"https://evil.example/jwks""#,
        r#""x5u":"https://evil.example/cert""#,
        r#""jwk":{"kty":"oct","k":"AAAA"}"#,
        r#""x5c":["AAAA"]"#,
        r#""cty":"JWT""#,
    ] {
        id_token(&format!(r#"{{"alg":"RS256","kid":"a",{more}}}"#), &claims("")).unwrap();
    }
    for more in [r#""crit":["exp"]"#, r#""b64":false"#, r#""zip":"DEF""#, r#""enc":"A256GCM""#] {
        refused(id_token(&format!(r#"{{"alg":"RS256","kid":"a",{more}}}"#), &claims("")), "jws_malformed");
    }
}

#[test]
fn a_key_id_may_be_any_text() {
    assert_eq!(Compact::parse(&token(r#"{"alg":"RS256","kid":""}"#, "{}")).unwrap().kid(), None);
    assert_eq!(Compact::parse(&token(r#"{"alg":"RS256","kid":" å\n"}"#, "{}")).unwrap().kid(), Some(" å\n"));
    for odd in [r#"{"alg":"RS256","kid":5}"#, r#"{"alg":""}"#, r#"{"alg":"RS256","typ":""}"#] {
        refused(Compact::parse(&token(odd, "{}")), "jws_malformed");
    }
    let set = format!(r#"{{"keys":[{{{ED25519},"kid":""}}]}}"#);
    assert!(jwks::select(&set, Algorithm::from_name("EdDSA").unwrap(), None).is_ok());
    refused(jwks::select(&set, Algorithm::from_name("EdDSA").unwrap(), Some("a")), "key_not_found");
}

const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
const OTHER: &str = r#""kty":"OKP","crv":"Ed25519","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA""#;

#[test]
fn ed25519_is_one_algorithm_under_two_names() {
    let eddsa = Algorithm::from_name("EdDSA").unwrap();
    assert_eq!(Algorithm::from_name("Ed25519"), Some(eddsa));
    for named in [r#""alg":"EdDSA""#, r#""alg":"Ed25519""#] {
        let key = jwks::select(&format!(r#"{{"keys":[{{{ED25519},{named}}}]}}"#), eddsa, None).unwrap();
        assert!(key.fits(eddsa));
    }
    let signature = "A".repeat(86);
    for alg in ["EdDSA", "Ed25519"] {
        let head = base64url(format!(r#"{{"alg":"{alg}"}}"#).as_bytes());
        assert_eq!(Compact::parse(&format!("{head}.e30.{signature}")).unwrap().algorithm(&[eddsa]).unwrap().name, "EdDSA");
    }
    let head = base64url(br#"{"alg":"Ed448"}"#);
    refused(Compact::parse(&format!("{head}.e30.{signature}")).unwrap().algorithm(&[eddsa]), "algorithm_refused");
}

#[test]
fn a_key_that_stands_in_a_set_twice_counts_once() {
    let eddsa = Algorithm::from_name("EdDSA").unwrap();
    let select = |keys: &[String], kid| jwks::select(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")), eddsa, kid);
    let (one, same) = (format!(r#"{{{ED25519},"kid":"a"}}"#), format!(r#"{{"kid":"a","use":"sig",{ED25519}}}"#));
    let other = format!(r#"{{{OTHER},"kid":"a"}}"#);
    assert_eq!(select(&[one.clone(), one.clone()], Some("a")).unwrap().kid(), Some("a"));
    assert!(select(&[one.clone(), same.clone(), one.clone()], Some("a")).is_ok() && select(&[one.clone(), same], None).is_ok());
    refused(select(&[one.clone(), other.clone()], Some("a")), "key_ambiguous");
    refused(select(&[one.clone(), one.clone(), other], None), "key_ambiguous");
    // What each says of itself is judged for each.
    let (encrypts, named) = (format!(r#"{{{ED25519},"kid":"a","use":"enc"}}"#), format!(r#"{{{ED25519},"kid":"b"}}"#));
    assert_eq!(select(&[encrypts, named, one], Some("b")).unwrap().kid(), Some("b"));
}

#[test]
fn a_set_with_a_key_that_is_not_public_is_refused() {
    let eddsa = Algorithm::from_name("EdDSA").unwrap();
    for odd in [
        r#"{"kty":"oct","k":"AAAA"}"#.to_owned(),
        r#"{"kty":"oct"}"#.to_owned(),
        format!(r#"{{{OTHER},"d":"AAAA"}}"#),
        r#"{"kty":"RSA","n":"AA","e":"AQAB","p":"AA"}"#.to_owned(),
        r#"{"kty":"RSA","oth":[{}]}"#.to_owned(),
        r#"{"kty":"AKP","priv":"AA"}"#.to_owned(),
        "5".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "\"key\"".to_owned(),
    ] {
        for set in [format!(r#"{{"keys":[{odd},{{{ED25519}}}]}}"#), format!(r#"{{"keys":[{{{ED25519}}},{odd}]}}"#)] {
            refused(jwks::judge(&answer(&set)), "jwks_malformed");
            refused(jwks::select(&set, eddsa, None), "jwks_malformed");
        }
    }
    // Keys of types that are not known here are nobody's secret.
    let set = format!(r#"{{"keys":[{{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}},{{{ED25519},"oth":[],"d":null}}]}}"#);
    assert!(jwks::judge(&answer(&set)).is_ok() && jwks::select(&set, eddsa, None).is_ok());
}

/// A client of a profile with options, and its form to the token endpoint.
fn of(change: impl FnOnce(&mut Profile)) -> Registration {
    let mut profile = profile();
    profile.endpoints.device_authorization = Some("https://op.example/device".into());
    profile.endpoints.pushed_authorization_request = Some("https://op.example/par".into());
    change(&mut profile);
    Registration::new(profile, "client-1", REDIRECT_URI).unwrap()
}

fn outcome<T>(exchange: Exchange<T>, body: &str) -> Result<T, Error> {
    let mut exchange = by_hand(exchange);
    let Step::Send(_) = exchange.step(&[7; 32], NOW)? else { panic!("a request") };
    exchange.receive(answer(body));
    let Step::Done(done) = exchange.step(&[7; 32], NOW)? else { panic!("the outcome") };
    Ok(done)
}

fn basic() -> ClientAuthentication {
    ClientAuthentication::secret_basic("s")
}

#[test]
fn lifetimes_as_texts_by_option_in_every_answer() {
    let (strict, lenient) = (of(|_| {}), of(|profile| profile.requests.expires_in_string = true));
    let tokens = r#"{"access_token":"a","token_type":"Bearer","expires_in":"60"}"#;
    let credentials =
        |client: &Registration| outcome(Exchange::client_credentials(client, &basic(), &ClientCredentials::new("a")).unwrap(), tokens);
    refused(credentials(&strict), "token_response_malformed");
    assert_eq!(credentials(&lenient).unwrap().expires_in, Some(60));
    let codes = r#"{"device_code":"d e","user_code":"u","verification_uri":"https://op.example/v","expires_in":"60","interval":"7"}"#;
    let device = |client: &Registration| {
        let request = samtykke::flow::device::DeviceRequest::new("a");
        outcome(Exchange::device_authorization(client, &basic(), &request).unwrap(), codes)
    };
    refused(device(&strict), "device_response_malformed");
    let device = device(&lenient).unwrap();
    assert_eq!((device.expires_in, device.interval, device.device_code.expose()), (60, 7, "d e"));
    let pushed = r#"{"request_uri":"urn:x:y","expires_in":"60"}"#;
    let login = |client: &Registration| {
        let start = samtykke::flow::login::Start::new();
        outcome(Exchange::login(client, &basic(), AuthorizationRequest::new("a"), start, &random(), NOW).unwrap(), pushed)
    };
    refused(login(&strict), "par_response_malformed");
    assert!(login(&lenient).unwrap().url.ends_with("&request_uri=urn%3Ax%3Ay"));
}

#[test]
fn a_missing_type_and_a_scope_as_a_list_by_option() {
    let judge = |body: &str, expectation: &Expectation| Tokens::judge(&answer(body), expectation);
    let untyped = r#"{"access_token":"a"}"#;
    refused(judge(untyped, &Expectation::default()), "token_response_malformed");
    let bearer = Expectation { default_token_type: Some(TokenType::Bearer), ..Expectation::default() };
    assert_eq!(judge(untyped, &bearer).unwrap().token_type, TokenType::Bearer);
    assert!(judge(r#"{"access_token":"a","token_type":null}"#, &bearer).is_ok());
    for odd in [r#"{"access_token":"a","token_type":""}"#, r#"{"access_token":"a","token_type":5}"#] {
        refused(judge(odd, &bearer), "token_response_malformed");
    }
    refused(judge(r#"{"access_token":"a","token_type":"mac"}"#, &bearer), "token_type_unexpected");
    // A default is no way around a binding that was asked for.
    let bound = Expectation { token_type: TokenType::DPoP, ..bearer };
    refused(judge(untyped, &bound), "token_type_unexpected");
    assert!(judge(untyped, &Expectation { default_token_type: Some(TokenType::DPoP), ..bound }).is_ok());

    let listed = r#"{"access_token":"a","token_type":"Bearer","scope":["a"," b  c","d"]}"#;
    refused(judge(listed, &Expectation::default()), "token_response_malformed");
    let lists = Expectation { scope_list: true, ..Expectation::default() };
    assert_eq!(judge(listed, &lists).unwrap().scope.as_deref(), Some("a b c d"));
    assert_eq!(judge(&listed.replace(r#"["a"," b  c","d"]"#, "[]"), &lists).unwrap().scope.as_deref(), Some(""));
    for odd in [r#"["a",5]"#, r#"[["a"]]"#, r#"["\""]"#, "5"] {
        refused(judge(&listed.replace(r#"["a"," b  c","d"]"#, odd), &lists), "token_response_malformed");
    }
    let client = of(|profile| (profile.requests.scope_list, profile.requests.default_token_type) = (true, Some(TokenType::Bearer)));
    let exchange = Exchange::client_credentials(&client, &basic(), &ClientCredentials::new("a")).unwrap();
    assert_eq!(outcome(exchange, r#"{"access_token":"a","scope":["a"]}"#).unwrap().scope.as_deref(), Some("a"));
}

#[test]
fn basic_credentials_encoded_or_by_option_raw() {
    let header = |raw: bool, id: &str, secret: &str| {
        let mut profile = profile();
        profile.requests.raw_basic = raw;
        let client = Registration::new(profile, id, REDIRECT_URI).unwrap();
        let exchange =
            Exchange::client_credentials(&client, &ClientAuthentication::secret_basic(secret), &ClientCredentials::new("a")).unwrap();
        let request = sent(exchange);
        request.headers.into_iter().find(|(name, _)| *name == "authorization").unwrap().1.expose().to_owned()
    };
    let pair = |text: &str| format!("Basic {}", base64(text.as_bytes()));
    let rows: Value = serde_json::from_str(include_str!("../reality/basic.json")).unwrap();
    for row in rows["rows"].as_array().unwrap() {
        let [id, secret, expected] = ["client_id", "client_secret", "pair"].map(|name| row[name].as_str().unwrap());
        let found = header(false, id, secret);
        // The second row's secret is what its pair stands for.
        assert!(found == pair(expected), "{row}");
    }
    assert_eq!(header(false, "a-._~*", "Aa0-_~.*"), pair("a-._~*:Aa0-_~.*"));
    assert_eq!(header(false, "a b", "ø!'()"), pair("a+b:%C3%B8%21%27%28%29"));
    assert_eq!(header(true, "a b", "a%b+c:ø"), pair("a b:a%b+c:ø"));
}

#[test]
fn tokens_bound_to_a_certificate_go_to_its_addresses_however_the_client_authenticates() {
    let aliased = |bound: bool| {
        of(|profile| {
            profile.requests.certificate_bound = bound;
            profile.endpoints.mtls_aliases = vec![("token_endpoint".into(), "https://mtls.op.example/token".into())];
        })
    };
    for authentication in [basic(), ClientAuthentication::secret_jwt("s".repeat(32))] {
        let url = |bound| {
            let client = aliased(bound);
            sent(Exchange::client_credentials(&client, &authentication, &ClientCredentials::new("a")).unwrap()).url
        };
        assert_eq!((url(false).as_str(), url(true).as_str()), ("https://op.example/token", "https://mtls.op.example/token"));
    }
    let device = samtykke::flow::device::DeviceRequest::new("a");
    assert_eq!(
        sent(Exchange::device_authorization(&aliased(true), &basic(), &device).unwrap()).url,
        "https://op.example/device",
        "no alias"
    );
}

#[test]
fn a_logout_token_without_an_end_by_option_while_it_is_new() {
    // As Hydra sends it.
    let at = |iat: u64, more: &str| {
        format!(
            r#"{{"aud":["client-1"],"events":{{"http://schemas.openid.net/event/backchannel-logout":{{}}}},"iat":{iat},"iss":"{ISSUER}","jti":"eac3","sid":"d7e5"{more}}}"#
        )
    };
    let strict = IdTokenExpectation::new(ISSUER, "client-1");
    let lenient = IdTokenExpectation { logout_token_without_exp: true, ..strict };
    let check = |payload: &str, by: &IdTokenExpectation<'_>| logout_token::check(&token(HEADER, payload), by, NOW).map(|_| ());
    let error = refused(check(&at(NOW, ""), &strict), "claim_refused");
    assert_eq!(error.phase().as_str(), "session");
    assert!(error.hint().contains("Back-Channel Logout 1.0 section 2.4") && error.hint().contains("logoutTokenWithoutExp"), "{error}");
    check(&at(NOW, ""), &lenient).unwrap();
    check(&at(NOW - 120, r#","exp":null"#), &lenient).unwrap();
    refused(check(&at(NOW - 131, ""), &lenient), "jwt_expired");
    refused(check(&at(NOW + 60, ""), &lenient), "claim_refused");
    // An end that is there counts.
    refused(check(&at(NOW, &format!(r#","exp":{}"#, NOW - 60)), &lenient), "jwt_expired");
    refused(check(&at(NOW, r#","exp":"soon""#), &lenient), "claim_refused");
    // No other token may do without.
    let mut endless: Value = serde_json::from_str(&claims("")).unwrap();
    endless.as_object_mut().unwrap().remove("exp");
    refused(id_token::check(&token(HEADER, &endless.to_string()), &lenient, NOW).map(|_| ()), "claim_refused");
}

#[test]
fn ids_and_secrets_may_hold_spaces() {
    let client = Registration::new(profile(), "my client <? _?", REDIRECT_URI).unwrap();
    let login = client.begin(AuthorizationRequest::new("read more"), &random(), NOW).unwrap();
    assert!(login.url.contains("client_id=my%20client%20%3C%3F%20_%3F&"), "{}", login.url);
    let stored = samtykke::Transaction::restore(login.transaction.serialize().expose()).unwrap();
    assert_eq!((stored.client_id().as_str(), stored.redirect_uri(), stored.scope()), ("my client <? _?", REDIRECT_URI, "read more"));
    let answer = format!("{REDIRECT_URI}?code=a+code&state={}", stored.state());
    let code = stored.finish(&client, Callback::Url(&answer), NOW).unwrap();
    assert_eq!(code.client_id(), "my client <? _?");
    let again = samtykke::AuthorizationCode::restore(code.serialize().expose()).unwrap();
    let secret = ClientAuthentication::secret_post("a secret");
    let body = sent(Exchange::authorization_code(&client, &secret, again).unwrap()).body.unwrap();
    for part in ["client_id=my+client+%3C%3F+_%3F", "code=a+code", "client_secret=a+secret"] {
        assert!(body.expose().contains(part), "{}", body.expose());
    }
    // One that differs by its spaces alone is another's.
    let other = Registration::new(profile(), "my+client <? _?", REDIRECT_URI).unwrap();
    let login = client.begin(AuthorizationRequest::new("read"), &random(), NOW).unwrap();
    refused(login.transaction.finish(&other, Callback::Url(&answer), NOW), "transaction_mismatch");
    let refresh = samtykke::protocol::grant::Refresh::new("WgfZTAmErJMimzRbvWKT1878930919<? _?");
    let body = sent(Exchange::refresh(&client, &secret, &refresh).unwrap()).body.unwrap();
    assert!(body.expose().contains("refresh_token=WgfZTAmErJMimzRbvWKT1878930919%3C%3F+_%3F"));
}

#[test]
fn what_a_url_reader_changes_is_refused() {
    for odd in ["\t", "\n", "\r", "\0", "\u{7f}", "\u{1f}"] {
        for answer in [
            format!("{REDIRECT_URI}?code=a{odd}&state=STATE"),
            format!("{REDIRECT_URI}{odd}?code=a&state=STATE"),
            format!("{odd}?code=a&state=STATE"),
        ] {
            refused(finish_as(&of(|_| {}), AuthorizationRequest::new("read"), &answer), "callback_malformed");
        }
    }
    let login = of(|_| {}).begin(AuthorizationRequest::new("openid"), &random(), NOW).unwrap();
    let stored = login.transaction.serialize().expose().to_owned();
    assert!(samtykke::Transaction::restore(&stored).is_ok());
    let nonce = stored.split(' ').nth(4).unwrap().split(',').next().unwrap();
    refused(samtykke::Transaction::restore(&stored.replacen(nonce, &format!("{nonce}\0"), 1)).map(|_| ()), "transaction_malformed");
    // Judged when the client is made: a browser comes back to another path, or to no host at all.
    for odd in [
        "https://rp.example/a/../cb",
        "https://rp.example/./cb",
        "https://rp.example/cb/..",
        "https://rp.example/a/%2e%2E/cb",
        "https://rp.example/.%2e/cb",
        "https://.1/cb",
        "https://1.2.3.256/cb",
        "https://a.0x/cb",
        "https://xn--/cb",
        "https://a.XN--/cb",
        "https://xn--a-/cb",
    ] {
        refused(Registration::new(profile(), "client-1", odd), "invalid_configuration");
    }
    for fits in [
        "https://rp.example/..a/cb",
        "https://rp.example/a..b",
        "https://xn--bcher-kva.example/cb",
        "https://1.2.3.4/cb",
        "https://rp.example/cb?x=/../",
    ] {
        Registration::new(profile(), "client-1", fits).unwrap();
    }
    refused(
        Registration::new(Profile::new("https://1.2.3.256", "https://op.example/a", ""), "client-1", REDIRECT_URI),
        "invalid_configuration",
    );
}
