//! Where metadata is looked for, how often, and what an API's own metadata may say.

use samtykke::flow::discovery::{Discovery, WellKnown};
use samtykke::flow::machine::{Failure, Input, Machine, Moment};
use samtykke::protocol::metadata::Policy;
use samtykke::protocol::resource_metadata::{self, ResourceMetadata};
use samtykke::{Response, Result, Step};
use serde_json::{Value, json};

use crate::metadata::{ISSUER, answer, code, with};

fn begin<T>(discovery: &mut Discovery<T>) -> Result<Step<T>> {
    discovery.advance(Input::Start, &Moment { now: 1_800_000_000, random: &[7; 32] })
}

fn take<T>(discovery: &mut Discovery<T>, response: &Response) -> Result<Step<T>> {
    discovery.advance(Input::Response(response.clone()), &Moment { now: 1_800_000_000, random: &[7; 32] })
}

#[test]
fn discovery_asks_twice_at_most() {
    let not_there = Response::new(404, Some("text/html"), "");
    let mut discovery = Discovery::new("https://op.example/tenant/", Policy::default()).unwrap();
    assert_eq!(code(take(&mut discovery, &not_there)), "transaction_used", "nothing was asked yet");
    let Step::Send(first) = begin(&mut discovery).unwrap() else { panic!("a request") };
    assert_eq!(
        (first.method, first.url.as_str(), first.repeatable, first.body.is_none()),
        ("GET", "https://op.example/tenant/.well-known/openid-configuration", true, true)
    );
    assert_eq!(code(begin(&mut discovery)), "transaction_used", "one request at a time");
    let Step::Send(second) = take(&mut discovery, &not_there).unwrap() else { panic!("a second request") };
    assert_eq!(second.url, "https://op.example/.well-known/oauth-authorization-server/tenant");
    let found = answer(&with("issuer", "https://op.example/tenant/".into()));
    let Step::Done(metadata) = take(&mut discovery, &found).unwrap() else { panic!("the metadata") };
    assert_eq!(metadata.text("issuer").as_deref(), Some("https://op.example/tenant/"));
    assert_eq!(code(begin(&mut discovery)), "transaction_used");
    assert_eq!(code(take(&mut discovery, &found)), "transaction_used");
    // Nothing at either address: the error is the first one's.
    let mut discovery = Discovery::new(ISSUER, Policy::default()).unwrap();
    begin(&mut discovery).unwrap();
    take(&mut discovery, &not_there).unwrap();
    assert_eq!(code(take(&mut discovery, &not_there)), "http_status_unexpected");
    // A redirect that a page is not shown is one all the same.
    let mut discovery = Discovery::new(ISSUER, Policy::default()).unwrap();
    begin(&mut discovery).unwrap();
    let moment = Moment { now: 1_800_000_000, random: &[7; 32] };
    assert!(matches!(discovery.advance(Input::Failed(Failure::Redirected), &moment).unwrap(), Step::Send(_)));
    assert_eq!(code(take(&mut discovery, &not_there)), "redirect_refused");
    // Whatever is no metadata at the first address: the second one is asked, and the error stays the first one's.
    for (response, expected) in [
        (Response::new(302, None, ""), "redirect_refused"),
        (Response::new(405, None, ""), "http_status_unexpected"),
        (Response::new(200, Some("text/html"), "<html>"), "content_type_unexpected"),
        (Response::new(200, None, ""), "content_type_unexpected"),
        (answer(&json!({})), "metadata_issuer_mismatch"),
        (answer(&json!({ "issuer": null })), "metadata_issuer_mismatch"),
        (answer(&json!([])), "metadata_malformed"),
    ] {
        for (second, outcome) in [
            (answer(&with("issuer", ISSUER.into())), None),
            (Response::new(404, None, ""), Some(expected)),
            (answer(&with("issuer", "https://evil.example".into())), Some("metadata_issuer_mismatch")),
            (Response::new(500, None, ""), Some("http_status_unexpected")),
        ] {
            let mut discovery = Discovery::new(ISSUER, Policy::default()).unwrap();
            begin(&mut discovery).unwrap();
            assert!(matches!(take(&mut discovery, &response).unwrap(), Step::Send(_)));
            assert_eq!(take(&mut discovery, &second).err().map(|error| error.code()), outcome, "{expected}");
        }
    }
    // Another issuer's document, a broken one or trouble at the first: no second request.
    for (response, expected) in [
        (answer(&with("issuer", "https://op.example/".into())), "metadata_issuer_mismatch"),
        (answer(&with("token_endpoint", 5.into())), "metadata_malformed"),
        (Response::new(200, Some("application/json"), "{"), "metadata_malformed"),
        (Response::new(503, None, ""), "http_status_unexpected"),
    ] {
        let mut discovery = Discovery::new(ISSUER, Policy::default()).unwrap();
        begin(&mut discovery).unwrap();
        assert_eq!(code(take(&mut discovery, &response)), expected);
        assert_eq!(code(begin(&mut discovery)), "transaction_used");
    }
    assert_eq!(code(Discovery::at(ISSUER, Policy::default(), &[])), "invalid_configuration");
    let mut once = Discovery::at(ISSUER, Policy::default(), &[WellKnown::OAuth]).unwrap();
    let Step::Send(request) = begin(&mut once).unwrap() else { panic!("a request") };
    assert_eq!(request.url, "https://op.example/.well-known/oauth-authorization-server");
    assert_eq!(code(take(&mut once, &not_there)), "http_status_unexpected");
}

#[test]
fn addresses_of_metadata() {
    for (issuer, open_id, oauth) in [
        (
            "https://op.example",
            "https://op.example/.well-known/openid-configuration",
            "https://op.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://op.example/",
            "https://op.example/.well-known/openid-configuration",
            "https://op.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://op.example:8443/a/b",
            "https://op.example:8443/a/b/.well-known/openid-configuration",
            "https://op.example:8443/.well-known/oauth-authorization-server/a/b",
        ),
    ] {
        assert_eq!(WellKnown::OpenId.url(issuer, false).unwrap(), open_id);
        assert_eq!(WellKnown::OAuth.url(issuer, false).unwrap(), oauth);
    }
    for (resource, url) in [
        ("https://api.example", "https://api.example/.well-known/oauth-protected-resource"),
        ("https://api.example/v1/", "https://api.example/.well-known/oauth-protected-resource/v1"),
        ("https://api.example/v1?k=/v1", "https://api.example/.well-known/oauth-protected-resource/v1?k=/v1"),
    ] {
        assert_eq!(resource_metadata::well_known(resource, false).unwrap(), url);
    }
    for odd in ["http://api.example", "https://api.example#f", "https://10.0.0.1/", "api.example", "http://localhost:1/"] {
        assert_eq!(code(resource_metadata::well_known(odd, false)), "endpoint_refused");
        assert_eq!(code(resource_metadata::request(odd, false)), "endpoint_refused");
    }
    assert!(resource_metadata::request("http://localhost:1/", true).is_ok());
}

#[test]
fn resource_metadata() {
    use samtykke::protocol::challenge::Challenge;
    let challenge = |url: &str| Challenge::parse(&format!("Bearer, DPoP error=\"invalid_token\", resource_metadata=\"{url}\"")).unwrap();
    assert_eq!(resource_metadata::address(&challenge("https://api.example/m"), false).unwrap().as_deref(), Some("https://api.example/m"));
    assert_eq!(resource_metadata::address(&Challenge::parse("Bearer").unwrap(), false).unwrap(), None);
    for url in ["http://api.example/m", "https://169.254.169.254/m", "javascript:alert(1)", "/m", "", "http://localhost:1/m"] {
        assert_eq!(code(resource_metadata::address(&challenge(url), false)), "endpoint_refused", "{url}");
    }
    assert!(resource_metadata::address(&challenge("http://localhost:1/m"), true).is_ok());

    let resource = "https://api.example/v1";
    let good = json!({
        "resource": resource, "authorization_servers": ["https://op.example", "https://two.example/op"], "scopes_supported": ["read"],
        "dpop_bound_access_tokens_required": true, "resource_signing_alg_values_supported": ["ES256"], "x": null,
    });
    let judge = |body: &Value, issuer| ResourceMetadata::judge(&answer(body), resource, issuer, false);
    let found = judge(&good, Some("https://two.example/op")).unwrap();
    assert_eq!((found.list("scopes_supported"), found.requires_dpop()), (vec!["read".to_owned()], true));
    assert_eq!(serde_json::from_str::<Value>(found.json()).unwrap(), good);
    for server in ["https://op.example/", "https://OP.example", "https://evil.example", "https://two.example"] {
        assert_eq!(code(judge(&good, Some(server))), "resource_mismatch", "{server}");
    }
    let bare = judge(&json!({ "resource": resource }), None).unwrap();
    assert!(bare.list("authorization_servers").is_empty() && bare.list("scopes_supported").is_empty() && !bare.requires_dpop());
    assert_eq!(code(judge(&json!({ "resource": resource }), Some(ISSUER))), "resource_mismatch");
    for (name, odd, expected) in [
        ("resource", json!("https://api.example/v1/"), "resource_mismatch"),
        ("resource", json!("https://api.example"), "resource_mismatch"),
        ("resource", Value::Null, "resource_mismatch"),
        ("authorization_servers", json!("https://op.example"), "metadata_malformed"),
        ("authorization_servers", json!([1]), "metadata_malformed"),
        ("authorization_servers", json!(["http://op.example"]), "metadata_malformed"),
        ("authorization_servers", json!(["https://10.0.0.1"]), "metadata_malformed"),
        ("authorization_servers", json!(["https://op.example?x"]), "metadata_malformed"),
        ("scopes_supported", json!("read"), "metadata_malformed"),
        ("dpop_bound_access_tokens_required", json!("true"), "metadata_malformed"),
        ("resource_signing_alg_values_supported", json!(["none"]), "metadata_malformed"),
    ] {
        let mut body = good.clone();
        body[name] = odd;
        assert_eq!(code(judge(&body, None)), expected, "{name} {body}");
    }
    for (status, media, expected) in [
        (301, "application/json", "redirect_refused"),
        (404, "application/json", "http_status_unexpected"),
        (200, "text/html", "content_type_unexpected"),
    ] {
        assert_eq!(code(ResourceMetadata::judge(&Response::new(status, Some(media), &good.to_string()), resource, None, false)), expected);
    }
}

#[test]
fn an_address_of_metadata_is_taken_for_what_it_is() {
    for (given, issuer) in [
        ("https://op.example/.well-known/openid-configuration", "https://op.example"),
        ("https://op.example/.well-known/openid-configuration", "https://op.example/"),
        ("https://op.example/tenant/.well-known/openid-configuration", "https://op.example/tenant"),
        ("https://op.example/.well-known/oauth-authorization-server", "https://op.example"),
        ("https://op.example/.well-known/oauth-authorization-server/tenant", "https://op.example/tenant"),
    ] {
        let mut discovery = Discovery::new(given, Policy::default()).unwrap();
        let Step::Send(request) = begin(&mut discovery).unwrap() else { panic!("a request") };
        assert_eq!(request.url, given);
        let Step::Done(found) = take(&mut discovery, &answer(&with("issuer", issuer.into()))).unwrap() else { panic!("the metadata") };
        assert_eq!(found.text("issuer").as_deref(), Some(issuer));
        // It is another server's all the same, where it says so; and there is no second address.
        let mut discovery = Discovery::new(given, Policy::default()).unwrap();
        begin(&mut discovery).unwrap();
        assert_eq!(code(take(&mut discovery, &answer(&with("issuer", "https://evil.example".into())))), "metadata_issuer_mismatch");
        let mut discovery = Discovery::new(given, Policy::default()).unwrap();
        begin(&mut discovery).unwrap();
        assert_eq!(code(take(&mut discovery, &Response::new(404, None, ""))), "http_status_unexpected");
    }
    // An issuer's own slash still counts.
    let mut discovery = Discovery::new("https://op.example/tenant", Policy::default()).unwrap();
    begin(&mut discovery).unwrap();
    let slashed = answer(&with("issuer", "https://op.example/tenant/".into()));
    assert_eq!(code(take(&mut discovery, &slashed)), "metadata_issuer_mismatch");
    for odd in [
        "http://op.example/.well-known/openid-configuration",
        "/.well-known/openid-configuration",
        "https://127.0.0.1/.well-known/openid-configuration",
    ] {
        assert_eq!(Discovery::new(odd, Policy::default()).unwrap_err().code(), "invalid_configuration", "{odd}");
    }
}

#[test]
fn where_no_metadata_is_the_error_names_the_addresses() {
    let mut discovery = Discovery::new("https://op.example/tenant", Policy::default()).unwrap();
    begin(&mut discovery).unwrap();
    let not_there = Response::new(404, None, "");
    take(&mut discovery, &not_there).unwrap();
    let error = take(&mut discovery, &not_there).unwrap_err();
    assert_eq!((error.code(), error.action().as_str()), ("http_status_unexpected", "fix_configuration"));
    let expected = "metadata at https://op.example/tenant/.well-known/openid-configuration or https://op.example/.well-known/oauth-authorization-server/tenant";
    assert_eq!(error.expected_value(), Some(expected));
    assert!(error.hint().contains("before /.well-known/"), "{error}");
}
