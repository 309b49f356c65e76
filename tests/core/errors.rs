//! Errors and what people are told: whole tables, and no secret in any text.

use samtykke::error::message::{Language, message};
use samtykke::error::{Action, Phase, codes};
use samtykke::provider::norskgjeld::{Agreement, Api, Environment, Purpose};
use samtykke::{
    AuthorizationRequest, Callback, ClientAuthentication, Error, Exchange, Profile, Registration, Response, Secret, Step, Tokens,
};

use crate::by_hand::by_hand;

const LANGUAGES: [Language; 5] = [Language::Nb, Language::Nn, Language::Sv, Language::Nl, Language::En];
const ACTIONS: [Action; 6] =
    [Action::FixConfiguration, Action::Restart, Action::TryLater, Action::UserDeclined, Action::UserCancelled, Action::None];
const PHASES: [Phase; 7] =
    [Phase::Configuration, Phase::Authorization, Phase::Callback, Phase::Token, Phase::Api, Phase::Session, Phase::Runtime];

#[test]
fn every_code_is_whole_and_unique() {
    let mut seen = Vec::new();
    for kind in codes::ALL {
        assert!(!seen.contains(&kind.code()), "{} twice", kind.code());
        seen.push(kind.code());
        assert!(kind.code().bytes().all(|c| c.is_ascii_lowercase() || c == b'_'));
        assert!(!kind.hint().is_empty() && !kind.section().is_empty(), "{}", kind.code());
        assert_eq!(kind.doc(), format!("{}{}", codes::DOCS, kind.code()));
        let error = Error::new(kind);
        assert_eq!(
            (error.code(), error.phase(), error.action(), error.retryable()),
            (kind.code(), kind.phase(), kind.action(), kind.retryable())
        );
        assert_eq!((error.hint(), error.doc()), (kind.hint(), kind.doc()));
        assert!(format!("{error}").contains(kind.code()) && format!("{error:?}").contains(error.phase().as_str()));
    }
    assert_eq!(seen.len(), 88);
}

#[test]
fn every_code_and_action_has_words_in_every_language() {
    for language in LANGUAGES {
        for kind in codes::ALL {
            let text = Error::new(kind).user_message(language);
            assert!(text.ends_with('.') && text.len() > 15, "{} {language:?}", kind.code());
        }
        for action in ACTIONS {
            assert!(!message("no such code", action.as_str(), language).is_empty());
        }
        // What a person is told about themselves is not what they are told about us.
        assert_ne!(message("x", "user_declined", language), message("x", "fix_configuration", language));
    }
    let rows = include_str!("../../src/ground/error/messages.txt").lines().filter(|line| !line.starts_with('#'));
    for row in rows {
        let columns: Vec<&str> = row.split('|').collect();
        assert_eq!(columns.len(), 6, "{row}");
        assert!(columns.iter().all(|column| !column.is_empty() && column.trim() == *column), "{row}");
        let known = codes::ALL.iter().any(|kind| kind.code() == columns[0]) || ACTIONS.iter().any(|action| action.as_str() == columns[0]);
        assert!(known, "{row}");
    }
    for (tag, language) in [("nb", 0), ("no", 0), ("da-DK", 0), ("nn_NO", 1), ("sv-FI", 2), ("nl", 3), ("en-GB", 4), ("", 4), ("fi", 4)] {
        assert_eq!(Language::of(tag), LANGUAGES[language], "{tag}");
    }
}

#[test]
fn no_text_shows_a_secret() {
    let secret = "S3CRET";
    let verifier = format!("{secret}{}", "a".repeat(43));
    let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    let client = Registration::new(profile, "client-1", "https://rp.example/cb").unwrap();
    let begin = || client.begin(AuthorizationRequest::new("read").code_verifier(&verifier), &[7; 96], 0).unwrap();
    let login = begin();
    let mut texts =
        vec![format!("{login:?}"), login.url.clone(), format!("{:?}", AuthorizationRequest::new("read").code_verifier(&verifier))];
    let state = login.transaction.state().to_owned();
    let answer = format!("https://rp.example/cb?code={secret}&state={state}");
    let code = login.transaction.finish(&client, Callback::Url(&answer), 0).unwrap();
    texts.push(format!("{code:?}"));
    for answer in [
        format!("https://rp.example/cb?code={secret}&state=x"),
        format!("https://rp.example/cb?code={secret}&code=1&state={state}"),
        format!("https://rp.example/cb?code={secret}%00&state={state}"),
        format!("https://rp.example/other?code={secret}&state={state}"),
        format!("https://rp.example/cb?code={secret}&access_token={secret}&state={state}"),
        format!("https://rp.example/cb?code={secret}"),
        format!("https://rp.example/cb?code={secret}&error=x&state={state}"),
        format!("https://rp.example/cb?code={secret}%zz&state={state}"),
    ] {
        let error = begin().transaction.finish(&client, Callback::Url(&answer), 0).unwrap_err();
        texts.extend([format!("{error}"), format!("{error:?}")]);
    }
    texts.push(format!("{:?}", samtykke::Transaction::restore(&format!("x {verifier}")).unwrap_err()));
    texts.push(format!("{:?}", samtykke::AuthorizationCode::restore(&format!("x {verifier}")).unwrap_err()));
    texts.push(format!("{:?}", samtykke::protocol::authorization::pkce::Verifier::parse(&verifier).unwrap()));
    let authentication = ClientAuthentication::secret_basic(secret);
    texts.push(format!("{authentication:?} {:?}", ClientAuthentication::secret_post(secret)));
    let exchange = Exchange::authorization_code(&client, &authentication, code).unwrap();
    texts.push(format!("{exchange:?}"));
    let Step::Send(request) = by_hand(exchange).step(&[7; 32], 1_700_000_000).unwrap() else { panic!("a request") };
    texts.push(format!("{request:?}"));
    let body = format!(r#"{{"access_token":"{secret}","token_type":"Bearer","refresh_token":"{secret}","x":"{secret}"}}"#);
    let response = Response::new(200, Some("application/json"), &body);
    texts.push(format!("{response:?} {:?}", Tokens::judge(&response, &Default::default()).unwrap()));
    for odd in [
        body.replace("Bearer", ""),
        body.replace("\"x\"", "\"scope\"").replace("S3CRET\"}", "S3CRET\\\"\"}"),
        format!("{body}x"),
        "x".into(),
    ] {
        let error = Tokens::judge(&Response::new(200, Some("application/json"), &odd), &Default::default()).unwrap_err();
        texts.extend([format!("{error}"), format!("{error:?}")]);
    }
    let (environment, token) = (Environment::preprod(), Secret::new(secret));
    let api = Api::new(&environment, &token);
    let agreement = Agreement { nin: Secret::new(secret), purpose: Purpose::Processing, days: 1, client_consent_id: "a".into() };
    texts.push(format!("{api:?} {:?} {agreement:?} {:?}", api.debt(), api.register(&agreement).unwrap_err()));
    let debt = api.debt().finish(&Response::new(200, None, &format!(r#"{{"ssn":"{secret}"}}"#))).unwrap();
    texts.push(format!("{debt:?}"));
    for text in texts {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn an_error_tells_its_facts() {
    let error = Error::new(&codes::API_ERROR)
        .expected("a")
        .actual("b")
        .advise(Action::None)
        .retry(true)
        .at(samtykke::error::Phase::Session)
        .provider(Some("p".into()), Some("t".into()));
    assert_eq!(
        (error.expected_value(), error.actual_value(), error.action(), error.retryable()),
        (Some("a"), Some("b"), Action::None, true)
    );
    assert_eq!((error.phase().as_str(), error.provider_code(), error.trace_id()), ("session", Some("p"), Some("t")));
    let text = format!("{error}");
    for part in ["api_error", "session", "expected a", "found \"b\"", error.hint(), error.doc()] {
        assert!(text.contains(part), "{text}");
    }
    let mut response = Response::new(503, None, "");
    for (value, seconds) in [("120", Some(120)), ("Wed, 21 Oct 2015 07:28:00 GMT", None), ("-1", None), ("", None)] {
        response.retry_after = Some(value.into());
        let error = Error::new(&codes::API_ERROR).http(&response);
        assert_eq!((error.status(), error.retry_after()), (Some(503), seconds));
        assert!(format!("{error}").contains("(HTTP 503)"));
    }
}

#[test]
fn an_answer_that_is_no_url_is_not_shown() {
    // A query without its mark, or userinfo, would end up in a log.
    let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    let client = Registration::new(profile, "client-1", "https://rp.example/cb").unwrap();
    for answer in [
        "code=S3CRET&state=x",
        "/cb/code=S3CRET",
        "https://user:S3CRET@rp.example/cb?code=a",
        "https://rp.example/cb&code=S3CRET&state=x",
        "https://rp.example/cb%3Fcode%3DS3CRET%26state%3Dx",
        "https://rp.example/cb;code=S3CRET",
    ] {
        let login = client.begin(AuthorizationRequest::new("read"), &[7; 96], 0).unwrap();
        let error = login.transaction.finish(&client, Callback::Url(answer), 0).unwrap_err();
        assert_eq!(error.code(), "callback_wrong_redirect_uri");
        assert!(!format!("{error}").contains("S3CRET"), "{error}");
    }
}

#[test]
fn every_code_is_of_one_kind() {
    use samtykke::error::ErrorKind;
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    for row in codes::ALL {
        let kind = Error::new(row).kind();
        assert_ne!(kind, ErrorKind::Other, "{}", row.code());
        *kinds.entry(format!("{kind:?}")).or_default() += 1;
    }
    assert_eq!(kinds.len(), 11, "each kind has codes: {kinds:?}");
    let lists = include_str!("../../src/ground/error/kind.rs");
    for word in
        lists.split(['"', ' ', '\\', '\n']).filter(|word| word.contains('_') && word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    {
        assert!(codes::ALL.iter().any(|row| row.code() == word), "{word} is no code any more");
    }
}

/// `tests/errors.json`, which the package's test reads too.
fn table() -> serde_json::Value {
    serde_json::from_str(include_str!("../errors.json")).unwrap()
}

#[test]
fn every_code_phase_and_action_has_its_hint_in_the_table() {
    let table = table();
    let rows = table["codes"].as_array().unwrap();
    assert_eq!(rows.len(), codes::ALL.len());
    for (row, kind) in rows.iter().zip(codes::ALL) {
        let code = row["code"].as_str().unwrap();
        assert_eq!((kind.code(), kind.section()), (code, row["section"].as_str().unwrap()));
        assert_eq!(kind.retryable(), row["retryable"].as_bool().unwrap(), "{code}");
        let at = row["at"].as_array().unwrap();
        assert_eq!((kind.phase().as_str(), kind.action().as_str()), (at[0]["phase"].as_str().unwrap(), at[0]["action"].as_str().unwrap()));
        for place in at {
            let [phase, action, hint] = ["phase", "action", "hint"].map(|name| place[name].as_str().unwrap());
            let phase = PHASES.into_iter().find(|one| one.as_str() == phase).unwrap();
            let action = ACTIONS.into_iter().find(|one| one.as_str() == action).unwrap();
            let error = Error::new(kind).at(phase).advise(action).expected("this").actual("that");
            assert_eq!(error.hint(), hint, "{code} {phase:?} {action:?}");
            let text = error.to_string();
            for part in [code, phase.as_str(), "expected this", "found \"that\"", hint, error.doc()] {
                assert!(text.contains(part), "{code} {phase:?} {action:?}: {text}");
            }
            assert!(error.doc().ends_with(&format!("/errors/#{code}")));
        }
    }
}

#[test]
fn each_grant_makes_of_each_refusal_what_the_table_says() {
    for row in table()["refusals"].as_array().unwrap() {
        let [grant, code, action, hint] = ["grant", "code", "action", "hint"].map(|name| row[name].as_str().unwrap());
        let status = u16::try_from(row["status"].as_u64().unwrap()).unwrap();
        let response = match row["error"].as_str() {
            Some(word) => Response::new(status, Some("application/json"), &format!(r#"{{"error":"{word}"}}"#)),
            None => Response::new(status, None, ""),
        };
        let error = crate::reality::granted(grant, response).unwrap_err();
        assert_eq!((error.code(), error.phase().as_str()), (code, "token"), "{row}");
        assert_eq!((error.action().as_str(), error.hint()), (action, hint), "{row}");
    }
}

#[test]
fn a_flow_of_another_client_says_what_differs() {
    let client = |issuer: &str, id: &str, back: &str| {
        let endpoint = |path: &str| format!("https://op.example/{path}");
        Registration::new(Profile::new(issuer, &endpoint("authorize"), &endpoint("token")), id, back).unwrap()
    };
    let [issuer, id, back] = ["https://op.example", "client 1", "https://rp.example/cb"];
    for (other, expected, actual) in [
        (client("https://op2.example", id, back), "issuer https://op2.example", "issuer https://op.example"),
        (client(issuer, "client-2", back), "client_id client-2", "client_id client+1"),
        (client(issuer, id, "https://rp.example/2"), "redirect_uri https://rp.example/2", "redirect_uri https://rp.example/cb"),
    ] {
        let begun = client(issuer, id, back).begin(AuthorizationRequest::new("read"), &crate::flow::random(), crate::flow::NOW).unwrap();
        let error = begun.transaction.finish(&other, Callback::Url("https://rp.example/cb?code=a"), crate::flow::NOW).unwrap_err();
        assert_eq!((error.code(), error.expected_value(), error.actual_value()), ("transaction_mismatch", Some(expected), Some(actual)));
    }
}

#[test]
fn a_response_keeps_every_header_that_the_core_reads() {
    let headers = [
        ("Content-Type", "application/json"),
        ("dpop-nonce", "a"),
        ("DPoP-Nonce", "b"),
        ("Retry-After", "7"),
        ("Cache-Control", "no-store"),
    ];
    let response = Response::with_headers(401, headers.into_iter().chain([("WWW-Authenticate", "DPoP"), ("Date", "x")]), "{}");
    assert_eq!((response.status, response.is_json(), response.body.expose()), (401, true, "{}"));
    // Both nonces: which is the server's word nobody can say, and the machine refuses them.
    assert_eq!(response.dpop_nonce.as_deref(), Some("a, b"));
    let rest = [&response.retry_after, &response.www_authenticate, &response.cache_control];
    assert_eq!(rest.map(|value| value.as_deref()), [Some("7"), Some("DPoP"), Some("no-store")]);
}
