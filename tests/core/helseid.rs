//! HelseID: what is sent, to the claim, and every refusal of the provider's own; signatures are the machine's business alone.

use crate::by_hand::{ByHand, by_hand};
use crate::encode::{base64url, base64url_decode};
use samtykke::flow::step::KeyRole;
use samtykke::jose::{Algorithm, Jwk, KeyInfo};
use samtykke::protocol::grant::Refresh;
use samtykke::protocol::metadata::Metadata;
use samtykke::provider::helseid::{self, Details, Environment, Granted, HelseId, LoginRequest, Organization, TokenRequest, check_level};
use samtykke::{Callback, Exchange, Login, Request, Response, Step};
use serde_json::{Value, json};

pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const ISSUER: &str = "https://helseid-sts.test.nhn.no";
pub(crate) const REDIRECT_URI: &str = "https://journal.example.no/callback";
pub(crate) const SCOPE: &str = "openid profile offline_access helseid://scopes/identity/security_level nhn:phr/mhd/read nhn:kj/api";
pub(crate) const POINT: &str =
    r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

pub(crate) fn key() -> KeyInfo {
    KeyInfo::new(Algorithm::from_name("ES256").unwrap(), Jwk::parse(POINT).unwrap()).unwrap()
}

pub(crate) fn thumbprint() -> String {
    samtykke::jose::thumbprint(&key().public)
}

pub(crate) fn helseid() -> HelseId {
    HelseId::new(helseid::profile(&Environment::test()), "client-1", REDIRECT_URI, key().kid("kid+/="), key()).unwrap()
}

/// What an attempt signs and sends; signatures are zeros.
pub(crate) struct Sent {
    pub(crate) request: Request,
    pub(crate) signed: Vec<(KeyRole, Value, Value)>,
}

impl Sent {
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.request.body.as_ref().unwrap().expose().as_bytes()).into_owned().collect()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.form().into_iter().filter(|(found, _)| found == name).map(|(_, value)| value).collect()
    }

    pub(crate) fn one(&self, name: &str) -> String {
        let [value] = <[String; 1]>::try_from(self.all(name)).unwrap();
        value
    }

    /// Header and claims of what a key of a role signed, the last one first.
    pub(crate) fn signed(&self, role: KeyRole) -> (&Value, &Value) {
        self.signed.iter().rev().find(|(found, _, _)| *found == role).map(|(_, header, claims)| (header, claims)).unwrap()
    }
}

pub(crate) fn part(text: &str) -> Value {
    serde_json::from_slice(&base64url_decode(text).unwrap()).unwrap()
}

/// Drives an exchange until it sends; every step has randomness of its own.
pub(crate) fn send<T: std::fmt::Debug>(exchange: &mut ByHand<Exchange<T>>, seed: u8) -> Sent {
    let mut signed = Vec::new();
    for step in 0..9 {
        match exchange.step(&[seed.wrapping_mul(16) + step; 32], NOW).unwrap() {
            Step::Sign(sign) => {
                let (header, claims) = sign.input.split_once('.').unwrap();
                signed.push((sign.key, part(header), part(claims)));
                exchange.accept_signature(&[0; 64]);
            }
            Step::Send(request) => return Sent { request, signed },
            other => panic!("{other:?}"),
        }
    }
    panic!("never sent")
}

pub(crate) fn answer(status: u16, body: &Value) -> Response {
    Response::new(status, Some("application/json"), &body.to_string())
}

pub(crate) fn challenge(nonce: Option<&str>) -> Response {
    let mut response =
        answer(400, &json!({"error": "use_dpop_nonce", "error_description": "Authorization server requires nonce in DPoP proof"}));
    response.dpop_nonce = nonce.map(String::from);
    response
}

pub(crate) fn access_token(claims: &Value) -> String {
    let header = r#"{"alg":"RS256","typ":"at+jwt","kid":"k"}"#;
    format!("{}.{}.{}", base64url(header.as_bytes()), base64url(claims.to_string().as_bytes()), base64url(&[1; 256]))
}

pub(crate) fn token_for(resource: &str) -> String {
    access_token(&json!({"aud": resource, "cnf": {"jkt": thumbprint()}}))
}

pub(crate) fn tokens(more: &Value) -> Value {
    let mut body = json!({"access_token": token_for("nhn:phr"), "token_type": "DPoP", "expires_in": 600, "scope": "nhn:phr/mhd/read"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

pub(crate) fn begun(request: &LoginRequest) -> (Sent, Login) {
    let mut exchange = by_hand(helseid().login(request, None, &[7; 96], NOW).unwrap());
    let sent = send(&mut exchange, 1);
    exchange.receive(answer(201, &json!({"request_uri": "urn:ietf:params:oauth:request_uri:a/b", "expires_in": 60})));
    let Step::Done(login) = exchange.step(&[0; 32], NOW).unwrap() else { panic!("a login") };
    (sent, login)
}

pub(crate) fn code() -> (samtykke::AuthorizationCode, String) {
    let (sent, login) = begun(&LoginRequest::new(SCOPE));
    let back = format!("{REDIRECT_URI}?code=79EA-1&state={}&iss={ISSUER}&session_state=x", login.transaction.state());
    let helseid = helseid();
    (login.transaction.finish(helseid.client(), Callback::Url(&back), NOW).unwrap(), sent.one("nonce"))
}

pub(crate) fn outcome<T: std::fmt::Debug>(exchange: Exchange<T>, response: Response) -> Result<T, samtykke::Error> {
    let mut exchange = by_hand(exchange);
    send(&mut exchange, 1);
    exchange.receive(response);
    match exchange.step(&[9; 32], NOW)? {
        Step::Done(done) => Ok(done),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn machine(request: &TokenRequest) -> Exchange<Granted> {
    helseid().client_credentials(request, None).unwrap()
}

pub(crate) fn phr() -> TokenRequest {
    TokenRequest::new().resource("nhn:phr").scope("nhn:phr/mhd/read nhn:phr/mhd/write")
}

#[test]
fn environments_are_whole_and_the_profile_wins_over_metadata() {
    for (environment, issuer) in [(Environment::test(), ISSUER), (Environment::production(), "https://helseid-sts.nhn.no")] {
        let profile = helseid::profile(&environment);
        let endpoints = &profile.endpoints;
        assert_eq!(profile.issuer, issuer);
        let found = [
            &profile.authorization_endpoint,
            &profile.token_endpoint,
            endpoints.pushed_authorization_request.as_ref().unwrap(),
            endpoints.userinfo.as_ref().unwrap(),
            endpoints.end_session.as_ref().unwrap(),
            endpoints.revocation.as_ref().unwrap(),
            endpoints.introspection.as_ref().unwrap(),
        ];
        let paths = ["authorize", "token", "par", "userinfo", "endsession", "revocation", "introspect"];
        assert_eq!(found.map(String::as_str), paths.map(|path| format!("{issuer}/connect/{path}")).each_ref().map(String::as_str));
        assert_eq!(endpoints.jwks_uri.as_deref(), Some(format!("{issuer}/.well-known/openid-configuration/jwks").as_str()));
    }
    // The document as it is published: PAR optional, three methods, a flag as a text.
    let document = json!({
        "issuer": ISSUER, "authorization_endpoint": format!("{ISSUER}/connect/authorize"), "token_endpoint": format!("{ISSUER}/connect/token"),
        "pushed_authorization_request_endpoint": format!("{ISSUER}/connect/par"), "jwks_uri": format!("{ISSUER}/jwks"),
        "require_pushed_authorization_requests": false, "backchannel_logout_supported": "true",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "code_challenge_methods_supported": ["plain", "S256"], "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    });
    let test = Environment::test();
    let judge = |document: &Value| Metadata::judge(&answer(200, document), ISSUER, &test.policy());
    let metadata = judge(&document).unwrap();
    assert!(metadata.flag("backchannel_logout_supported"));
    let profile = helseid::profile_of(&metadata, &test);
    assert!(profile.requests.pushed && profile.requests.dpop && profile.iss_parameter && !profile.development.is_on());
    assert_eq!(profile.requests.signing_algorithms, ["RS256"]);
    assert_eq!(profile.requests.assertion.typ.as_deref(), Some("client-authentication+jwt"));
    // b: another issuer, a slash too many, http, no PAR endpoint.
    for (name, value, code) in [
        ("issuer", json!("https://helseid-sts.nhn.no"), "metadata_issuer_mismatch"),
        ("issuer", json!(format!("{ISSUER}/")), "metadata_issuer_mismatch"),
        ("token_endpoint", json!("http://helseid-sts.test.nhn.no/connect/token"), "endpoint_refused"),
        ("pushed_authorization_request_endpoint", Value::Null, "endpoint_missing"),
    ] {
        let mut other = document.clone();
        if value.is_null() {
            other.as_object_mut().unwrap().remove(name);
        } else {
            other[name] = value;
        }
        assert_eq!(judge(&other).unwrap_err().code(), code, "{name}");
    }
    let mut profile = helseid::profile(&test);
    profile.endpoints.pushed_authorization_request = None;
    assert_eq!(HelseId::new(profile, "client-1", REDIRECT_URI, key(), key()).unwrap_err().code(), "endpoint_missing");
    let mut profile = helseid::profile(&test);
    profile.issuer.push('/');
    assert_eq!(HelseId::new(profile, "client-1", REDIRECT_URI, key(), key()).unwrap_err().code(), "invalid_configuration");
}

#[test]
fn a_login_is_pushed_with_all_its_audiences() {
    let request = LoginRequest::new(SCOPE).acr_values("idp:idporten-oidc amr:bankid").prompt("login").on_behalf_of("999977775");
    let (sent, login) = begun(&request);
    assert_eq!(sent.request.url, format!("{ISSUER}/connect/par"));
    assert_eq!(sent.all("resource"), ["nhn:phr", "nhn:kj"]);
    for (name, value) in [
        ("client_id", "client-1"),
        ("scope", SCOPE),
        ("redirect_uri", REDIRECT_URI),
        ("response_type", "code"),
        ("code_challenge_method", "S256"),
        ("acr_values", "idp:idporten-oidc amr:bankid"),
        ("prompt", "login"),
        ("on_behalf_of", "999977775"),
        ("dpop_jkt", &thumbprint()),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
    ] {
        assert_eq!(sent.one(name), value, "{name}");
    }
    assert!(sent.all("request").is_empty() && sent.all("client_secret").is_empty());
    let (header, claims) = sent.signed(KeyRole::Client);
    assert_eq!(*header, json!({"alg": "ES256", "typ": "client-authentication+jwt", "kid": "kid+/="}));
    let jti = claims["jti"].as_str().unwrap();
    assert_eq!(*claims, json!({"iss": "client-1", "sub": "client-1", "aud": ISSUER, "jti": jti, "iat": NOW, "nbf": NOW, "exp": NOW + 30}));
    // The front channel carries the reference, percent-encoded, and nothing else.
    let reference = "urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Aa%2Fb";
    assert_eq!(login.url, format!("{ISSUER}/connect/authorize?client_id=client-1&request_uri={reference}"));
    let chosen = begun(&LoginRequest::new(SCOPE).resource("hdir:frikortsporring")).0;
    assert_eq!(chosen.all("resource"), ["hdir:frikortsporring"]);
}

#[test]
fn details_of_a_login_travel_in_a_request_object_beside_the_parameters() {
    let organization = Organization::multi_tenant("999977775", None).unwrap();
    let (sent, _) = begun(&LoginRequest::new(SCOPE).details(Details::new().organization(&organization)));
    assert_eq!(sent.one("scope"), SCOPE);
    assert_eq!(sent.one("request").split('.').count(), 3);
    let (_, header, claims) = &sent.signed[0];
    assert_eq!(header["typ"], "oauth-authz-req+jwt");
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["nbf"].as_u64().unwrap(), 30);
    assert_eq!((&claims["iss"], &claims["client_id"], &claims["aud"]), (&json!("client-1"), &json!("client-1"), &json!(ISSUER)));
    let identifier = &claims["authorization_details"]["practitioner_role"]["organization"]["identifier"];
    assert_eq!(*identifier, json!({"system": "urn:oid:1.0.6523", "type": "ENH", "value": "NO:ORGNR:999977775:"}));
    assert!(claims.get("scope").is_none(), "the parameters stand outside");
    // Never both: the assertion beside it has none.
    assert!(sent.signed.iter().all(|(_, _, claims)| claims.get("assertion_details").is_none()));
}

#[test]
fn one_detail_is_an_object_and_several_are_an_array() {
    let child = Organization::child("999977776").unwrap();
    let one: Value = serde_json::from_str(&Details::new().organization(&child).json().unwrap()).unwrap();
    let system = "urn:oid:2.16.578.1.12.4.1.4.101";
    let wanted = json!({"type": "helseid_authorization", "practitioner_role": {"organization": {"identifier": {"system": system, "type": "ENH", "value": "999977776"}}}});
    assert_eq!(one, wanted);
    let two = Details::new().organization(&child).sfm_journal_id("j \"1\"").unwrap().raw(r#"{"type":"x:y","a":[1]}"#).unwrap();
    let two: Value = serde_json::from_str(&two.json().unwrap()).unwrap();
    let journal = json!({"type": "nhn:sfm:journal-id", "value": {"journal_id": "j \"1\""}});
    assert_eq!(two, json!([wanted, journal, {"type": "x:y", "a": [1]}]));
    for number in ["", "12345678", "1234567890", "12345678x", "１23456789", "123 45678"] {
        assert_eq!(Organization::child(number).unwrap_err().code(), "invalid_parameter", "{number}");
        assert!(Organization::multi_tenant(number, None).is_err(), "{number}");
        assert!(Organization::multi_tenant("999977775", Some(number)).is_err(), "{number}");
    }
    assert!(Details::new().json().is_err(), "none at all");
    assert!(Details::new().organization(&child).organization(&child).json().is_err(), "two organisations");
    assert!(Details::new().sfm_journal_id("").is_err());
    for raw in ["", "[]", "{}", r#"{"type":1}"#, r#"{"type":""}"#, r#""type""#] {
        assert!(Details::new().raw(raw).is_err(), "{raw}");
    }
}

#[test]
fn a_code_survives_one_challenge_with_everything_else_fresh() {
    let (code, nonce) = code();
    let set = json!({"keys": [{"kty": "RSA", "kid": "1", "n": base64url(&[0xc1; 256]), "e": "AQAB"}]});
    let exchange = helseid().authorization_code(code, &TokenRequest::new().resource("nhn:phr"), None).unwrap();
    let mut exchange = by_hand(exchange.jwks(set.to_string()));
    let first = send(&mut exchange, 1);
    exchange.receive(challenge(Some("n-1")));
    let second = send(&mut exchange, 2);
    for name in ["code", "code_verifier", "redirect_uri", "grant_type", "client_id"] {
        assert_eq!(first.one(name), second.one(name), "{name}");
    }
    assert_eq!((second.one("code").as_str(), second.one("resource").as_str()), ("79EA-1", "nhn:phr"));
    assert!(second.all("scope").is_empty());
    for role in [KeyRole::Client, KeyRole::Dpop] {
        assert_ne!(first.signed(role).1["jti"], second.signed(role).1["jti"], "{role:?}");
    }
    let (header, claims) = second.signed(KeyRole::Dpop);
    assert_eq!((header["typ"].as_str(), header["jwk"].get("d")), (Some("dpop+jwt"), None));
    assert_eq!(
        (&claims["htm"], &claims["htu"], &claims["nonce"]),
        (&json!("POST"), &json!(format!("{ISSUER}/connect/token")), &json!("n-1"))
    );
    assert!(first.signed(KeyRole::Dpop).1.get("nonce").is_none());
    // The answer: an id_token whose level is judged.
    let id_token = |level: Value| {
        let claims = json!({"iss": ISSUER, "aud": "client-1", "sub": "a+/=", "iat": NOW, "exp": NOW + 300, "nonce": nonce, helseid::SECURITY_LEVEL: level});
        format!("{}.{}.{}", base64url(br#"{"alg":"RS256","kid":"1"}"#), base64url(claims.to_string().as_bytes()), base64url(&[1; 256]))
    };
    exchange.receive(answer(200, &tokens(&json!({"id_token": id_token(json!("4")), "refresh_token": "r-1", "rt_expires_in": 28800}))));
    let Step::Verify(_) = exchange.step(&[0; 32], NOW).unwrap() else { panic!("a signature to verify") };
    exchange.accept_verdict(true);
    let Step::Done(granted) = exchange.step(&[0; 32], NOW).unwrap() else { panic!("tokens") };
    assert_eq!((granted.refresh_expires_in, granted.tokens.refresh_token.unwrap().expose()), (Some(28800), "r-1"));
    assert!(granted.missing_scope.is_empty(), "the other audience's scope is not missed");
    assert_eq!(check_level(granted.tokens.claims.as_ref().unwrap(), 4).map_err(|error| error.code()), Ok(()));
}

#[test]
fn a_refresh_switches_audience_and_organisation() {
    let organization = Organization::multi_tenant("999977775", Some("999977776")).unwrap();
    let request = TokenRequest::new().resource("nhn:kj").details(Details::new().organization(&organization));
    let refresh = Refresh::new("r-1").with_granted_scope(SCOPE);
    let mut exchange = by_hand(helseid().refresh(&refresh, &request, Some("n-7")).unwrap());
    let sent = send(&mut exchange, 1);
    assert_eq!((sent.one("resource").as_str(), sent.one("refresh_token").as_str()), ("nhn:kj", "r-1"));
    let value = &sent.signed(KeyRole::Client).1["assertion_details"]["practitioner_role"]["organization"]["identifier"]["value"];
    assert_eq!(value, "NO:ORGNR:999977775:999977776");
    assert_eq!(sent.signed(KeyRole::Dpop).1["nonce"], "n-7");
    let body = tokens(&json!({"access_token": token_for("nhn:kj"), "scope": "nhn:kj/api", "refresh_token": "r-2"}));
    exchange.receive(answer(200, &body));
    let Step::Done(granted) = exchange.step(&[0; 32], NOW).unwrap() else { panic!("tokens") };
    assert_eq!((granted.tokens.refresh_token.as_ref().unwrap().expose(), granted.missing_scope.len()), ("r-2", 0));
    // The next one is bounded by the login's scope, and not by what this audience was granted.
    let next = granted.refresh().unwrap();
    let request = TokenRequest::new().resource("nhn:phr").scope("nhn:phr/mhd/read");
    let mut exchange = by_hand(helseid().refresh(&next, &request, Some("n-8")).unwrap());
    let sent = send(&mut exchange, 2);
    assert_eq!((sent.one("scope").as_str(), sent.one("refresh_token").as_str()), ("nhn:phr/mhd/read", "r-2"));
    let body = tokens(&json!({"access_token": token_for("nhn:phr"), "scope": "openid", "refresh_token": "r-3"}));
    exchange.receive(answer(200, &body));
    let Step::Done(granted) = exchange.step(&[0; 32], NOW).unwrap() else { panic!("tokens") };
    assert_eq!((granted.missing_scope.as_slice(), granted.login_scope.as_str()), (["nhn:phr/mhd/read".to_owned()].as_slice(), SCOPE));
    let wider = helseid().refresh(&granted.refresh().unwrap(), &TokenRequest::new().scope("nhn:kj/admin"), None);
    assert_eq!(wider.map(|_| ()).map_err(|error| error.code()), Err("invalid_scope"));
    // By the standard's way alone it would be.
    let narrow = helseid().refresh(&Refresh::of(&granted.tokens).unwrap(), &TokenRequest::new().scope("nhn:kj/api"), None);
    assert_eq!(narrow.map(|_| ()).map_err(|error| error.code()), Err("invalid_scope"));
}

#[test]
fn logout_carries_the_id_token_and_userinfo_a_proof() {
    let token = samtykke::Secret::new("a.b.c");
    let state = "x".repeat(22);
    let url = helseid().logout_url(&token, Some(("https://journal.example.no/bye", &state))).unwrap();
    let back = "https%3A%2F%2Fjournal.example.no%2Fbye";
    assert_eq!(
        url,
        format!("{ISSUER}/connect/endsession?id_token_hint=a.b.c&client_id=client-1&post_logout_redirect_uri={back}&state={state}")
    );
    let granted = outcome(machine(&phr()), answer(200, &tokens(&json!({})))).unwrap();
    assert_eq!(helseid().userinfo(&granted.tokens, None).unwrap_err().code(), "invalid_parameter", "a machine is no person");
    let mut of_a_person = granted.tokens;
    of_a_person.claims = Some(samtykke::protocol::id_token::claims::Claims::from_stored(r#"{"sub":"a"}"#).unwrap());
    let mut exchange = by_hand(helseid().userinfo(&of_a_person, None).unwrap());
    let sent = send(&mut exchange, 1);
    assert_eq!(sent.signed(KeyRole::Dpop).1["htu"], format!("{ISSUER}/connect/userinfo"));
    assert!(sent.signed(KeyRole::Dpop).1["ath"].is_string());
    assert_eq!(exchange.refusal(answer(200, &json!({"sub": "b"}))).code(), "subject_mismatch");
}
