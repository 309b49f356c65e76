//! Waits for a Selvbetjening client, and changes of its settings: whatever the service answers, and however late.

use std::time::Duration;

use samtykke::error::{Action, OAuthError, codes};
use samtykke::flow::machine::{Failure, Input};
use samtykke::provider::selvbetjening::{ClientSettings, Pacing, SCOPE, Update, Wait};
use samtykke::{Error, Response, Result, Secret, Step};

use crate::selvbetjening_process::{Steps, answer, client, code, invalid_client, sent, silence, steps};

const NOW: Duration = Duration::from_secs(1_700_000_000);

/// The pause that it is in, in seconds; it is slept in whole milliseconds.
fn pause(wait: &Steps<Wait>) -> f64 {
    let Step::Sleep(milliseconds) = wait.step() else { panic!("a pause was expected") };
    let pause = wait.machine.pause().unwrap().duration.as_secs_f64();
    assert_eq!(f64::from(*milliseconds), (pause * 1000.0).ceil());
    pause
}

fn body(status: &str) -> String {
    format!(
        r#"{{"apiScopes":[{{"scope":"{SCOPE}","status":"{status}"}}],"audienceSpecificClientClaims":null,"redirectUris":["https://rp.example/cb"],"postLogoutRedirectUris":[],"childOrganizationNumbers":null}}"#
    )
}

fn busy(status: u16, retry_after: &str) -> Result<Response> {
    let mut response = Response::new(status, None, "");
    response.retry_after = Some(retry_after.into());
    Ok(response)
}

#[test]
fn a_wait_for_a_usable_client_asks_on_while_it_is_unknown_and_ends_at_its_limit() {
    let enrolment = client();
    let mut wait = steps(Wait::until_usable(&enrolment, Pacing::USABLE));
    let (mut now, mut pauses) = (NOW, Vec::new());
    let error = loop {
        let (request, key) = sent(&wait);
        assert_eq!((request.method, key), ("GET", enrolment.key().reference()));
        assert!(request.url.ends_with("/v1/client"));
        assert_eq!(code(wait.give(Input::Slept, now)), "transaction_used", "it is not asleep");
        if let Err(error) = wait.receive(invalid_client(), now) {
            break error;
        }
        assert_eq!(code(wait.receive(invalid_client(), now)), "transaction_used", "it was not asked again");
        let waited: f64 = pauses.iter().sum();
        let rest = wait.machine.pause().unwrap();
        assert_eq!((rest.attempts as usize, rest.client.is_none()), (pauses.len() + 1, true));
        assert!((rest.elapsed.as_secs_f64() - waited).abs() < 1e-6);
        pauses.push(pause(&wait));
        now += Duration::from_secs_f64(pauses[pauses.len() - 1]);
        wait.give(Input::Slept, now).unwrap();
        assert!(wait.machine.pause().is_none());
    };
    assert_eq!(pauses[..7], [1.0, 1.5, 2.25, 3.375, 5.0625, 7.593_75, 10.0]);
    assert_eq!((error.code(), error.expected_value()), ("timeout", Some("a client that HelseID knows")));
    assert!(error.oauth().unwrap().is("invalid_client"), "why it was still waiting");
    let waited = (now - NOW).as_secs_f64();
    assert!(waited <= 120.0 && waited + 10.0 > 120.0, "{waited}");
    wait.is_over();

    let mut wait = steps(Wait::until_usable(&enrolment, Pacing::USABLE));
    wait.receive(invalid_client(), NOW).unwrap();
    let later = NOW + Duration::from_secs(1);
    wait.give(Input::Slept, later).unwrap();
    wait.receive(answer(200, &body("pending")), later).unwrap();
    assert!(!wait.done().is_ready(), "usable is not ready");

    // Whoever breaks a pause off ends the wait.
    let mut wait = steps(Wait::until_usable(&enrolment, Pacing::USABLE));
    wait.receive(invalid_client(), NOW).unwrap();
    assert_eq!(code(wait.give(Input::Failed(Failure::Store), NOW)), "transaction_used");
    assert_eq!(code(wait.give(Input::Failed(Failure::Aborted), NOW)), "aborted");
    wait.is_over();
}

#[test]
fn a_wait_ends_at_its_limit_whether_its_clock_stands_or_its_requests_take_long() {
    let second = Duration::from_secs(1);
    let pacing = Pacing::new(second, second, second * 10).unwrap();
    for (each, expected) in [(0, 11), (4, 3), (100, 1)] {
        let mut wait = steps(Wait::until_usable(&client(), pacing));
        let (mut now, mut asked) = (NOW, 1);
        let error = loop {
            now += Duration::from_secs(each);
            if let Err(error) = wait.receive(invalid_client(), now) {
                break error;
            }
            wait.give(Input::Slept, now).unwrap();
            asked += 1;
        };
        assert_eq!((error.code(), asked), ("timeout", expected), "{each}");
    }
}

#[test]
fn a_wait_is_taken_up_again_where_its_last_pause_ended() {
    let enrolment = client();
    let second = Duration::from_secs(1);
    let pacing = Pacing::new(second, second * 4, second * 20).unwrap();
    let mut whole = steps(Wait::for_approval(&enrolment, pacing));
    let mut part = steps(Wait::for_approval(&enrolment, pacing));
    let mut now = NOW;
    loop {
        let (one, other) = (whole.receive(answer(503, ""), now), part.receive(answer(503, ""), now));
        assert_eq!(code(one), code(other.as_ref().map_err(Clone::clone)));
        if other.is_err() {
            break;
        }
        assert_eq!(pause(&whole), pause(&part));
        let (text, rest) = (part.machine.serialize(), part.machine.pause().unwrap().clone());
        let other = whole.machine.pause().unwrap();
        assert_eq!((rest.attempts, rest.elapsed), (other.attempts, other.elapsed));
        now += rest.duration;
        part = steps(Wait::resume(&enrolment, &text).unwrap());
        whole.give(Input::Slept, now).unwrap();
        for odd in ["", "x", &text[1..], &format!("{text} 1"), &format!("2{}", &text[1..]), &text.replacen("1000000000", "0", 1)] {
            assert_eq!(code(Wait::resume(&enrolment, odd)), "transaction_malformed", "{odd}");
        }
    }
    assert!(now > NOW + second * 15, "it went on");
}

#[test]
fn any_other_reason_ends_a_wait_for_a_usable_client_at_once() {
    let invalid_scope = || {
        let oauth = OAuthError { error: "invalid_scope".into(), description: None, uri: None };
        Error::new(&codes::TOKEN_ERROR).oauth_error(oauth)
    };
    for (given, expected) in [
        (silence(), "network_error"),
        (Err(invalid_scope()), "token_error"),
        (answer(403, ""), "unauthorized"),
        (answer(401, ""), "token_invalid"),
        (answer(503, ""), "api_error"),
        (answer(200, "{}"), "api_response_malformed"),
        (answer(302, ""), "redirect_refused"),
    ] {
        let mut wait = steps(Wait::until_usable(&client(), Pacing::USABLE));
        assert_eq!(code(wait.receive(given, NOW)), expected);
        wait.is_over();
    }
}

#[test]
fn a_wait_for_approval_outlives_trouble_and_heeds_the_servers_hint() {
    let second = Duration::from_secs(1);
    let mut wait = steps(Wait::for_approval(&client(), Pacing::new(second, second * 4, second * 1000).unwrap()));
    let mut now = NOW;
    for (given, expected) in [
        (answer(200, &body("pending")), 1.0),
        (answer(200, &body("updatePending")), 1.5),
        (silence(), 2.25),
        (Err(Error::new(&codes::TIMEOUT)), 3.375),
        (answer(503, "<html>"), 4.0),
        (answer(429, ""), 4.0),
        // HelseID's own trouble, at the token.
        (Err(Error::new(&codes::HTTP_STATUS_UNEXPECTED).http(&Response::new(502, None, ""))), 4.0),
        (busy(503, "30"), 30.0),
        (busy(429, "1"), 4.0),
        // A date is as good as a number; one that is past says nothing.
        (busy(503, "Wed, 21 Oct 2015 07:28:00 GMT"), 4.0),
        (busy(503, "Tue, 14 Nov 2023 22:15:00 GMT"), 42.0),
    ] {
        let approved = given.as_ref().is_ok_and(|response| response.status == 200);
        wait.receive(given, now).unwrap();
        assert_eq!((pause(&wait), wait.machine.pause().unwrap().client.is_some()), (expected, approved));
        now += wait.machine.pause().unwrap().duration;
        wait.give(Input::Slept, now).unwrap();
    }
    wait.receive(answer(200, &body("rejected")), now).unwrap();
    let found = wait.done();
    assert_eq!((found.is_ready(), found.unknown().count()), (false, 1), "an unknown status is nothing to wait for, and not ready");

    for (given, expected) in
        [(answer(403, ""), "unauthorized"), (invalid_client(), "token_error"), (answer(200, "{}"), "api_response_malformed")]
    {
        let mut wait = steps(Wait::for_approval(&client(), Pacing::APPROVAL));
        assert_eq!(code(wait.receive(given, NOW)), expected);
    }
    // A hint beyond the limit is the end, now and not later.
    let mut wait = steps(Wait::for_approval(&client(), Pacing::new(second, second * 4, second * 10).unwrap()));
    let error = wait.receive(busy(503, "11"), NOW).unwrap_err();
    assert_eq!((error.code(), error.expected_value()), ("timeout", Some("approval of all scopes and claims")));
    assert_eq!((error.status(), error.retry_after()), (Some(503), Some(11)));
    // 30 days of asking, and then no more.
    let mut wait = steps(Wait::for_approval(&client(), Pacing::APPROVAL));
    let (mut now, mut asked) = (NOW, 0);
    let ended = loop {
        asked += 1;
        if let Err(error) = wait.receive(answer(200, &body("pending")), now) {
            break error;
        }
        now += wait.machine.pause().unwrap().duration;
        wait.give(Input::Slept, now).unwrap();
    };
    assert_eq!((ended.code(), (now - NOW).as_secs() / 86_400), ("timeout", 29));
    assert!((2880..2900).contains(&asked), "{asked}");
}

#[test]
fn a_pacing_has_times() {
    let second = Duration::from_secs(1);
    for (first, longest, limit) in [(Duration::ZERO, second, second), (second, Duration::ZERO, second), (second, second, Duration::ZERO)] {
        assert_eq!(code(Pacing::new(first, longest, limit)), "invalid_parameter");
    }
    // The first pause is no longer than the longest.
    let mut wait = steps(Wait::for_approval(&client(), Pacing::new(second * 60, second * 5, second * 100).unwrap()));
    wait.receive(silence(), NOW).unwrap();
    assert_eq!(pause(&wait), 5.0);
}

/// Answers what it asks with these settings changed.
fn change(update: &mut Steps<Update>, change: impl Fn(&mut ClientSettings)) -> Result<()> {
    let Step::Ask(json) = update.step() else { panic!("a question was expected") };
    let mut settings = ClientSettings::parse(json.expose()).unwrap();
    change(&mut settings);
    let wanted = settings.json().unwrap_or_else(|_| json.expose().replace("https://rp.example/cb", "http://rp.example/"));
    update.give(Input::Answered(Secret::new(wanted)), NOW)
}

fn read(update: &mut Steps<Update>, given: Result<Response>) -> Result<()> {
    assert_eq!(sent(update).0.method, "GET");
    update.receive(given, NOW)
}

#[test]
fn an_update_reads_changes_reads_again_writes_whole_and_reads() {
    let enrolment = client();
    let mut update = steps(Update::new(&enrolment));
    assert_eq!(sent(&update).1, enrolment.key().reference());
    read(&mut update, answer(200, &body("ok"))).unwrap();
    assert_eq!(code(update.receive(answer(200, &body("ok")), NOW)), "transaction_used", "nothing is out");
    change(&mut update, |settings| settings.post_logout_redirect_uris = Some(vec!["https://rp.example/bye".into()])).unwrap();
    read(&mut update, answer(200, &body("ok"))).unwrap();
    let (request, key) = sent(&update);
    assert_eq!((request.method, key), ("PUT", enrolment.key().reference()));
    let written: serde_json::Value = serde_json::from_str(request.body.as_ref().unwrap().expose()).unwrap();
    let lists = ["apiScopes", "audienceSpecificClientClaims", "redirectUris", "postLogoutRedirectUris", "childOrganizationNumbers"];
    assert_eq!(written.as_object().unwrap().keys().collect::<Vec<_>>(), lists);
    assert_eq!(
        (&written["redirectUris"][0], &written["postLogoutRedirectUris"][0]),
        (&"https://rp.example/cb".into(), &"https://rp.example/bye".into())
    );
    update.receive(answer(204, ""), NOW).unwrap();
    read(&mut update, answer(200, &body("ok"))).unwrap();
    assert!(update.done().is_ready());
}

#[test]
fn an_update_is_made_anew_when_somebody_else_changed_the_settings() {
    let child = |settings: &mut ClientSettings| settings.child_organization_numbers = Some(vec!["999977774".into()]);
    let mut update = steps(Update::new(&client()));
    let other = body("ok").replace("rp.example", "other.example");
    for (given, asked) in [(body("ok"), true), (other.clone(), true), (other, false)] {
        read(&mut update, answer(200, &given)).unwrap();
        if asked {
            change(&mut update, child).unwrap();
        }
    }
    let (written, _) = sent(&update);
    assert_eq!(written.method, "PUT");
    assert!(written.body.as_ref().unwrap().expose().contains("other.example"), "theirs is not wiped");

    let mut asked = 0;
    let mut update = steps(Update::new(&client()));
    let error = (0..9).find_map(|at| {
        let given = read(&mut update, answer(200, &body("ok").replace("/cb", &format!("/{at}"))));
        given.err().or_else(|| {
            asked += 1;
            change(&mut update, |_| {}).err()
        })
    });
    let error = error.unwrap();
    assert_eq!((error.code(), error.action(), asked), ("conflict", Action::TryLater, 3));
    update.is_over();
}

#[test]
fn an_update_from_partial_data_or_with_an_odd_field_is_not_sent() {
    let odd = |settings: &mut ClientSettings| settings.redirect_uris = Some(vec!["http://rp.example/".into()]);
    let mut update = steps(Update::new(&client()));
    read(&mut update, answer(200, &body("ok"))).unwrap();
    assert_eq!(code(change(&mut update, odd)), "invalid_parameter");
    update.is_over();
    // What the caller refuses, or does not say, is nothing to write.
    for (failure, expected) in [(Failure::Store, "store_failed"), (Failure::Timeout, "timeout"), (Failure::Aborted, "aborted")] {
        let mut update = steps(Update::new(&client()));
        read(&mut update, answer(200, &body("ok"))).unwrap();
        assert_eq!(code(update.give(Input::Failed(Failure::Signer), NOW)), "transaction_used");
        assert_eq!(code(update.give(Input::Failed(failure), NOW)), expected);
        update.is_over();
    }
    for partial in [body("suspended"), r#"{"apiScopes":[]}"#.into()] {
        let mut update = steps(Update::new(&client()));
        assert_eq!(code(read(&mut update, answer(200, &partial))), "invalid_parameter");
    }
    // An answer to the write that is lost, or a refusal, is the caller's to see.
    for (lost, expected) in [(silence(), "network_error"), (answer(400, r#"{"property":"RedirectUris"}"#), "api_error")] {
        let mut update = steps(Update::new(&client()));
        read(&mut update, answer(200, &body("ok"))).unwrap();
        change(&mut update, |_| {}).unwrap();
        read(&mut update, answer(200, &body("ok"))).unwrap();
        assert_eq!(code(update.receive(lost, NOW)), expected);
        update.is_over();
    }
}
