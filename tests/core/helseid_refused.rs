//! HelseID: every refusal of the provider's own, lettered as its reference sheet letters them.

use crate::by_hand::by_hand;
use crate::encode::base64url;
use samtykke::jose::{Algorithm, Jwk, KeyInfo};
use samtykke::protocol::grant::Target;
use samtykke::provider::helseid::{
    self, Details, Environment, HelseId, LoginRequest, Organization, TokenCache, TokenRequest, check_level, with_provider_code,
};
use samtykke::{Callback, ClientAuthentication, Exchange, Step};
use serde_json::{Value, json};

use crate::helseid::{
    ISSUER, NOW, POINT, REDIRECT_URI, SCOPE, access_token, answer, begun, challenge, code, helseid, key, machine, outcome, phr, send,
    thumbprint, tokens,
};

#[test]
fn d_a_second_challenge_one_without_a_nonce_and_one_on_success_end_it() {
    let mut exchange = by_hand(machine(&phr()));
    send(&mut exchange, 1);
    exchange.receive(challenge(Some("n-1")));
    send(&mut exchange, 2);
    assert_eq!(exchange.refusal(challenge(Some("n-2"))).code(), "dpop_nonce_refused");
    let mut exchange = by_hand(machine(&phr()));
    send(&mut exchange, 1);
    assert_eq!(exchange.refusal(challenge(None)).code(), "dpop_nonce_missing");
    let mut exchange = by_hand(machine(&phr()));
    send(&mut exchange, 1);
    // Another error is none, whatever header is beside it.
    let mut other = answer(400, &json!({"error": "invalid_client"}));
    other.dpop_nonce = Some("n-1".into());
    let error = exchange.refusal(other);
    assert_eq!((error.code(), error.oauth().map(|oauth| oauth.error.as_str())), ("token_error", Some("invalid_client")));
}

#[test]
fn c_tokens_of_another_kind_key_or_audience_are_refused() {
    let judged = |more: Value| outcome(machine(&phr()), answer(200, &tokens(&more)));
    assert!(judged(json!({"scope": "nhn:phr/mhd/read nhn:phr/mhd/write"})).unwrap().missing_scope.is_empty());
    assert_eq!(judged(json!({"token_type": "Bearer"})).unwrap_err().code(), "token_type_unexpected");
    for claims in [
        json!({"aud": "nhn:phr", "cnf": {"jkt": "other"}}),
        json!({"aud": "nhn:phr"}),
        json!({"aud": "nhn:kj", "cnf": {"jkt": thumbprint()}}),
        json!({"aud": ["nhn:phr", "nhn:kj"], "cnf": {"jkt": thumbprint()}}),
        json!({"aud": [], "cnf": {"jkt": thumbprint()}}),
        json!({"cnf": {"jkt": thumbprint()}}),
    ] {
        assert_eq!(judged(json!({"access_token": access_token(&claims)})).unwrap_err().code(), "claim_refused", "{claims}");
    }
    let only = json!({"access_token": access_token(&json!({"aud": ["nhn:phr"], "cnf": {"jkt": thumbprint()}}))});
    assert!(judged(only).is_ok(), "an array of the one audience");
    assert!(judged(json!({"access_token": "opaque"})).is_ok(), "nothing can be read in a reference");
    // What was withheld is shown.
    let granted = judged(json!({"rejected_scope": "nhn:phr/mhd/write x:y/z", "rt_expires_in": "60"})).unwrap();
    assert_eq!(granted.rejected_scope, ["nhn:phr/mhd/write", "x:y/z"]);
    assert_eq!((granted.missing_scope, granted.refresh_expires_in), (vec![String::from("nhn:phr/mhd/write")], Some(60)));
    assert_eq!(judged(json!({"rejected_scope": ["a:b/c"]})).unwrap().rejected_scope, ["a:b/c"]);
}

#[test]
fn e_a_login_below_its_level_is_refused() {
    let claims = |level: Value| {
        samtykke::protocol::id_token::claims::Claims::from_stored(&json!({ helseid::SECURITY_LEVEL: level }).to_string()).unwrap()
    };
    for level in [json!("4"), json!(4)] {
        assert!(check_level(&claims(level), 4).is_ok());
    }
    for level in [json!("3"), json!(3), json!("four"), json!(null), json!("")] {
        assert_eq!(check_level(&claims(level.clone()), 4).unwrap_err().code(), "claim_refused", "{level}");
    }
    // A login that would not say its level is refused before it is sent, unless no level is asked for.
    for scope in ["openid nhn:phr/mhd/read", "helseid://scopes/identity/security_level", ""] {
        let refused = helseid().login(&LoginRequest::new(scope), None, &[7; 96], NOW).unwrap_err();
        assert_eq!(refused.code(), "invalid_scope", "{scope}");
    }
    let any = helseid().security_level(0).unwrap();
    assert!(any.login(&LoginRequest::new("openid nhn:phr/mhd/read"), None, &[7; 96], NOW).is_ok());
    assert!(helseid().login(&LoginRequest::new("openid helseid://scopes/identity/all"), None, &[7; 96], NOW).is_ok());
    assert!(helseid().security_level(1).is_err() && helseid().security_level(5).is_err());
}

#[test]
fn a_login_without_the_level_in_its_id_token_is_refused() {
    let (code, nonce) = code();
    let claims =
        json!({"iss": ISSUER, "aud": "client-1", "sub": "a", "iat": NOW, "exp": NOW + 300, "nonce": nonce, helseid::SECURITY_LEVEL: "3"});
    let id_token =
        format!("{}.{}.{}", base64url(br#"{"alg":"RS256","kid":"1"}"#), base64url(claims.to_string().as_bytes()), base64url(&[1; 256]));
    let exchange = helseid().authorization_code(code, &TokenRequest::new().resource("nhn:phr"), None).unwrap();
    let set = json!({"keys": [{"kty": "RSA", "kid": "1", "n": base64url(&[0xc1; 256]), "e": "AQAB"}]});
    let mut exchange = by_hand(exchange.jwks(set.to_string()));
    send(&mut exchange, 1);
    exchange.receive(answer(200, &tokens(&json!({"id_token": id_token}))));
    assert!(matches!(exchange.step(&[0; 32], NOW).unwrap(), Step::Verify(_)));
    exchange.accept_verdict(true);
    let error = exchange.step(&[0; 32], NOW).unwrap_err();
    assert_eq!((error.code(), error.actual_value()), ("claim_refused", Some("3")));
}

#[test]
fn f_keys_lifetimes_and_combinations_are_refused_before_anything_is_sent() {
    let ed = Jwk::parse(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#).unwrap();
    let ed = KeyInfo::new(Algorithm::from_name("EdDSA").unwrap(), ed).unwrap();
    let new = |key: KeyInfo, dpop: KeyInfo| HelseId::new(helseid::profile(&Environment::test()), "client-1", REDIRECT_URI, key, dpop);
    assert_eq!(new(ed.clone(), key()).unwrap_err().code(), "algorithm_refused");
    assert_eq!(new(key(), ed).unwrap_err().code(), "algorithm_refused");
    let small = json!({"kty": "RSA", "n": base64url(&[0xc1; 128]), "e": "AQAB"}).to_string();
    assert_eq!(Jwk::parse(&small).unwrap_err().code(), "key_refused");
    assert_eq!(Jwk::parse(r#"{"kty":"oct","k":"AAAA"}"#).unwrap_err().code(), "key_refused");
    for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
        let mut jwk: Value = serde_json::from_str(POINT).unwrap();
        jwk[private] = json!("AQAB");
        assert_eq!(Jwk::parse(&jwk.to_string()).unwrap_err().code(), "key_refused", "{private}");
    }
    assert!(helseid().assertion_lifetime(60).is_ok());
    for seconds in [0, 61, 600] {
        assert_eq!(helseid().assertion_lifetime(seconds).unwrap_err().code(), "invalid_configuration", "{seconds}");
    }
    let child = || Details::new().organization(&Organization::child("999977776").unwrap());
    for request in [TokenRequest::new().details(child()), TokenRequest::new().scope("nhn:phr/mhd/read")] {
        assert_eq!(helseid().authorization_code(code().0, &request, None).unwrap_err().code(), "invalid_parameter");
    }
    for scope in ["openid", "nhn:phr/a profile", "offline_access", "helseid://scopes/identity/pid", "helseid://scopes/hpr/hpr_number"] {
        let refused = helseid().client_credentials(&TokenRequest::new().scope(scope), None).unwrap_err();
        assert_eq!(refused.code(), "invalid_scope", "{scope}");
    }
    assert!(helseid().client_credentials(&TokenRequest::new().scope("helseid://scopes/client/info"), None).is_ok());
    assert_eq!(helseid().client_credentials(&phr().details(Details::new()), None).unwrap_err().code(), "invalid_parameter");
    // Only private_key_jwt, whoever holds the client.
    let secret = samtykke::ClientAuthentication::secret_basic("correct horse");
    let grant = samtykke::ClientCredentials::new("nhn:phr/mhd/read");
    assert_eq!(Exchange::client_credentials(helseid().client(), &secret, &grant).unwrap_err().code(), "invalid_configuration");
}

#[test]
fn f_details_with_a_code_are_refused_whoever_drives_the_exchange() {
    let helseid = helseid();
    let details = Details::new().organization(&Organization::child("999977776").unwrap()).json().unwrap();
    let target = Target::new().assertion_claim("assertion_details", &*details);
    let refused = |authentication: &ClientAuthentication, target: &Target| {
        let exchange = Exchange::authorization_code(helseid.client(), authentication, code().0).unwrap();
        by_hand(exchange.target(target).unwrap().dpop(&key(), None)).step(&[1; 32], NOW).map(|_| ())
    };
    let error = refused(helseid.authentication(), &target).unwrap_err();
    assert_eq!((error.code(), error.actual_value()), ("invalid_parameter", Some("assertion_details")));
    // Nor by assertion rules of the caller's own.
    let mut rules = helseid.client().profile().requests.assertion.clone();
    rules.claims.push(("assertion_details".into(), details.clone()));
    let own = ClientAuthentication::private_key_jwt_with(key(), rules);
    assert_eq!(refused(&own, &Target::new()).unwrap_err().code(), "invalid_parameter");
    assert!(refused(helseid.authentication(), &Target::new().assertion_claim("other", "1")).is_ok());
    // With the client's own credentials they belong there.
    let machine = Exchange::client_credentials(helseid.client(), helseid.authentication(), &samtykke::ClientCredentials::new("")).unwrap();
    assert!(by_hand(machine.target(&target).unwrap().dpop(&key(), None)).step(&[1; 32], NOW).is_ok());
}

#[test]
fn f_details_stand_in_one_place_of_a_request() {
    let helseid = helseid();
    let details = Details::new().organization(&Organization::child("999977776").unwrap()).json().unwrap();
    let machine = |target: &Target| {
        let grant = samtykke::ClientCredentials::new("nhn:phr/mhd/read");
        let exchange = Exchange::client_credentials(helseid.client(), helseid.authentication(), &grant).unwrap();
        by_hand(exchange.target(target).unwrap().dpop(&key(), None)).step(&[1; 32], NOW).map(|_| ())
    };
    let array = format!("[{details}]");
    let both = Target::new().assertion_claim("assertion_details", &*details).authorization_details(&*array);
    let error = machine(&both).unwrap_err();
    assert_eq!((error.code(), error.actual_value()), ("invalid_parameter", Some("assertion_details")));
    assert!(machine(&Target::new().assertion_claim("assertion_details", &*details)).is_ok());
    assert!(machine(&Target::new().assertion_claim("other", "1").authorization_details(&*array)).is_ok());
    // Nor beside a login's request object, by assertion rules of the caller's own.
    let mut rules = helseid.client().profile().requests.assertion.clone();
    rules.claims.push(("assertion_details".into(), details.clone()));
    let own = ClientAuthentication::private_key_jwt_with(key(), rules);
    let login = |object: bool| {
        let mut start = samtykke::flow::login::Start::new().dpop(&key(), None);
        if object {
            start = start.object(
                samtykke::protocol::authorization::jar::RequestObject::new(key()).beside().claim("authorization_details", &*details),
            );
        }
        let request = samtykke::AuthorizationRequest::new(SCOPE);
        by_hand(Exchange::login(helseid.client(), &own, request, start, &[7; 96], NOW).unwrap()).step(&[1; 32], NOW).map(|_| ())
    };
    assert_eq!(login(true).unwrap_err().code(), "invalid_parameter");
    assert!(login(false).is_ok());
}

#[test]
fn an_exchanged_token_may_say_little_but_must_be_bound() {
    let helseid = helseid();
    let judged = |body: Value| {
        let grant = samtykke::protocol::grant::TokenExchange::new("a.b.c").scope("nhn:phr/mhd/read");
        let exchange = Exchange::token_exchange(helseid.client(), helseid.authentication(), &grant).unwrap();
        let mut exchange = by_hand(exchange.dpop(&key(), None));
        send(&mut exchange, 1);
        exchange.receive(answer(200, &body));
        exchange.step(&[1; 32], NOW).map(|_| ())
    };
    assert!(judged(json!({"access_token": "x.y", "token_type": "DPoP", "expires_in": 60})).is_ok());
    let bearer = judged(json!({"access_token": "x.y", "token_type": "Bearer", "expires_in": 60}));
    assert_eq!(bearer.unwrap_err().code(), "token_type_unexpected");
}

#[test]
fn helseids_own_errors_are_numbered() {
    let error = |description: &str| {
        let body = json!({"error": "invalid_request", "error_description": description});
        outcome(machine(&phr()), answer(400, &body)).unwrap_err()
    };
    let found = error("HID-1001: parent organization is not in the whitelist");
    assert_eq!((found.provider_code(), found.action().as_str()), (Some("HID-1001"), "fix_configuration"));
    assert_eq!((found.status(), found.oauth().unwrap().error.as_str()), (Some(400), "invalid_request"));
    assert_eq!(error("see HID-12, then (HID-1007)").provider_code(), Some("HID-1007"));
    for none in ["HID-12", "HID-12345", "hid-1001", ""] {
        assert_eq!(error(none).provider_code(), None, "{none}");
    }
    // At PAR too, and in a callback.
    let mut pushed = by_hand(helseid().login(&LoginRequest::new(SCOPE), None, &[7; 96], NOW).unwrap());
    send(&mut pushed, 1);
    let body = json!({"error": "invalid_request", "error_description": "HID-1010: on demand"});
    let error = pushed.refusal(answer(400, &body));
    assert_eq!((error.provider_code(), error.action().as_str(), error.status()), (Some("HID-1010"), "fix_configuration", Some(400)));
    let (_, login) = begun(&LoginRequest::new(SCOPE));
    let state = login.transaction.state().to_owned();
    let back = format!("{REDIRECT_URI}?error=invalid_request&error_description=HID-1010%3A+on+demand&state={state}&iss={ISSUER}");
    let error = login.transaction.finish(helseid().client(), Callback::Url(&back), NOW).map_err(with_provider_code).unwrap_err();
    assert_eq!((error.provider_code(), error.oauth().map(|oauth| oauth.error.as_str())), (Some("HID-1010"), Some("invalid_request")));
}

#[test]
fn fk3_no_new_token_while_one_is_valid() {
    let granted = outcome(machine(&phr()), answer(200, &tokens(&json!({"scope": "nhn:phr/mhd/read nhn:phr/mhd/write"})))).unwrap();
    let mut cache = TokenCache::new();
    cache.put(&phr(), &granted, NOW);
    assert!(cache.get(&phr(), NOW + 589).is_some() && cache.get(&phr(), NOW + 590).is_none());
    let child = Details::new().organization(&Organization::child("999977776").unwrap());
    for other in [phr().details(child), phr().scope("nhn:phr/mhd/read"), phr().resource("nhn:kj")] {
        assert!(cache.get(&other, NOW).is_none());
    }
    let turned = phr().scope("nhn:phr/mhd/write nhn:phr/mhd/read nhn:phr/mhd/read");
    assert!(cache.get(&turned, NOW).is_some(), "scopes in another order are no other token");
    assert!(cache.get(&phr().scope("nhn:phr/mhd/read nhn:phr/mhd/write nhn:phr/x"), NOW).is_none());
    cache.clear();
    assert!(cache.get(&phr(), NOW).is_none());
    let lacking = outcome(machine(&phr()), answer(200, &tokens(&json!({})))).unwrap();
    cache.put(&phr(), &lacking, NOW);
    assert!(cache.get(&phr(), NOW).is_none(), "a token that lacks a scope is not kept as if it had it");
    let endless = outcome(machine(&phr()), answer(200, &tokens(&json!({"expires_in": null})))).unwrap();
    assert_eq!(endless.tokens.expires_in, None, "null says nothing");
    cache.put(&phr(), &endless, NOW);
    assert!(cache.get(&phr(), NOW).is_none(), "what ends at an unknown time is not kept");
    for nth in 0..300 {
        cache.put(&phr().resource(format!("x:{nth}")), &granted, NOW);
    }
    assert!(cache.get(&phr().resource("x:299"), NOW).is_some() && cache.get(&phr().resource("x:0"), NOW).is_none());
}

#[test]
fn a_callback_names_helseid_once_and_exactly() {
    let (_, login) = begun(&LoginRequest::new(SCOPE));
    let (stored, state) = (login.transaction.serialize(), login.transaction.state().to_owned());
    let finish = |query: &str| {
        let transaction = samtykke::Transaction::restore(stored.expose()).unwrap();
        transaction.finish(helseid().client(), Callback::Url(&format!("{REDIRECT_URI}?{query}")), NOW).map(|_| ())
    };
    for (query, code) in [
        (format!("code=a&state={state}"), "issuer_missing"),
        (format!("code=a&state={state}&iss={ISSUER}/"), "issuer_mismatch"),
        (format!("code=a&state={state}&iss=https://helseid-sts.nhn.no"), "issuer_mismatch"),
        (format!("code=a&iss={ISSUER}"), "state_missing"),
        (format!("code=a&state=other&iss={ISSUER}"), "state_mismatch"),
        (format!("code=a&error=b&state={state}&iss={ISSUER}"), "callback_unexpected_parameter"),
    ] {
        assert_eq!(finish(&query).unwrap_err().code(), code, "{query}");
    }
    assert!(finish(&format!("code=79EA-1&state={state}&iss={ISSUER}&session_state=x")).is_ok());
}

#[test]
fn the_profile_holds_whoever_made_it() {
    // Addresses of a caller's own, and none of the rules.
    let mut profile = samtykke::Profile::new(ISSUER, &format!("{ISSUER}/connect/authorize"), &format!("{ISSUER}/connect/token"));
    profile.endpoints.pushed_authorization_request = Some(format!("{ISSUER}/connect/par"));
    let helseid = HelseId::new(profile, "client-1", REDIRECT_URI, key(), key()).unwrap();
    let found = helseid.client().profile();
    assert!(found.requests.pushed && found.requests.dpop && found.iss_parameter);
    assert_eq!((found.rules.id, found.requests.assertion.lifetime), ("helseid", 30));
    for issuer in
        ["", "helseid", "https://helseid-sts.test.nhn.no/", "http://helseid-sts.test.nhn.no", "https://h.example?x", "https://h.example#x"]
    {
        assert_eq!(Environment::custom(issuer).unwrap_err().code(), "invalid_configuration", "{issuer}");
    }
    assert_eq!(Environment::custom("http://localhost:4500").unwrap().issuer(), "http://localhost:4500");
}

#[test]
fn texts_of_a_login_are_texts() {
    for text in ["", "a\nb", "\u{7f}"] {
        for request in
            [LoginRequest::new(SCOPE).acr_values(text), LoginRequest::new(SCOPE).prompt(text), LoginRequest::new(SCOPE).on_behalf_of(text)]
        {
            assert_eq!(helseid().login(&request, None, &[7; 96], NOW).unwrap_err().code(), "invalid_parameter", "{text:?}");
        }
    }
}
