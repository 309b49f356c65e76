//! Selvbetjening: drafts, confirmations, statuses, updates, keys, delegations; bad input and every shape of error.

use samtykke::error::Action;
use samtykke::provider::selvbetjening::{
    Api, Claim, ClientSettings, Draft, Environment, PublicKey, SCOPE, SecretBody, Status, find_secret, judge_confirmation,
};
use samtykke::{Request, Response, Secret};

const JWK: &str = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const THUMBPRINT: &str = "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U";
const OURS: &str = "http://127.0.0.1:8080/callback/8fdK";

fn key() -> PublicKey {
    PublicKey::parse(JWK).unwrap()
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.expose())
}

fn answer(status: u16, body: &str) -> Response {
    Response::new(status, Some("application/json"), body)
}

fn draft() -> Draft {
    let mut draft = Draft::new("999977774", key());
    draft.api_scopes = Some(vec![SCOPE.into(), "nhn:phr/mhd".into()]);
    draft
}

#[test]
fn environments_are_whole() {
    let (test, production) = (Environment::test(), Environment::production());
    assert_eq!(test.confirm_url("c-1").unwrap(), "https://selvbetjening.test.nhn.no/confirm-client/c-1");
    assert_eq!(production.confirm_url("c-1").unwrap(), "https://selvbetjening.nhn.no/confirm-client/c-1");
    assert_eq!(production.api(), "https://api.selvbetjening.nhn.no");
    assert!(!test.is_development());
    let own = Environment::from_name("http://localhost:1 http://127.0.0.1:2").unwrap();
    assert!(own.is_development());
    assert_eq!(own.api(), "http://127.0.0.1:2");
    for odd in ["", "Test", "https://a.example", "https://a.example http://b.example", "https://a.example/ https://b.example", "# Each"] {
        assert_eq!(Environment::from_name(odd).unwrap_err().code(), "invalid_configuration", "{odd}");
    }
    for odd in ["", "..", "a/b", "a?b", "a#b", "é", &"a".repeat(129)] {
        assert_eq!(test.confirm_url(odd).unwrap_err().code(), "invalid_parameter", "{odd}");
    }
    for (port, path) in [(0, "/cb"), (1, ""), (1, "cb"), (1, "/a?b"), (1, "/a&b=c"), (1, "//evil.example"), (1, "/a b")] {
        assert_eq!(test.confirm_url_by_port("c", port, path).unwrap_err().code(), "invalid_parameter", "{port} {path}");
    }
}

#[test]
fn a_draft_is_sent_with_the_key_as_text_and_without_nulls() {
    let environment = Environment::test();
    let api_key = Secret::new("S3CRET");
    let mut draft = draft();
    draft.claims = Some(vec![Claim { key: "her_id".into(), value: "1".into() }]);
    draft.confirmation_redirect_uri = Some(OURS.into());
    let call = Api::new(&environment).create_draft(&api_key, &draft).unwrap();
    assert_eq!((call.request.method, &*call.request.url), ("POST", "https://api.selvbetjening.test.nhn.no/v1/client-drafts"));
    assert_eq!((header(&call.request, "api-key"), header(&call.request, "content-type")), (Some("S3CRET"), Some("application/json")));
    assert!(!call.request.repeatable, "a second one would be a second draft");
    assert!(!format!("{call:?}").contains("S3CRET"));
    let sent: serde_json::Value = serde_json::from_str(call.request.body.as_ref().unwrap().expose()).unwrap();
    assert_eq!(
        sent.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["organizationNumber", "publicJwk", "apiScopes", "audienceSpecificClientClaims", "postClientConfirmationRedirectUri"]
    );
    let jwk: serde_json::Value = serde_json::from_str(sent["publicJwk"].as_str().unwrap()).unwrap();
    assert_eq!((&jwk["kid"], &jwk["alg"], &jwk["use"]), (&"k1".into(), &"ES256".into(), &"sig".into()));
    assert_eq!(sent["audienceSpecificClientClaims"], serde_json::json!([{ "key": "her_id", "value": "1" }]));
    for status in [200, 201] {
        assert_eq!(call.finish(&answer(status, r#"{"clientId":"6a1f-1"}"#)).unwrap(), "6a1f-1");
    }
    for body in ["", "{}", r#"{"clientId":"a/../b"}"#, r#"{"clientId":1}"#] {
        assert_eq!(call.finish(&answer(200, body)).unwrap_err().code(), "api_response_malformed", "{body}");
    }
}

#[test]
fn a_draft_with_an_odd_field_is_not_sent() {
    let (environment, api_key) = (Environment::test(), Secret::new("k"));
    let api = Api::new(&environment);
    let odd: &[fn(&mut Draft)] = &[
        |draft| draft.organization_number = "99997777".into(),
        |draft| draft.organization_number = "99997777x".into(),
        |draft| draft.organization_number = "９99977774".into(),
        |draft| draft.api_scopes = Some(vec!["nhn:phr/mhd".into()]),
        |draft| draft.api_scopes = Some(vec![SCOPE.into(), "a b".into()]),
        |draft| draft.api_scopes = Some(vec![SCOPE.into(), String::new()]),
        |draft| draft.api_scopes = Some(vec![SCOPE.into(), SCOPE.into()]),
        |draft| draft.claims = Some(vec![Claim { key: String::new(), value: "1".into() }]),
        |draft| draft.claims = Some(vec![Claim { key: "a".into(), value: "1\n".into() }]),
        |draft| draft.claims = Some(vec![Claim { key: "a".into(), value: "1".into() }, Claim { key: "a".into(), value: "2".into() }]),
        |draft| draft.redirect_uris = Some(vec!["http://rp.example/cb".into()]),
        |draft| draft.redirect_uris = Some(vec!["https://rp.example/cb#x".into()]),
        |draft| draft.post_logout_redirect_uris = Some(vec!["javascript:alert(1)".into()]),
        |draft| draft.post_logout_redirect_uris = Some(vec!["https://a.example/".into(), "https://a.example/".into()]),
        |draft| draft.child_organization_numbers = Some(vec!["1".into()]),
        |draft| draft.confirmation_redirect_uri = Some("http://rp.example/".into()),
        |draft| draft.confirmation_redirect_uri = Some("http://localhost:1/cb?x=1".into()),
        |draft| draft.confirmation_redirect_uri = Some("http://localhost:1/cb#x".into()),
    ];
    for (at, change) in odd.iter().enumerate() {
        let mut draft = draft();
        change(&mut draft);
        assert_eq!(api.create_draft(&api_key, &draft).unwrap_err().code(), "invalid_parameter", "{at}");
    }
    for odd in ["", "a b", "a\r\nx: y"] {
        assert_eq!(api.create_draft(&Secret::new(odd), &draft()).unwrap_err().code(), "invalid_parameter");
    }
    let mut plain = draft();
    plain.api_scopes = None;
    assert!(!plain.json().unwrap().contains("apiScopes"), "the template's own hold");
}

#[test]
fn private_members_and_weak_keys_are_refused() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "k"] {
        let json = JWK.replacen('{', &format!(r#"{{"{member}":"AQAB","#), 1);
        let error = PublicKey::parse(&json).unwrap_err();
        assert_eq!((error.code(), error.expected_value()), ("key_refused", Some("a public key, without private members")), "{member}");
    }
    let ed = r#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    for odd in [
        ed.into(),
        ed.replace("EdDSA", "Ed25519"),
        JWK.replace(r#""alg":"ES256","#, ""),
        JWK.replace("ES256", "ES384"),
        JWK.replace("ES256", "RS256"),
        JWK.replace(r#""kid":"k1","#, ""),
        JWK.replacen('{', r#"{"use":"enc","#, 1),
        r#"{"kty":"oct","k":"AAAA","alg":"HS256","kid":"k"}"#.into(),
        format!(r#"{{"kty":"RSA","alg":"RS256","kid":"k","e":"AQAB","n":"{}"}}"#, "A".repeat(171)),
        "{}".into(),
    ] {
        assert_eq!(PublicKey::parse(&odd).unwrap_err().code(), "key_refused", "{odd}");
    }
    // What goes along in a JWK, such as a name, is not published.
    let key = PublicKey::parse(&JWK.replacen('{', r#"{"name":"S3CRET","#, 1)).unwrap();
    assert!(!key.json().contains("S3CRET"));
    assert_eq!((key.thumbprint(), key.kid()), (THUMBPRINT, "k1"));
}

#[test]
fn only_one_success_at_our_own_address_confirms() {
    assert!(judge_confirmation(OURS, &format!("{OURS}?status=Success")).is_ok());
    assert!(judge_confirmation(OURS, &format!("{OURS}?lang=nb&status=%53uccess#x")).is_ok());
    for (query, code) in [
        ("", "confirmation_refused"),
        ("?", "confirmation_refused"),
        ("?status", "confirmation_refused"),
        ("?status=", "confirmation_refused"),
        ("?status=success", "confirmation_refused"),
        ("?status=Success%20", "confirmation_refused"),
        ("?status=Aborted", "confirmation_refused"),
        ("?Status=Success", "confirmation_refused"),
        ("#status=Success", "confirmation_refused"),
        ("?status=Success&status=Success", "callback_duplicate_parameter"),
        ("?status=Success&st%61tus=Aborted", "callback_duplicate_parameter"),
        ("?status=%zz", "callback_malformed"),
        ("/?status=Success", "callback_wrong_redirect_uri"),
    ] {
        let error = judge_confirmation(OURS, &format!("{OURS}{query}")).unwrap_err();
        assert_eq!(error.code(), code, "{query}");
    }
    for other in ["http://127.0.0.1:8081/callback/8fdK", "http://127.0.0.1:8080/callback", "http://localhost:8080/callback/8fdK"] {
        let error = judge_confirmation(OURS, &format!("{other}?status=Success")).unwrap_err();
        assert_eq!(error.code(), "callback_wrong_redirect_uri");
    }
    let long = format!("{OURS}?status=Success&x={}", "a".repeat(4096));
    assert_eq!(judge_confirmation(OURS, &long).unwrap_err().code(), "callback_too_large");
    let error = judge_confirmation(OURS, &format!("{OURS}?status=Aborted%0A")).unwrap_err();
    assert_eq!((error.action(), error.actual_value()), (Action::UserCancelled, Some("Aborted\u{fffd}")));
}

/// The answer to `GET /v1/client` with these statuses of a scope and a claim.
fn client(scope: &str, claim: &str) -> String {
    format!(
        r#"{{"apiScopes":[{{"scope":"nhn:selvbetjening/client","status":"{scope}","statusReason":null}}],"audienceSpecificClientClaims":[{{"claimType":"her_id","activeClaimValue":"1","pendingClaimValue":"2","status":"{claim}","statusReason":"waits"}}],"redirectUris":["https://rp.example/cb"],"postLogoutRedirectUris":[],"childOrganizationNumbers":null}}"#
    )
}

#[test]
fn statuses_are_ready_pending_or_unknown() {
    let environment = Environment::test();
    let call = Api::new(&environment).client();
    assert!(call.request.repeatable);
    for (scope, claim, ready, pending, unknown) in [
        ("ok", "Ok", true, vec![], vec![]),
        ("ok", "pending", false, vec!["her_id"], vec![]),
        ("Pending", "UpdatePending", false, vec!["nhn:selvbetjening/client", "her_id"], vec![]),
        ("ok", "rejected", false, vec![], vec!["her_id"]),
        ("", "ok", false, vec![], vec!["nhn:selvbetjening/client"]),
    ] {
        let found = call.finish(&answer(200, &client(scope, claim))).unwrap();
        assert_eq!(found.is_ready(), ready, "{scope} {claim}");
        assert_eq!((found.pending().collect::<Vec<_>>(), found.unknown().collect::<Vec<_>>()), (pending, unknown), "{scope} {claim}");
    }
    let found = call.finish(&answer(200, &client("ok", "gone"))).unwrap();
    let access = &found.claims.as_ref().unwrap()[0];
    assert_eq!((&access.status, access.reason.as_deref()), (&Status::Other("gone".into()), Some("waits")));
    assert!(!call.finish(&answer(200, r#"{"apiScopes":[]}"#)).unwrap().is_ready(), "nothing granted is not ready");
    for body in ["[]", "{}", r#"{"apiScopes":{}}"#, r#"{"apiScopes":[{"scope":"a"}]}"#, r#"{"apiScopes":[],"redirectUris":[1]}"#] {
        assert_eq!(call.finish(&answer(200, body)).unwrap_err().code(), "api_response_malformed", "{body}");
    }
}

#[test]
fn an_update_is_whole_or_not_sent() {
    let environment = Environment::test();
    let api = Api::new(&environment);
    let read = |body: &str| api.client().finish(&answer(200, body)).unwrap();
    let mut settings = read(&client("ok", "updatePending")).settings().unwrap();
    settings.redirect_uris = Some(vec!["https://rp.example/new".into()]);
    let call = api.update(&settings).unwrap();
    assert_eq!((call.request.method, &*call.request.url), ("PUT", "https://api.selvbetjening.test.nhn.no/v1/client"));
    // The newest wish of the claim, every list, and null where there was null.
    let body = r#"{"apiScopes":["nhn:selvbetjening/client"],"audienceSpecificClientClaims":[{"key":"her_id","value":"2"}],"redirectUris":["https://rp.example/new"],"postLogoutRedirectUris":[],"childOrganizationNumbers":null}"#;
    assert_eq!(call.request.body.as_ref().unwrap().expose(), body);
    for status in [200, 204] {
        assert!(call.finish(&answer(status, "")).is_ok());
    }
    assert_eq!(ClientSettings::parse(body).unwrap(), settings);

    // From partial data nothing is written.
    let partial = read(r#"{"apiScopes":[{"scope":"nhn:selvbetjening/client","status":"ok"}]}"#);
    assert_eq!(partial.settings().unwrap_err().code(), "invalid_parameter");
    for (scope, claim, named) in [("gone", "ok", "nhn:selvbetjening/client"), ("ok", "gone", "her_id")] {
        let error = read(&client(scope, claim)).settings().unwrap_err();
        assert_eq!((error.code(), error.actual_value()), ("invalid_parameter", Some(named)));
    }
    let valueless = client("ok", "ok").replace(r#""1""#, "null").replace(r#""2""#, "null");
    assert_eq!(read(&valueless).settings().unwrap_err().code(), "invalid_parameter");
    for odd in [
        body.replace(r#""postLogoutRedirectUris":[],"#, ""),
        body.replace("postLogoutRedirectUris", "postLogoutRedirectUri"),
        body.replace(":null", ":{}"),
        body.replacen('{', r#"{"more":[],"#, 1),
        "[]".into(),
    ] {
        assert_eq!(ClientSettings::parse(&odd).unwrap_err().code(), "invalid_parameter", "{odd}");
    }
    settings.redirect_uris = Some(vec!["http://rp.example/new".into()]);
    assert_eq!(api.update(&settings).unwrap_err().code(), "invalid_parameter");
}

#[test]
fn keys_are_listed_added_and_found_again() {
    let environment = Environment::test();
    let api = Api::new(&environment);
    let list = format!(
        r#"[{{"expiration":"2025-06-20T00:00:00Z","kid":"other","jwkThumbprint":"{THUMBPRINT}","origin":"Api","publicJwk":null}},{{"expiration":null,"kid":"k1","jwkThumbprint":"x","origin":"Gui"}}]"#
    );
    let found = api.secrets().finish(&answer(200, &list)).unwrap();
    assert_eq!(
        (found.len(), found[0].expires_at, found[1].expires_at, found[1].origin.as_deref()),
        (2, Some(1_750_377_600), None, Some("Gui"))
    );
    assert_eq!(find_secret(&found, &key()), Some(&found[0]), "the thumbprint, not the kid");
    assert_eq!(find_secret(&found[1..], &key()), None);
    let nameless = api.secrets().finish(&answer(200, r#"[{"kid":"k1"}]"#)).unwrap();
    assert!(find_secret(&nameless, &key()).is_some());
    for body in ["{}", "[1]", r#"[{"expiration":"soon"}]"#] {
        assert_eq!(api.secrets().finish(&answer(200, body)).unwrap_err().code(), "api_response_malformed", "{body}");
    }

    let text = api.add_secret(&key(), SecretBody::Text);
    assert!(!text.request.repeatable, "the answer may be lost, the key registered");
    let sent: serde_json::Value = serde_json::from_str(text.request.body.as_ref().unwrap().expose()).unwrap();
    let object = api.add_secret(&key(), SecretBody::Object);
    assert_eq!(sent.as_str(), object.request.body.as_ref().map(Secret::expose));
    assert_eq!(text.finish(&answer(200, r#"{"expiration":"2025-12-31T13:13:13Z"}"#)).unwrap(), Some(1_767_186_793));
    for body in ["", "{}", r#"{"expiration":null}"#] {
        assert_eq!(text.finish(&answer(201, body)).unwrap(), None);
    }
    for body in ["<html>", "[]", r#"{"expiration":"soon"}"#] {
        assert_eq!(text.finish(&answer(200, body)).unwrap_err().code(), "api_response_malformed", "{body}");
    }
}

#[test]
fn delegations_are_read() {
    let environment = Environment::test();
    let call = Api::new(&environment).delegations();
    assert_eq!(call.request.url, "https://api.selvbetjening.test.nhn.no/v1/multi-tenant-delegations");
    let body = r#"[{"delegator":{"organizationNumber":"999977774","name":"Fjellheim","isHelsenettMember":true},"serviceTerms":[{"uri":"u","name":"n","delegatorHasSigned":false,"scopes":["nhn:phr/mhd"]}]}]"#;
    let found = call.finish(&answer(200, body)).unwrap();
    assert_eq!((&*found[0].organization_number, found[0].is_helsenett_member), ("999977774", Some(true)));
    assert!(!found[0].service_terms[0].signed);
    assert_eq!(found[0].service_terms[0].scopes, ["nhn:phr/mhd"]);
    for body in ["{}", "[{}]", r#"[{"delegator":{"organizationNumber":"1"},"serviceTerms":[{}]}]"#] {
        assert_eq!(call.finish(&answer(200, body)).unwrap_err().code(), "api_response_malformed", "{body}");
    }
}

#[test]
fn errors_come_in_every_shape() {
    let environment = Environment::test();
    let api = Api::new(&environment);
    for (status, body, code, action, named, said) in [
        (
            400,
            r#"{"property":"OrganizationNumber","message":"is not known"}"#,
            "api_error",
            Action::FixConfiguration,
            Some("OrganizationNumber"),
            Some("is not known"),
        ),
        (
            422,
            r#"{"type":"about:blank","title":"Unprocessable","status":422,"detail":"no"}"#,
            "api_error",
            Action::FixConfiguration,
            Some("Unprocessable"),
            Some("no"),
        ),
        (401, "", "token_invalid", Action::Restart, None, None),
        (403, "Forbidden\r\n", "unauthorized", Action::FixConfiguration, None, Some("Forbidden")),
        (400, r#""the draft is unknown""#, "api_error", Action::FixConfiguration, None, Some("the draft is unknown")),
        (400, r#""""#, "api_error", Action::FixConfiguration, None, None),
        (400, "null", "api_error", Action::FixConfiguration, None, None),
        (400, r#"{"message":"#, "api_error", Action::FixConfiguration, None, None),
        (302, "", "redirect_refused", Action::FixConfiguration, None, None),
        (429, "", "api_error", Action::TryLater, None, None),
        (503, "<html>", "api_error", Action::TryLater, None, None),
    ] {
        let error = api.client().finish(&answer(status, body)).unwrap_err();
        assert_eq!((error.code(), error.action(), error.status()), (code, action, Some(status)), "{status}");
        assert_eq!((error.provider_code(), error.actual_value()), (named, said), "{status}");
        assert_eq!(error.retryable(), matches!(status, 429 | 503));
        assert!(!api.add_secret(&key(), SecretBody::Text).finish(&answer(status, body)).unwrap_err().retryable());
    }
    let draft = api.create_draft(&Secret::new("wrong"), &draft()).unwrap();
    let error = draft.finish(&answer(401, r#"{"title":"Unauthorized"}"#)).unwrap_err();
    assert_eq!((error.code(), error.action(), error.provider_code()), ("unauthorized", Action::FixConfiguration, Some("Unauthorized")));
    let large = answer(200, &format!(r#"{{"apiScopes":[],"x":"{}"}}"#, "A".repeat(1 << 20)));
    assert_eq!(api.client().finish(&large).unwrap_err().code(), "api_response_malformed");
}

#[test]
fn a_draft_in_json_says_what_a_draft_can_say() {
    let json = r#"{"organizationNumber":"999977774","apiScopes":["nhn:selvbetjening/client"],"audienceSpecificClientClaims":[{"key":"her_id","value":"1"}],"redirectUris":["https://rp.example/cb"],"childOrganizationNumbers":null,"postClientConfirmationRedirectUri":"http://localhost:1/cb"}"#;
    let draft = Draft::from_json(json, key()).unwrap();
    assert_eq!((draft.claims.as_ref().map(Vec::len), draft.child_organization_numbers.as_ref()), (Some(1), None));
    assert!(draft.json().unwrap().ends_with(r#""postClientConfirmationRedirectUri":"http://localhost:1/cb"}"#));
    for odd in [
        "[]".into(),
        "{}".into(),
        json.replace(r#""999977774""#, "999977774"),
        json.replace("redirectUris", "redirectUri"),
        json.replacen('{', r#"{"publicJwk":"{}","#, 1),
        json.replace(r#"["https://rp.example/cb"]"#, r#""https://rp.example/cb""#),
        json.replace(r#""value""#, r#""values""#),
        json.replace(r#""http://localhost:1/cb""#, "7"),
    ] {
        assert_eq!(Draft::from_json(&odd, key()).unwrap_err().code(), "invalid_parameter", "{odd}");
    }
    let error = Draft::from_json(&json.replace("redirectUris", "secret"), key()).unwrap_err();
    assert_eq!(error.actual_value(), Some("secret"));
}
