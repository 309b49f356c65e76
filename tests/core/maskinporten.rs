//! Maskinporten's grant: what is signed, what is refused before, what its errors mean, what an API reads in the token.

use samtykke::error::{Error, OAuthError, codes};
use samtykke::flow::step::KeyRole;
use samtykke::jose::{Algorithm, Jwk, KeyInfo};
use samtykke::provider::maskinporten::{
    AccessToken, Again, AuthorizationDetails, ConsentFrom, Environment, OrganisationNumber, Problem, TokenExpectation, TokenRequest,
    profile,
};
use samtykke::{ClientAuthentication, Exchange, Registration, Response, Secret, Step};

use crate::by_hand::{ByHand, by_hand};

const NOW: u64 = 1_700_000_000;
const CLIENT: &str = "238259d7-f0ab-4bd5-b253-0f0159375096";
const CONSENT: &str = "3649911c-a58a-4b76-9794-edd8c692e84f";

fn rsa(alg: &str) -> KeyInfo {
    let public = Jwk::parse(&format!(r#"{{"kty":"RSA","e":"AQAB","n":"u{}w"}}"#, "7".repeat(340))).unwrap();
    KeyInfo::new(Algorithm::from_name(alg).unwrap(), public).unwrap()
}

fn number(text: &str) -> OrganisationNumber {
    OrganisationNumber::parse(text).unwrap()
}

fn decoded(part: &str) -> String {
    String::from_utf8(crate::encode::base64url_decode(part).unwrap()).unwrap()
}

/// The machine of one attempt, its assertion signed: header, claims and the request.
fn attempt(request: &TokenRequest, key: KeyInfo, random: u8) -> (ByHand<Exchange>, String, String, samtykke::Request) {
    let client = Registration::new(profile(&Environment::test()), CLIENT, "").unwrap();
    let mut exchange = by_hand(Exchange::jwt_bearer(&client, &ClientAuthentication::None, &request.grant(key).unwrap()).unwrap());
    let Step::Sign(sign) = exchange.step(&[random; 32], NOW).unwrap() else { panic!("a grant is signed") };
    assert_eq!(sign.key, KeyRole::Grant);
    let (header, claims) = sign.input.split_once('.').unwrap();
    let (header, claims) = (decoded(header), decoded(claims));
    exchange.accept_signature(&[1; 256]);
    let Step::Send(sent) = exchange.step(&[random; 32], NOW).unwrap() else { panic!("then sent") };
    (exchange, header, claims, sent)
}

fn names(json: &str) -> Vec<String> {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(json).unwrap().keys().cloned().collect()
}

#[test]
fn the_grant_has_exactly_the_documented_claims() {
    let (exchange, header, claims, sent) = attempt(&TokenRequest::new("difitest:api3"), rsa("RS256").kid("key-1"), 7);
    assert_eq!(header, r#"{"alg":"RS256","kid":"key-1"}"#);
    assert_eq!(names(&claims), ["iss", "aud", "jti", "iat", "exp", "scope"]);
    let value: serde_json::Value = serde_json::from_str(&claims).unwrap();
    assert_eq!(value.get("iss").unwrap().as_str(), Some(CLIENT));
    assert_eq!(value.get("aud").unwrap().as_str(), Some("https://test.maskinporten.no/"));
    assert_eq!(value.get("exp").unwrap().as_u64(), Some(1_700_000_120));
    assert_eq!(sent.url, "https://test.maskinporten.no/token");
    let body = sent.body.unwrap();
    assert!(body.expose().starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="));
    assert_eq!(body.expose().matches('&').count(), 1);
    assert!(!sent.repeatable);
    let tokens =
        answered(exchange, 200, r#"{"access_token":"x","token_type":"Bearer","expires_in":599,"scope":"difitest:test1"}"#).unwrap();
    assert_eq!(
        (tokens.requested_scope.as_str(), tokens.scope.as_deref(), tokens.expires_in),
        ("difitest:api3", Some("difitest:test1"), Some(599))
    );

    let everything = TokenRequest::new("a:b c:d")
        .resource("https://api.example.no/")
        .consumer(&number("910753614"))
        .own_organisation(&number("991825827"))
        .person("14842249091")
        .details(AuthorizationDetails::system_user(&number("889640782"), Some("ref-1")).unwrap())
        .lifetime(30);
    let (_, _, claims, _) = attempt(&everything, rsa("RS512").kid("key-1"), 7);
    assert_eq!(names(&claims), ["iss", "aud", "jti", "iat", "exp", "scope", "resource", "consumer_org", "pid", "authorization_details"]);
    assert!(claims.contains(r#""resource":["https://api.example.no/"],"consumer_org":"910753614","pid":"14842249091""#), "{claims}");
    assert!(claims.contains(
        r#"[{"type":"urn:altinn:systemuser","systemuser_org":{"authority":"iso6523-actorid-upis","ID":"0192:889640782"},"externalRef":"ref-1"}]"#
    ));
    let text = TokenRequest::new("a:b").resource("https://api.example.no/").resource_as_text();
    assert!(attempt(&text, rsa("RS384").kid("k"), 7).2.contains(r#""resource":"https://api.example.no/""#));
}

fn answered(mut exchange: ByHand<Exchange>, status: u16, body: &str) -> samtykke::Result<samtykke::Tokens> {
    exchange.receive(Response::new(status, Some("application/json"), body));
    match exchange.step(&[1; 32], NOW)? {
        Step::Done(tokens) => Ok(tokens),
        _ => panic!("done"),
    }
}

#[test]
fn every_attempt_has_an_assertion_of_its_own() {
    let request = TokenRequest::new("a:b");
    let (mut first, _, one, _) = attempt(&request, rsa("RS256").kid("k"), 1);
    let (_, _, two, _) = attempt(&request, rsa("RS256").kid("k"), 2);
    let jti = |claims: &str| serde_json::from_str::<serde_json::Value>(claims).unwrap()["jti"].clone();
    assert_ne!(jti(&one), jti(&two));
    // The machine hands nothing out again, whatever came of the request.
    assert_eq!(first.step(&[9; 32], NOW).unwrap_err().code(), "transaction_used");
    let error = answered(first, 503, "").unwrap_err();
    assert_eq!((error.code(), Problem::of(&error).again), ("http_status_unexpected", Again::Later));
}

#[test]
fn keys_and_settings_that_maskinporten_would_refuse() {
    let request = TokenRequest::new("a:b");
    let certified = |x5c: &[&str]| {
        let mut key = rsa("RS256");
        key.x5c = x5c.iter().map(|text| text.to_string()).collect();
        key
    };
    let (_, header, _, _) = attempt(&request, certified(&["MIIB", "MIIC"]), 7);
    assert_eq!(header, r#"{"alg":"RS256","x5c":["MIIB","MIIC"]}"#);
    let es256 = Jwk::parse(
        r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","kid":"k"}"#,
    )
    .unwrap();
    let ed = Jwk::parse(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"k"}"#).unwrap();
    for (what, key) in [
        ("ES256", KeyInfo::new(Algorithm::from_name("ES256").unwrap(), es256).unwrap()),
        ("EdDSA", KeyInfo::new(Algorithm::from_name("EdDSA").unwrap(), ed).unwrap()),
        ("PS256", rsa("PS256").kid("k")),
        ("neither kid nor x5c", rsa("RS256")),
        ("both", certified(&["MIIB"]).kid("k")),
        ("PEM", certified(&["-----BEGIN CERTIFICATE-----\nMIIB\n"])),
        ("base64url", certified(&["MI-B"])),
        ("no padding", certified(&["MIIBC"])),
    ] {
        let error = request.grant(key).unwrap_err();
        assert_eq!(error.code(), "invalid_configuration", "{what}");
    }
    assert!(Algorithm::from_name("none").is_none());
    for lifetime in [0, 121, 600] {
        assert_eq!(request.clone().lifetime(lifetime).grant(rsa("RS256").kid("k")).unwrap_err().code(), "invalid_configuration");
    }
}

#[test]
fn requests_that_are_refused_before_they_are_signed() {
    let details = |json: &str| AuthorizationDetails::parse(json).map(|_| ());
    let grant = |request: TokenRequest| request.grant(rsa("RS256").kid("k")).map(|_| ());
    let user = AuthorizationDetails::system_user(&number("910753614"), None).unwrap();
    assert_eq!(grant(TokenRequest::new("")).unwrap_err().code(), "invalid_scope");
    assert_eq!(grant(TokenRequest::new("").details(user)).unwrap_err().code(), "invalid_scope");
    assert_eq!(grant(TokenRequest::new("a  b")).unwrap_err().code(), "invalid_scope");
    for request in [
        TokenRequest::new("a").resource(""),
        TokenRequest::new("a").resource("x").resource("y").resource_as_text(),
        TokenRequest::new("a").consumer(&number("910753614")).own_organisation(&number("910753614")),
        TokenRequest::new("a").person("1484224909"),
        TokenRequest::new("a").person("1484224909x"),
    ] {
        assert_eq!(grant(request).unwrap_err().code(), "invalid_parameter");
    }
    let entry = r#"{"type":"urn:altinn:systemuser","systemuser_org":{"authority":"iso6523-actorid-upis","ID":"0192:999888777"}}"#;
    details(&format!("[{entry}]")).unwrap();
    for odd in [
        format!("[{entry},{entry}]"),
        "[]".into(),
        entry.into(),
        format!("[{}]", entry.replace("0192:", "")),
        format!("[{}]", entry.replace("0192:", "0088:")),
        format!("[{}]", entry.replace("iso6523-actorid-upis", "other")),
        format!("[{}]", entry.replace("\"ID\"", "\"id\"")),
        format!("[{}]", entry.replacen('{', r#"{"systemuserid":"1","#, 1)),
        format!("[{}]", entry.replacen('{', r#"{"externalRef":"","#, 1)),
        format!("[{}]", entry.replacen('{', r#"{"externalRef":null,"#, 1)),
        format!("[{}]", entry.replace("altinn:systemuser", "altinn:other")),
        format!(r#"[{{"type":"urn:altinn:consent","id":"{CONSENT}"}}]"#),
        r#"[{"type":"urn:altinn:consent","id":"1","from":"urn:altinn:person:identifier-no:14842249091"}]"#.into(),
        format!(r#"[{{"type":"urn:altinn:consent","id":"{CONSENT}","from":"urn:altinn:person:identifier-no:910753614"}}]"#),
        format!(r#"[{{"type":"urn:altinn:consent","id":"{CONSENT}","from":"urn:altinn:person:identifier-no:14842249091","to":"x"}}]"#),
    ] {
        assert_eq!(details(&odd).unwrap_err().code(), "invalid_parameter", "{odd}");
    }
    let person = ConsentFrom::Person(Secret::new("14842249091"));
    let consent = AuthorizationDetails::consent(CONSENT, &person).unwrap();
    assert!(consent.json().ends_with(r#""from":"urn:altinn:person:identifier-no:14842249091"}]"#));
    let company = AuthorizationDetails::consent(CONSENT, &ConsentFrom::Organisation(number("910753614"))).unwrap();
    assert!(company.json().contains("urn:altinn:organization:identifier-no:910753614"));
    // Nothing that names a person is printed.
    let shown = format!("{:?} {:?} {person:?}", TokenRequest::new("a").person("14842249091").grant(rsa("RS256").kid("k")), consent);
    assert!(!shown.contains("1484224"), "{shown}");
}

#[test]
fn organisation_numbers() {
    for good in ["910753614", "889640782", "991825827", "987464291"] {
        assert_eq!(number(good).identifier(), format!("0192:{good}"));
    }
    assert_eq!(OrganisationNumber::from_identifier("0192:910753614").unwrap(), number("910753614"));
    for odd in
        ["", "..", "1/2", "91075361", "9107536140", "910753615", "0192:910753614", "91075361４", "910 753 614", "91075361a", "999888777"]
    {
        assert_eq!(OrganisationNumber::parse(odd).unwrap_err().code(), "invalid_parameter", "{odd}");
    }
    for odd in ["910753614", "0088:910753614", "0192:"] {
        assert!(OrganisationNumber::from_identifier(odd).is_err(), "{odd}");
    }
    assert_eq!(OrganisationNumber::unchecked("999888777").unwrap().identifier(), "0192:999888777");
    for odd in ["", "..", "99988877", "99988877x"] {
        assert!(OrganisationNumber::unchecked(odd).is_err(), "{odd}");
    }
}

#[test]
fn environments() {
    for (name, issuer, base) in [
        ("test", "https://test.maskinporten.no/", "https://api.test.samarbeid.digdir.no/api/v1"),
        ("production", "https://maskinporten.no/", "https://api.samarbeid.digdir.no/api/v1"),
        ("test unversioned", "https://test.maskinporten.no/", "https://api.test.samarbeid.digdir.no"),
        ("production guide", "https://maskinporten.no/", "https://integrasjon.difi.no"),
        ("test guide", "https://test.maskinporten.no/", "https://integrasjon-ver2.difi.no"),
        ("test https://own.example/api/v1", "https://test.maskinporten.no/", "https://own.example/api/v1"),
        ("http://localhost:1/ http://localhost:1/token http://localhost:2/api/v1", "http://localhost:1/", "http://localhost:2/api/v1"),
        ("http://localhost:1/ http://localhost:1/token http://localhost:2 current", "http://localhost:1/", "http://localhost:2/api/v1"),
        ("http://localhost:1/ http://localhost:1/token http://localhost:2/api/v1 guide", "http://localhost:1/", "http://localhost:2"),
        ("http://localhost:1/ http://localhost:1/token http://localhost:2/api/v1 unversioned", "http://localhost:1/", "http://localhost:2"),
        (
            "http://localhost:1/ http://localhost:1/token http://localhost:2/api/v1 http://localhost:3",
            "http://localhost:1/",
            "http://localhost:3",
        ),
    ] {
        let environment = Environment::from_name(name).unwrap();
        assert_eq!((environment.issuer(), environment.self_service()), (issuer, base), "{name}");
    }
    for odd in [
        "",
        "ver2",
        "current",
        "guide",
        "preprod",
        "test ",
        "test https://own.example/",
        "test http://own.example",
        "test https://own.example?x",
        "test https://own.example/../x",
        "http://issuer.example/ https://a.example/token https://a.example",
        "http://localhost:1/ http://localhost:1/token guide",
        "http://localhost:1/ http://localhost:1/token guide guide",
        "http://localhost:1/ http://localhost:1/token http://localhost:2 other",
        "http://localhost:1/ http://localhost:1/token http://localhost:2 ",
    ] {
        assert_eq!(Environment::from_name(odd).unwrap_err().code(), "invalid_configuration", "{odd}");
    }
}

fn refused(description: Option<&str>, status: u16) -> Problem {
    let body = match description {
        Some(text) => format!(r#"{{"error":"invalid_grant","error_description":"{text}"}}"#),
        None => String::from(r#"{"error":"invalid_altinn_customer_configuration"}"#),
    };
    let (exchange, ..) = attempt(&TokenRequest::new("a"), rsa("RS256").kid("k"), 3);
    Problem::of(&answered(exchange, status, &body).unwrap_err())
}

#[test]
fn every_documented_error_is_known() {
    for (id, kind, again) in [
        ("MP-011", "assertion", Again::Never),
        ("MP-012", "reused", Again::Once),
        ("MP-100", "client", Again::AfterRegistration),
        ("MP-110", "audience", Again::Never),
        ("MP-120", "certificate", Again::Never),
        ("MP-121", "key_expired", Again::Never),
        ("MP-122", "organisation", Again::Never),
        ("MP-123", "header", Again::Never),
        ("MP-124", "signature", Again::AfterRegistration),
        ("MP-130", "clock", Again::Never),
        ("MP-200", "scope", Again::AfterRegistration),
        ("MP-201", "scope", Again::Never),
        ("MP-250", "access", Again::Never),
        ("MP-251", "delegation", Again::Never),
        ("MP-301", "details", Again::Never),
        ("MP-302", "details", Again::Never),
        ("MP-303", "details", Again::Never),
    ] {
        let problem = refused(Some(&format!("{id}: Some words of the server's")), 400);
        assert_eq!((problem.id.as_deref(), problem.kind, problem.again), (Some(id), kind, again));
        assert!(problem.advice.len() > 20);
    }
    for (words, kind) in [
        ("Validation of JWT claim failed: The combination consumer_org in claim and delegation scope on client is invalid", "consumer_org"),
        ("Issue time is after now", "clock"),
        ("Issue time is in the future.", "clock"),
        ("JWT has too long lifetime.", "assertion"),
        ("JWT has expired.", "clock"),
    ] {
        let problem = refused(Some(words), 400);
        assert_eq!((problem.id, problem.kind, problem.again), (None, kind, Again::Never), "{words}");
    }
    let new = refused(Some("MP-999 something new"), 400);
    assert_eq!((new.id.as_deref(), new.kind, new.again), (Some("MP-999"), "unknown", Again::Never));
    assert_eq!(refused(None, 400).kind, "unknown");
    assert_eq!(refused(Some("slow down"), 429).again, Again::Later);
    let of = |kind| Problem::of(&Error::new(kind)).again;
    assert_eq!((of(&codes::NETWORK_ERROR), of(&codes::TIMEOUT), of(&codes::ABORTED)), (Again::Later, Again::Later, Again::Never));
    // An id counts where the server says it, not in its error code.
    let odd = Error::new(&codes::TOKEN_ERROR).oauth_error(OAuthError { error: "MP-012".into(), description: None, uri: None });
    assert_eq!(Problem::of(&odd).again, Again::Never);
}

#[test]
fn odd_token_answers() {
    let judge = |status, media: Option<&str>, body: &str| -> samtykke::Result<samtykke::Tokens> {
        let (mut exchange, ..) = attempt(&TokenRequest::new("a"), rsa("RS256").kid("k"), 4);
        exchange.receive(Response::new(status, media, body));
        match exchange.step(&[1; 32], NOW)? {
            Step::Done(tokens) => Ok(tokens),
            _ => panic!("done"),
        }
    };
    let json = Some("application/json");
    for (status, media, body, code) in [
        (400, Some("text/html"), "<html>", "http_status_unexpected"),
        (400, None, "", "http_status_unexpected"),
        (400, json, "{}", "http_status_unexpected"),
        (400, json, r#"{"error":"invalid_altinn_customer_configuration","error_description":"MP-303"}"#, "token_error"),
        (403, json, r#"{"error":"invalid_scope","error_description":"MP-250"}"#, "token_error"),
        (200, json, r#"{"token_type":"Bearer"}"#, "token_response_malformed"),
        (200, json, r#"{"access_token":"x","token_type":"Bearer","expires_in":"599"}"#, "token_response_malformed"),
        (200, json, r#"{"access_token":"x","token_type":"Bearer","expires_in":-1}"#, "token_response_malformed"),
        (302, json, "", "redirect_refused"),
    ] {
        assert_eq!(judge(status, media, body).unwrap_err().code(), code, "{status} {body}");
    }
    let tokens = |more: &str| judge(200, json, &format!(r#"{{"access_token":"x","token_type":"bearer"{more}}}"#)).unwrap();
    assert_eq!((tokens("").expires_in, tokens(r#","expires_in":0"#).expires_in), (None, Some(0)));
    assert_eq!(tokens(r#","expires_in":30,"new":{}"#).expires_in, Some(30));
}

#[test]
fn what_an_api_reads_in_the_token() {
    let claims = |more: &str| {
        format!(
            r#"{{"iss":"https://maskinporten.no/","exp":1700000120,"scope":"difi:api3 difi:api4","client_id":"c",
            "consumer":{{"authority":"iso6523-actorid-upis","ID":"0192:991825827"}}{more}}}"#
        )
    };
    let judge = |claims: &str, audience| {
        AccessToken::judge(claims, &TokenExpectation { issuer: "https://maskinporten.no/", audience, scope: "difi:api3", now: NOW })
    };
    let token = judge(&claims(""), None).unwrap();
    assert_eq!((token.consumer.number.as_str(), token.supplier, token.pid.is_none()), ("991825827", None, true));
    assert!(judge(&claims(r#","aud":"unspecified""#), None).is_ok());
    let mine = Some("https://api.example.no/");
    assert!(judge(&claims(r#","aud":"https://api.example.no/""#), mine).is_ok());
    assert!(judge(&claims(r#","aud":["x","https://api.example.no/"]"#), mine).is_ok());
    let delegated = judge(
        &claims(r#","supplier":{"authority":"iso6523-actorid-upis","ID":"0192:910753614"},"delegation_source":"https://www.altinn.no/","pid":"14842249091""#),
        None,
    )
    .unwrap();
    assert_eq!(delegated.supplier.as_ref().unwrap().id, "0192:910753614");
    assert!(!format!("{delegated:?}").contains("1484224"));
    let part = claims("").replace("0192:991825827", "0192:991825827:ER//987464291:1");
    let consumer = judge(&part, None).unwrap().consumer;
    assert_eq!((consumer.number.as_str(), consumer.part.as_deref()), ("991825827", Some("ER//987464291:1")));
    for (what, json, audience) in [
        ("another's audience", claims(r#","aud":"https://other.example/""#), mine),
        ("no audience", claims(""), mine),
        ("the literal", claims(r#","aud":"unspecified""#), mine),
        ("an audience where none is expected", claims(r#","aud":"https://other.example/""#), None),
        ("issuer without slash", claims("").replace("porten.no/", "porten.no"), None),
        ("another issuer", claims("").replace("//maskin", "//test.maskin"), None),
        ("foreign authority", claims("").replace("iso6523-actorid-upis", "etsi-en-319-412"), None),
        ("one part", claims("").replace("0192:991825827", "991825827"), None),
        ("five parts", claims("").replace("0192:991825827", "0192:991825827:a:b:c"), None),
        ("another list", claims("").replace("0192:", "0088:"), None),
        ("no consumer", claims("").replace("consumer", "customer"), None),
        ("odd supplier", claims(r#","supplier":"x""#), None),
        ("another scope", claims("").replace("difi:api3", "difi:api33"), None),
        ("no end", claims("").replace("exp", "end"), None),
        ("no object", String::from("[]"), None),
    ] {
        assert_eq!(judge(&json, audience).unwrap_err().code(), "claim_refused", "{what}");
    }
    assert_eq!(judge(&claims("").replace("1700000120", "1700000000"), None).unwrap_err().code(), "jwt_expired");
}

#[test]
fn an_environment_needs_what_is_used_of_it() {
    for (issuer, endpoint) in [
        ("http://localhost:8080/maskinporten", "http://localhost:8080/maskinporten/token"),
        ("https://mp.example/", "https://mp.example/token"),
    ] {
        let own = Environment::from_name(issuer).unwrap();
        assert_eq!((own.issuer(), own.token_endpoint(), own.self_service()), (issuer, endpoint, ""));
        let refused = samtykke::provider::maskinporten::SelfService::new(&own, &Secret::new("x")).clients(false).unwrap_err();
        assert_eq!((refused.code(), refused.expected_value().unwrap().contains("selfService")), ("endpoint_missing", true));
    }
    assert_eq!(Environment::from_name("http://elsewhere.example").unwrap_err().code(), "invalid_configuration");
}

#[test]
fn one_on_whose_behalf_the_client_acts_stands_in_the_grant_and_never_beside_a_customer() {
    let request = TokenRequest::new("a:b").on_behalf_of("c-1::other");
    let (_, _, claims, _) = attempt(&request, rsa("RS256").kid("k"), 7);
    assert!(claims.contains(r#""iss_onbehalfof":"c-1::other""#), "{claims}");
    for odd in [request.consumer(&number("889640782")), TokenRequest::new("a:b").on_behalf_of("")] {
        assert_eq!(odd.grant(rsa("RS256").kid("k")).unwrap_err().code(), "invalid_parameter");
    }
}
