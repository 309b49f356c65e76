//! Region Halland: profile, bare resources, Subscriber Key, refusals told apart, AD FS' codes, validity of certificates.

use samtykke::error::Action;
use samtykke::flow::keys::JwksTimes;
use samtykke::jose::certified::select;
use samtykke::jose::{Algorithm, KeyInfo, append_signature, der, signing_input};
use samtykke::protocol::grant::{Refresh, Target};
use samtykke::protocol::profile::{Audience, Presence};
use samtykke::protocol::token::{Expectation, Tokens};
use samtykke::provider::adfs::{self, Msis, current};
use samtykke::provider::halland::{self, Refusal, SubscriberKey, refusal, refusal_error};
use samtykke::{
    AuthorizationRequest, ClientAuthentication, ClientCredentials, Exchange, Profile, Registration, Request, Response, Result, Secret, Step,
};

use crate::by_hand::by_hand;

const ISSUER: &str = "https://adfs.example.se/adfs";
const MISSING: &str = r#"{ "statusCode": 401, "message": "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API." }"#;
const INVALID: &str = r#"{ "statusCode": 401, "message": "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription." }"#;

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("none", |error| error.code())
}

fn client(profile: Profile) -> Registration {
    Registration::new(profile, "0f6e2b1c-8f5d-4f0b-9a53-2d7b1c9e4f10", "https://app.example.se/callback").unwrap()
}

fn call(url: &str) -> Request {
    Request { method: "GET", url: url.into(), headers: vec![], body: None, repeatable: true }
}

#[test]
fn the_profile_is_ad_fs() {
    let profile = halland::profile(ISSUER);
    assert_eq!(profile.authorization_endpoint, "https://adfs.example.se/adfs/oauth2/authorize/");
    assert_eq!(profile.endpoints.jwks_uri.as_deref(), Some("https://adfs.example.se/adfs/discovery/keys"));
    assert_eq!((profile.endpoints.introspection, profile.endpoints.revocation), (None, None));
    let rules = profile.requests.assertion;
    assert_eq!(
        (rules.audience, rules.x5t, rules.kid, rules.x5t_s256),
        (Audience::Endpoint, Presence::Always, Presence::Never, Presence::Never)
    );
    assert_eq!((rules.lifetime, rules.not_before, rules.algorithms), (300, true, vec![String::from("RS256")]));
    assert_eq!(samtykke::provider::rules("halland").unwrap().client_authentication, ["private_key_jwt"]);
    let client = client(halland::profile(ISSUER));
    assert_eq!(
        code(Exchange::client_credentials(&client, &ClientAuthentication::secret_post("s"), &ClientCredentials::new("a"))),
        "invalid_configuration"
    );
}

#[test]
fn a_resource_is_any_text_where_the_profile_says_so() {
    let free = client(halland::profile(ISSUER));
    let strict = client(Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token"));
    for resource in ["hsainfoapi.regionhalland.se", "exempelapi.Public", "nhn:phr"] {
        let asked = || AuthorizationRequest::new("openid").parameter("resource", resource);
        let url = free.begin(asked(), &[7; 96], 0).unwrap().url;
        assert!(url.contains(&format!("resource={}", resource.replace(':', "%3A"))), "{url}");
        if resource != "nhn:phr" {
            assert_eq!(code(strict.begin(asked(), &[7; 96], 0)), "invalid_parameter");
        }
    }
    assert_eq!(code(free.begin(AuthorizationRequest::new("openid").parameter("resource", ""), &[7; 96], 0)), "invalid_parameter");
    assert_eq!(code(adfs::target("")), "invalid_parameter");
    let open = ClientAuthentication::secret_post("s");
    let mut profile = halland::profile(ISSUER);
    profile.rules = &samtykke::protocol::profile::STANDARD;
    let client = client(profile);
    let exchange =
        |target: &Target| Exchange::client_credentials(&client, &open, &ClientCredentials::new("hsainfoapi.read")).unwrap().target(target);
    let mut right = by_hand(exchange(&adfs::target("hsainfoapi.regionhalland.se").unwrap()).unwrap());
    let Step::Send(request) = right.step(&[7; 32], 0).unwrap() else { panic!() };
    assert!(request.body.unwrap().expose().contains("resource=hsainfoapi.regionhalland.se"));
    assert_eq!(code(exchange(&Target::new().resource("a\nb"))), "invalid_parameter");
    let mut refresh = by_hand(Exchange::refresh(&client, &open, &Refresh::new("S3CRET")).unwrap());
    assert!(matches!(refresh.step(&[7; 32], 0), Ok(Step::Send(_))));
    let body =
        r#"{"error":"invalid_grant","error_description":"MSIS9615: The refresh token received in 'refresh_token' parameter has expired."}"#;
    let ended = refresh.refusal(Response::new(401, Some("application/json"), body));
    assert_eq!((ended.code(), Msis::of(&ended).unwrap().action), ("session_ended", Some(Action::Restart)));
}

#[test]
fn the_key_goes_to_the_apis_alone() {
    let key = SubscriberKey::under("X-Subscriber-Key", "S3CRET").unwrap();
    let origins = ["https://api.example.se"];
    let sent = key.add(call("https://api.example.se/v1"), &origins, false).unwrap();
    assert_eq!((sent.headers[0].0, sent.headers[0].1.expose()), ("X-Subscriber-Key", "S3CRET"));
    for url in [
        "https://adfs.example.se/adfs/oauth2/token/",
        "http://api.example.se/v1",
        "https://api.example.se.evil.example/v1",
        "https://api.example.se@evil.example/v1",
        "https://api.example.se/v1?access_token=x",
    ] {
        let error = key.add(call(url), &origins, false).unwrap_err();
        assert_eq!(error.code(), "resource_refused", "{url}");
        assert!(!format!("{error:?} {key:?} {sent:?}").contains("S3CRET"));
    }
    assert_eq!(code(key.add(call("http://127.0.0.1:1/v1"), &["http://127.0.0.1:1"], false)), "resource_refused");
    assert!(key.add(call("http://127.0.0.1:1/v1"), &["http://127.0.0.1:1"], true).is_ok());
    let mut twice = call("https://api.example.se/v1");
    twice.headers.push(("x-subscriber-key", Secret::new("other")));
    assert_eq!(code(key.add(twice, &origins, false)), "reserved_parameter");
    for header in ["", "Authorization", "cookie", "dpop", "Host", "two words", "a:b", "a\nb"] {
        assert_eq!(code(SubscriberKey::under(header, "k")), "invalid_configuration", "{header}");
    }
    for odd in ["", "two words", "a\nb", "ü"] {
        assert_eq!(code(SubscriberKey::new(odd)), "invalid_configuration");
    }
}

#[test]
fn a_401_of_the_gateway_is_told_from_one_of_the_token() {
    let of = |body: &str, header: Option<&str>| {
        let mut response = Response::new(401, None, body);
        response.www_authenticate = header.map(String::from);
        (refusal(&response).unwrap(), refusal_error(&response).code())
    };
    let asks = Some(r#"AzureApiManagementKey realm="x",name="Ocp-Apim-Subscription-Key",type="header""#);
    assert_eq!(of(MISSING, None), (Refusal::KeyMissing, "subscription_key_refused"));
    assert_eq!(of(INVALID, None), (Refusal::KeyInvalid, "subscription_key_refused"));
    assert_eq!(of("<html>", asks), (Refusal::KeyInvalid, "subscription_key_refused"));
    for body in [
        "",
        "<html>",
        "[]",
        r#"{"statusCode":401,"message":"Unauthorized."}"#,
        r#"{"message":"missing subscription key"}"#,
        "missing subscription key",
    ] {
        assert_eq!(of(body, Some("Bearer error=\"invalid_token\"")), (Refusal::Token, "token_invalid"), "{body}");
    }
    for status in [200, 403, 500] {
        assert_eq!(refusal(&Response::new(status, None, MISSING)), None);
    }
    let error = refusal_error(&Response::new(401, None, MISSING));
    assert_eq!(
        (error.provider_code(), error.status(), error.retryable(), error.action()),
        (Some("missing"), Some(401), false, Action::FixConfiguration)
    );
}

#[test]
fn every_code_of_ad_fs_has_advice() {
    let facts: serde_json::Value = serde_json::from_str(include_str!("../../src/provider/adfs/provider.json")).unwrap();
    let rows = facts["tables"]["msis"]["rows"].as_array().unwrap();
    assert!(rows.len() > 10);
    for row in rows {
        let [code, action, advice] = [0, 1, 2].map(|column| row[column].as_str().unwrap());
        let found = Msis::find(&format!("{code}: x")).unwrap();
        assert_eq!((found.code.as_str(), found.action.unwrap().as_str(), found.advice), (code, action, advice));
    }
    let unknown = Msis::find("x MSIS9999: y").unwrap();
    assert_eq!((unknown.code.as_str(), unknown.action, unknown.advice), ("MSIS9999", None, ""));
    for none in ["", "MSIS", "MSIS12", "MSIS1234567", "msis9602"] {
        assert_eq!(Msis::find(none), None, "{none}");
    }
}

#[test]
fn validity_of_certificates() {
    let pem = include_str!("../js/certificate.mjs");
    let pem = pem.get(pem.find("-----BEGIN CERTIFICATE").unwrap()..).unwrap();
    // As openssl prints it: 26 November 2026 00:30:44 to 23 November 2036 00:30:44.
    assert_eq!(der::validity(pem).unwrap(), (1_795_653_044, 2_111_013_044));
    assert_eq!(code(der::validity("")), "key_refused");
    assert_eq!(code(der::validity("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----")), "key_refused");
    let key = include_str!("../js/certificate.mjs");
    let key = key.get(key.find("-----BEGIN PRIVATE").unwrap()..key.find("-----END PRIVATE KEY-----").unwrap() + 25).unwrap();
    assert_eq!(code(der::validity(key)), "key_refused");
}

#[test]
fn the_certificate_to_sign_with_is_the_first_that_is_valid_now() {
    let own = PEM.get(PEM.find("-----BEGIN CERTIFICATE").unwrap()..).unwrap();
    // RFC 7517 appendix B: 21 February 2013 23:29:15 to 14 August 2018 22:29:15.
    let file: serde_json::Value = serde_json::from_str(include_str!("../vectors/rfc/rfc7517_appendix.json")).unwrap();
    let old = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", file["B_x5c"]["x5c"][0].as_str().unwrap());
    let (begins, ends) = (1_361_489_355, 1_534_285_755);
    let both = [own, &*old];
    let found = |now| current(&both, now, 86_400).map(|found| (found.index, found.not_before, found.not_after, found.expires_soon));
    assert_eq!(found(begins).unwrap(), (1, begins, ends, false));
    assert_eq!((found(ends - 86_400).unwrap().3, found(ends - 86_399).unwrap().3, found(ends).unwrap().3), (false, true, true));
    assert_eq!(found(1_795_653_044).unwrap().0, 0);
    for never in [begins - 1, ends + 1, 1_795_653_043, 2_111_013_045] {
        assert_eq!(code(found(never)), "key_refused", "{never}");
    }
    assert_eq!(current(&[own, own], 1_800_000_000, 0).unwrap().index, 0, "the first one");
    assert_eq!(code(current(&["", own], 1_800_000_000, 0)), "key_refused", "no certificate at all");
    assert_eq!(code(current(&[], 1_800_000_000, 0)), "key_refused");
}

const PEM: &str = include_str!("../js/certificate.mjs");
/// The key of RFC 7638 section 3.1.
const OTHER: &str = r#""kty":"RSA","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw""#;

/// The members of a certified key, its certificate in base64, and that one's SHA-1.
fn certified() -> (String, String, String) {
    let pem = &PEM[PEM.find("-----BEGIN CERTIFICATE").unwrap()..];
    let pem = &pem[..pem.find("-----END CERTIFICATE-----").unwrap() + 25];
    let key = der::public_key(pem).unwrap();
    let info = KeyInfo::new(Algorithm::from_name("RS256").unwrap(), key.clone()).unwrap().certificates(pem).unwrap();
    let members = key.required_json();
    (members[1..members.len() - 1].into(), info.x5c[0].clone(), info.x5t.unwrap())
}

fn chosen(keys: &[String], kid: Option<&str>, x5t: Option<&str>) -> &'static str {
    let set = format!(r#"{{"keys":[{}]}}"#, keys.iter().map(|key| format!("{{{key}}}")).collect::<Vec<_>>().join(","));
    code(select(&set, Algorithm::from_name("RS256").unwrap(), kid, x5t))
}

#[test]
fn a_key_is_found_by_its_certificate() {
    let (key, x5c, x5t) = certified();
    let (kid, other) = ("key-1", format!(r#"{OTHER},"kid":"other","x5t":"hOBcHZi846VCHSJbFAs26Go9VTQ""#));
    for names in [
        format!(r#""x5t":"{x5t}""#),
        format!(r#""kid":"{x5t}""#),
        format!(r#""kid":"{kid}","x5t":"{x5t}""#),
        format!(r#""kid":"{x5t}","x5t":"{x5t}","x5c":["{x5c}"]"#),
    ] {
        let keys = [other.clone(), format!("{key},{names}")];
        assert_eq!(chosen(&keys, None, Some(&x5t)), "none", "{names}");
        assert_eq!(chosen(&keys, None, Some("hOBcHZi846VCHSJbFAs26Go9VTQ")), "none");
        assert_eq!(chosen(&keys, None, Some("unknown")), "key_not_found");
        assert_eq!(chosen(&keys, None, None), "key_ambiguous");
    }
    let both = [other.clone(), format!(r#"{key},"kid":"{kid}","x5t":"{x5t}","x5c":["{x5c}"]"#)];
    assert_eq!((chosen(&both, Some(kid), Some(&x5t)), chosen(&both, Some(kid), None)), ("none", "none"));
    assert_eq!(chosen(&both, Some("unknown"), Some(&x5t)), "key_not_found");
    assert_eq!(chosen(&[format!("{key},\"kid\":\"{kid}\"")], Some(kid), Some(&x5t)), "none", "nothing contradicts it");
    // One key alone, and a name that is not its.
    assert_eq!(chosen(&both[1..], None, Some("unknown")), "key_not_found");
    for wrong in [r#""use":"enc""#, r#""alg":"PS256""#, r#""key_ops":["sign"]"#] {
        assert_eq!(chosen(&[format!(r#"{key},"x5t":"{x5t}",{wrong}"#)], None, Some(&x5t)), "key_not_found", "{wrong}");
    }
    assert_eq!(code(select("{}", Algorithm::from_name("RS256").unwrap(), None, Some(&x5t))), "jwks_malformed");
    let many = vec![format!(r#"{key},"x5t":"{x5t}""#); 101];
    assert_eq!(chosen(&many, None, Some(&x5t)), "jwks_malformed");
}

#[test]
fn names_and_certificates_that_do_not_fit() {
    let (key, x5c, x5t) = certified();
    let named = format!(r#"{key},"kid":"key-1","x5t":"{x5t}""#);
    let twin = format!(r#"{OTHER},"kid":"other","x5t":"{x5t}""#);
    assert_eq!(chosen(&[named.clone(), twin.clone()], None, Some(&x5t)), "key_ambiguous");
    // Names of two keys, of a key and of none, of one key whose name another bears.
    let other = format!(r#"{OTHER},"kid":"other","x5t":"hOBcHZi846VCHSJbFAs26Go9VTQ""#);
    assert_eq!(chosen(&[named.clone(), other.clone()], Some("key-1"), Some("hOBcHZi846VCHSJbFAs26Go9VTQ")), "key_refused");
    assert_eq!(chosen(std::slice::from_ref(&named), Some("key-1"), Some("unknown")), "key_refused");
    assert_eq!(chosen(&[named, twin], Some("key-1"), Some(&x5t)), "key_refused");
    let bare = format!("{key},\"kid\":\"key-1\"");
    assert_eq!(chosen(&[bare, other], Some("key-1"), Some("hOBcHZi846VCHSJbFAs26Go9VTQ")), "key_refused");
    // Another's certificate, this key's under another name, and none at all.
    assert_eq!(chosen(&[format!(r#"{OTHER},"x5t":"{x5t}","x5c":["{x5c}"]"#)], None, Some(&x5t)), "key_refused");
    let renamed = format!(r#"{key},"x5t":"hOBcHZi846VCHSJbFAs26Go9VTQ","x5c":["{x5c}"]"#);
    assert_eq!(chosen(&[renamed], None, Some("hOBcHZi846VCHSJbFAs26Go9VTQ")), "key_refused");
    assert_eq!(chosen(&[format!(r#"{key},"x5t":"{x5t}","x5c":[]"#)], None, Some(&x5t)), "none", "an empty list is none");
    for odd in ["5", r#"["!"]"#, r#"[""]"#, "[5]", r#""x""#] {
        assert_eq!(chosen(&[format!(r#"{key},"x5t":"{x5t}","x5c":{odd}"#)], None, Some(&x5t)), "key_refused", "{odd}");
    }
}

#[test]
fn an_id_token_of_ad_fs_names_its_key_by_x5t_and_may_write_its_time_as_a_date() {
    let (key, x5c, x5t) = certified();
    let set = format!(r#"{{"keys":[{{{OTHER},"kid":"other"}},{{{key},"kid":"{x5t}","x5t":"{x5t}","x5c":["{x5c}"]}}]}}"#);
    let verified = |profile: Profile, header: &str| {
        let client = client(profile);
        let claims = r#"{"iss":"https://adfs.example.se/adfs","aud":"0f6e2b1c-8f5d-4f0b-9a53-2d7b1c9e4f10","sub":"p","iat":1700000000,"exp":1700003600,"auth_time":"2023-11-14T22:13:20.180Z"}"#;
        let header = format!(r#"{{"alg":"RS256",{header}}}"#);
        let token = append_signature(&signing_input(&header, claims), &[7; 256]);
        let exchange = Exchange::refresh(&client, &ClientAuthentication::Tls, &Refresh::new("r").unchecked()).unwrap();
        let mut exchange = by_hand(exchange.jwks_at(set.clone(), JwksTimes::new(1_700_000_000, Some(1_700_000_000))));
        assert!(matches!(exchange.step(&[7; 32], 1_700_000_001), Ok(Step::Send(_))));
        let body = format!(r#"{{"access_token":"x","token_type":"bearer","id_token":"{}"}}"#, token.expose());
        exchange.receive(Response::new(200, Some("application/json"), &body));
        match exchange.step(&[7; 32], 1_700_000_001)? {
            Step::Verify(request) => {
                Ok(request.key.required_json().contains("\"AQAB\"") && request.key.required_json() == format!("{{{key}}}"))
            }
            other => panic!("{other:?}"),
        }
    };
    let mut adfs = halland::profile(ISSUER);
    adfs.rules = &samtykke::protocol::profile::STANDARD;
    for header in [format!(r#""x5t":"{x5t}""#), format!(r#""kid":"{x5t}","x5t":"{x5t}""#), format!(r#""kid":"{x5t}""#)] {
        assert!(verified(adfs.clone(), &header).unwrap(), "{header}");
    }
    for (header, refused) in [
        (r#""x5t":"unknown""#.into(), "key_not_found"),
        (format!(r#""kid":"other","x5t":"{x5t}""#), "key_refused"),
        (r#""x5t":5"#.into(), "jws_malformed"),
        (r#""x5t":"""#.into(), "jws_malformed"),
        (r#""typ":"JWT""#.into(), "key_ambiguous"),
    ] {
        assert_eq!(code(verified(adfs.clone(), &header)), refused, "{header}");
    }
    // Elsewhere x5t chooses nothing.
    adfs.requests.keys_by_x5t = false;
    assert_eq!(code(verified(adfs.clone(), &format!(r#""x5t":"{x5t}""#))), "key_ambiguous");
    // And a time is a number.
    adfs.requests.auth_time_text = false;
    assert_eq!(code(verified(adfs, &format!(r#""kid":"{x5t}""#))), "claim_refused");
}

#[test]
fn each_request_has_an_id_and_its_errors_too() {
    let sent = |profile: Profile| {
        let client = client(profile);
        let grant = ClientCredentials::new("a");
        let mut exchange = by_hand(Exchange::client_credentials(&client, &ClientAuthentication::secret_post("s"), &grant).unwrap());
        let Step::Send(request) = exchange.step(&[7; 32], 0).unwrap() else { panic!() };
        let id = request.headers.iter().find(|(name, _)| *name == adfs::REQUEST_ID).map(|(_, id)| id.expose().to_owned());
        assert_eq!(exchange.request_id(), id.as_deref());
        let body = r#"{"error":"invalid_resource","error_description":"MSIS9602: x"}"#;
        (id, exchange.refusal(Response::new(400, Some("application/json"), body)))
    };
    // Where the server takes no secret, the profile says so first: a server like it, with its requests.
    let mut profile = halland::profile(ISSUER);
    profile.rules = &samtykke::protocol::profile::STANDARD;
    let (id, error) = sent(profile.clone());
    assert_eq!(id.as_deref(), Some("07070707-0707-4707-8707-070707070707"));
    assert_eq!((error.trace_id(), error.code(), error.status()), (id.as_deref(), "token_error", Some(400)));
    assert_eq!(Msis::of(&error).unwrap().action, Some(Action::FixConfiguration));
    profile.requests.request_id = None;
    let (none, error) = sent(profile);
    assert_eq!((none, error.trace_id()), (None, None));
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn keys_as_older_tools_write_them() {
    use crate::encode::{base64, base64url_decode};
    use samtykke::jose::Signer;
    use samtykke::signer::native::NativeKey;
    let start = PEM.find("-----BEGIN PRIVATE").unwrap();
    let pkcs8 = &PEM[start..PEM.find("-----END PRIVATE KEY-----").unwrap() + 25];
    let rs256 = Algorithm::from_name("RS256").unwrap();
    let key = NativeKey::from_pem(pkcs8, rs256).unwrap();
    // PKCS#8 of an RSA key of 2048 bits is 26 octets and then its PKCS#1.
    let body: String = pkcs8.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64url_decode(body.trim_end_matches('=').replace('+', "-").replace('/', "_").as_str()).unwrap();
    let pem = |der: &[u8]| format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n", base64(der));
    let old = NativeKey::from_pem(&pem(&der[26..]), rs256).unwrap();
    assert_eq!(old.info().public, key.info().public);
    assert_eq!(old.sign(b"x").unwrap(), key.sign(b"x").unwrap());
    for odd in [
        pem(&der[26..600]),
        pem(&der),
        pem(&[0x30, 0]),
        format!("{0}{0}", pem(&der[26..])),
        pem(&der[26..]).replace("-----\nM", "-----\nProc-Type: 4,ENCRYPTED\n\nM"),
    ] {
        assert_eq!(code(NativeKey::from_pem(&odd, rs256)), "key_refused");
    }
    assert_eq!(code(NativeKey::from_pem(&pem(&der[26..]), Algorithm::from_name("ES256").unwrap())), "key_refused");
}

#[test]
fn a_refresh_tokens_life_is_a_number_of_seconds() {
    let life = |value: &str| {
        let body = format!(r#"{{"access_token":"x","token_type":"bearer"{value}}}"#);
        adfs::refresh_expires_in(&Tokens::judge(&Response::new(200, Some("application/json"), &body), &Expectation::default()).unwrap())
    };
    assert_eq!(life(r#","refresh_token_expires_in":28800"#), Some(28_800));
    for odd in ["", r#","refresh_token_expires_in":"28800""#, r#","refresh_token_expires_in":-1"#, r#","refresh_token_expires_in":1.5"#] {
        assert_eq!(life(odd), None, "{odd}");
    }
}

#[test]
fn addresses_of_the_metadata_with_the_rules_of_the_profile() {
    use samtykke::protocol::metadata::{Metadata, Policy};
    let body = format!(
        r#"{{"issuer":"{ISSUER}","authorization_endpoint":"{ISSUER}/oauth2/authorize/","token_endpoint":"{ISSUER}/oauth2/other/","jwks_uri":"{ISSUER}/keys","userinfo_endpoint":"{ISSUER}/userinfo","end_session_endpoint":"{ISSUER}/oauth2/logout","token_endpoint_auth_methods_supported":["client_secret_post"],"id_token_signing_alg_values_supported":["RS256"],"require_signed_request_object":true,"access_token_issuer":"http://adfs.example.se/adfs/services/trust"}}"#
    );
    let metadata = Metadata::judge(&Response::new(200, Some("application/json"), &body), ISSUER, &Policy::default()).unwrap();
    let (found, own) = (halland::profile_of(&metadata, false), halland::profile(ISSUER));
    assert_eq!(
        (found.token_endpoint.as_str(), found.endpoints.jwks_uri.as_deref()),
        (&*format!("{ISSUER}/oauth2/other/"), Some(&*format!("{ISSUER}/keys")))
    );
    assert_eq!(metadata.text("access_token_issuer").as_deref(), Some(&*adfs::access_token_issuer(ISSUER)));
    // No word of the metadata changes how a request looks.
    assert_eq!(format!("{:?}", found.requests), format!("{:?}", own.requests));
    assert_eq!((found.rules.id, found.rules.client_authentication), (own.rules.id, own.rules.client_authentication));
}
