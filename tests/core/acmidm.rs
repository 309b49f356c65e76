//! ACM/IDM and eLys: profile, requests, refusals, what a ping shows, and the end of a session.

use samtykke::error::{Action, Phase};
use samtykke::protocol::grant::{Refresh, Target};
use samtykke::protocol::introspection::Introspection;
use samtykke::provider::acmidm::{
    self, Actor, Delegation, ElysApi, ElysEnvironment, Environment, Expected, GrantedAudience, LoginMeans, Ping, Point, Trace,
    delegated_scope, granted_audience,
};
use samtykke::{
    AuthorizationRequest, ClientAuthentication, ClientCredentials, Error, Exchange, Profile, Registration, Response, Result, Secret, Step,
};

use crate::by_hand::by_hand;

const ID: &str = "5f0c7b1e-6d43-4a52-9d0b-0a1b2c3d4e5f";
const TRACE: Trace<'_> = Trace { correlation_id: ID, tracing_id: ID, request_id: "0b9f3c55-6f3a-4d6e-8a1f-1c2d3e4f5a6b" };

fn json(status: u16, body: &str) -> Response {
    Response::new(status, Some("application/json"), body)
}

fn client() -> Registration {
    Registration::new(acmidm::profile(&Environment::ti()), "my-client", "https://app.example.be/callback").unwrap()
}

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("none", |error| error.code())
}

#[test]
fn tokens_without_an_end_are_kept_for_nobody() {
    use samtykke::protocol::token_cache::{Decision, TokenCache};
    let answer = json(200, r#"{"access_token":"t","token_type":"Bearer"}"#);
    let tokens = samtykke::Tokens::judge(&answer, &samtykke::protocol::token::Expectation::default()).unwrap();
    let mut cache = TokenCache::new(acmidm::policy());
    cache.keep("target", tokens, 5, 0);
    assert!(matches!(cache.decide("target", 5), Decision::Ask));
}

#[test]
fn environments_are_whole_and_apart() {
    for (environment, issuer) in [
        (Environment::ti(), "https://authenticatie-ti.vlaanderen.be/op"),
        (Environment::production(), "https://authenticatie.vlaanderen.be/op"),
    ] {
        let profile = acmidm::profile(&environment);
        assert_eq!((profile.issuer.as_str(), profile.authorization_endpoint), (issuer, format!("{issuer}/v1/auth")));
        assert_eq!(profile.endpoints.introspection, Some(format!("{issuer}/v1/introspect")));
        assert_eq!(profile.endpoints.end_session, Some(format!("{issuer}/v1/logout")));
        assert!(!profile.development.is_on());
    }
    for odd in ["", "ti", "http://op.example/op", "https://op.example/op/", "https://op.example/op?x"] {
        assert_eq!(code(Environment::custom(odd)), "invalid_configuration", "{odd}");
    }
    assert!(Environment::custom("http://127.0.0.1:1/op").is_ok());
    let (ti, production) = (Environment::ti(), Environment::production());
    for (name, takes, refuses) in
        [("beta", &ti, &production), ("acceptance", &ti, &production), ("production", &production, &ti), ("dao-beta", &ti, &production)]
    {
        let elys = ElysEnvironment::from_name(name).unwrap();
        assert!(elys.check(takes).is_ok());
        assert_eq!(code(elys.check(refuses)), "invalid_configuration", "{name}");
        assert!(!elys.reference().is_empty());
    }
    for odd in ["", "gamma", "beta|ti", "api"] {
        assert_eq!(code(ElysEnvironment::from_name(odd)), "invalid_configuration", "{odd}");
    }
    let old = ElysEnvironment::from_name("dao-beta").unwrap();
    assert_eq!(old.api_client_id(), Some("b3f43c85-53a5-443d-838c-7c2d0359897b"));
    assert_eq!(code(old.scope(Actor::Arts)), "invalid_scope");
    let beta = ElysEnvironment::from_name("beta").unwrap();
    for (actor, name) in [
        (Actor::Uitvaartondernemer, "uitvaartondernemer"),
        (Actor::Crematorium, "crematorium"),
        (Actor::Depzorg, "depzorg"),
        (Actor::Lbbs, "lbbs"),
        (Actor::Begraafplaats, "begraafplaats"),
        (Actor::Arts, "arts"),
    ] {
        assert_eq!(beta.scope(actor).unwrap(), format!("vo_info elys_{name}"));
    }
    assert_eq!(LoginMeans::Itsme.urn(), "urn:be:vlaanderen:authmech:itsme");
}

#[test]
fn a_token_request_as_documented() {
    let secret = ClientAuthentication::secret_post("s");
    let target = Target::new().audience("api-1").resource("https://api.example");
    let grant = ClientCredentials::new("vo_info elys_depzorg");
    let mut exchange = by_hand(Exchange::client_credentials(&client(), &secret, &grant).unwrap().target(&target).unwrap());
    let Step::Send(request) = exchange.step(&[7; 32], 0).unwrap() else { panic!() };
    let body = request.body.unwrap();
    assert_eq!(request.url, "https://authenticatie-ti.vlaanderen.be/op/v1/token");
    assert!(body.expose().contains("grant_type=client_credentials") && body.expose().contains("scope=vo_info+elys_depzorg"));
    assert!(body.expose().contains("audience=api-1") && body.expose().contains("resource=https%3A%2F%2Fapi.example"));
    exchange.receive(json(200, r#"{"access_token":"x","token_type":"bearer","scope":"vo_info elys_depzorg default_scope"}"#));
    let Step::Done(tokens) = exchange.step(&[7; 32], 0).unwrap() else { panic!() };
    // A wider grant is normal; without a lifetime there is none.
    assert_eq!((tokens.scope.as_deref(), tokens.expires_in), (Some("vo_info elys_depzorg default_scope"), None));
    assert_eq!(
        code(Exchange::client_credentials(&client(), &ClientAuthentication::Tls, &ClientCredentials::new("a"))),
        "invalid_configuration"
    );
    // Resources are URIs here.
    let exchange = Exchange::client_credentials(&client(), &secret, &ClientCredentials::new("a")).unwrap();
    assert_eq!(code(exchange.target(&Target::new().resource("bare"))), "invalid_parameter");
}

fn refreshed(profile: Profile, status: u16, body: &str) -> Error {
    let client = Registration::new(profile, "my-client", "https://app.example.be/callback").unwrap();
    let mut exchange = by_hand(Exchange::refresh(&client, &ClientAuthentication::secret_post("s"), &Refresh::new("S3CRET")).unwrap());
    assert!(matches!(exchange.step(&[7; 32], 0), Ok(Step::Send(_))));
    exchange.refusal(json(status, body))
}

#[test]
fn the_end_of_a_session_is_a_code_of_its_own() {
    let acm = || acmidm::profile(&Environment::ti());
    for error in ["invalid_request", "invalid_grant"] {
        let ended = refreshed(acm(), 400, &format!(r#"{{"error":"{error}"}}"#));
        assert_eq!((ended.code(), ended.action(), ended.retryable(), ended.status()), ("session_ended", Action::Restart, false, Some(400)));
        assert_eq!(ended.oauth().unwrap().error, error);
        assert!(!format!("{ended:?}").contains("S3CRET"));
    }
    assert_eq!(refreshed(acm(), 400, r#"{"error":"invalid_client"}"#).code(), "token_error");
    assert_eq!(refreshed(acm(), 503, "").code(), "http_status_unexpected");
    let standard = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    assert_eq!(refreshed(standard, 400, r#"{"error":"invalid_grant"}"#).code(), "token_error");
    // Elsewhere the same word is an error of the request.
    let grant = ClientCredentials::new("a");
    let mut exchange = by_hand(Exchange::client_credentials(&client(), &ClientAuthentication::secret_post("s"), &grant).unwrap());
    assert!(matches!(exchange.step(&[7; 32], 0), Ok(Step::Send(_))));
    assert_eq!(exchange.refusal(json(400, r#"{"error":"invalid_request"}"#)).code(), "token_error");
}

#[test]
fn whom_a_token_is_for() {
    let of = |aud: &str| granted_audience(&Introspection::judge(&json(200, &format!(r#"{{"active":true{aud}}}"#))).unwrap(), "my-client");
    assert_eq!(of(r#","aud":"api-1""#), GrantedAudience::Apis(vec!["api-1".into()]));
    assert_eq!(of(r#","aud":["my-client","api-1"]"#), GrantedAudience::Apis(vec!["api-1".into()]));
    assert_eq!(of(r#","aud":"my-client""#), GrantedAudience::ClientItself);
    assert_eq!((of(r#","aud":[]"#), of("")), (GrantedAudience::Unknown, GrantedAudience::Unknown));
}

#[test]
fn calls_of_elys() {
    let (beta, token) = (ElysEnvironment::from_name("beta").unwrap(), Secret::new("S3CRET"));
    let api = ElysApi::new(&beta, &token);
    let request = api.request("GET", "/v1/things?x=1", &TRACE).unwrap();
    assert_eq!(request.url, "https://elys.api.beta-athumi.eu/v1/things?x=1");
    let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {}", value.expose())).collect();
    assert_eq!(
        headers[1..],
        [
            "authorization: Bearer S3CRET".to_owned(),
            format!("x-correlation-id: {ID}"),
            format!("x-tracing-id: {ID}"),
            format!("x-request-id: {}", TRACE.request_id)
        ]
    );
    assert!(!format!("{request:?}").contains("S3CRET"));
    for path in ["", "v1", ".evil.example", "@evil.example", "/a b", "/a#b", "/ü", "/a\n"] {
        assert_eq!(code(api.request("GET", path, &TRACE)), "invalid_parameter", "{path}");
    }
    for odd in ["", "5f0c7b1e-6d43-4a52-9d0b-0a1b2c3d4e5", "5f0c7b1e-6d43-4a52-9d0b-0a1b2c3d4e5g", "5f0c7b1e06d43-4a52-9d0b-0a1b2c3d4e5f"] {
        for trace in [Trace { correlation_id: odd, ..TRACE }, Trace { tracing_id: odd, ..TRACE }, Trace { request_id: odd, ..TRACE }] {
            assert_eq!(code(api.ping(&trace)), "invalid_parameter", "{odd}");
        }
    }
    let broken = Secret::new("a\r\nb");
    assert_eq!(code(ElysApi::new(&beta, &broken).ping(&TRACE)), "invalid_parameter");
}

#[test]
fn pings_that_do_not_match() {
    let of = |body: &str| Ping::judge(&json(200, body)).unwrap();
    let points =
        |ping: &Ping, expected: &Expected<'_>| ping.compare(expected).iter().map(|one| (one.point, one.found.clone())).collect::<Vec<_>>();
    let mine = Expected { client_id: "c", organisation_code: "0123456749", scope: "vo_info elys_arts", issuer: "https://op.example" };
    let good = r#"{"VoOrgcode":"0123456749","scopes":["vo_info","elys_arts","more"],"clientId":"c","token":{"iss":"https://op.example","active":true,"vo_orgcode":"0123456749","client_id":"c"}}"#;
    assert_eq!(points(&of(good), &mine), []);
    assert_eq!(points(&of(good), &Expected { client_id: "c", ..Expected::default() }), []);
    assert_eq!(points(&of(good), &Expected { client_id: "d", ..mine }), [(Point::ClientId, "c".into())]);
    assert_eq!(points(&of(good), &Expected { issuer: "https://other.example", ..mine }), [(Point::Issuer, "https://op.example".into())]);
    assert_eq!(points(&of(good), &Expected { organisation_code: "OVO000001", ..mine }), [(Point::OrganisationCode, "0123456749".into())]);
    assert_eq!(points(&of(good), &Expected { scope: "elys_lbbs", ..mine })[0].0, Point::Scope);
    assert_eq!(points(&of(&good.replace("\"active\":true", "\"active\":false")), &mine), [(Point::Active, "false".into())]);
    assert_eq!(points(&of(&good.replace("\"client_id\":\"c\"", "\"client_id\":\"d\"")), &mine), [(Point::ClientId, "two".into())]);
    let bare = of(r#"{"clientId":"c","scopes":"dao_arts"}"#).compare(&mine);
    assert_eq!(bare.iter().map(|one| one.point).collect::<Vec<_>>(), [Point::OrganisationCode, Point::Scope, Point::Scope]);
    assert!(bare[0].advice.starts_with("Ask for the scope vo_info") && bare[2].advice.contains("old name"));
    // Where vo_info is there and no organisation is, asking for it once more would not help.
    let nameless = of(r#"{"clientId":"c","scopes":["vo_info","elys_arts"]}"#).compare(&mine);
    assert!(nameless.len() == 1 && nameless[0].point == Point::OrganisationCode && nameless[0].advice.contains("although it has vo_info"));
    for (status, found, action, again) in [
        (401, "token_invalid", Action::Restart, false),
        (403, "unauthorized", Action::FixConfiguration, false),
        (404, "api_error", Action::FixConfiguration, false),
        (429, "api_error", Action::TryLater, true),
        (502, "api_error", Action::TryLater, true),
        (302, "redirect_refused", Action::FixConfiguration, false),
        (204, "api_error", Action::TryLater, false),
    ] {
        let error = Ping::judge(&json(status, "<html>")).unwrap_err();
        assert_eq!((error.code(), error.action(), error.retryable(), error.status()), (found, action, again, Some(status)));
    }
    for body in ["", "<html>", "[]", "{}", r#"{"clientId":5}"#, r#"{"clientId":"a","clientId":"a"}"#] {
        assert_eq!(code(Ping::judge(&json(200, body))), "api_response_malformed", "{body}");
    }
    let large = format!(r#"{{"clientId":"c","x":"{}"}}"#, "A".repeat(1 << 20));
    assert_eq!(code(Ping::judge(&json(200, &large))), "api_response_malformed");
}

#[test]
fn logins_and_switching() {
    let request = AuthorizationRequest::new("openid vo").parameter("acr_values", LoginMeans::Eid.urn());
    assert!(client().begin(request, &[7; 96], 0).unwrap().url.contains("acr_values=urn%3Abe%3Avlaanderen%3Aauthmech%3Aeid"));
    assert_eq!(code(acmidm::switch_identity("https://app.example.be/", "short").url(&client())), "invalid_parameter");
    assert_eq!(code(acmidm::switch_identity("http://app.example.be/", "0123456789abcdefghijkl").url(&client())), "invalid_parameter");
}

const NOW: u64 = 1_700_000_000;

fn delegation(client: &Registration) -> Delegation {
    Delegation::begin(client, "api-1", "vo", &[7; 96], NOW).unwrap()
}

/// The state of a delegation, as its request shows it.
fn state_of(client: &Registration) -> String {
    let url = delegation(client).request(client, &Secret::new("x.y")).unwrap().url;
    url.split("&state=").nth(1).unwrap().split('&').next().unwrap().into()
}

#[test]
fn a_delegated_request_as_documented() {
    let client = client();
    let request = delegation(&client).request(&client, &Secret::new("S3CRET")).unwrap();
    assert!(request.url.starts_with("https://authenticatie-ti.vlaanderen.be/op/v1/auth?client_id=my-client&response_type=code&"));
    assert!(request.url.contains("&scope=audience%3Aserver%3Aclient_id%3Aapi-1%20vo&"), "{}", request.url);
    assert!(request.url.contains("&code_challenge_method=S256") && !request.url.contains("S3CRET"));
    let headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (*name, value.expose())).collect();
    assert_eq!(headers, [("accept", "application/json"), ("authorization", "Bearer S3CRET")]);
    assert_eq!((request.method, request.body.is_none(), request.repeatable), ("GET", true, false));
    assert!(!format!("{request:?}{:?}", delegation(&client)).contains("S3CRET"));
    for token in ["", "two words", "a\r\nb"] {
        assert_eq!(code(delegation(&client).request(&client, &Secret::new(token))), "invalid_parameter");
    }
    for api in ["my-client", "", "a\nb", "\u{e9}", "two words"] {
        assert_eq!(code(Delegation::begin(&client, api, "", &[7; 96], NOW)), "invalid_parameter", "{api}");
    }
    assert_eq!(code(Delegation::begin(&client, "api-1", "a  b", &[7; 96], NOW)), "invalid_scope");
    assert_eq!(delegated_scope("c", "api-1", "").unwrap(), "audience:server:client_id:api-1");
    let machine = Registration::new(acmidm::profile(&Environment::ti()).for_machines(), "my-client", "").unwrap();
    assert_eq!(code(Delegation::begin(&machine, "api-1", "", &[7; 96], NOW)), "invalid_configuration");
}

#[test]
fn the_token_of_a_login_goes_to_the_issuers_origin_alone() {
    let elsewhere = |endpoint: &str| {
        let profile = Profile { authorization_endpoint: endpoint.into(), ..acmidm::profile(&Environment::ti()) };
        Registration::new(profile, "my-client", "https://app.example.be/callback").unwrap()
    };
    for endpoint in [
        "https://elsewhere.example.be/op/v1/auth",
        "https://authenticatie.vlaanderen.be/op/v1/auth",
        "https://authenticatie-ti.vlaanderen.be:8443/op/v1/auth",
        "https://authenticatie-ti.vlaanderen.be.example.be/op/v1/auth",
    ] {
        let client = elsewhere(endpoint);
        let error = delegation(&client).request(&client, &Secret::new("S3CRET")).unwrap_err();
        assert_eq!((error.code(), error.phase()), ("resource_refused", Phase::Authorization), "{endpoint}");
    }
    // Begun with one client, sent with another: its address is not the other's.
    let (ti, other) = (client(), elsewhere("https://elsewhere.example.be/auth"));
    assert_eq!(code(delegation(&other).request(&ti, &Secret::new("x.y"))), "resource_refused");
}

#[test]
fn answers_to_a_delegated_request() {
    let client = client();
    let state = state_of(&client);
    let judge = |status: u16, kind: &str, body: &str| {
        delegation(&client).finish(&client, &Response::new(status, Some(kind), &body.replace("STATE", &state)), NOW)
    };
    let code_of = |body: &str| judge(200, "application/json", body);
    let found = code_of(r#"{"code":"abc","state":"STATE","session_state":5}"#).unwrap();
    assert_eq!((found.issuer(), found.scope()), ("https://authenticatie-ti.vlaanderen.be/op", "audience:server:client_id:api-1 vo"));
    let mut exchange = by_hand(Exchange::authorization_code(&client, &ClientAuthentication::secret_post("s"), found).unwrap());
    let Step::Send(request) = exchange.step(&[7; 32], NOW).unwrap() else { panic!() };
    let body = request.body.unwrap();
    assert!(body.expose().contains("grant_type=authorization_code") && body.expose().contains("code=abc"));
    assert!(code_of(r#"{"code":"abc","state":"STATE","iss":"https://authenticatie-ti.vlaanderen.be/op"}"#).is_ok());
    let long = format!(r#"{{"code":"{}","state":"STATE"}}"#, "a".repeat(9000));
    let padded = format!(r#"{{"code":"abc","state":"STATE","x":"{}"}}"#, "A".repeat(33_000));
    for (body, refused) in [
        (r#"{"code":"abc","state":"another"}"#, "state_mismatch"),
        (r#"{"code":"abc"}"#, "state_missing"),
        (r#"{"code":"abc","state":"STATE","iss":"https://authenticatie.vlaanderen.be/op"}"#, "issuer_mismatch"),
        (r#"{"state":"STATE"}"#, "code_missing"),
        (r#"{"code":"a\nb","state":"STATE"}"#, "code_malformed"),
        (r#"{"code":5,"state":"STATE"}"#, "callback_malformed"),
        (r#"{"code":"abc","code":"abc","state":"STATE"}"#, "callback_malformed"),
        (r#"{"code":"abc","state":"STATE","access_token":"x"}"#, "callback_unexpected_parameter"),
        (r#"{"code":"abc","state":"STATE","error":"x"}"#, "callback_unexpected_parameter"),
        (&long, "callback_too_large"),
        (&padded, "callback_too_large"),
        ("", "callback_malformed"),
        ("[]", "callback_malformed"),
    ] {
        assert_eq!(code(code_of(body)), refused, "{body}");
    }
    for (status, kind, body, refused) in [
        (302, "application/json", r#"{"code":"abc","state":"STATE"}"#, "redirect_refused"),
        (200, "text/html", "<html>", "content_type_unexpected"),
        (201, "application/json", r#"{"code":"abc","state":"STATE"}"#, "http_status_unexpected"),
        (500, "application/json", r#"{"error":"server_error"}"#, "http_status_unexpected"),
        (404, "text/html", "<html>", "http_status_unexpected"),
        (400, "application/json", r#"{"code":"abc","state":"STATE"}"#, "http_status_unexpected"),
        (400, "application/json", r#"{"error":"invalid_scope"}"#, "authorization_error"),
        (400, "application/json", r#"{"error":"invalid_scope","state":"STATE"}"#, "authorization_error"),
        (400, "application/json", r#"{"error":"invalid_scope","state":"another"}"#, "state_mismatch"),
        (200, "application/json", r#"{"error":"access_denied"}"#, "state_missing"),
        (401, "application/json", r#"{"error":"invalid_token"}"#, "token_invalid"),
        (401, "text/html", "<html>", "token_invalid"),
    ] {
        let error = judge(status, kind, body).unwrap_err();
        assert_eq!((error.code(), error.status()), (refused, Some(status)), "{status} {body}");
        // What was wrong with the exchange itself, or with what it said.
        let judged = matches!(refused, "authorization_error" | "state_mismatch" | "state_missing");
        assert_eq!(error.phase(), if judged { Phase::Callback } else { Phase::Authorization }, "{status} {body}");
    }
    let refused = judge(401, "application/json", r#"{"error":"invalid_token","error_description":"expired"}"#).unwrap_err();
    let oauth = refused.oauth().unwrap();
    assert_eq!((oauth.error.as_str(), oauth.description.as_deref(), refused.action()), ("invalid_token", Some("expired"), Action::Restart));
    // Nobody is asked anything, so an answer after a minute is none; nor is one that another client's request got.
    let answer = json(200, &format!(r#"{{"code":"abc","state":"{state}"}}"#));
    assert!(delegation(&client).finish(&client, &answer, NOW + 60).is_ok());
    assert_eq!(code(delegation(&client).finish(&client, &answer, NOW + 61)), "transaction_expired");
    let other = Registration::new(acmidm::profile(&Environment::production()), "my-client", "https://app.example.be/callback").unwrap();
    assert_eq!(code(delegation(&client).finish(&other, &answer, NOW)), "transaction_mismatch");
}
