//! One way to drive a flow: what goes in and comes out of `Machine::advance`, in turn and out of it.
//!
//! RFC 6749 sections 4.1.3 and 6, RFC 9700 section 4.14.2, OIDC Core section 3.1.3.6. Nothing is sent; answers are written by hand.

use samtykke::flow::machine::{Failure, Input, Machine, Moment, Spends};
use samtykke::protocol::grant::Refresh;
use samtykke::{AuthorizationCode, AuthorizationRequest, Callback, ClientAuthentication, ClientCredentials, Registration};
use samtykke::{Error, Exchange, Response, Step, Tokens};

use crate::flow::{NOW, REDIRECT_URI, profile, random};

fn client() -> Registration {
    Registration::new(profile(), "client-1", REDIRECT_URI).unwrap()
}

fn secret() -> ClientAuthentication {
    ClientAuthentication::secret_basic("correct horse")
}

fn next<M: Machine>(machine: &mut M, input: Input) -> Result<Step<M::Output>, Error> {
    machine.advance(input, &Moment { now: NOW, random: &[7; 32] })
}

fn json(body: &str) -> Input {
    Input::Response(Response::new(200, Some("application/json"), body))
}

const TOKENS: &str = r#"{"access_token":"a","token_type":"Bearer"}"#;

fn code(url: &str) -> AuthorizationCode {
    let login = client().begin(AuthorizationRequest::new("read"), &random(), NOW).unwrap();
    let callback = format!("{REDIRECT_URI}?code={url}&state={}", login.transaction.state());
    login.transaction.finish(&client(), Callback::Url(&callback), NOW).unwrap()
}

fn refresh(token: &str) -> Exchange<Tokens> {
    Exchange::refresh(&client(), &secret(), &Refresh::new(token)).unwrap()
}

#[test]
fn an_input_out_of_turn_is_refused_and_changes_nothing() {
    let mut exchange = Exchange::client_credentials(&client(), &secret(), &ClientCredentials::new("read")).unwrap();
    let wrong: [fn() -> Input; 6] = [
        || json(TOKENS),
        || Input::Signature(vec![0; 64]),
        || Input::Verdict(true),
        || Input::Digest(vec![0; 48]),
        || Input::Stored,
        || Input::Failed(Failure::Network),
    ];
    for input in wrong {
        assert_eq!(next(&mut exchange, input()).unwrap_err().code(), "transaction_used");
    }
    assert!(matches!(next(&mut exchange, Input::Start), Ok(Step::Send(_))));
    // All but the answer and the failure, which are in turn now; and the start, whose request would go out twice.
    for input in wrong.into_iter().skip(1).take(4).chain([(|| Input::Start) as fn() -> Input]) {
        assert_eq!(next(&mut exchange, input()).unwrap_err().code(), "transaction_used");
    }
    let Ok(Step::Done(tokens)) = next(&mut exchange, json(TOKENS)) else { panic!("the answer is taken all the same") };
    assert_eq!(tokens.access_token.expose(), "a");
    for input in wrong.into_iter().chain([(|| Input::Start) as fn() -> Input]) {
        assert_eq!(next(&mut exchange, input()).unwrap_err().code(), "transaction_used");
    }
}

#[test]
fn a_refresh_token_that_came_is_to_be_stored_before_anything_else_of_its_answer_is_judged() {
    let answers = [
        (
            r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r1","expires_in":"x"}"#,
            "application/json",
            Some("token_response_malformed"),
        ),
        (r#"{"refresh_token":"r1","token_type":"mac","access_token":"a"}"#, "application/json", Some("token_type_unexpected")),
        (r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r1"}"#, "text/plain", Some("content_type_unexpected")),
        (r#"{"scope":"a","scope":"b","refresh_token":"r1"}"#, "application/json", Some("token_response_malformed")),
        (r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r1"}"#, "application/json", None),
    ];
    for (body, media, code) in answers {
        let mut exchange = refresh("r0").with_store();
        assert!(matches!(next(&mut exchange, Input::Start), Ok(Step::Send(_))));
        let step = next(&mut exchange, Input::Response(Response::new(200, Some(media), body)));
        let Ok(Step::Store(token)) = step else { panic!("{body}: {step:?}") };
        assert_eq!(token.expose(), "r1", "{body}");
        assert_eq!(exchange.new_refresh_token().map(|token| token.expose()), Some("r1"));
        assert!(!exchange.keeps());
        let judged = next(&mut exchange, Input::Stored);
        assert_eq!(judged.as_ref().err().map(Error::code), code, "{body}");
    }
    let mut lost = refresh("r0").with_store();
    next(&mut lost, Input::Start).unwrap();
    next(&mut lost, json(r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r1"}"#)).unwrap();
    assert_eq!(next(&mut lost, Input::Failed(Failure::Store)).unwrap_err().code(), "store_failed");
    assert_eq!(next(&mut lost, Input::Stored).unwrap_err().code(), "transaction_used");
}

#[test]
fn nothing_is_to_be_stored_where_no_other_token_came_or_which_one_is_unclear() {
    let twice = r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r1","refresh_token":"r2"}"#;
    for body in [
        TOKENS,
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r0"}"#,
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":null}"#,
        twice,
    ] {
        let mut exchange = refresh("r0").with_store();
        next(&mut exchange, Input::Start).unwrap();
        assert!(!matches!(next(&mut exchange, json(body)), Ok(Step::Store(_))), "{body}");
        assert!(exchange.new_refresh_token().is_none(), "{body}");
    }
    let mut kept = refresh("r0").with_store();
    next(&mut kept, Input::Start).unwrap();
    next(&mut kept, json(TOKENS)).unwrap();
    assert!(kept.keeps(), "what was sent is as good as it was");
}

#[test]
fn what_went_wrong_with_a_step_is_an_error_of_its_flow() {
    let failures = [
        (Failure::Network, "network_error"),
        (Failure::Cut(200), "network_error"),
        (Failure::Timeout, "timeout"),
        (Failure::Aborted, "aborted"),
        (Failure::Redirected, "redirect_refused"),
        (Failure::TooLarge(200), "token_response_too_large"),
        (Failure::Used, "transaction_used"),
    ];
    for (failure, code) in failures {
        let mut asking = Exchange::client_credentials(&client(), &secret(), &ClientCredentials::new("read")).unwrap();
        next(&mut asking, Input::Start).unwrap();
        let error = next(&mut asking, Input::Failed(failure)).unwrap_err();
        assert_eq!((error.code(), error.phase().as_str()), (code, "token"), "{failure:?}");
        assert_eq!(error.retryable(), matches!(failure, Failure::Network | Failure::Cut(_) | Failure::Timeout), "{failure:?}");
        let again = next(&mut asking, json(TOKENS)).unwrap_err();
        assert_eq!(again.code(), "transaction_used", "{failure:?}: it is over");
        // A code is never sent again, whatever came of it.
        let mut exchange = Exchange::authorization_code(&client(), &secret(), self::code("c1")).unwrap();
        next(&mut exchange, Input::Start).unwrap();
        assert!(!next(&mut exchange, Input::Failed(failure)).unwrap_err().retryable(), "{failure:?}");
    }
    let mut cut = refresh("r0");
    next(&mut cut, Input::Start).unwrap();
    let error = next(&mut cut, Input::Failed(Failure::Cut(200))).unwrap_err();
    assert_eq!((error.action().as_str(), error.retryable()), ("restart", false), "the token is spent, and what came for it is gone");
}

#[test]
fn what_a_request_spends_has_one_name_that_tells_nothing_of_it() {
    let named = |exchange: &Exchange<Tokens>| match exchange.spends() {
        Some(Spends::Sent(name)) => format!("s {name}"),
        Some(Spends::Answered(name)) => format!("a {name}"),
        _ => String::new(),
    };
    let of = |url: &str| named(&Exchange::authorization_code(&client(), &secret(), code(url)).unwrap());
    assert_eq!(of("c-one"), of("c%2Done"), "however it was spelt");
    assert_ne!(of("c-one"), of("c-two"));
    assert!(of("c-one").starts_with("s ") && !of("c-one").contains("c-one"));
    assert_eq!(named(&refresh("r0")), named(&refresh("r0")));
    assert_ne!(named(&refresh("r0")), named(&refresh("r1")));
    assert!(named(&refresh("r0")).starts_with("a ") && !named(&refresh("r0")).contains("r0"));
    let other = Registration::new(profile(), "client-2", REDIRECT_URI).unwrap();
    assert_ne!(named(&refresh("r0")), named(&Exchange::refresh(&other, &secret(), &Refresh::new("r0")).unwrap()));
    assert_eq!(named(&Exchange::client_credentials(&client(), &secret(), &ClientCredentials::new("read")).unwrap()), "");
}

#[test]
fn an_answer_that_cannot_be_asked_for_again_stays_on_its_error() {
    let mut profile = profile();
    profile.endpoints.jwks_uri = Some("https://op.example/jwks".into());
    let client = Registration::new(profile, "client-1", REDIRECT_URI).unwrap();
    let moment = Moment { now: NOW, random: &[7; 32] };
    let answered = |exchange: &mut Exchange<Tokens>, status: u16, body: &str| {
        let Ok(Step::Send(_)) = exchange.advance(Input::Start, &moment) else { panic!("a request") };
        exchange.advance(Input::Response(Response::new(status, Some("application/json"), body)), &moment).unwrap_err()
    };
    let secret = ClientAuthentication::secret_basic("s");
    let refresh = || Exchange::refresh(&client, &secret, &Refresh::new("old")).unwrap();
    let held = |error: &Error| error.raw().map(|raw| raw.expose().to_string());
    for body in [
        r#"{"access_token":"SECRET","token_type":"Bearer","expires_in":"soon"}"#,
        r#"{"access_token":"SECRET","token_type":"Bearer","id_token":"eyJhbGciOiJub25lIn0.e30.AAAA"}"#,
    ] {
        let error = answered(&mut refresh(), 200, body);
        assert_eq!(held(&error).as_deref(), Some(body));
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
    }
    assert_eq!(held(&answered(&mut refresh(), 400, r#"{"error":"invalid_grant"}"#)), None);
    // One that may be asked for again need not be kept.
    let mut again = Exchange::client_credentials(&client, &secret, &ClientCredentials::new("read")).unwrap();
    assert_eq!(held(&answered(&mut again, 200, r#"{"access_token":7}"#)), None);
}
