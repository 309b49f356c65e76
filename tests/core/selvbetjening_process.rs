//! The way of a Selvbetjening client without I/O: draft and record, confirmation, the receiver on loopback.

use std::time::Duration;

use samtykke::error::{OAuthError, codes};
use samtykke::flow::machine::{Failure, Input, Machine, Moment};
use samtykke::provider::selvbetjening::{Draft, Drafting, Enrolment, Environment, Key, Loopback, PublicKey, SCOPE, confirmation_path};
use samtykke::{Error, Request, Response, Result, Secret, Step};

pub(crate) const OLD: &str = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
pub(crate) const NEW: &str = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k2","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}"#;
pub(crate) const ENDS: &str = "2025-12-31T13:13:13Z";
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

/// What the service lists.
pub(crate) fn list(keys: &[&Key]) -> Result<Response> {
    let one = |key: &&Key| format!(r#"{{"kid":"x","jwkThumbprint":"{}","expiration":"{ENDS}"}}"#, key.public().thumbprint());
    answer(200, &format!("[{}]", keys.iter().map(one).collect::<Vec<_>>().join(",")))
}

pub(crate) fn invalid_client() -> Result<Response> {
    let oauth = OAuthError { error: "invalid_client".into(), description: None, uri: None };
    Err(Error::new(&codes::TOKEN_ERROR).oauth_error(oauth))
}

pub(crate) fn silence() -> Result<Response> {
    Err(Error::new(&codes::NETWORK_ERROR))
}

/// A machine, and what it says.
pub(crate) struct Steps<M: Machine> {
    pub(crate) machine: M,
    said: Result<Step<M::Output>>,
}

/// Begins.
pub(crate) fn steps<M: Machine>(machine: M) -> Steps<M> {
    let mut steps = Steps { machine, said: Err(Error::new(&codes::TRANSACTION_USED)) };
    steps.give(Input::Start, NOW).unwrap();
    steps
}

impl<M: Machine> Steps<M> {
    /// Gives an input; what the machine says to it is its next step, where it takes it.
    pub(crate) fn give(&mut self, input: Input, now: Duration) -> Result<()> {
        self.said = Ok(self.machine.advance(input, &Moment { now: now.as_secs(), random: &[7; 32] })?);
        Ok(())
    }

    /// What a call came to.
    pub(crate) fn receive(&mut self, answer: Result<Response>, now: Duration) -> Result<()> {
        self.give(answer.map_or_else(Input::Refused, Input::Response), now)
    }

    pub(crate) fn stored(&mut self) -> Result<()> {
        self.give(Input::Stored, NOW)
    }

    /// The step that it is at.
    pub(crate) fn step(&self) -> &Step<M::Output> {
        self.said.as_ref().unwrap()
    }

    /// The outcome; it takes nothing after it.
    pub(crate) fn done(&mut self) -> M::Output {
        let over = core::mem::replace(&mut self.said, Err(Error::new(&codes::TRANSACTION_USED)));
        let Ok(Step::Done(outcome)) = over else { panic!("done was expected") };
        self.is_over();
        outcome
    }

    /// Nothing is taken any more.
    pub(crate) fn is_over(&mut self) {
        for input in
            [Input::Start, Input::Stored, Input::Slept, Input::Response(Response::new(200, None, "")), Input::Failed(Failure::Network)]
        {
            assert_eq!(code(self.give(input, NOW)), "transaction_used");
        }
    }
}

/// The request that is out, and the name of its key; the empty one where it is sent without a token.
pub(crate) fn sent<M: Machine>(steps: &Steps<M>) -> (&Request, &str) {
    match steps.step() {
        Step::Call(call) => (&call.request, &call.key),
        Step::Send(request) => (request, ""),
        _ => panic!("a request was expected"),
    }
}

pub(crate) fn record<M: Machine>(steps: &Steps<M>) -> String {
    match steps.step() {
        Step::Store(record) => record.expose().into(),
        _ => panic!("a record was expected"),
    }
}

pub(crate) fn code<T>(result: Result<T>) -> &'static str {
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

fn run(drafting: Drafting) -> Enrolment {
    let mut drafting = steps(drafting);
    record(&drafting);
    drafting.stored().unwrap();
    sent(&drafting);
    drafting.receive(answer(200, r#"{"clientId":"6a1f-1"}"#), NOW).unwrap();
    record(&drafting);
    drafting.stored().unwrap();
    drafting.done()
}

#[test]
fn key_and_client_id_are_stored_before_there_is_an_address_to_open() {
    let mut drafting = steps(drafting());
    assert!(!format!("{:?}", drafting.machine).contains("S3CRET"));
    // Nothing is sent before the key's name is safe.
    assert_eq!(code(drafting.receive(answer(200, "{}"), NOW)), "transaction_used");
    let first = record(&drafting);
    assert!(first.contains(r#""reference":"key-1""#) && !first.contains("clientId") && !first.contains("S3CRET"));
    assert_eq!(code(Enrolment::parse(&Environment::test(), &first)), "transaction_missing");
    drafting.stored().unwrap();
    assert_eq!(code(drafting.stored()), "transaction_used");

    let (request, key_name) = sent(&drafting);
    assert!(key_name.is_empty() && !request.repeatable);
    assert!(request.body.as_ref().unwrap().expose().contains(OURS));
    drafting.receive(answer(201, r#"{"clientId":"6a1f-1"}"#), NOW).unwrap();
    assert_eq!(code(drafting.receive(answer(201, r#"{"clientId":"6a1f-2"}"#), NOW)), "transaction_used", "a draft is never sent twice");
    let second = record(&drafting);
    drafting.stored().unwrap();
    let enrolment = drafting.done();
    assert_eq!(enrolment.serialize(), second);
    let read = Enrolment::parse(&Environment::test(), &second).unwrap();
    assert_eq!(read, enrolment);
    assert_eq!((read.client_id(), read.key(), read.is_confirmed(), read.next_key()), ("6a1f-1", &key("key-1", OLD), false, None));
    assert_eq!(read.confirm_url().unwrap(), "https://selvbetjening.test.nhn.no/confirm-client/6a1f-1");
    let asked: serde_json::Value = serde_json::from_str(read.draft().unwrap()).unwrap();
    assert_eq!((&asked["organizationNumber"], &asked["publicJwk"]), (&"999977774".into(), &serde_json::Value::Null));
    assert!(!format!("{read:?}").contains("8fdK"), "the address is nobody else's to know");
}

#[test]
fn a_record_that_cannot_be_stored_ends_a_draft_before_it_is_sent_and_loses_no_client_id_after_it() {
    let mut before = steps(drafting());
    assert_eq!(code(before.give(Input::Failed(Failure::Store), NOW)), "store_failed");
    before.is_over();
    let mut after = steps(drafting());
    after.stored().unwrap();
    after.receive(answer(201, r#"{"clientId":"6a1f-1"}"#), NOW).unwrap();
    let error = after.give(Input::Failed(Failure::Timeout), NOW).unwrap_err();
    assert_eq!((error.code(), error.raw().map(Secret::expose)), ("timeout", Some(r#"{"clientId":"6a1f-1"}"#)));
    after.is_over();
}

#[test]
fn a_draft_that_is_refused_or_lost_is_not_sent_again_unless_asked() {
    for (lost, expected) in [
        (silence(), "network_error"),
        (answer(401, ""), "unauthorized"),
        (answer(400, r#"{"property":"OrganizationNumber","message":"unknown"}"#), "api_error"),
        (answer(200, "{}"), "api_response_malformed"),
    ] {
        let mut drafting = steps(drafting());
        let kept = record(&drafting);
        drafting.stored().unwrap();
        assert_eq!(code(drafting.receive(lost, NOW)), expected);
        drafting.is_over();
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
    let mut copy = steps(drafting().older().unwrap());
    let kept = record(&copy);
    copy.stored().unwrap();
    assert!(!sent(&copy).0.body.as_ref().unwrap().expose().contains(OURS));
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
    assert!(enrolment.is_confirmed());
    assert_eq!(code(enrolment.confirm(&good, NOW)), "transaction_used");
    let mut read = Enrolment::parse(&Environment::test(), &stored).unwrap();
    assert_eq!(code(read.confirm(&good, NOW)), "transaction_used", "also after a restart");
    assert!(before.clone().over(&read).is_confirmed() && !before.clone().over(&before).is_confirmed(), "what others stored is kept");
    // A client of elsewhere has nothing to confirm.
    assert_eq!((code(client().confirm(&good, NOW)), code(client().confirm_url())), ("transaction_missing", "transaction_missing"));
    assert!(client().is_confirmed() && client().draft().is_none());
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

#[test]
fn the_end_of_the_first_key_is_learnt_from_the_list_and_kept() {
    let mut enrolment = client();
    let warn = |seconds| Duration::from_secs(seconds);
    assert!(!enrolment.key_expires_soon(NOW, warn(u64::MAX)), "nothing is known of it");
    let own = enrolment.key().clone();
    let of = |text: Result<Response>| {
        samtykke::provider::selvbetjening::Api::new(&Environment::test()).secrets().finish(&text.unwrap()).unwrap()
    };
    assert!(!enrolment.learn_key(&of(list(&[&key("key-2", NEW)]))), "another's");
    assert_eq!(enrolment.key_expires_at(), None);
    assert!(enrolment.learn_key(&of(list(&[&key("key-2", NEW), &own]))));
    assert_eq!(enrolment.key_expires_at(), Some(1_767_186_793));
    assert_eq!(Enrolment::parse(&Environment::test(), &enrolment.serialize()).unwrap().key_expires_at(), Some(1_767_186_793));
    let end = 1_767_186_793;
    for (before, soon) in [(86_401, false), (86_400, false), (86_399, true), (0, true)] {
        assert_eq!(enrolment.key_expires_soon(Duration::from_secs(end - before), warn(86_400)), soon, "{before}");
    }
    assert!(enrolment.key_expires_soon(Duration::from_secs(end + 1), warn(0)));
    // A key without an end has none any more.
    let endless = format!(r#"[{{"jwkThumbprint":"{}"}}]"#, own.public().thumbprint());
    assert!(enrolment.learn_key(&of(answer(200, &endless))));
    assert_eq!((enrolment.key_expires_at(), enrolment.key_expires_soon(NOW, warn(u64::MAX))), (None, false));
}
