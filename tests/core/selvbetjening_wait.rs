//! Waits for a Selvbetjening client, and changes of its settings: whatever the service answers, and however late.

use std::time::Duration;

use samtykke::error::{Action, OAuthError, codes};
use samtykke::provider::selvbetjening::{ClientSettings, CurrentClient, Next, Pacing, Process, SCOPE, Update, Wait};
use samtykke::{Error, Response, Result};

use crate::selvbetjening_process::{answer, client, code, invalid_client, sent, silence};

const NOW: Duration = Duration::from_secs(1_700_000_000);

fn pause<P: Process>(process: &mut P, now: Duration) -> f64 {
    match process.step(now).unwrap() {
        Next::Sleep(pause) => pause.duration.as_secs_f64(),
        _ => panic!("a pause was expected"),
    }
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

fn done<P: Process<Done = CurrentClient>>(process: &mut P, now: Duration) -> CurrentClient {
    match process.step(now).unwrap() {
        Next::Done(client) => client,
        _ => panic!("done was expected"),
    }
}

#[test]
fn a_wait_for_a_usable_client_asks_on_while_it_is_unknown_and_ends_at_its_limit() {
    let enrolment = client();
    let mut wait = Wait::until_usable(&enrolment, Pacing::USABLE);
    assert_eq!(code(wait.receive(invalid_client(), NOW)), "transaction_used", "nothing was asked");
    let (mut now, mut pauses) = (NOW, Vec::new());
    let error = loop {
        let order = sent(&mut wait, now);
        assert_eq!((order.request.method, order.key.as_ref()), ("GET", Some(enrolment.key())));
        assert!(order.request.url.ends_with("/v1/client"));
        if let Err(error) = wait.receive(invalid_client(), now) {
            break error;
        }
        assert_eq!(code(wait.receive(invalid_client(), now)), "transaction_used", "it was not asked again");
        pauses.push(pause(&mut wait, now));
        // Woken too early, it waits for the rest; a clock that was put back makes it no longer.
        let half = Duration::from_secs_f64(pauses[pauses.len() - 1] / 2.0);
        assert!((pause(&mut wait, now + half) - half.as_secs_f64()).abs() < 1e-6);
        assert!(pause(&mut wait, now - Duration::from_secs(86_400)) <= pauses[pauses.len() - 1]);
        let Next::Sleep(rest) = wait.step(now).unwrap() else { panic!("a pause") };
        assert_eq!((rest.attempts as usize, rest.elapsed, rest.client.is_none()), (pauses.len(), now - NOW, true));
        now += rest.duration;
    };
    assert_eq!(pauses[..7], [1.0, 1.5, 2.25, 3.375, 5.0625, 7.593_75, 10.0]);
    assert_eq!((error.code(), error.expected_value()), ("timeout", Some("a client that HelseID knows")));
    assert!(error.oauth().unwrap().is("invalid_client"), "why it was still waiting");
    let waited = (now - NOW).as_secs_f64();
    assert!(waited <= 120.0 && waited + 10.0 > 120.0, "{waited}");
    assert_eq!(code(wait.step(now)), "transaction_used");
    assert_eq!((code(wait.accept_stored()), code(wait.receive(answer(200, ""), now))), ("transaction_used", "transaction_used"));

    let mut wait = Wait::until_usable(&enrolment, Pacing::USABLE);
    sent(&mut wait, NOW);
    sent(&mut wait, NOW);
    wait.receive(invalid_client(), NOW).unwrap();
    let later = NOW + Duration::from_secs(1);
    sent(&mut wait, later);
    wait.receive(answer(200, &body("pending")), later).unwrap();
    assert!(!done(&mut wait, later).is_ready(), "usable is not ready");
    assert_eq!(code(wait.step(later)), "transaction_used");
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
        let mut wait = Wait::until_usable(&client(), Pacing::USABLE);
        sent(&mut wait, NOW);
        assert_eq!(code(wait.receive(given, NOW)), expected);
        assert_eq!(code(wait.step(NOW)), "transaction_used");
    }
}

#[test]
fn a_wait_for_approval_outlives_trouble_and_heeds_the_servers_hint() {
    let second = Duration::from_secs(1);
    let mut wait = Wait::for_approval(&client(), Pacing::new(second, second * 4, second * 1000).unwrap());
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
        sent(&mut wait, now);
        let approved = given.as_ref().is_ok_and(|response| response.status == 200);
        wait.receive(given, now).unwrap();
        let Next::Sleep(pause) = wait.step(now).unwrap() else { panic!("a pause") };
        assert_eq!((pause.duration.as_secs_f64(), pause.client.is_some()), (expected, approved));
        now += pause.duration;
    }
    sent(&mut wait, now);
    wait.receive(answer(200, &body("rejected")), now).unwrap();
    let found = done(&mut wait, now);
    assert_eq!((found.is_ready(), found.unknown().count()), (false, 1), "an unknown status is nothing to wait for, and not ready");

    for (given, expected) in
        [(answer(403, ""), "unauthorized"), (invalid_client(), "token_error"), (answer(200, "{}"), "api_response_malformed")]
    {
        let mut wait = Wait::for_approval(&client(), Pacing::APPROVAL);
        sent(&mut wait, NOW);
        assert_eq!(code(wait.receive(given, NOW)), expected);
    }
    // A hint beyond the limit is the end, now and not later.
    let mut wait = Wait::for_approval(&client(), Pacing::new(second, second * 4, second * 10).unwrap());
    sent(&mut wait, NOW);
    let error = wait.receive(busy(503, "11"), NOW).unwrap_err();
    assert_eq!((error.code(), error.expected_value()), ("timeout", Some("approval of all scopes and claims")));
    // 30 days of asking, and then no more.
    let mut wait = Wait::for_approval(&client(), Pacing::APPROVAL);
    let (mut now, mut asked) = (NOW, 0);
    let ended = loop {
        sent(&mut wait, now);
        asked += 1;
        if let Err(error) = wait.receive(answer(200, &body("pending")), now) {
            break error;
        }
        now += Duration::from_secs_f64(pause(&mut wait, now));
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
    let mut wait = Wait::for_approval(&client(), Pacing::new(second * 60, second * 5, second * 100).unwrap());
    sent(&mut wait, NOW);
    wait.receive(silence(), NOW).unwrap();
    assert_eq!(pause(&mut wait, NOW), 5.0);
}

#[test]
fn an_update_reads_changes_reads_again_writes_whole_and_reads() {
    let enrolment = client();
    let mut update = Update::new(&enrolment, |settings: &mut ClientSettings| {
        settings.post_logout_redirect_uris = Some(vec!["https://rp.example/bye".into()]);
        Ok(())
    });
    for method in ["GET", "GET", "PUT", "GET"] {
        let order = sent(&mut update, NOW);
        assert_eq!((order.request.method, order.key.as_ref()), (method, Some(enrolment.key())));
        if method == "PUT" {
            let written: serde_json::Value = serde_json::from_str(order.request.body.as_ref().unwrap().expose()).unwrap();
            let lists = ["apiScopes", "audienceSpecificClientClaims", "redirectUris", "postLogoutRedirectUris", "childOrganizationNumbers"];
            assert_eq!(written.as_object().unwrap().keys().collect::<Vec<_>>(), lists);
            assert_eq!(
                (&written["redirectUris"][0], &written["postLogoutRedirectUris"][0]),
                (&"https://rp.example/cb".into(), &"https://rp.example/bye".into())
            );
            update.receive(answer(204, ""), NOW).unwrap();
        } else {
            update.receive(answer(200, &body("ok")), NOW).unwrap();
        }
    }
    assert!(done(&mut update, NOW).is_ready());
    assert_eq!(
        (code(update.step(NOW)), code(update.receive(answer(200, ""), NOW)), code(update.accept_stored())),
        ("transaction_used", "transaction_used", "transaction_used")
    );
}

#[test]
fn an_update_is_made_anew_when_somebody_else_changed_the_settings() {
    let mut seen = Vec::new();
    let mut update = Update::new(&client(), |settings: &mut ClientSettings| {
        seen.push(settings.redirect_uris.clone().unwrap());
        settings.child_organization_numbers = Some(vec!["999977774".into()]);
        Ok(())
    });
    let other = body("ok").replace("rp.example", "other.example");
    for (read, method) in [(body("ok"), "GET"), (other.clone(), "GET"), (other, "GET")] {
        assert_eq!(sent(&mut update, NOW).request.method, method);
        update.receive(answer(200, &read), NOW).unwrap();
    }
    let written = sent(&mut update, NOW).request;
    assert_eq!(written.method, "PUT");
    assert!(written.body.unwrap().expose().contains("other.example"), "theirs is not wiped");
    drop(update);
    assert_eq!(seen, [["https://rp.example/cb"], ["https://other.example/cb"]]);

    let mut asked = 0;
    let mut update = Update::new(&client(), |_: &mut ClientSettings| {
        asked += 1;
        Ok(())
    });
    let error = (0..9).find_map(|at| {
        assert_eq!(sent(&mut update, NOW).request.method, "GET");
        update.receive(answer(200, &body("ok").replace("/cb", &format!("/{at}"))), NOW).err()
    });
    let error = error.unwrap();
    assert_eq!((error.code(), error.action()), ("conflict", Action::TryLater));
    assert_eq!(code(update.step(NOW)), "transaction_used");
    drop(update);
    assert_eq!(asked, 3);
}

#[test]
fn an_update_from_partial_data_or_with_an_odd_field_is_not_sent() {
    let change = |settings: &mut ClientSettings| {
        settings.redirect_uris = Some(vec!["http://rp.example/".into()]);
        Ok(())
    };
    let mut update = Update::new(&client(), change);
    sent(&mut update, NOW);
    assert_eq!(code(update.receive(answer(200, &body("ok")), NOW)), "invalid_parameter");
    assert_eq!(code(update.step(NOW)), "transaction_used", "nothing more is sent");
    let refuses = |_: &mut ClientSettings| Err(Error::new(&codes::INVALID_SCOPE));
    let mut update = Update::new(&client(), refuses);
    sent(&mut update, NOW);
    assert_eq!(code(update.receive(answer(200, &body("ok")), NOW)), "invalid_scope");
    for partial in [body("suspended"), r#"{"apiScopes":[]}"#.into()] {
        let mut update = Update::new(&client(), |_: &mut ClientSettings| Ok(()));
        sent(&mut update, NOW);
        assert_eq!(code(update.receive(answer(200, &partial), NOW)), "invalid_parameter");
    }
    // An answer to the write that is lost, or a refusal, is the caller's to see.
    for (lost, expected) in [(silence(), "network_error"), (answer(400, r#"{"property":"RedirectUris"}"#), "api_error")] {
        let mut update = Update::new(&client(), |_: &mut ClientSettings| Ok(()));
        for _ in 0..2 {
            sent(&mut update, NOW);
            update.receive(answer(200, &body("ok")), NOW).unwrap();
        }
        sent(&mut update, NOW);
        assert_eq!(code(update.receive(lost, NOW)), expected);
        assert_eq!(code(update.step(NOW)), "transaction_used");
    }
}
