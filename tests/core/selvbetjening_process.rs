//! The way of a Selvbetjening client without I/O: draft and record, confirmation, waits, updates, the receiver on loopback.

use std::time::Duration;

use samtykke::error::{Action, OAuthError, codes};
use samtykke::provider::selvbetjening::{
    ClientSettings, CurrentClient, Draft, Drafting, Enrolment, Environment, Key, Loopback, Next, Order, Pacing, Process, PublicKey, SCOPE,
    Update, Wait, confirmation_path,
};
use samtykke::{Error, Response, Result, Secret};

pub(crate) const OLD: &str = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
pub(crate) const NEW: &str = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k2","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}"#;
const OURS: &str = "http://localhost:4406/confirmed/8fdK";
const NOW: Duration = Duration::from_secs(1_700_000_000);

pub(crate) fn key(name: &str, jwk: &str) -> Key {
    Key::new(name, PublicKey::parse(jwk).unwrap()).unwrap()
}

pub(crate) fn client() -> Enrolment {
    Enrolment::of(&Environment::test(), "6a1f-1", key("key-1", OLD)).unwrap()
}

pub(crate) fn answer(status: u16, body: &str) -> Result<Response> {
    Ok(Response::new(status, Some("application/json"), body))
}

pub(crate) fn invalid_client() -> Result<Response> {
    let oauth = OAuthError { error: "invalid_client".into(), description: None, uri: None };
    Err(Error::new(&codes::TOKEN_ERROR).oauth_error(oauth))
}

pub(crate) fn silence() -> Result<Response> {
    Err(Error::new(&codes::NETWORK_ERROR))
}

/// The request that must be next.
pub(crate) fn sent<P: Process>(process: &mut P, now: Duration) -> Order {
    match process.step(now).unwrap() {
        Next::Send(order) => order,
        _ => panic!("a request was expected"),
    }
}

pub(crate) fn record<P: Process>(process: &mut P) -> String {
    match process.step(NOW).unwrap() {
        Next::Store(record) => record,
        _ => panic!("a record was expected"),
    }
}

fn pause<P: Process>(process: &mut P, now: Duration) -> f64 {
    match process.step(now).unwrap() {
        Next::Sleep(pause) => pause.duration.as_secs_f64(),
        _ => panic!("a pause was expected"),
    }
}

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("no error", |error| error.code())
}

fn draft() -> Draft {
    let mut draft = Draft::new("999977774", PublicKey::parse(OLD).unwrap());
    draft.api_scopes = Some(vec![SCOPE.into()]);
    draft.confirmation_redirect_uri = Some(OURS.into());
    draft
}

fn drafting() -> Drafting {
    Enrolment::begin(&Environment::test(), &Secret::new("S3CRET"), draft(), "key-1").unwrap()
}

fn run(mut drafting: Drafting) -> Enrolment {
    record(&mut drafting);
    drafting.stored().unwrap();
    sent(&mut drafting, NOW);
    drafting.receive(answer(200, r#"{"clientId":"6a1f-1"}"#), NOW).unwrap();
    record(&mut drafting);
    drafting.stored().unwrap();
    match drafting.step(NOW).unwrap() {
        Next::Done(enrolment) => enrolment,
        _ => panic!("done was expected"),
    }
}

#[test]
fn key_and_client_id_are_stored_before_there_is_an_address_to_open() {
    let mut drafting = drafting();
    assert!(!format!("{drafting:?}").contains("S3CRET"));
    // Nothing is sent before the key's name is safe.
    assert_eq!(code(drafting.receive(answer(200, "{}"), NOW)), "transaction_used");
    let first = record(&mut drafting);
    assert_eq!(record(&mut drafting), first, "until it is said to be safe");
    assert!(first.contains(r#""reference":"key-1""#) && !first.contains("clientId") && !first.contains("S3CRET"));
    assert_eq!(code(Enrolment::parse(&Environment::test(), &first)), "transaction_missing");
    drafting.stored().unwrap();
    assert_eq!(code(drafting.stored()), "transaction_used");

    let order = sent(&mut drafting, NOW);
    assert!(order.key.is_none() && !order.request.repeatable);
    assert!(order.request.body.unwrap().expose().contains(OURS));
    assert_eq!(code(drafting.step(NOW)), "transaction_used", "a draft is never sent twice");
    drafting.receive(answer(201, r#"{"clientId":"6a1f-1"}"#), NOW).unwrap();
    let second = record(&mut drafting);
    drafting.stored().unwrap();
    let Next::Done(enrolment) = drafting.step(NOW).unwrap() else { panic!("done was expected") };
    assert_eq!(code(drafting.step(NOW)), "transaction_used");
    assert_eq!(enrolment.serialize(), second);
    let read = Enrolment::parse(&Environment::test(), &second).unwrap();
    assert_eq!(read, enrolment);
    assert_eq!((read.client_id(), read.key(), read.confirmed(), read.next_key()), ("6a1f-1", &key("key-1", OLD), false, None));
    assert_eq!(read.confirm_url().unwrap(), "https://selvbetjening.test.nhn.no/confirm-client/6a1f-1");
    let asked: serde_json::Value = serde_json::from_str(read.draft().unwrap()).unwrap();
    assert_eq!((&asked["organizationNumber"], &asked["publicJwk"]), (&"999977774".into(), &serde_json::Value::Null));
    assert!(!format!("{read:?}").contains("8fdK"), "the address is nobody else's to know");
}

#[test]
fn a_draft_that_is_refused_or_lost_is_not_sent_again_unless_asked() {
    for (lost, expected) in [
        (silence(), "network_error"),
        (answer(401, ""), "unauthorized"),
        (answer(400, r#"{"property":"OrganizationNumber","message":"unknown"}"#), "api_error"),
        (answer(200, "{}"), "api_response_malformed"),
    ] {
        let mut drafting = drafting();
        let kept = record(&mut drafting);
        drafting.stored().unwrap();
        sent(&mut drafting, NOW);
        assert_eq!(code(drafting.receive(lost, NOW)), expected);
        assert_eq!(code(drafting.step(NOW)), "transaction_used");
        assert_eq!(code(Enrolment::parse(&Environment::test(), &kept)), "transaction_missing");
        let again = Drafting::again(&Environment::test(), &Secret::new("S3CRET"), &kept).unwrap();
        let enrolment = run(again);
        assert_eq!((enrolment.client_id(), enrolment.key().reference()), ("6a1f-1", "key-1"));
        let whole = enrolment.serialize();
        assert_eq!(code(Drafting::again(&Environment::test(), &Secret::new("S3CRET"), &whole)), "transaction_used");
    }
    let mut nowhere = draft();
    nowhere.confirmation_redirect_uri = None;
    let (environment, api_key) = (Environment::test(), Secret::new("S3CRET"));
    assert_eq!(code(Enrolment::begin(&environment, &api_key, nowhere, "key-1")), "invalid_parameter");
    assert_eq!(code(Enrolment::begin(&environment, &Secret::new("a\nb"), draft(), "key-1")), "invalid_parameter");
    assert_eq!(code(drafting().within(Duration::from_millis(999))), "invalid_parameter");
}

#[test]
fn the_older_form_tells_port_and_path_in_the_confirm_url() {
    let older = drafting().older().unwrap().within(Duration::from_secs(60)).unwrap();
    let mut copy = drafting().older().unwrap();
    let kept = record(&mut copy);
    copy.stored().unwrap();
    assert!(!sent(&mut copy, NOW).request.body.unwrap().expose().contains(OURS));
    let enrolment = run(older);
    let url = "https://selvbetjening.test.nhn.no/confirm-client/6a1f-1?redirectPort=4406&redirectPath=/confirmed/8fdK";
    assert_eq!(enrolment.confirm_url().unwrap(), url);
    let mut read = Enrolment::parse(&Environment::test(), &enrolment.serialize()).unwrap();
    assert_eq!(read.confirm_url().unwrap(), url);
    assert_eq!(code(read.clone().confirm(&format!("{OURS}?status=Success"), NOW + Duration::from_secs(61))), "transaction_expired");
    assert!(read.confirm(&format!("{OURS}?status=Success"), NOW + Duration::from_secs(60)).is_ok());
    let again = Drafting::again(&Environment::test(), &Secret::new("k"), &kept).unwrap();
    assert_eq!(run(again).confirm_url().unwrap(), url);
    for uri in
        ["https://app.example.no/cb", "http://localhost/cb", "http://[::1]:80/cb", "https://localhost:1/cb", "http://localhost:1/a%20b"]
    {
        let mut other = draft();
        other.confirmation_redirect_uri = Some(uri.into());
        let drafting = Enrolment::begin(&Environment::test(), &Secret::new("k"), other, "key-1").unwrap();
        assert_eq!(code(drafting.older()), "invalid_parameter", "{uri}");
    }
}

#[test]
fn only_an_answer_for_this_draft_in_time_and_once_confirms() {
    let mut enrolment = run(drafting());
    let good = format!("{OURS}?status=Success");
    let before = enrolment.clone();
    for (answer, expected) in [
        (OURS.into(), "confirmation_refused"),
        (format!("{OURS}?status=Aborted"), "confirmation_refused"),
        (format!("{OURS}?status=success"), "confirmation_refused"),
        (format!("{good}&status=Success"), "callback_duplicate_parameter"),
        (format!("{OURS}x?status=Success"), "callback_wrong_redirect_uri"),
        (good.replace("4406", "4407"), "callback_wrong_redirect_uri"),
        (good.replace("8fdK", "another-draft"), "callback_wrong_redirect_uri"),
        ("/confirmed/another-draft?status=Success".into(), "callback_wrong_redirect_uri"),
        ("/confirmed/8fdK".into(), "confirmation_refused"),
        ("confirmed/8fdK?status=Success".into(), "callback_wrong_redirect_uri"),
    ] {
        assert_eq!(code(enrolment.confirm(&answer, NOW)), expected, "{answer}");
        assert_eq!(enrolment, before, "nothing has changed");
    }
    assert_eq!(code(enrolment.confirm(&good, NOW + Duration::from_secs(3601))), "transaction_expired");
    // Behind a proxy, path and query are what is known.
    let stored = enrolment.clone().confirm("/confirmed/8fdK?status=Success", NOW).unwrap();
    assert_eq!(enrolment.confirm(&good, NOW + Duration::from_secs(3600)).unwrap(), stored);
    assert!(enrolment.confirmed());
    assert_eq!(code(enrolment.confirm(&good, NOW)), "transaction_used");
    let mut read = Enrolment::parse(&Environment::test(), &stored).unwrap();
    assert_eq!(code(read.confirm(&good, NOW)), "transaction_used", "also after a restart");
    // A client of elsewhere has nothing to confirm.
    assert_eq!((code(client().confirm(&good, NOW)), code(client().confirm_url())), ("transaction_missing", "transaction_missing"));
    assert!(client().confirmed() && client().draft().is_none());
    for (target, name) in [("/a/b_-9?x=/c", Some("b_-9")), ("b#/c", Some("b")), ("/a/", None), ("/a/b.c", None), ("", None)] {
        assert_eq!(Enrolment::named_in(target), name, "{target}");
    }
    assert_eq!(Enrolment::named_in(&"a".repeat(129)), None);
    assert_ne!(confirmation_path(&[7; 32]), confirmation_path(&[8; 32]));
}

#[test]
fn a_record_is_read_whole_or_not_at_all() {
    let environment = Environment::test();
    let mut enrolment = run(drafting());
    let text = enrolment.confirm(&format!("{OURS}?status=Success"), NOW).unwrap();
    let malformed = |text: &str, why: &str| {
        assert_eq!(code(Enrolment::parse(&environment, text)), "transaction_malformed", "{why}: {text}");
    };
    assert_eq!(code(Enrolment::parse(&environment, "")), "transaction_missing");
    for (from, to) in [
        ("{\"v\":1", "{\"v\":\"1\""),
        ("{\"v\":1,", "{"),
        ("{\"v\":1,", "{\"v\":1,\"v\":1,"),
        ("{\"v\":1,", "{\"v\":1,\"more\":1,"),
        ("\"clientId\":\"6a1f-1\"", "\"clientId\":\"a/b\""),
        ("\"clientId\":\"6a1f-1\"", "\"clientId\":7"),
        ("\"clientId\":\"6a1f-1\",", ""),
        ("\"reference\":\"key-1\"", "\"reference\":\"\""),
        ("\"reference\":\"key-1\"", "\"reference\":\"a\\nb\""),
        ("\"reference\":\"key-1\",", ""),
        ("\"kid\":\"k1\"", "\"d\":\"AQAB\""),
        ("\"use\":\"sig\"", "\"d\":\"AQAB\""),
        ("999977774", "99997777"),
        ("\"within\":3600", "\"within\":-1"),
        ("\"within\":3600,", ""),
        ("\"until\":1700003600", "\"until\":\"x\""),
        ("\"until\":1700003600,", ""),
        ("\"confirmed\":true", "\"confirmed\":\"no\""),
        ("\"confirmed\":true", "\"older\":1"),
        ("\"confirmed\":true", "\"keyExpiresAt\":\"soon\""),
        ("\"confirmed\":true", "\"keyExpiresAt\":-1"),
        ("\"confirmed\":true", "\"next\":{}"),
        ("\"confirmed\":true", "\"next\":\"key-2\""),
        ("\"postClientConfirmationRedirectUri\":\"http://localhost:4406/confirmed/8fdK\"", "\"redirectUris\":[]"),
    ] {
        assert!(text.contains(from), "{from}");
        malformed(&text.replacen(from, to, 1), from);
    }
    for odd in [
        "{}",
        "[]",
        "null",
        "x",
        "{\"v\":1}",
        &text[1..],
        &text[..text.len() - 1],
        &format!("{text}{text}"),
        &text.replace("6a1f-1", &"a".repeat(1 << 16)),
    ] {
        malformed(odd, "garbage");
    }
    malformed(&format!("{text}{}", " ".repeat(1 << 16)), "larger than any record");
    for at in 0..text.len() {
        assert!(Enrolment::parse(&environment, &text[..at]).is_err(), "cut at {at}");
    }
    // What the JavaScript package keeps has another shape: it may hold the private key.
    malformed(r#"{"v":1,"key":"{\"d\":\"AQAB\"}","clientId":"6a1f-1"}"#, "a record of the package's");
    let error = Enrolment::parse(&environment, &text.replacen("\"v\":1", "\"v\":2", 1)).unwrap_err();
    assert_eq!(
        (error.code(), error.expected_value(), error.actual_value()),
        ("transaction_malformed", Some("a record of version 1"), Some("2"))
    );
    let error = Enrolment::parse(&Environment::production(), &text).unwrap_err();
    assert_eq!(error.code(), "transaction_mismatch");
    assert!(error.actual_value().unwrap().contains("test"));
    let plain = client().serialize();
    assert_eq!(Enrolment::parse(&environment, &plain).unwrap(), client());
    malformed(&plain.replacen("\"key\"", "\"within\":1,\"key\"", 1), "a time without a draft");
}

#[test]
fn a_name_of_a_key_is_not_the_key() {
    let public = || PublicKey::parse(OLD).unwrap();
    for odd in ["", "a\nb", "-----BEGIN PRIVATE KEY-----\nMC4", r#"{"d":"AQAB"}"#, OLD, &"a".repeat(513)] {
        assert_eq!(code(Key::new(odd, public())), "invalid_parameter", "{odd}");
    }
    assert_eq!(code(Enrolment::begin(&Environment::test(), &Secret::new("k"), draft(), OLD)), "invalid_parameter");
    for fine in ["arn:aws:kms:eu-north-1:1:key/9", r"C:\Users\Åse\key 1", "https://vault.example/keys/a/1"] {
        assert_eq!(Key::new(fine, public()).unwrap().reference(), fine);
    }
    assert_eq!(code(Enrolment::of(&Environment::test(), "..", key("key-1", OLD))), "invalid_parameter");
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
    assert_eq!((code(wait.stored()), code(wait.receive(answer(200, ""), now))), ("transaction_used", "transaction_used"));

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
        (busy(503, "Wed, 21 Oct 2026 07:28:00 GMT"), 4.0),
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
        (code(update.step(NOW)), code(update.receive(answer(200, ""), NOW)), code(update.stored())),
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

#[test]
fn the_receiver_takes_one_get_on_its_own_path_from_this_machine_alone() {
    let path = confirmation_path(&[7; 32]);
    let mut receiver = Loopback::new(4406, &path).unwrap();
    let good = format!("{path}?status=Success");
    for (method, target, host, status) in [
        ("GET", &*good, "evil.example:4406", 421),
        ("GET", &good, "localhost:4407", 421),
        ("GET", &good, "localhost", 421),
        ("GET", &good, "", 421),
        ("GET", "/favicon.ico", "localhost:4406", 404),
        ("GET", "/confirmed?status=Success", "localhost:4406", 404),
        ("GET", &format!("{path}/?status=Success"), "localhost:4406", 404),
        ("POST", &good, "localhost:4406", 405),
    ] {
        assert_eq!(receiver.answer(method, target, host), Err(status), "{method} {target} {host}");
    }
    let url = receiver.answer("GET", &good, "127.0.0.1:4406").unwrap();
    assert_eq!(url, format!("{}?status=Success", receiver.redirect_uri()));
    assert_eq!(receiver.answer("GET", &good, "127.0.0.1:4406"), Err(409));
    assert!(!format!("{receiver:?}").contains(&path));
    for (port, path) in [(0, "/a"), (1, ""), (1, "a"), (1, "/"), (1, "/a?b"), (1, "//a"), (1, "/a b")] {
        assert_eq!(code(Loopback::new(port, path)), "invalid_parameter", "{port} {path}");
    }
}
