//! Answers in the forms in which real servers send them (`tests/reality`), replayed through the public API: every row a case.
//! A row of another kind than those that are taken here fails the last test, so that none is passed over.

use samtykke::flow::device::{Device, DeviceRequest, Polled};
use samtykke::flow::login::Start;
use samtykke::protocol::authorization::transaction::ResponseMode;
use samtykke::protocol::grant::{JwtBearer, Refresh, TokenExchange};
use samtykke::protocol::id_token::{IdTokenExpectation, logout_token};
use samtykke::protocol::introspection::Introspection;
use samtykke::protocol::metadata::{Metadata, Policy};
use samtykke::protocol::userinfo::{self, Subject};
use samtykke::provider::maskinporten::{self, Again, Environment, Problem};
use samtykke::provider::{acmidm, adfs, halland, norskgjeld};
use samtykke::{
    AuthorizationRequest, Callback, ClientAuthentication, ClientCredentials, Error, Exchange, Registration, Response, Secret, Step, Tokens,
};
use serde_json::Value;

use crate::by_hand::by_hand;
use crate::encode::base64url;
use crate::flow::{NOW, REDIRECT_URI, finish_as, profile, random};

fn file(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn servers() -> Vec<Value> {
    file(include_str!("../reality/servers.json"))["rows"].as_array().unwrap().clone()
}

/// A row's answer: an object is JSON, a text has the media type that is named.
fn answer(row: &Value) -> Response {
    let status = row["status"].as_u64().map_or(200, |status| u16::try_from(status).unwrap());
    let (media, body) = match &row["body"] {
        Value::String(text) => (row["content-type"].as_str(), text.clone()),
        Value::Null => (None, String::new()),
        json => (Some("application/json"), json.to_string()),
    };
    let mut response = Response::new(status, media, &body);
    response.www_authenticate = row["www-authenticate"].as_str().map(String::from);
    response
}

fn client() -> Registration {
    let mut profile = profile();
    profile.endpoints.device_authorization = Some("https://op.example/device".into());
    profile.endpoints.pushed_authorization_request = Some("https://op.example/par".into());
    Registration::new(profile, "client-1", REDIRECT_URI).unwrap()
}

fn secret() -> ClientAuthentication {
    ClientAuthentication::secret_basic("s")
}

const GRANTS: [&str; 6] = ["authorization_code", "refresh_token", "device_code", "client_credentials", "jwt-bearer", "token-exchange"];
const PERSONAL: [&str; 3] = ["authorization_code", "refresh_token", "device_code"];

/// Sends a request of a machine's and hands it this answer.
fn played<T>(exchange: Exchange<T>, response: Response) -> Result<T, Error> {
    let mut exchange = by_hand(exchange);
    let Step::Send(_) = exchange.step(&[7; 32], NOW).unwrap() else { panic!("a request") };
    exchange.receive(response);
    match exchange.step(&[7; 32], NOW)? {
        Step::Done(outcome) => Ok(outcome),
        _ => panic!("an outcome"),
    }
}

/// A grant answered so.
pub(crate) fn granted(grant: &str, response: Response) -> Result<Tokens, Error> {
    let (client, secret) = (client(), secret());
    let exchange = match grant {
        "authorization_code" => {
            let code = finish_as(&client, AuthorizationRequest::new("read"), &format!("{REDIRECT_URI}?code=a&state=STATE")).unwrap();
            Exchange::authorization_code(&client, &secret, code)
        }
        "refresh_token" => Exchange::refresh(&client, &secret, &Refresh::new("r")),
        "client_credentials" => Exchange::client_credentials(&client, &secret, &ClientCredentials::new("read")),
        "jwt-bearer" => Exchange::jwt_bearer(&client, &secret, &JwtBearer::from_assertion("a.b.c")),
        "token-exchange" => Exchange::token_exchange(&client, &secret, &TokenExchange::new("t")),
        "device_code" => {
            return match played(Exchange::device_poll(&client, &secret, &device()).unwrap(), response)? {
                Polled::Tokens(tokens) => Ok(*tokens),
                _ => panic!("no answer to wait at"),
            };
        }
        other => panic!("{other}"),
    };
    played(exchange.unwrap(), response)
}

fn device() -> Device {
    let body = r#"{"device_code":"d","user_code":"U","verification_uri":"https://op.example/d","expires_in":600}"#;
    let exchange = Exchange::device_authorization(&client(), &secret(), &DeviceRequest::new("read")).unwrap();
    played(exchange, Response::new(200, Some("application/json"), body)).unwrap()
}

#[test]
fn what_to_do_follows_from_code_and_grant() {
    let rows = file(include_str!("../reality/grant_errors.json"));
    for row in rows["rows"].as_array().unwrap() {
        let error = granted(row["grant"].as_str().unwrap(), answer(row)).unwrap_err();
        assert_eq!(error.action().as_str(), row["action"].as_str().unwrap(), "{row}: {error}");
        let body = if row["oauth.error"].is_null() { &row["body"]["error"] } else { &row["oauth.error"] };
        assert_eq!(error.oauth().map(|oauth| &*oauth.error), body.as_str(), "{row}");
        assert!(row["grant"] == "authorization_code" || !error.hint().contains("a code is never"), "{row}: {}", error.hint());
        assert!(!error.retryable());
    }
}

#[test]
fn token_endpoints_of_real_servers() {
    for row in servers().iter().filter(|row| row["at"] == "token" && !row["status"].is_null()) {
        let wanted = row["action"].as_str().unwrap();
        for grant in if wanted == "restart" { &PERSONAL[..] } else { &GRANTS[..] } {
            let error = granted(grant, answer(row)).unwrap_err();
            assert_eq!(error.action().as_str(), wanted, "{grant} {row}: {error}");
            assert_eq!(error.oauth().map(|oauth| &*oauth.error), row["body"]["error"].as_str(), "{grant} {row}");
            assert!(row["hint"].is_null() || error.hint().contains("clock"), "{grant} {row}: {}", error.hint());
            if let Some(words) = row["body"]["error_description"].as_str() {
                assert!(error.to_string().contains(words), "{error}");
            }
        }
    }
}

#[test]
fn other_endpoints_of_real_servers() {
    for row in servers() {
        let response = answer(&row);
        let text = |name: &str| row[name].as_str().unwrap();
        match text("at") {
            "userinfo" => {
                let error = userinfo::judge(&response, Subject::Unchecked).unwrap_err();
                assert_eq!(error.code(), text("code"), "{row}");
                assert!(error.code() != "unauthorized" || error.hint().contains("token"), "{}", error.hint());
            }
            "introspection" => {
                let error = Introspection::judge(&response).unwrap_err();
                assert_eq!(error.action().as_str(), text("action"), "{row}");
            }
            "discovery" if row["action"].is_string() => {
                let error = Metadata::judge(&response, "https://op.example", &Policy::default()).unwrap_err();
                assert_eq!((error.code(), error.action().as_str()), ("http_status_unexpected", text("action")), "{row}");
            }
            "par" => {
                let exchange =
                    Exchange::login(&client(), &secret(), AuthorizationRequest::new("read"), Start::new(), &[7; 96], NOW).unwrap();
                let error = played(exchange, response).unwrap_err();
                assert_eq!((error.phase().as_str(), error.action().as_str()), ("authorization", "fix_configuration"));
                assert!(error.hint().contains("pushed authorization request"), "{}", error.hint());
            }
            _ => {}
        }
    }
}

#[test]
fn maskinporten_says_why_in_link_words_or_both() {
    let rows = file(include_str!("../reality/maskinporten.json"));
    for row in rows["token_errors"].as_array().unwrap() {
        let client = Registration::new(maskinporten::profile(&Environment::test()), "c", "").unwrap();
        let exchange = Exchange::jwt_bearer(&client, &ClientAuthentication::None, &JwtBearer::from_assertion("a.b.c")).unwrap();
        let error = played(exchange, answer(row)).unwrap_err();
        let (expect, problem) = (&row["expect"], Problem::of(&error));
        assert_eq!((error.code(), error.action().as_str()), ("token_error", "fix_configuration"), "{row}");
        let text = |name: &str| expect[name].as_str();
        if let Some(code) = text("provider.code") {
            assert_eq!((error.provider_code(), problem.id.as_deref()), (Some(code), Some(code)), "{row}");
        }
        if let Some(trace) = text("provider.traceId") {
            assert_eq!(error.trace_id(), Some(trace), "{row}");
        }
        assert!(error.trace_id().is_some(), "every row has one: {row}");
        assert!(text("problem.kind").is_none_or(|kind| problem.kind == kind), "{row}: {problem:?}");
        assert!(problem.kind != "unknown", "{row}");
        assert_eq!(problem.again.as_str(), text("again").unwrap(), "{row}");
    }
    // One that is down says nothing, with or without a body.
    for (status, body) in [(500, ""), (502, "<html>"), (503, r#"{"error":"temporarily_unavailable"}"#)] {
        let error = granted("jwt-bearer", Response::new(status, Some("application/json"), body)).unwrap_err();
        assert_eq!((error.action().as_str(), Problem::of(&error).again), ("try_later", Again::Later), "{status}");
    }
}

#[test]
fn ad_fs_says_why_in_its_description() {
    let rows = file(include_str!("../reality/adfs.json"));
    for row in rows["errors"].as_array().unwrap() {
        for (profile, taken) in
            [(halland::profile("https://adfs.example.se/adfs"), false), (adfs::profile("https://adfs.example.se/adfs"), true)]
        {
            let client = Registration::new(profile.for_machines(), "c", "").unwrap();
            let grant = JwtBearer::from_assertion("a.b.c");
            // Region Halland knows its clients by certificates; another AD FS has public ones too.
            assert_eq!(Exchange::jwt_bearer(&client, &ClientAuthentication::None, &grant).is_ok(), taken, "{row}");
        }
        for grant in GRANTS {
            let error = granted(grant, answer(row)).unwrap_err();
            let (code, action) = (row["expect"]["provider.code"].as_str(), row["expect"]["action"].as_str());
            assert_eq!((error.provider_code(), Some(error.action().as_str())), (code, action), "{row}");
            let own = adfs::Msis::of(&error).unwrap();
            assert_eq!((Some(&*own.code), own.action.map(|action| action.as_str())), (code, action), "{row}");
        }
    }
}

#[test]
fn ping_in_either_form() {
    let rows = file(include_str!("../reality/acmidm.json"));
    for row in rows["ping"].as_array().unwrap() {
        let ping = acmidm::Ping::judge(&Response::new(200, Some("application/json"), &row["body"].to_string())).unwrap();
        let expected = acmidm::Expected { client_id: "c-1", organisation_code: "0316.380.841", scope: "", issuer: "" };
        assert_eq!(ping.compare(&expected), [], "{row}");
        assert!(ping.organisation_name.is_some(), "{row}");
        let other = acmidm::Expected { client_id: "c-2", organisation_code: "0316380842", ..expected };
        assert_eq!(ping.compare(&other).len(), 2, "{row}");
    }
}

#[test]
fn providers_take_the_client_authentication_they_document_and_no_other() {
    let secret = "a secret of at least thirty-two octets";
    let halland = || halland::profile("https://adfs.example.se/adfs").for_machines();
    let acmidm = || acmidm::profile(&acmidm::Environment::ti()).for_machines();
    for (profile, authentication) in [
        (halland(), ClientAuthentication::secret_basic(secret)),
        (halland(), ClientAuthentication::secret_post(secret)),
        (halland(), ClientAuthentication::secret_jwt(secret)),
        (acmidm(), ClientAuthentication::secret_jwt(secret)),
    ] {
        let client = Registration::new(profile, "c", "").unwrap();
        let error = Exchange::client_credentials(&client, &authentication, &ClientCredentials::new("a")).unwrap_err();
        assert_eq!(
            (error.code(), error.expected_value(), error.actual_value()),
            ("invalid_configuration", Some("private_key_jwt"), Some(authentication.method()))
        );
    }
    let client = Registration::new(acmidm(), "c", "").unwrap();
    assert!(Exchange::client_credentials(&client, &ClientAuthentication::secret_basic(secret), &ClientCredentials::new("a")).is_ok());
}

#[test]
fn an_encrypted_token_is_said_to_be_one() {
    let part = "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIn0";
    let jwe = format!("{part}.AA.AA.AA.AA");
    let body = format!(r#"{{"access_token":"x","token_type":"Bearer","id_token":"{jwe}"}}"#);
    let id_token = granted("authorization_code", Response::new(200, Some("application/json"), &body)).unwrap_err();
    let userinfo = userinfo::judge(&Response::new(200, Some("application/jwt"), &jwe), Subject::Unchecked).unwrap_err();
    for error in [id_token, userinfo] {
        assert_eq!((error.action().as_str(), error.actual_value()), ("fix_configuration", Some("an encrypted one, in five")), "{error}");
        assert!(error.hint().contains("encrypted_response_alg") && !error.to_string().contains(part), "{error}");
    }
    let signed = userinfo::judge(&Response::new(200, Some("application/jwt"), "e30.e30.AA"), Subject::Unchecked).unwrap_err();
    assert_eq!((signed.code(), signed.action().as_str()), ("content_type_unexpected", "fix_configuration"));
}

#[test]
fn a_busy_server_slows_a_device_down() {
    let polled = |status, retry_after: Option<&str>| {
        let mut response = Response::new(status, None, "");
        response.retry_after = retry_after.map(String::from);
        played(Exchange::device_poll(&client(), &secret(), &device()).unwrap(), response)
    };
    assert!(matches!(polled(429, None), Ok(Polled::SlowDown(0))));
    assert!(matches!(polled(503, Some("30")), Ok(Polled::SlowDown(30))));
    assert_eq!(polled(500, None).unwrap_err().code(), "http_status_unexpected");
    assert_eq!(polled(403, None).unwrap_err().action().as_str(), "fix_configuration");
}

/// Each code of the standards at each grant: what is to be done, and texts that fit.
#[test]
fn every_code_at_every_grant() {
    let wrong = "invalid_client unauthorized_client invalid_request invalid_scope invalid_target invalid_dpop_proof \
        invalid_authorization_details unsupported_grant_type";
    let later = "server_error temporarily_unavailable";
    let over = "invalid_grant something_new";
    for grant in GRANTS {
        let person = PERSONAL.contains(&grant);
        let rows = [(wrong, "fix_configuration"), (later, "try_later"), (over, if person { "restart" } else { "fix_configuration" })];
        for (code, wanted) in rows.iter().flat_map(|(codes, wanted)| codes.split(' ').map(move |code| (code, *wanted))) {
            let body = format!(r#"{{"error":"{code}","error_description":"the server's words","error_uri":"https://op.example/e"}}"#);
            let error = granted(grant, Response::new(400, Some("application/json"), &body)).unwrap_err();
            assert_eq!((error.code(), error.phase().as_str(), error.action().as_str()), ("token_error", "token", wanted), "{grant} {code}");
            let text = error.to_string();
            for part in [code, "the server's words", "token phase", "HTTP 400", error.hint(), error.doc()] {
                assert!(text.contains(part), "{grant} {code}: {text}");
            }
            assert!(error.doc().ends_with("#token_error"));
            let hint = error.hint();
            let about = |word: &str, own: &[&str]| !hint.contains(word) || own.contains(&grant);
            assert!(
                about("a code is never", &["authorization_code"]) && about("The code is", &["authorization_code"]),
                "{grant} {code}: {hint}"
            );
            assert!(about("refresh token", &["refresh_token"]) && about("other device", &["device_code"]), "{grant} {code}: {hint}");
            assert!(about("assertion was", &["jwt-bearer"]), "{grant} {code}: {hint}");
        }
        for (status, wanted) in [
            (400, if person { "restart" } else { "fix_configuration" }),
            (401, "fix_configuration"),
            (403, "fix_configuration"),
            (404, "fix_configuration"),
            (405, "fix_configuration"),
            (408, "try_later"),
            (500, "try_later"),
        ] {
            let error = granted(grant, Response::new(status, None, "")).unwrap_err();
            assert_eq!((error.code(), error.action().as_str()), ("http_status_unexpected", wanted), "{grant} {status}");
        }
    }
}

fn row<'r>(rows: &'r [Value], server: &str, at: &str) -> &'r Value {
    rows.iter().find(|row| row["server"] == server && row["at"] == at).unwrap()
}

fn signed_by_nobody(payload: &str) -> String {
    let part = |text: &str| base64url(text.as_bytes());
    format!("{}.{}.{}", part(r#"{"alg":"RS256","kid":"a"}"#), part(payload), part("signature"))
}

/// Keycloak's signed answer has `iss` twice, with one value.
#[test]
fn a_signed_answer_of_keycloak_s_is_taken() {
    let rows = servers();
    let payload = row(&rows, "keycloak", "callback")["payload"].as_str().unwrap();
    assert_eq!(payload.matches(r#""iss":"#).count(), 2);
    let mut profile = profile();
    profile.issuer = "https://kc.example/realms/a".into();
    profile.endpoints.jwks_uri = Some("https://kc.example/jwks".into());
    let client = Registration::new(profile, "client", REDIRECT_URI).unwrap();
    let now = 1_796_038_000;
    let login = client.begin(AuthorizationRequest::new("read").response_mode(ResponseMode::Jwt), &random(), now).unwrap();
    let payload = payload.replace(r#""state":"s""#, &format!(r#""state":"{}""#, login.transaction.state()));
    let answer = format!("{REDIRECT_URI}?response={}", signed_by_nobody(&payload));
    let n = base64url(&[0xc5; 256]);
    let set = format!(r#"{{"keys":[{{"kty":"RSA","kid":"a","n":"{n}","e":"AQAB"}}]}}"#);
    let mut exchange = by_hand(login.transaction.finish_jarm(&client, Callback::Url(&answer), now).unwrap().jwks(set));
    let Step::Verify(_) = exchange.step(&[7; 32], now).unwrap() else { panic!("a signature to verify") };
    exchange.accept_verdict(true);
    assert!(matches!(exchange.step(&[7; 32], now).unwrap(), Step::Done(_)));
}

#[test]
fn hydra_s_logout_token_is_taken_by_option() {
    let rows = servers();
    let claims = &row(&rows, "hydra", "backchannel")["claims"];
    let now = claims["iat"].as_u64().unwrap();
    let strict = IdTokenExpectation::new(claims["iss"].as_str().unwrap(), "client");
    let token = signed_by_nobody(&claims.to_string());
    assert_eq!(logout_token::check(&token, &strict, now).err().map(|error| error.code()), Some("claim_refused"));
    let lenient = IdTokenExpectation { logout_token_without_exp: true, ..strict };
    logout_token::check(&token, &lenient, now).unwrap();
}

#[test]
fn documents_and_tokens_of_the_suite_are_taken() {
    let rows = servers();
    let tokens = granted("authorization_code", answer(row(&rows, "suite", "token"))).unwrap();
    assert_eq!(tokens.refresh_token.unwrap().expose(), "WgfZTAmErJMimzRbvWKT1878930919<? _?");
    let found = Metadata::judge(&answer(row(&rows, "suite", "discovery")), "https://as.example/test/a/b/", &Policy::default()).unwrap();
    assert_eq!(found.text("token_endpoint").as_deref(), Some("https://as.example/test/a/b/token"));
    // What NAV's server says at an address that it has not is no document, so that the other one is asked.
    let error = Metadata::judge(&answer(row(&rows, "nav-mock", "discovery")), "https://op.example", &Policy::default()).unwrap_err();
    assert_eq!((error.code(), error.status()), ("http_status_unexpected", Some(405)));
}

#[test]
fn a_debt_answer_is_never_lost() {
    let rows = file(include_str!("../reality/norskgjeld.json"));
    let environment = norskgjeld::Environment::preprod();
    let token = Secret::new("t");
    let api = norskgjeld::Api::new(&environment, &token);
    let found: Vec<_> = rows["debt"].as_array().unwrap().iter().map(|row| api.debt().finish(&answer(row)).unwrap()).collect();
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].loans[0].creditor_name.as_deref(), found[0].creditors_answered), (None, Some(1)));
    let loan = found[1].loans[0].loan.as_ref().unwrap();
    assert_eq!((loan.kind.as_deref(), loan.nominal_interest_rate), (Some("repaymentLoan"), None));
}

#[test]
fn no_row_is_passed_over() {
    let taken = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap();
        match (text("server"), text("at")) {
            // Told by their status, of the token endpoint or another.
            (_, "token") => !row["status"].is_null() || row["body"].is_object() || row["lengths"].is_object(),
            (_, "userinfo" | "introspection" | "par" | "discovery") => true,
            ("keycloak", "callback") | ("hydra", "backchannel") => true,
            _ => false,
        }
    };
    for row in servers() {
        assert!(taken(&row), "{row}");
    }
}
