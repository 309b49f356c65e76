//! Maskinporten's self-service API: paths and queries, odd answers, keys that are merged and never private.

use samtykke::error::Action;
use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::provider::maskinporten::{
    AccessState, Change, Edit, Environment, KeyEditCall, MAX_KEYS, OrganisationNumber, Record, SelfService, check_client,
    maskinporten_client, replacement,
};
use samtykke::{Request, Response, Secret, Step};

const CLIENT: &str = "238259d7-f0ab-4bd5-b253-0f0159375096";

fn with<T>(what: impl FnOnce(SelfService<'_>) -> T) -> T {
    what(SelfService::new(&Environment::test(), &Secret::new("x.y")))
}

fn request(name: &str, arguments: &[&str], body: &str) -> samtykke::Result<Request> {
    with(|api| api.operation(name, arguments, body).map(|call| call.request))
}

fn answer(status: u16, body: &str) -> Response {
    Response::new(status, Some("application/json"), body)
}

fn number() -> OrganisationNumber {
    OrganisationNumber::parse("889640782").unwrap()
}

fn key(kid: &str) -> String {
    format!(r#"{{"kty":"RSA","kid":"{kid}","alg":"RS256","e":"AQAB","n":"u{}w"}}"#, "7".repeat(340))
}

fn set(kids: &[&str]) -> String {
    let keys: Vec<String> = kids.iter().map(|kid| key(kid)).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

#[test]
fn paths_and_queries() {
    let base = "https://api.test.samarbeid.digdir.no/api/v1";
    let client = maskinporten_client("n", &["a:b"]);
    for (name, arguments, body, method, path) in [
        ("clients", &[""][..], "", "GET", "/clients"),
        ("clients", &["true"], "", "GET", "/clients?inactive=true"),
        ("createClient", &[], client.json(), "POST", "/clients"),
        ("client", &["c-1"], "", "GET", "/clients/c-1"),
        ("updateClient", &["c-1"], client.json(), "PUT", "/clients/c-1"),
        ("deactivateClient", &["c-1"], "", "DELETE", "/clients/c-1"),
        ("newSecret", &["c-1"], "", "POST", "/clients/c-1/secret"),
        ("keys", &["c-1"], "", "GET", "/clients/c-1/jwks"),
        ("replaceKeys", &["c-1"], &set(&["k"]), "POST", "/clients/c-1/jwks"),
        ("setKeys", &["c-1"], &set(&["k"]), "PUT", "/clients/c-1/jwks"),
        ("deleteKeys", &["c-1"], "", "DELETE", "/clients/c-1/jwks"),
        ("key", &["c-1", "k.1_-"], "", "GET", "/clients/c-1/jwks/k.1_-"),
        ("replaceKey", &["c-1", "k"], &key("k"), "PUT", "/clients/c-1/jwks/k"),
        ("deleteKey", &["c-1", "k"], "", "DELETE", "/clients/c-1/jwks/k"),
        ("onBehalfOf", &["c-1"], "", "GET", "/clients/c-1/onbehalfof"),
        ("addOnBehalfOf", &["c-1"], "{}", "POST", "/clients/c-1/onbehalfof"),
        ("updateOnBehalfOf", &["c-1", "c-1::x"], "{}", "PUT", "/clients/c-1/onbehalfof/c-1%3A%3Ax"),
        ("deleteOnBehalfOf", &["c-1", "x"], "", "DELETE", "/clients/c-1/onbehalfof/x"),
        ("scopes", &["", ""], "", "GET", "/scopes"),
        ("scopes", &["difi:api3", "true"], "", "GET", "/scopes?scope=difi%3Aapi3&inactive=true"),
        ("scope", &["difi:api3", ""], "", "GET", "/scopes/scope?scope=difi%3Aapi3"),
        ("createScope", &[], "{}", "POST", "/scopes"),
        ("updateScope", &["nav:pensjon/v3"], "{}", "PUT", "/scopes?scope=nav%3Apensjon%2Fv3"),
        ("deactivateScope", &["difi:api3"], "", "DELETE", "/scopes?scope=difi%3Aapi3"),
        ("allScopes", &["true", "", "MASKINPORTEN"], "", "GET", "/scopes/all?accessible_for_all=true&integration_type=MASKINPORTEN"),
        ("access", &["x&consumer_orgno=1"], "", "GET", "/scopes/access?scope=x%26consumer_orgno%3D1"),
        ("accessOf", &["889640782"], "", "GET", "/scopes/access?consumer_orgno=889640782"),
        ("myAccess", &[], "", "GET", "/scopes/access/all"),
        ("grantAccess", &["889640782", "difi:api3"], "", "PUT", "/scopes/access/889640782?scope=difi%3Aapi3"),
        ("withdrawAccess", &["889640782", "difi:api3"], "", "DELETE", "/scopes/access/889640782?scope=difi%3Aapi3"),
        ("delegationSources", &[], "", "GET", "/delegationsources"),
        ("prefixes", &[], "", "GET", "/prefix"),
        ("organisation", &["889640782"], "", "GET", "/organizations/889640782"),
        ("portalUser", &[], "", "GET", "/auth/user"),
        ("switchSyntheticOrganisation", &[], r#"{"orgno":"310000000"}"#, "POST", "/auth/switch-synth-org"),
    ] {
        let request = request(name, arguments, body).unwrap();
        assert_eq!((request.method, request.url.strip_prefix(base)), (method, Some(path)), "{name}");
        assert_eq!(request.body.is_some(), !body.is_empty(), "{name}");
        assert_eq!(request.repeatable, method != "POST", "{name}");
        // What is public is read without the token.
        let public = matches!(name, "allScopes" | "delegationSources");
        let bearer = request.headers.iter().find(|(name, _)| *name == "authorization").map(|(_, value)| value.expose());
        assert_eq!(bearer, (!public).then_some("Bearer x.y"), "{name}");
    }
    let upload = request("uploadKey", &["c-1"], "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----").unwrap();
    assert_eq!(upload.url, "https://api.test.samarbeid.digdir.no/api/v2/clients/c-1/key");
    assert!(upload.headers.iter().any(|(name, value)| *name == "content-type" && value.expose() == "text/plain"));
}

#[test]
fn the_original_guide_s_form_of_the_requests() {
    let (environment, token) = (Environment::test().self_service_at("guide").unwrap(), Secret::new("x"));
    let api = SelfService::new(&environment, &token);
    let second =
        |environment: &Environment| SelfService::new(environment, &token).upload_key("c-1", &key("k")).map(|call| call.request.url);
    for (name, url) in [
        ("test", "https://api.test.samarbeid.digdir.no/api/v2/clients/c-1/key"),
        ("production unversioned", "https://api.samarbeid.digdir.no/api/v2/clients/c-1/key"),
        ("test https://own.example/sp/v1", "https://own.example/sp/v2/clients/c-1/key"),
        ("http://localhost:1/ http://localhost:1/token http://localhost:2 current", "http://localhost:2/api/v2/clients/c-1/key"),
    ] {
        assert_eq!(second(&Environment::from_name(name).unwrap()).unwrap(), url, "{name}");
    }
    for name in ["test guide", "test https://own.example", "test https://own.example/v10"] {
        assert_eq!(second(&Environment::from_name(name).unwrap()).unwrap_err().code(), "invalid_parameter", "{name}");
    }
    let url = |call: samtykke::Result<samtykke::provider::call::Call<Record>>| call.unwrap().request.url;
    assert_eq!(
        api.grant_access(&number(), "difi:api3").unwrap().request.url,
        "https://integrasjon-ver2.difi.no/scopes/access/889640782?scope=difi%3Aapi3"
    );
    assert_eq!(url(api.create_client(&maskinporten_client("n", &["a:b"]))), "https://integrasjon-ver2.difi.no/clients/");
    assert_eq!(url(api.create_scope(&Record::new())), "https://integrasjon-ver2.difi.no/scopes");
    assert_eq!(url(api.client("c-1")), "https://integrasjon-ver2.difi.no/clients/c-1");
    assert_eq!(api.operation("uploadKey", &["c-1"], "{}").unwrap_err().code(), "invalid_parameter");
}

#[test]
fn arguments_that_would_reach_another_path() {
    for (name, arguments) in [
        ("withdrawAccess", &["..", "difi:api3"][..]),
        ("withdrawAccess", &["1/2", "difi:api3"]),
        ("withdrawAccess", &["", "difi:api3"]),
        ("withdrawAccess", &["889640783", "difi:api3"]),
        ("withdrawAccess", &["889640782", ""]),
        ("withdrawAccess", &["889640782", "a b"]),
        ("withdrawAccess", &["889640782", "a\nb"]),
        ("withdrawAccess", &["889640782"]),
        ("withdrawAccess", &["889640782", "a", "b"]),
        ("accessOf", &[""]),
        ("accessOf", &["0192:889640782"]),
        ("client", &[""]),
        ("client", &["."]),
        ("client", &[".."]),
        ("client", &["a/b"]),
        ("client", &["a?b"]),
        ("client", &["a%2fb"]),
        ("deleteKey", &["c", ".."]),
        ("deleteKey", &["c", "a:b"]),
        ("clients", &["yes"]),
        ("allScopes", &["", "", "maskinporten&x"]),
        ("nothing", &[]),
    ] {
        let error = request(name, arguments, "").unwrap_err();
        assert!(matches!(error.code(), "invalid_parameter" | "invalid_scope"), "{name} {arguments:?}: {error}");
    }
    assert_eq!(request("clients", &[], "{}").unwrap_err().code(), "invalid_parameter");
    let line = Secret::new("a\nb");
    assert!(SelfService::new(&Environment::test(), &line).clients(false).is_err());
}

#[test]
fn answers_and_their_odd_forms() {
    with(|api| {
        let list = api.access("difi:api3").unwrap();
        let row = r#"[{"scope":"difi:api3","state":"APPROVED","prefix":null,"created":"2018-11-28T14:11:35+01:00","consumer_orgno":"889640782",
            "last_updated":"2024-05-21T15:05:45.862Z","owner_orgno":"991825827"},{"scope":"a","state":"PAUSED","consumer_orgno":"1"}]"#;
        let found = list.finish(&answer(200, row)).unwrap();
        assert_eq!((&found[0].state, found[0].last_updated), (&AccessState::Approved, Some(1_716_303_945)));
        assert_eq!(found[1].state, AccessState::Other("PAUSED".into()));
        for (text, state) in [("DENIED", AccessState::Denied), ("REQUESTED", AccessState::Requested)] {
            assert_eq!(list.finish(&answer(200, &row.replace("APPROVED", text))).unwrap()[0].state, state);
        }
        let empty = r#"{"status":404,"error":"x","error_description":"Organization does not have any clients"}"#;
        assert!(api.clients(false).unwrap().finish(&answer(404, empty)).unwrap().is_empty());
        assert!(list.finish(&answer(400, empty)).unwrap().is_empty());
        // It is an empty list only where a list was asked for.
        assert_eq!(api.client("c").unwrap().finish(&answer(404, empty)).unwrap_err().code(), "not_found");
        assert_eq!(list.finish(&answer(503, empty)).unwrap_err().code(), "api_error");
        assert_eq!(api.keys("c").unwrap().finish(&answer(404, "")).unwrap(), r#"{"keys":[]}"#);
        assert_eq!(api.keys("c").unwrap().finish(&answer(401, "")).unwrap_err().code(), "token_invalid");

        let conflict = api.write_keys("c", &Change::add(&set(&[]), &key("k")).unwrap()).unwrap();
        let error = conflict.finish(&answer(409, r#""Conflict. Duplicate keys in request.""#)).unwrap_err();
        assert_eq!((error.code(), error.provider_code()), ("registration_conflict", Some("Conflict. Duplicate keys in request.")));
        conflict.finish(&answer(201, "\"\"")).unwrap();
        let documented = r#"{"status":400,"timestamp":"2025-07-02T08:30:00.000000000Z","correlation_id":"b496","errors":[{"errorMessage":"too long",
            "isFieldError":true,"objectName":"Client","fieldIdentifier":"field_1"}],"error":", error 1, error 2","error_description":", error 1, error 2"}"#;
        let create = api.create_client(&maskinporten_client("n", &["a:b"])).unwrap();
        let error = create.finish(&answer(400, documented)).unwrap_err();
        assert_eq!((error.code(), error.provider_code(), error.trace_id()), ("api_error", Some("too long"), Some("b496")));
        assert!(error.oauth().is_none(), "its `error` is no OAuth code");
        for (status, code, action, again) in [
            (301, "redirect_refused", Action::FixConfiguration, false),
            (400, "api_error", Action::FixConfiguration, false),
            (401, "token_invalid", Action::Restart, false),
            (403, "unauthorized", Action::FixConfiguration, false),
            (404, "not_found", Action::FixConfiguration, false),
            (409, "registration_conflict", Action::FixConfiguration, false),
            (429, "api_error", Action::TryLater, true),
            (500, "api_error", Action::TryLater, true),
            (503, "api_error", Action::TryLater, true),
        ] {
            for body in ["", "<html>", "\"text\"", "[]", documented] {
                let error = list.finish(&answer(status, body)).unwrap_err();
                assert_eq!((error.code(), error.action(), error.retryable()), (code, action, again), "{status} {body}");
                assert!(!create.finish(&answer(status, body)).unwrap_err().retryable(), "a client made twice");
            }
        }
        // Which call failed says which token it wants.
        let expired = create.finish(&answer(401, "")).unwrap_err();
        assert!(expired.expected_value().is_some_and(|text| text.contains("not expired")));
        assert_eq!(api.delegation_sources().unwrap().finish(&answer(401, "")).unwrap_err().expected_value(), None);
        let user = api.portal_user().unwrap();
        assert_eq!(user.finish(&answer(200, r#"{"name":"x"}"#)).unwrap(), r#"{"name":"x"}"#);
        assert_eq!(user.finish(&answer(200, "")).unwrap_err().code(), "api_response_malformed");
        for status in [401, 403] {
            let error = user.finish(&answer(status, "")).unwrap_err();
            assert!(error.expected_value().is_some_and(|text| text.contains("portal")), "{status}");
        }
        let switch = api.switch_synthetic_organisation(&Record::new().text_member("orgno", "310000000")).unwrap();
        assert_eq!((switch.finish(&answer(200, "")).unwrap().as_str(), switch.request.repeatable), ("", false));
        assert_eq!(switch.finish(&answer(200, "[1]")).unwrap(), "[1]");
        assert_eq!(switch.finish(&answer(200, "<html>")).unwrap_err().code(), "api_response_malformed");
        let forbidden = create.finish(&answer(403, "")).unwrap_err();
        assert_eq!(forbidden.expected_value(), Some("a token with the scope idporten:dcr.write"));
        for body in ["", "[]", "<html>", r#"{"a":1,"a":2}"#] {
            assert_eq!(create.finish(&answer(200, body)).unwrap_err().code(), "api_response_malformed", "{body}");
        }
        for body in ["", "{}", "[1]", r#"[{"scope":"a"}]"#] {
            assert_eq!(list.finish(&answer(200, body)).unwrap_err().code(), "api_response_malformed", "{body}");
        }
        assert_eq!(api.keys("c").unwrap().finish(&answer(200, "{}")).unwrap_err().code(), "api_response_malformed");
        let created = create.finish(&answer(200, r#"{"client_id":"c-9","client_secret":"hidden","new":[1]}"#)).unwrap();
        assert_eq!(created.text("client_id").as_deref(), Some("c-9"));
        assert!(!format!("{created:?}").contains("hidden"));
    });
}

#[test]
fn clients_nobody_could_use() {
    let good = maskinporten_client("n", &["a:b"]);
    check_client(&good).unwrap();
    let changed = |name: &str, value: &str| good.clone().member(name, value).unwrap();
    for odd in [
        changed("application_type", "\"browser\""),
        changed("token_endpoint_auth_method", "\"client_secret_basic\""),
        changed("grant_types", r#"["authorization_code"]"#),
        changed("grant_types", r#"["jwt_bearer_token"]"#),
        changed("scopes", "[]"),
        good.clone().without(&["scopes"]),
        good.clone().without(&["integration_type"]),
        changed("integration_type", "\"idporten\""),
        Record::parse(r#"{"integration_type":"idporten","application_type":"browser","token_endpoint_auth_method":"private_key_jwt"}"#)
            .unwrap(),
    ] {
        assert_eq!(check_client(&odd).unwrap_err().code(), "invalid_parameter", "{}", odd.json());
        assert_eq!(request("createClient", &[], odd.json()).unwrap_err().code(), "invalid_parameter");
    }
    // A type that is not known here is the API's to judge, and comes back as it was.
    let new = Record::parse(r#"{"integration_type":"idporten_saml2","application_type":"toaster","x":{"y":null}}"#).unwrap();
    check_client(&new).unwrap();
    let same = replacement(&new, &new).unwrap();
    assert_eq!(same.json(), new.json());
    let before = Record::parse(
        r#"{"client_id":"c","integration_type":"maskinporten","created":"t","last_updated":"t","created_date":"t","client_secret":"s","onbehalfof":[],"jwks":{},"jwks_uri":"u","future":1}"#,
    )
    .unwrap();
    assert_eq!(replacement(&before, &before).unwrap().json(), r#"{"client_id":"c","integration_type":"maskinporten","future":1}"#);
    for (name, value) in [("integration_type", "idporten"), ("client_id", "d")] {
        assert!(replacement(&before, &before.clone().text_member(name, value)).is_err());
        assert!(replacement(&before, &before.clone().without(&[name])).is_err());
    }
}

#[test]
fn an_update_is_judged_by_what_it_changes() {
    // An old grant, and a method that nobody knows here: the API's own, which a change of the description leaves alone.
    let before = Record::parse(
        r#"{"client_id":"c","integration_type":"idporten","application_type":"web","token_endpoint_auth_method":"tls_client_auth","grant_types":["authorization_code","implicit"],"description":"a"}"#,
    )
    .unwrap();
    assert!(check_client(&before).is_err());
    let (environment, token) = (Environment::test(), Secret::new("x.y"));
    let api = SelfService::new(&environment, &token);
    let sent = |after: Record| api.update_client(&before, &after).map(|call| call.request.body.unwrap().expose().to_owned());
    let described = sent(before.clone().text_member("description", "b")).unwrap();
    assert!(described.contains("implicit") && described.contains("tls_client_auth") && described.contains(r#""description":"b""#));
    for (name, value) in [
        ("grant_types", r#"["authorization_code","implicit","x"]"#),
        ("token_endpoint_auth_method", "\"private\""),
        ("application_type", "\"toaster\""),
    ] {
        assert_eq!(sent(before.clone().member(name, value).unwrap()).unwrap_err().code(), "invalid_parameter", "{name}");
    }
    let mended = before
        .clone()
        .member("grant_types", r#"["authorization_code"]"#)
        .unwrap()
        .text_member("token_endpoint_auth_method", "private_key_jwt");
    sent(mended).unwrap();
    // A private key goes out by no way.
    let private = before.clone().member("jwks_x", r#"{"keys":[{"kty":"RSA","n":"1","e":"AQAB","d":"2"}]}"#).unwrap();
    assert_eq!(sent(private).unwrap_err().code(), "key_refused");
}

#[test]
fn keys_are_merged_and_public() {
    let added = |before: &str, key: &str| Change::add(before, key).map(|change| change.set.unwrap());
    let known = r#"{"keys":[{"kty":"RSA","kid":"old","n":"1","e":"AQAB","exp":1800000000,"created":"t","last_updated":"t","future":[1]}]}"#;
    let all = added(known, &key("new")).unwrap();
    assert!(
        all.starts_with(r#"{"keys":[{"kty":"RSA","kid":"old","n":"1","e":"AQAB","exp":1800000000,"future":[1],"use":"sig"},{"#),
        "{all}"
    );
    assert!(all.contains(r#""use":"sig","alg":"RS256","kid":"new""#));
    assert_eq!(added(&set(&["old"]), &key("old")).unwrap_err().code(), "registration_conflict");
    assert_eq!(added(&set(&["1", "2", "3", "4", "5"]), &key("6")).unwrap_err().code(), "invalid_parameter");
    assert_eq!(MAX_KEYS, 5);
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let private = key("k").replacen('{', &format!(r#"{{"{member}":"AQAB","#), 1);
        assert_eq!(added(&set(&[]), &private).unwrap_err().code(), "key_refused", "{member}");
        assert_eq!(request("replaceKey", &["c", "k"], &private).unwrap_err().code(), "key_refused", "{member}");
        assert_eq!(request("uploadKey", &["c"], &private).unwrap_err().code(), "key_refused", "{member}");
        assert_eq!(request("replaceKeys", &["c"], &format!(r#"{{"keys":[{private}]}}"#)).unwrap_err().code(), "key_refused", "{member}");
        let within = format!(r#"{{"integration_type":"new","jwks":{{"keys":[{private}]}}}}"#);
        assert_eq!(request("createClient", &[], &within).unwrap_err().code(), "key_refused", "{member}");
        assert_eq!(request("createScope", &[], &within).unwrap_err().code(), "key_refused", "{member}");
        // Not even one that the API had given.
        assert_eq!(added(&format!(r#"{{"keys":[{private}]}}"#), &key("new")).unwrap_err().code(), "key_refused", "{member}");
    }
    let pem = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----";
    for text in [pem.into(), format!("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n{pem}"), "x".into()] {
        assert_eq!(request("uploadKey", &["c"], &text).unwrap_err().code(), "key_refused");
    }
    for odd in ["", "a:b", "a/b", "a=b", "a b", ".."] {
        assert_eq!(added(&set(&[]), &key(odd)).unwrap_err().code(), "key_refused", "{odd}");
    }
    for odd in [key("k").replace("RS256", "PS256"), key("k").replace("RS256", "ES256"), r#"{"kty":"EC","kid":"k"}"#.into()] {
        assert_eq!(added(&set(&[]), &odd).unwrap_err().code(), "key_refused", "{odd}");
    }
    let same = set(&["a", "a"]);
    assert_eq!(request("replaceKeys", &["c"], &same).unwrap_err().code(), "registration_conflict");
    assert_eq!(request("replaceKeys", &["c"], r#"{"keys":[]}"#).unwrap_err().code(), "invalid_parameter");
    assert!(!Change::renew(known, "old").unwrap().set.unwrap().contains("exp"));
    assert_eq!(Change::renew(known, "x").unwrap_err().code(), "not_found");
    assert_eq!(Change::remove(known, "x").unwrap_err().code(), "not_found");
    assert_eq!(Change::remove(known, "old").unwrap().set, None);
    with(|api| {
        assert_eq!(api.write_keys("c", &Change::remove(known, "old").unwrap()).unwrap().request.method, "DELETE");
    });
}

/// Runs an edit against answers: methods and bodies that were sent, and what came of it.
fn edit(edit: Edit, answers: &[(u16, &str)]) -> (Vec<String>, samtykke::Result<String>) {
    let mut sent = Vec::new();
    let mut answers = answers.iter();
    let done = with(|api| {
        let mut machine = KeyEditCall::new(&api, CLIENT, edit)?;
        let mut input = Input::Start;
        loop {
            input = match machine.advance(input, &Moment { now: 0, random: &[7; 32] })? {
                Step::Send(request) => {
                    sent.push(format!("{} {}", request.method, request.body.as_ref().map_or("", Secret::expose)));
                    let (status, body) = answers.next().unwrap();
                    Input::Response(answer(*status, body))
                }
                Step::Done(set) => return Ok(set),
                _ => panic!("no other step"),
            };
        }
    });
    (sent, done)
}

#[test]
fn a_change_of_keys_is_read_again() {
    let (sent, done) = edit(Edit::Add(key("new")), &[(200, &set(&["old"])), (201, "\"\""), (200, &set(&["new", "old"]))]);
    assert!(done.is_ok());
    assert_eq!(sent.len(), 3);
    assert!(sent[1].starts_with("POST ") && sent[1].contains("\"old\"") && sent[1].contains("\"new\""));
    // Someone wrote at the same time: the one key or the other is gone, or has changed.
    for found in [set(&["old", "third"]), set(&["old"]), set(&["new", "old", "third"]), set(&["new", "old"]).replacen("u7", "v7", 1)] {
        let (_, done) = edit(Edit::Add(key("new")), &[(200, &set(&["old"])), (201, "\"\""), (200, &found)]);
        assert_eq!(done.unwrap_err().code(), "registration_conflict", "{found}");
    }
    let (sent, done) = edit(Edit::Remove("old".into()), &[(200, &set(&["old"])), (204, ""), (404, "")]);
    assert_eq!((done.unwrap().as_str(), sent[1].as_str()), (r#"{"keys":[]}"#, "DELETE "));
    let (sent, done) = edit(Edit::Add(key("first")), &[(404, ""), (409, r#""Conflict. Duplicate keys in request.""#)]);
    assert_eq!((done.unwrap_err().code(), sent.len()), ("registration_conflict", 2));
    assert!(edit(Edit::Renew("old".into()), &[(200, &set(&["old"])), (201, ""), (200, &set(&["old"]))]).1.is_ok());
}

#[test]
fn the_scope_of_a_call_is_the_one_that_the_admin_client_was_given() {
    use samtykke::provider::maskinporten::ClientScope;
    let (environment, token) = (Environment::test(), Secret::new("x"));
    for (given, made, changed, read) in [
        ("write", "idporten:dcr.write", "idporten:dcr.write", "idporten:dcr.read"),
        ("modify", "idporten:dcr.write", "idporten:dcr.modify", "idporten:dcr.read"),
        ("supplier", "idporten:dcr.supplier", "idporten:dcr.supplier", "idporten:dcr.supplier"),
    ] {
        let scope = ClientScope::from_name(given).unwrap();
        let api = SelfService::new(&environment, &token).given(scope);
        for (name, arguments, wanted) in [
            ("newSecret", &["c"][..], changed),
            ("deactivateClient", &["c"], changed),
            ("client", &["c"], read),
            ("access", &["a:b"], "idporten:scopes.write"),
            ("myAccess", &[], "idporten:dcr.read"),
            ("allScopes", &["", "", ""], ""),
        ] {
            let call = api.operation(name, arguments, "").unwrap();
            assert_eq!(call.scope(), Some(wanted), "{given} {name}");
            let error = call.finish(&Response::new(403, None, "")).unwrap_err();
            assert!(error.expected_value().unwrap_or_default().ends_with(wanted), "{given} {name}");
        }
        let client = samtykke::provider::maskinporten::maskinporten_client("mine", &["a:b"]);
        assert_eq!(api.create_client(&client).unwrap().scope(), Some(made), "{given}");
    }
    assert_eq!(ClientScope::from_name("idporten:dcr.write"), None);
}
