//! What a refresh and a key set leave in the caller's hands, whatever becomes of the id_token.
//!
//! OIDC Core sections 10.1.1 and 12.2, RFC 9700 section 4.14.2. Verdicts on signatures are given by hand.

use crate::encode::base64url;
use samtykke::flow::keys::JwksTimes;
use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::jose::Algorithm;
use samtykke::protocol::grant::Refresh;
use samtykke::protocol::id_token::claims::Claims;
use samtykke::protocol::profile::{Rules, STANDARD};
use samtykke::{
    AuthorizationCode, AuthorizationRequest, Callback, ClientAuthentication, Error, Exchange, Registration, Response, Step, Tokens,
    Transaction,
};
use serde_json::{Value, json};

use crate::flow::{ISSUER, NOW, REDIRECT_URI, profile, random, refused};

fn client() -> Registration {
    let mut profile = profile();
    profile.endpoints.jwks_uri = Some("https://op.example/jwks".into());
    Registration::new(profile, "client-1", REDIRECT_URI).unwrap()
}

fn id_token(kid: &str, more: Value) -> String {
    let part = |value: Value| base64url(value.to_string().as_bytes());
    let mut claims = json!({ "iss": ISSUER, "aud": "client-1", "sub": "user-1", "iat": NOW, "exp": NOW + 60 });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    format!("{}.{}.{}", part(json!({ "alg": "RS256", "kid": kid })), part(claims), "A".repeat(342))
}

fn set(kid: &str) -> String {
    format!(r#"{{"keys":[{{"kty":"RSA","kid":"{kid}","n":"{}","e":"AQAB"}}]}}"#, base64url(&[0xc5; 256]))
}

fn json_answer(body: &str) -> Response {
    Response::new(200, Some("application/json"), body)
}

fn answer(id_token: &str) -> Response {
    json_answer(&format!(r#"{{"access_token":"a","token_type":"Bearer","refresh_token":"r1","id_token":"{id_token}"}}"#))
}

fn refresh(grant: &Refresh) -> Exchange<Tokens> {
    Exchange::refresh(&client(), &ClientAuthentication::secret_basic("p"), grant).unwrap()
}

/// Drives a machine at a time; every key set that is asked for is `keys`. How many were, and the outcome.
fn drive(exchange: &mut Exchange<Tokens>, answer: &Response, keys: &str, now: u64) -> (u32, Result<Tokens, Error>) {
    let (mut fetched, mut input) = (0, Input::Start);
    loop {
        input = match exchange.advance(input, &Moment { now, random: &[7; 32] }) {
            Err(error) => return (fetched, Err(error)),
            Ok(Step::Send(request)) if request.url.ends_with("/jwks") => {
                fetched += 1;
                Input::Response(json_answer(keys))
            }
            Ok(Step::Send(_)) => Input::Response(answer.clone()),
            Ok(Step::Verify(_)) => Input::Verdict(true),
            Ok(Step::Done(tokens)) => return (fetched, Ok(tokens)),
            Ok(_) => panic!("a secret signs nothing"),
        };
    }
}

#[test]
fn a_refresh_token_alone_takes_no_id_token_of_whoever_it_is() {
    let of = |sub: &str| answer(&id_token("a", json!({ "sub": sub })));
    refused(drive(&mut refresh(&Refresh::new("r0")), &of("mallory"), &set("a"), NOW).1, "claim_refused");
    refused(drive(&mut refresh(&Refresh::new("r0").subject("user-1")), &of("mallory"), &set("a"), NOW).1, "claim_refused");
    let tokens = drive(&mut refresh(&Refresh::new("r0").subject("user-1")), &of("user-1"), &set("a"), NOW).1.unwrap();
    assert_eq!(tokens.claims.unwrap().text("sub").as_deref(), Some("user-1"));
    // What was won is not lost: the new refresh token was handed out before.
    let mut exchange = refresh(&Refresh::new("r0"));
    refused(drive(&mut exchange, &of("user-1"), &set("a"), NOW).1, "claim_refused");
    assert!(exchange.new_refresh_token().is_some());
}

#[test]
fn a_stored_refresh_token_takes_the_nonce_that_comes() {
    let nonced = answer(&id_token("a", json!({ "nonce": "n-0123456789abcdef" })));
    let tokens = drive(&mut refresh(&Refresh::new("r0").unchecked()), &nonced, &set("a"), NOW).1.unwrap();
    assert_eq!(tokens.claims.unwrap().text("nonce").as_deref(), Some("n-0123456789abcdef"));
    // Everything else of it is still judged, and a nonce that is known is compared.
    refused(
        drive(&mut refresh(&Refresh::new("r0").unchecked()), &answer(&id_token("a", json!({ "aud": "client-2" }))), &set("a"), NOW).1,
        "claim_refused",
    );
    refused(
        drive(&mut refresh(&Refresh::new("r0").unchecked()), &answer(&id_token("a", json!({ "nonce": 1 }))), &set("a"), NOW).1,
        "claim_refused",
    );
    let login = |nonce: &str| {
        Claims::from_stored(&json!({ "iss": ISSUER, "aud": "client-1", "sub": "user-1", "nonce": nonce }).to_string()).unwrap()
    };
    drive(&mut refresh(&Refresh::new("r0").claims(login("n-0123456789abcdef"))), &nonced, &set("a"), NOW).1.unwrap();
    refused(drive(&mut refresh(&Refresh::new("r0").claims(login("another"))), &nonced, &set("a"), NOW).1, "nonce_mismatch");
    let mut strict = refresh(&Refresh::new("r0").unchecked());
    strict.id_token_expectation().nonce = Some("another-nonce-16".into());
    refused(drive(&mut strict, &nonced, &set("a"), NOW).1, "nonce_mismatch");
}

#[test]
fn what_a_login_asked_for_binds_its_id_token() {
    let hash = |value: &str| base64url(&Algorithm::from_name("RS256").unwrap().hash.digest(value.as_bytes())[..16]);
    let login = |age: Option<&str>, more: &dyn Fn(&str, &str) -> Value| {
        let request = AuthorizationRequest::new("openid");
        let request = if let Some(age) = age { request.parameter("max_age", age) } else { request };
        let client = client();
        let login = client.begin(request, &random(), NOW).unwrap();
        let nonce = login.url.split("nonce=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        let state = login.transaction.state().to_owned();
        let code = login.transaction.finish(&client, Callback::Url(&format!("{REDIRECT_URI}?code=a&state={state}")), NOW).unwrap();
        let mut exchange = Exchange::authorization_code(&client, &ClientAuthentication::secret_basic("p"), code).unwrap();
        let mut claims = json!({ "nonce": nonce });
        claims.as_object_mut().unwrap().extend(more("a", &state).as_object().unwrap().clone());
        drive(&mut exchange, &answer(&id_token("a", claims)), &set("a"), NOW).1
    };
    login(None, &|_, _| json!({})).unwrap();
    login(Some("60"), &|_, _| json!({ "auth_time": NOW - 60 })).unwrap();
    refused(login(Some("60"), &|_, _| json!({ "auth_time": NOW - 90 })), "claim_refused");
    refused(login(Some("60"), &|_, _| json!({})), "claim_refused");
    refused(login(None, &|_, _| json!({ "nonce": "another" })), "nonce_mismatch");
    login(None, &|code, state| json!({ "c_hash": hash(code), "s_hash": hash(state) })).unwrap();
    refused(login(None, &|_, state| json!({ "c_hash": hash(state) })), "claim_refused");
    refused(login(None, &|code, _| json!({ "s_hash": hash(code) })), "claim_refused");
}

#[test]
fn a_level_that_was_demanded_is_checked_however_it_was_asked_for() {
    let login = |request: AuthorizationRequest, acr: Value| {
        let client = client();
        let login = client.begin(request, &random(), NOW).unwrap();
        let nonce = login.url.split("nonce=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        let state = login.transaction.state().to_owned();
        // As it is kept, and as a page posts it.
        let kept = Transaction::restore(login.transaction.serialize().expose()).unwrap();
        let code = kept.finish(&client, Callback::Url(&format!("{REDIRECT_URI}?code=a&state={state}")), NOW).unwrap();
        let code = AuthorizationCode::restore(code.serialize().expose()).unwrap();
        let mut exchange = Exchange::authorization_code(&client, &ClientAuthentication::secret_basic("p"), code).unwrap();
        drive(&mut exchange, &answer(&id_token("a", json!({ "nonce": nonce, "acr": acr }))), &set("a"), NOW).1
    };
    let asked = |name: &str, value: &str| AuthorizationRequest::new("openid").parameter(name, value);
    let claims = |acr: Value| asked("claims", &json!({ "id_token": { "acr": acr } }).to_string());
    let high = "urn:x:high,+ 100%";
    for (request, fits, misses) in [
        (asked("acr_values", "Level4"), "Level4", "Level3"),
        (asked("acr_values", &format!("Level4 {high}")), "urn:x:high,+", "urn:x:high"),
        (claims(json!({ "essential": true, "value": "Level4" })), "Level4", "Level3"),
        (claims(json!({ "essential": true, "values": ["a", "Level4"] })), "a", "b"),
        // An essential level outweighs a preference.
        (claims(json!({ "essential": true, "value": "Level4" })).parameter("acr_values", "Level3"), "Level4", "Level3"),
        (
            asked("acr_values", "Level3").parameter("claims", r#"{"id_token":{"acr":{"essential":true,"value":"Level4"}}}"#),
            "Level4",
            "Level3",
        ),
        (claims(json!({ "values": ["Level4"] })).parameter("acr_values", "Level3"), "Level3", "Level4"),
    ] {
        login(request.clone(), json!(fits)).unwrap();
        for missing in [json!(misses), Value::Null, json!("")] {
            refused(login(request.clone(), missing), "claim_refused");
        }
        login(request.acr_optional(), json!(misses)).unwrap();
    }
    // What names no level, or is no more than a wish, demands none.
    for request in [
        claims(json!({ "essential": true })),
        claims(json!({ "essential": false, "value": "Level4" })),
        claims(json!({ "value": "Level4" })),
        claims(Value::Null),
        asked("claims", r#"{"userinfo":{"acr":{"essential":true,"value":"Level4"}}}"#),
    ] {
        login(request, json!("another")).unwrap();
    }
    // Without an id_token nothing would tell the level.
    let begin = |request| client().begin(request, &random(), NOW).map(|login| login.url);
    let without = || AuthorizationRequest::new("read").parameter("acr_values", "Level4");
    refused(begin(without()), "invalid_parameter");
    assert!(begin(without().acr_optional()).unwrap().contains("acr_values=Level4"));
}

#[test]
fn the_id_token_of_the_login_stays_where_a_refresh_has_none() {
    let first = drive(&mut refresh(&Refresh::new("r0").unchecked()), &answer(&id_token("a", json!({}))), &set("a"), NOW).1.unwrap();
    let bare = json_answer(r#"{"access_token":"b","token_type":"Bearer","refresh_token":"r2"}"#);
    let renewed = drive(&mut refresh(&Refresh::of(&first).unwrap()), &bare, "", NOW).1.unwrap();
    assert_eq!(renewed.access_token.expose(), "b");
    assert_eq!(renewed.claims.as_ref().unwrap().json(), first.claims.as_ref().unwrap().json());
    assert_eq!(renewed.id_token.as_ref().map(|token| token.expose()), first.id_token.as_ref().map(|token| token.expose()));
    // And binds what comes later.
    let of = || refresh(&Refresh::of(&renewed).unwrap());
    drive(&mut of(), &answer(&id_token("a", json!({}))), &set("a"), NOW).1.unwrap();
    refused(drive(&mut of(), &answer(&id_token("a", json!({ "sub": "another" }))), &set("a"), NOW).1, "claim_refused");
    // From a store there are the claims alone, and without them nothing.
    let stored = Refresh::new("r0").claims(first.claims.unwrap());
    let tokens = drive(&mut refresh(&stored), &bare, "", NOW).1.unwrap();
    assert!(tokens.claims.is_some() && tokens.id_token.is_none());
    let tokens = drive(&mut refresh(&Refresh::new("r0").unchecked()), &bare, "", NOW).1.unwrap();
    assert!(tokens.claims.is_none() && tokens.id_token.is_none());
}

#[test]
fn a_refresh_token_that_came_is_there_though_the_id_token_is_refused() {
    let mut exchange = refresh(&Refresh::new("r0").unchecked());
    assert!(exchange.new_refresh_token().is_none());
    refused(drive(&mut exchange, &answer(&id_token("a", json!({ "iss": "https://other.example" }))), &set("a"), NOW).1, "claim_refused");
    assert_eq!(exchange.new_refresh_token().unwrap().expose(), "r1");
    // One that was kept, because none came, is no news; one that came with an answer that is refused is, or it would be lost.
    let mut exchange = refresh(&Refresh::new("r0").unchecked());
    drive(&mut exchange, &json_answer(r#"{"access_token":"a","token_type":"Bearer"}"#), "", NOW).1.unwrap();
    assert!(exchange.new_refresh_token().is_none());
    let mut exchange = refresh(&Refresh::new("r0").unchecked());
    refused(
        drive(&mut exchange, &json_answer(r#"{"access_token":"a","token_type":"mac","refresh_token":"r1"}"#), "", NOW).1,
        "token_type_unexpected",
    );
    assert_eq!(exchange.new_refresh_token().unwrap().expose(), "r1");
}

#[test]
fn n087_an_unknown_key_id_is_worth_one_fetch_a_minute() {
    let by = |kid: &str| answer(&id_token(kid, json!({})));
    let mut exchange = refresh(&Refresh::new("r0").unchecked());
    assert!(exchange.known_jwks_at().is_none());
    assert_eq!(drive(&mut exchange, &by("a"), &set("a"), NOW).0, 1);
    let (known, at) = exchange.known_jwks_at().unwrap();
    assert_eq!((known, at), (&*set("a"), JwksTimes::new(NOW, None)));
    // Rotated right after that fetch, which no unknown key id has caused.
    let mut exchange = refresh(&Refresh::new("r0").unchecked()).jwks_at(set("a"), at);
    let (fetched, outcome) = drive(&mut exchange, &by("b"), &set("b"), NOW + 1);
    outcome.unwrap();
    assert_eq!((fetched, exchange.known_jwks_at().unwrap()), (1, (&*set("b"), JwksTimes::new(NOW + 1, Some(NOW + 1)))));
    // A made-up key id does not make this client knock again, also where the fetch failed.
    let mut exchange = refresh(&Refresh::new("r0").unchecked()).jwks_at(set("a"), at);
    let _ = refused(drive(&mut exchange, &by("b"), "{}", NOW + 1).1, "jwks_malformed");
    assert_eq!(exchange.known_jwks_at().unwrap(), (&*set("a"), JwksTimes::new(NOW, Some(NOW + 1))));
    for (later, fetches) in [(0, 0), (59, 0), (60, 1), (3600, 1)] {
        let mut exchange = refresh(&Refresh::new("r0").unchecked()).jwks_at(set("a"), JwksTimes::new(NOW, Some(NOW - later)));
        let (fetched, outcome) = drive(&mut exchange, &by("b"), &set("b"), NOW);
        assert_eq!(fetched, fetches, "after {later} s");
        match fetches {
            0 => drop(refused(outcome, "key_not_found")),
            _ => drop(outcome.unwrap()),
        }
    }
    // A set that fits is not fetched again within its life, ten minutes unless its server says more; one from the future is not used.
    for (times, fetches) in [
        (JwksTimes::new(NOW - 599, None), 0),
        (JwksTimes::new(NOW - 600, None), 1),
        (JwksTimes::new(NOW - 3599, None).life(3600), 0),
        (JwksTimes::new(NOW - 60, None).life(60), 1),
        (JwksTimes::new(NOW + 1, None), 1),
        // Nobody said when.
        (JwksTimes::new(0, None), 0),
    ] {
        let fetched = drive(&mut refresh(&Refresh::new("r0").unchecked()).jwks_at(set("a"), times), &by("a"), &set("a"), NOW).0;
        assert_eq!(fetched, fetches, "{times:?}");
    }
    // A fetch in a time to come is no reason to wait.
    assert_eq!(
        drive(
            &mut refresh(&Refresh::new("r0").unchecked()).jwks_at(set("a"), JwksTimes::new(NOW, Some(NOW + 3600))),
            &by("b"),
            &set("b"),
            NOW
        )
        .0,
        1
    );
    // Without a time, as before: one fetch.
    assert_eq!(drive(&mut refresh(&Refresh::new("r0").unchecked()).jwks(set("a")), &by("b"), &set("b"), NOW).0, 1);
}

#[test]
fn a_provider_may_order_its_levels_and_repeat_a_parameter() {
    static RULES: Rules = Rules { acr_levels: &["low", "mid medium", "top"], echoed: ("for", "client_for aud_for"), ..STANDARD };
    let mut profile = client().profile().clone();
    profile.rules = &RULES;
    let client = Registration::new(profile, "client-1", REDIRECT_URI).unwrap();
    let login = |request: AuthorizationRequest, narrowed: &str, claims: Value| {
        let login = client.begin(request, &random(), NOW).unwrap();
        let nonce = login.url.split("nonce=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        let state = login.transaction.state().to_owned();
        let kept = Transaction::restore(login.transaction.serialize().expose()).unwrap();
        let code = kept.finish(&client, Callback::Url(&format!("{REDIRECT_URI}?code=a&state={state}")), NOW).unwrap();
        let code = AuthorizationCode::restore(code.serialize().expose()).unwrap();
        let mut exchange = Exchange::authorization_code(&client, &ClientAuthentication::secret_basic("p"), code).unwrap();
        exchange.narrow_acr(narrowed).unwrap();
        let mut all = json!({ "nonce": nonce });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        drive(&mut exchange, &answer(&id_token("a", all)), &set("a"), NOW).1
    };
    let asked = |acr: &str| AuthorizationRequest::new("openid").parameter("acr_values", acr);
    for (demanded, narrowed, enough, too_low) in
        [("mid", "", "top", "low"), ("top low", "", "medium", "other"), ("low", "medium", "top", "low"), ("low x", "x", "x", "top")]
    {
        login(asked(demanded), narrowed, json!({ "acr": enough })).unwrap();
        refused(login(asked(demanded), narrowed, json!({ "acr": too_low })), "claim_refused");
    }
    let given = || AuthorizationRequest::new("openid").parameter("for", "a, b");
    login(given(), "", json!({ "aud_for": "a, b" })).unwrap();
    login(AuthorizationRequest::new("openid"), "", json!({})).unwrap();
    for other in [json!({}), json!({ "aud_for": "a" }), json!({ "for": "a, b" })] {
        refused(login(given(), "", other), "claim_refused");
    }
    login(given().parameter("acr_values", "mid"), "", json!({ "client_for": "a, b", "acr": "mid" })).unwrap();
    refused(login(given().parameter("acr_values", "mid"), "", json!({ "client_for": "a, b", "acr": "low" })), "claim_refused");
}
