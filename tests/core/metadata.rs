//! Server metadata: each flaw is refused, a profile wins, and what is read is what the standard reader reads.

use proptest::prelude::*;
use samtykke::flow::discovery::{Discovery, WellKnown};
use samtykke::protocol::metadata::{Metadata, Policy};
use samtykke::protocol::profile::STANDARD;
use samtykke::protocol::resource_metadata::{self, ResourceMetadata};
use samtykke::{Error, Response};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://op.example";

fn document() -> Value {
    json!({
        "issuer": ISSUER, "authorization_endpoint": "https://op.example/a", "token_endpoint": "https://op.example/t",
        "jwks_uri": "https://op.example/jwks", "userinfo_endpoint": "https://op.example/u", "introspection_endpoint": "https://op.example/i",
        "revocation_endpoint": "https://op.example/r", "end_session_endpoint": "https://op.example/e",
        "pushed_authorization_request_endpoint": "https://op.example/par", "device_authorization_endpoint": "https://op.example/d",
        "registration_endpoint": "https://op.example/reg", "backchannel_authentication_endpoint": "https://op.example/ciba",
        "response_types_supported": ["code"], "subject_types_supported": ["public"], "scopes_supported": ["openid"],
        "id_token_signing_alg_values_supported": ["RS256", "none", "HS256", "ES256"], "code_challenge_methods_supported": ["plain", "S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
        "authorization_response_iss_parameter_supported": true, "require_pushed_authorization_requests": false,
        "backchannel_logout_supported": "true", "frontchannel_logout_supported": false,
        "mtls_endpoint_aliases": { "token_endpoint": "https://mtls.op.example/t", "other": 1 },
    })
}

pub(crate) fn answer(body: &Value) -> Response {
    Response::new(200, Some("application/json"), &body.to_string())
}

fn judge(body: &Value, policy: &Policy<'_>) -> Result<Metadata, Error> {
    Metadata::judge(&answer(body), body["issuer"].as_str().unwrap_or(ISSUER), policy)
}

pub(crate) fn with(name: &str, value: Value) -> Value {
    let mut body = document();
    body[name] = value;
    body
}

fn without(names: &[&str]) -> Value {
    let mut body = document();
    for name in names {
        body.as_object_mut().unwrap().remove(*name);
    }
    body
}

pub(crate) fn code(result: Result<impl std::fmt::Debug, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |found| panic!("accepted: {found:?}"))
}

const ENDPOINTS: [&str; 9] = [
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "end_session_endpoint",
    "pushed_authorization_request_endpoint",
    "device_authorization_endpoint",
];

#[test]
fn endpoints_are_https_on_a_public_host() {
    for name in ENDPOINTS {
        for url in [
            "http://op.example/x",
            "javascript:alert(1)",
            "data:text/plain,x",
            "file:///etc/passwd",
            "/relative",
            "",
            "https://op.example/x#f",
            "https://user:pw@op.example/x",
            "https://op.example@evil.example/",
            "https://op.example:99999/",
            "https://op.example\\@evil.example/",
            "ht\ntps://op.example/",
            "https://169.254.169.254/x",
            "https://0x7f.1/",
            "https://localhost/x",
            "https://[::1]/x",
            "http://localhost:4400/x",
            "https://10.0.0.1/",
            "https://[64:ff9b::10.0.0.1]/",
            "https://2130706433/",
        ] {
            let error = judge(&with(name, url.into()), &Policy::default()).unwrap_err();
            assert_eq!(error.code(), "endpoint_refused", "{name} {url}");
            assert!(error.expected_value().unwrap().starts_with(name));
            assert!(url.is_empty() || !format!("{error}").contains(url), "an address may hold a password");
        }
        assert_eq!(code(judge(&with(name, json!(5)), &Policy::default())), "metadata_malformed");
        // `null` is as good as nothing: only what must be there is missed.
        let absent = judge(&with(name, Value::Null), &Policy::default());
        match name {
            "authorization_endpoint" | "token_endpoint" => assert_eq!(code(absent), "metadata_malformed"),
            _ => assert!(!serde_json::from_str::<Value>(absent.unwrap().json()).unwrap().as_object().unwrap().contains_key(name)),
        }
        assert!(judge(&with(name, "https://other.example:8443/x?tenant=1".into()), &Policy::default()).is_ok());
    }
    let local = with("token_endpoint", "http://127.0.0.1:4400/t".into());
    assert!(judge(&local, &Policy { development: true.into(), ..Policy::default() }).is_ok());
    let private = with("token_endpoint", "https://10.0.0.1/t".into());
    assert_eq!(code(judge(&private, &Policy { development: true.into(), ..Policy::default() })), "endpoint_refused");
}

#[test]
fn members_that_nobody_reads_are_handed_on_and_not_judged() {
    for (name, value) in [
        ("registration_endpoint", json!("")),
        ("registration_endpoint", json!("http://op.example/reg")),
        ("custom_endpoint", json!({})),
        ("kerberos_endpoint", json!("http://kdc.op.example/")),
        ("check_session_iframe", json!(5)),
        ("request_parameter_supported", json!("true")),
        ("claims_parameter_supported", json!(1)),
        ("tls_client_certificate_bound_access_tokens", json!("yes")),
        ("backchannel_logout_supported", json!("perhaps")),
        ("scopes_supported", json!("openid profile")),
        ("acr_values_supported", json!({"a": 1})),
        ("userinfo_signing_alg_values_supported", json!("none")),
        ("request_object_signing_alg_values_supported", json!([1])),
        ("authorization_signing_alg_values_supported", json!(false)),
        ("token_endpoint_auth_methods_supported", json!("private_key_jwt")),
        ("custom", Value::Null),
        ("service_documentation", json!([])),
    ] {
        let found = judge(&with(name, value.clone()), &Policy::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(serde_json::from_str::<Value>(found.json()).unwrap()[name], value, "{name}");
    }
    // A plain OAuth server that names algorithms and has no keys (the OpenID Foundation's suite).
    let plain = without(&["jwks_uri"]);
    assert_eq!(judge(&plain, &Policy::default()).unwrap().profile(&STANDARD, false).endpoints.jwks_uri, None);
}

#[test]
fn the_issuer_is_the_one_asked_for() {
    for (asked, found) in [
        ("https://op.example", "https://op.example/"),
        ("https://op.example/", "https://op.example"),
        ("https://op.example", "https://OP.example"),
        ("https://op.example", "https://op.example:443"),
        ("https://op.example", "https://op.exampleINVALID"),
        ("https://op.example/op", "https://op.example/o%70"),
    ] {
        let error = Metadata::judge(&answer(&with("issuer", found.into())), asked, &Policy::default()).unwrap_err();
        assert_eq!((error.code(), error.expected_value(), error.actual_value()), ("metadata_issuer_mismatch", Some(asked), Some(found)));
        assert_eq!(error.phase().as_str(), "configuration");
    }
    for odd in [Value::Null, json!(1), json!(["https://op.example"])] {
        assert_eq!(code(Metadata::judge(&answer(&with("issuer", odd)), ISSUER, &Policy::default())), "metadata_issuer_mismatch");
    }
    for issuer in
        ["http://op.example", "https://op.example?x", "https://op.example#f", "op.example", "", "https://10.0.0.1", "http://localhost:1"]
    {
        assert_eq!(code(judge(&with("issuer", issuer.into()), &Policy::default())), "invalid_configuration", "{issuer}");
        assert_eq!(code(WellKnown::OpenId.url(issuer, false)), "invalid_configuration");
        assert_eq!(code(Discovery::new(issuer, Policy::default())), "invalid_configuration");
    }
}

#[test]
fn answers_that_are_no_metadata() {
    let body = document().to_string();
    for (status, media, body, expected) in [
        (302, Some("application/json"), body.as_str(), "redirect_refused"),
        (404, Some("application/json"), &body, "http_status_unexpected"),
        (500, Some("application/json"), &body, "http_status_unexpected"),
        (201, Some("application/json"), &body, "http_status_unexpected"),
        (400, Some("application/json"), r#"{"error":"invalid_request"}"#, "http_status_unexpected"),
        (200, Some("text/html"), &body, "content_type_unexpected"),
        (200, Some("application/jsonx"), &body, "content_type_unexpected"),
        (200, None, &body, "content_type_unexpected"),
        (200, Some("application/json"), "[]", "metadata_malformed"),
        (200, Some("application/json"), &body.replacen('{', r#"{"issuer":"https://op.example","#, 1), "metadata_malformed"),
        (200, Some("application/json"), &format!("{body}{{}}"), "metadata_malformed"),
        (200, Some("application/json"), &body.replacen('{', &format!("{{{}", " ".repeat(1 << 20)), 1), "metadata_malformed"),
    ] {
        let error = Metadata::judge(&Response::new(status, media, body), ISSUER, &Policy::default()).unwrap_err();
        assert_eq!((error.code(), error.status(), error.phase().as_str()), (expected, Some(status), "configuration"), "{status} {media:?}");
        assert!(error.oauth().is_none());
    }
    assert!(
        Metadata::judge(
            &Response::new(200, Some("Application/JSON; charset=utf-8"), &format!("\u{feff}{body}")),
            ISSUER,
            &Policy::default()
        )
        .is_ok()
    );
}

#[test]
fn types_and_what_members_say_together() {
    let lists = [
        "response_modes_supported",
        "grant_types_supported",
        "code_challenge_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "introspection_endpoint_auth_signing_alg_values_supported",
        "revocation_endpoint_auth_signing_alg_values_supported",
        "id_token_signing_alg_values_supported",
        "dpop_signing_alg_values_supported",
    ];
    for name in lists {
        for odd in [json!("RS256"), json!(["S256", 1]), json!({"a": "b"}), json!(true)] {
            assert_eq!(code(judge(&with(name, odd), &Policy::default())), "metadata_malformed", "{name}");
        }
        assert!(judge(&with(name, Value::Null), &Policy::default()).unwrap().list(name).is_none(), "{name}");
    }
    let flags =
        ["authorization_response_iss_parameter_supported", "require_pushed_authorization_requests", "require_signed_request_object"];
    for name in flags {
        for odd in [json!("true"), json!(1), json!([true])] {
            assert_eq!(code(judge(&with(name, odd), &Policy::default())), "metadata_malformed", "{name}");
        }
    }
    for name in [
        "backchannel_logout_supported",
        "backchannel_logout_session_supported",
        "frontchannel_logout_supported",
        "frontchannel_logout_session_supported",
    ] {
        assert!(judge(&with(name, json!("true")), &Policy::default()).unwrap().flag(name), "some servers write it as a text");
        assert!(!judge(&with(name, json!("false")), &Policy::default()).unwrap().flag(name));
    }
    for odd in [json!("x"), json!([]), json!({"token_endpoint": 1})] {
        assert_eq!(code(judge(&with("mtls_endpoint_aliases", odd), &Policy::default())), "metadata_malformed");
    }
    assert_eq!(
        code(judge(&with("mtls_endpoint_aliases", json!({"token_endpoint": "https://127.0.0.1/t"})), &Policy::default())),
        "endpoint_refused"
    );
    for (body, right) in [
        (without(&["token_endpoint"]), false),
        (without(&["authorization_endpoint"]), false),
        (without(&["jwks_uri"]), true),
        (without(&["jwks_uri", "id_token_signing_alg_values_supported"]), true),
        (with("code_challenge_methods_supported", json!(["plain"])), false),
        (with("code_challenge_methods_supported", json!([])), false),
        (without(&["code_challenge_methods_supported"]), true),
        (with("id_token_signing_alg_values_supported", json!(["none"])), false),
        (with("id_token_signing_alg_values_supported", json!([])), false),
        (with("token_endpoint_auth_signing_alg_values_supported", json!(["RS256", "none"])), false),
        (with("introspection_endpoint_auth_signing_alg_values_supported", json!(["none"])), false),
        (with("revocation_endpoint_auth_signing_alg_values_supported", json!(["none"])), false),
        (with("userinfo_signing_alg_values_supported", json!(["none", "RS256"])), true),
        // A proof is made with a private key (RFC 9449 section 5.1).
        (with("dpop_signing_alg_values_supported", json!(["HS256", "none"])), false),
        (with("dpop_signing_alg_values_supported", json!(["ES256", "none"])), false),
        (with("dpop_signing_alg_values_supported", json!(["HS256", "HS512"])), false),
        (with("dpop_signing_alg_values_supported", json!([])), false),
        (with("dpop_signing_alg_values_supported", json!(["HS256", "ES256"])), true),
        (with("dpop_signing_alg_values_supported", json!(["ML-DSA-44"])), true),
        (with("mtls_endpoint_aliases", json!({"token_endpoint": null, "custom_endpoint": "http://x"})), true),
        (with("mtls_endpoint_aliases", Value::Null), true),
    ] {
        let found = judge(&body, &Policy::default());
        assert_eq!(
            found.as_ref().map_or_else(|error| error.code(), |_| "right"),
            if right { "right" } else { "metadata_malformed" },
            "{body}"
        );
    }
    // Maskinporten: one grant, no front channel. A server that also offers codes has one.
    let mut machine = without(&["authorization_endpoint"]);
    machine["grant_types_supported"] = json!(["urn:ietf:params:oauth:grant-type:jwt-bearer"]);
    assert!(judge(&machine, &Policy::default()).is_ok());
    machine["grant_types_supported"] = json!(["client_credentials", "authorization_code"]);
    assert_eq!(code(judge(&machine, &Policy::default())), "metadata_malformed");
    let mut pushing = without(&["pushed_authorization_request_endpoint"]);
    assert!(judge(&pushing, &Policy::default()).is_ok());
    pushing["require_pushed_authorization_requests"] = json!(true);
    assert_eq!(code(judge(&pushing, &Policy::default())), "metadata_malformed");
}

#[test]
fn a_profile_wins() {
    // HelseID: PAR is demanded though called optional, one authentication method is taken of those named, S256 alone is used.
    let profile = json!({
        "require_pushed_authorization_requests": true, "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "code_challenge_methods_supported": ["S256"], "token_endpoint": "https://op.example/own", "introspection_endpoint": null,
        "issuer": "https://evil.example",
    });
    let profile = profile.to_string();
    let policy = Policy { profile: &profile, ..Policy::default() };
    let found = judge(&document(), &policy).unwrap();
    assert!(found.flag("require_pushed_authorization_requests"));
    assert_eq!(found.list("token_endpoint_auth_methods_supported").unwrap(), ["private_key_jwt"]);
    assert!(found.supports("code_challenge_methods_supported", "S256") && !found.supports("code_challenge_methods_supported", "plain"));
    assert_eq!(found.text("token_endpoint").as_deref(), Some("https://op.example/own"));
    assert_eq!(
        (found.text("introspection_endpoint"), found.text("issuer").as_deref()),
        (None, Some(ISSUER)),
        "the issuer is no matter of a profile"
    );
    assert_eq!(serde_json::from_str::<Value>(found.json()).unwrap().as_object().unwrap().len(), document().as_object().unwrap().len() - 1);
    // What the document says of these is not looked at, however wrong; what the profile says is.
    let mut broken = document();
    broken["token_endpoint"] = json!("http://localhost/");
    broken["code_challenge_methods_supported"] = json!("plain");
    assert!(judge(&broken, &policy).is_ok());
    for (profile, expected) in [
        (r#"{"token_endpoint":"http://op.example/t"}"#, "endpoint_refused"),
        (r#"{"token_endpoint":null}"#, "metadata_malformed"),
        (r#"{"grant_types_supported":true}"#, "metadata_malformed"),
        ("{", "metadata_malformed"),
        ("[]", "metadata_malformed"),
        (r#"{"a":1,"a":2}"#, "metadata_malformed"),
    ] {
        assert_eq!(code(judge(&document(), &Policy { profile, ..Policy::default() })), expected);
    }
    // HelseID again: a profile that demands PAR, and a document without the endpoint.
    let error = judge(&without(&["pushed_authorization_request_endpoint"]), &policy).unwrap_err();
    assert_eq!((error.code(), error.action().as_str()), ("endpoint_missing", "fix_configuration"), "the caller asks, the server lacks it");

    let profile = found.profile(&STANDARD, true);
    assert_eq!((profile.issuer.as_str(), profile.token_endpoint.as_str()), (ISSUER, "https://op.example/own"));
    assert!(profile.iss_parameter && profile.development.is_on() && profile.requests.pushed && !profile.requests.request_object);
    assert_eq!(found.signing_algorithms(), ["RS256", "ES256"], "none and shared secrets are no signatures of the server");
    assert!(profile.requests.signing_algorithms.is_empty(), "the server's list never widens what a client takes: RS256");
    let endpoints = profile.endpoints;
    let found = [
        endpoints.jwks_uri,
        endpoints.userinfo,
        endpoints.introspection,
        endpoints.revocation,
        endpoints.end_session,
        endpoints.pushed_authorization_request,
        endpoints.device_authorization,
    ];
    let expected = [Some("jwks"), Some("u"), None, Some("r"), Some("e"), Some("par"), Some("d")]
        .map(|path| path.map(|path| format!("{ISSUER}/{path}")));
    assert_eq!(found, expected);
    assert_eq!(endpoints.mtls_aliases, [("token_endpoint".into(), "https://mtls.op.example/t".into())]);
}

#[test]
fn origins_can_be_pinned() {
    let elsewhere = with("token_endpoint", "https://token.example/t".into());
    let pinned = |body: &Value, origins: &[&str]| judge(body, &Policy { origins: Some(origins), ..Policy::default() });
    let mut here = without(&["mtls_endpoint_aliases"]);
    assert!(pinned(&here, &[]).is_ok());
    here["token_endpoint"] = json!("https://OP.example:443/t");
    assert!(pinned(&here, &[]).is_ok());
    for other in ["https://op.example:8443/t", "https://op.example.evil/t", "https://sub.op.example/t"] {
        here["token_endpoint"] = json!(other);
        assert_eq!(code(pinned(&here, &[])), "endpoint_refused", "{other}");
    }
    assert_eq!(code(pinned(&elsewhere, &["https://token.example"])), "endpoint_refused", "an alias is an endpoint too");
    assert!(pinned(&elsewhere, &["https://token.example", "https://mtls.op.example"]).is_ok());
    assert_eq!(code(pinned(&elsewhere, &["https://other.example", "no URL"])), "endpoint_refused");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_what_the_standard_reader_reads(order in Just((0..22usize).collect::<Vec<_>>()).prop_shuffle(), drop in prop::collection::vec(any::<bool>(), 22), name in "[a-z_]{1,12}", extra: String) {
        let keep = ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"];
        let whole = document();
        let members: Vec<_> = whole.as_object().unwrap().iter().collect();
        let mut body = serde_json::Map::new();
        for at in order {
            let (member, value) = members[at];
            if keep.contains(&member.as_str()) || !drop[at] {
                body.insert(member.clone(), value.clone());
            }
        }
        if !body.contains_key(&name) {
            body.insert(name, extra.into());
        }
        let body = Value::Object(body);
        let found = judge(&body, &Policy::default()).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(found.json()).unwrap(), body.clone());
        for (member, value) in body.as_object().unwrap() {
            prop_assert_eq!(found.text(member), value.as_str().map(String::from));
            prop_assert_eq!(found.flag(member), value == true || value == "true");
            prop_assert_eq!(found.list(member), value.as_array().map(|items| items.iter().map(|item| item.as_str().unwrap().to_owned()).collect::<Vec<_>>()));
        }
    }

    #[test]
    fn nothing_panics(text: String, status: u16, name in "[a-z_]{0,40}", json in "[\\[\\]{}:,\"a-z0-9. -]{0,30}") {
        let policy = Policy { profile: &format!("{{\"{name}\":{json}}}"), origins: Some(&[&text]), development: true.into() };
        for body in [text.clone(), json.clone(), document().to_string(), format!("{{\"issuer\":\"{text}\",\"{name}\":{json}}}")] {
            let _ = Metadata::judge(&Response::new(status, Some("application/json"), &body), ISSUER, &policy);
            let _ = Metadata::judge(&Response::new(200, Some("application/json"), &body), &text, &policy);
            let _ = ResourceMetadata::judge(&Response::new(200, Some("application/json"), &body), &text, Some(&text), true);
        }
        for issuer in [text.clone(), format!("https://op.example/{text}")] {
            let _ = (WellKnown::OpenId.url(&issuer, true), WellKnown::OAuth.url(&issuer, true), resource_metadata::well_known(&issuer, true));
        }
    }
}
