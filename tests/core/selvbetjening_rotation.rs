//! A key replaced in two phases: every answer lost, every step a program can end at, and never a key that is gone.

use std::cell::RefCell;
use std::sync::LazyLock;
use std::time::Duration;

use samtykke::provider::selvbetjening::{
    Abandon, Enrolment, Environment, Key, Next, Order, Pacing, Process, Rotated, Rotation, SecretBody,
};
use samtykke::{Response, Result};

use crate::selvbetjening_process::{ENDS, NEW, answer, client, invalid_client, key, list, record, sent, silence};

const NOW: Duration = Duration::from_secs(1_700_000_000);
const THIRD: &str = r#"{"kty":"RSA","alg":"RS256","kid":"k3","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#;

/// Made once: a key is checked when it is read, and that takes its time.
fn new() -> Key {
    static KEY: LazyLock<Key> = LazyLock::new(|| key("key-2", NEW));
    KEY.clone()
}

fn added() -> Result<Response> {
    answer(200, &format!(r#"{{"expiration":"{ENDS}"}}"#))
}

fn usable() -> Result<Response> {
    answer(200, r#"{"apiScopes":[]}"#)
}

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("no error", |error| error.code())
}

/// Method, last part of the path, and whose key goes with it.
fn asked(rotation: &mut Rotation<'_>) -> String {
    let order = sent(rotation, NOW);
    let name = order.request.url.rsplit('/').next().unwrap().to_owned();
    format!("{} {name} {}", order.request.method, order.key.unwrap().reference())
}

fn stored(rotation: &mut Rotation<'_>) -> String {
    let text = record(rotation);
    rotation.accept_stored().unwrap();
    text
}

fn rotated(rotation: &mut Rotation<'_>) -> Rotated {
    match rotation.step(NOW).unwrap() {
        Next::Done(rotated) => rotated,
        _ => panic!("done was expected"),
    }
}

/// A rotation whose new key is stored.
fn begun(enrolment: &mut Enrolment) -> Rotation<'_> {
    let mut rotation = Rotation::begin(enrolment, new()).unwrap();
    stored(&mut rotation);
    rotation
}

/// From the proof on: asked with the new key, stored, done.
fn proves(mut rotation: Rotation<'_>, recovered: bool) -> Rotated {
    assert_eq!(asked(&mut rotation), "GET client key-2");
    rotation.receive(usable(), NOW).unwrap();
    let last = stored(&mut rotation);
    assert!(last.contains("key-2") && !last.contains("key-1") && !last.contains("next"));
    let done = rotated(&mut rotation);
    assert_eq!((done.key.reference(), done.retired.reference(), done.recovered), ("key-2", "key-1", recovered));
    assert_eq!(code(rotation.step(NOW)), "transaction_used");
    done
}

#[test]
fn the_old_key_goes_when_the_new_one_is_proven_and_stored_and_not_before() {
    let mut enrolment = client();
    let mut rotation = Rotation::begin(&mut enrolment, new()).unwrap();
    assert_eq!(code(rotation.receive(added(), NOW)), "transaction_used");
    let first = stored(&mut rotation);
    assert_eq!(code(rotation.accept_stored()), "transaction_used");
    let half = Enrolment::parse(&Environment::test(), &first).unwrap();
    assert_eq!((half.key().reference(), half.next_key()), ("key-1", Some(&new())));
    assert_eq!(asked(&mut rotation), "POST client-secret key-1");
    assert_eq!(code(rotation.step(NOW)), "transaction_used", "a key is not added twice");
    rotation.receive(added(), NOW).unwrap();
    // HelseID does not know the new key yet.
    assert_eq!(asked(&mut rotation), "GET client key-2");
    rotation.receive(invalid_client(), NOW).unwrap();
    let Next::Sleep(pause) = rotation.step(NOW).unwrap() else { panic!("a pause") };
    assert_eq!(pause.duration, Duration::from_secs(1));
    assert_eq!(code(rotation.accept_stored()), "transaction_used", "not proven");
    assert!(matches!(rotation.step(NOW + pause.duration).unwrap(), Next::Send(_)));
    rotation.receive(usable(), NOW + pause.duration).unwrap();
    let last = record(&mut rotation);
    assert_eq!(last, record(&mut rotation));
    rotation.accept_stored().unwrap();
    let done = rotated(&mut rotation);
    assert_eq!(
        (done.expires_at, done.recovered, done.retired),
        (Some(1_767_186_793), false, key("key-1", crate::selvbetjening_process::OLD))
    );
    assert_eq!((enrolment.key(), enrolment.next_key(), enrolment.key_expires_at()), (&new(), None, Some(1_767_186_793)));
    assert_eq!(enrolment.serialize(), last);
    assert_eq!(Enrolment::parse(&Environment::test(), &last).unwrap(), enrolment);
}

#[test]
fn a_proof_that_was_not_stored_changes_nothing_in_memory() {
    let mut enrolment = client();
    let mut rotation = begun(&mut enrolment);
    asked(&mut rotation);
    rotation.receive(added(), NOW).unwrap();
    asked(&mut rotation);
    rotation.receive(usable(), NOW).unwrap();
    record(&mut rotation);
    drop(rotation);
    assert_eq!((enrolment.key().reference(), enrolment.next_key()), ("key-1", Some(&new())));
    let mut enrolment = client();
    record(&mut Rotation::begin(&mut enrolment, new()).unwrap());
    assert_eq!(enrolment, client(), "nor a new key that was not stored");
}

#[test]
fn a_second_new_key_and_the_present_one_are_refused() {
    let mut enrolment = client();
    assert_eq!(code(Rotation::resume(&mut enrolment)), "transaction_missing");
    for same in [key("key-1", NEW), key("key-2", crate::selvbetjening_process::OLD)] {
        assert_eq!(code(Rotation::begin(&mut enrolment, same)), "invalid_parameter");
    }
    begun(&mut enrolment);
    assert_eq!(code(Rotation::begin(&mut enrolment, key("key-3", THIRD))), "transaction_used");
    assert_eq!(enrolment.next_key(), Some(&new()));
}

#[test]
fn a_lost_answer_is_found_in_the_list_by_the_thumbprint() {
    for lost in [silence(), answer(502, "Bad Gateway"), answer(200, "<html>")] {
        let mut enrolment = client();
        let mut rotation = begun(&mut enrolment);
        asked(&mut rotation);
        rotation.receive(lost, NOW).unwrap();
        assert_eq!(asked(&mut rotation), "GET client-secret key-1");
        rotation.receive(list(&[&key("key-1", crate::selvbetjening_process::OLD), &new()]), NOW).unwrap();
        assert_eq!(proves(rotation, true).expires_at, Some(1_767_186_793));
    }
}

#[test]
fn a_registration_that_was_never_carried_out_is_made_again_once() {
    let mut enrolment = client();
    let mut rotation = begun(&mut enrolment).body(SecretBody::Object);
    asked(&mut rotation);
    rotation.receive(silence(), NOW).unwrap();
    asked(&mut rotation);
    rotation.receive(list(&[&key("key-1", crate::selvbetjening_process::OLD)]), NOW).unwrap();
    let order = sent(&mut rotation, NOW);
    assert_eq!(order.request.body.unwrap().expose(), new().public().json(), "the same key");
    rotation.receive(added(), NOW).unwrap();
    proves(rotation, false);

    let mut enrolment = client();
    let mut rotation = begun(&mut enrolment);
    for _ in 0..2 {
        assert_eq!(asked(&mut rotation), "POST client-secret key-1");
        if rotation.receive(silence(), NOW).is_err() {
            break;
        }
        asked(&mut rotation);
        rotation.receive(list(&[]), NOW).unwrap();
    }
    assert_eq!(code(rotation.step(NOW)), "transaction_used", "twice is enough");
    assert_eq!(enrolment.next_key(), Some(&new()), "and nothing is lost");
}

#[test]
fn an_error_ends_it_and_the_same_new_key_goes_on() {
    for (given, expected) in [
        (answer(400, r#"{"title":"Bad Request"}"#), "api_error"),
        (answer(403, ""), "unauthorized"),
        (answer(429, ""), "api_error"),
        (invalid_client(), "token_error"),
    ] {
        let mut enrolment = client();
        let mut rotation = begun(&mut enrolment);
        asked(&mut rotation);
        assert_eq!(code(rotation.receive(given, NOW)), expected);
        assert_eq!(code(rotation.step(NOW)), "transaction_used");
        let mut rotation = Rotation::resume(&mut enrolment).unwrap();
        // The old key may have ended with the registration, so the new one is asked first.
        assert_eq!(asked(&mut rotation), "GET client-secret key-2");
        rotation.receive(invalid_client(), NOW).unwrap();
        assert_eq!(asked(&mut rotation), "GET client-secret key-1");
        rotation.receive(list(&[]), NOW).unwrap();
        assert_eq!(asked(&mut rotation), "POST client-secret key-1");
        rotation.receive(added(), NOW).unwrap();
        proves(rotation, false);
    }
    // Each look can fail, too.
    for at in [0, 1] {
        let mut enrolment = client();
        begun(&mut enrolment);
        let mut rotation = Rotation::resume(&mut enrolment).unwrap();
        for _ in 0..at {
            asked(&mut rotation);
            rotation.receive(invalid_client(), NOW).unwrap();
        }
        asked(&mut rotation);
        assert_eq!(code(rotation.receive(silence(), NOW)), "network_error");
        assert_eq!(enrolment.next_key(), Some(&new()));
    }
}

#[test]
fn a_new_key_that_helseid_does_not_take_leaves_the_old_one_in_place() {
    let second = Duration::from_secs(1);
    let mut enrolment = client();
    let mut rotation = begun(&mut enrolment).with_pacing(Pacing::new(second, second, second * 2).unwrap());
    asked(&mut rotation);
    rotation.receive(added(), NOW).unwrap();
    let mut now = NOW;
    let error = loop {
        match rotation.step(now).unwrap() {
            Next::Send(_) => {
                if let Err(error) = rotation.receive(invalid_client(), now) {
                    break error;
                }
            }
            Next::Sleep(pause) => now += pause.duration,
            _ => panic!("not proven"),
        }
    };
    assert_eq!(error.code(), "timeout");
    assert_eq!((enrolment.key().reference(), enrolment.next_key()), ("key-1", Some(&new())));
    for refused in [answer(403, ""), silence(), answer(200, "{}")] {
        let mut rotation = Rotation::resume(&mut enrolment).unwrap();
        asked(&mut rotation);
        rotation.receive(list(&[&new()]), NOW).unwrap();
        asked(&mut rotation);
        assert!(rotation.receive(refused, NOW).is_err());
        assert_eq!(enrolment.key().reference(), "key-1");
    }
}

#[test]
fn a_service_that_retires_the_old_key_at_once_leaves_it_to_the_new_one_to_tell() {
    // The answer lost, the old key gone: within one run, and in the next.
    let mut enrolment = client();
    let mut rotation = begun(&mut enrolment);
    asked(&mut rotation);
    rotation.receive(silence(), NOW).unwrap();
    assert_eq!(asked(&mut rotation), "GET client-secret key-1");
    rotation.receive(invalid_client(), NOW).unwrap();
    proves(rotation, true);
    let mut enrolment = client();
    begun(&mut enrolment);
    let mut rotation = Rotation::resume(&mut enrolment).unwrap();
    asked(&mut rotation);
    rotation.receive(list(&[&new()]), NOW).unwrap();
    proves(rotation, true);
    // The new key not known yet either: it is waited for.
    let mut enrolment = client();
    begun(&mut enrolment);
    let mut rotation = Rotation::resume(&mut enrolment).unwrap();
    for _ in 0..2 {
        asked(&mut rotation);
        rotation.receive(invalid_client(), NOW).unwrap();
    }
    proves(rotation, true);
}

/// A service with real keys, and a trouble at one of its requests.
struct Service {
    keys: RefCell<Vec<Key>>,
    retires: bool,
    adds: RefCell<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Fine,
    Dropped,
    AnswerLost,
    Killed,
    KilledAfter,
}

impl Service {
    fn send(&self, order: &Order, fate: Fate) -> Result<Response> {
        if matches!(fate, Fate::Dropped | Fate::Killed) {
            return silence();
        }
        let signer = order.key.as_ref().unwrap();
        let given = if !self.keys.borrow().contains(signer) {
            invalid_client()
        } else if order.request.method == "POST" {
            *self.adds.borrow_mut() += 1;
            if self.retires {
                self.keys.borrow_mut().clear();
            }
            self.keys.borrow_mut().push(new());
            added()
        } else if order.request.url.ends_with("client-secret") {
            list(&self.keys.borrow().iter().collect::<Vec<_>>())
        } else {
            usable()
        };
        if fate == Fate::AnswerLost { silence() } else { given }
    }
}

/// Runs until done, or until the event `at` has its fate; answers whether it was done. What the store holds must always name a
/// key that the service knows.
fn live(store: &RefCell<String>, service: &Service, at: u32, fate: Fate) -> bool {
    let read = || Enrolment::parse(&Environment::test(), &store.borrow()).unwrap();
    let safe = |kept: &Enrolment| {
        let keys = service.keys.borrow();
        assert!(keys.contains(kept.key()) || kept.next_key().is_some_and(|next| keys.contains(next)), "a key is lost");
    };
    let mut enrolment = read();
    let mut kept = enrolment.clone();
    safe(&kept);
    if *enrolment.key() == new() {
        return true;
    }
    let mut rotation = match enrolment.next_key() {
        Some(_) => Rotation::resume(&mut enrolment).unwrap(),
        None => Rotation::begin(&mut enrolment, new()).unwrap(),
    };
    let (mut now, mut event) = (NOW, 0);
    loop {
        let fate = if event == at { fate } else { Fate::Fine };
        let killed = matches!(fate, Fate::Killed | Fate::KilledAfter);
        event += 1;
        match rotation.step(now) {
            Ok(Next::Store(text)) => {
                if fate == Fate::Killed {
                    return false;
                }
                store.replace(text);
                kept = read();
                safe(&kept);
                if killed {
                    return false;
                }
                rotation.accept_stored().unwrap();
            }
            Ok(Next::Send(order)) => {
                let given = service.send(&order, fate);
                safe(&kept);
                if killed || rotation.receive(given, now).is_err() {
                    return false;
                }
            }
            Ok(Next::Sleep(pause)) => now += pause.duration,
            Ok(Next::Done(done)) => {
                assert_eq!(done.key, new());
                return true;
            }
            _ => panic!("no other step"),
        }
    }
}

#[test]
fn a_program_that_ends_anywhere_twice_loses_no_key() {
    let (before, mut runs) = (client(), 0);
    for retires in [false, true] {
        for first in 0..6 {
            for second in 0..6 {
                for fate in [Fate::Dropped, Fate::AnswerLost, Fate::Killed, Fate::KilledAfter] {
                    for then in [Fate::AnswerLost, Fate::KilledAfter] {
                        let service = Service { keys: RefCell::new(vec![before.key().clone()]), retires, adds: RefCell::new(0) };
                        let store = RefCell::new(before.serialize());
                        let done = live(&store, &service, first, fate)
                            || live(&store, &service, second, then)
                            || live(&store, &service, 99, Fate::Fine);
                        let kept = Enrolment::parse(&Environment::test(), &store.borrow()).unwrap();
                        let why = format!("{retires} {first} {fate:?} {second} {then:?}");
                        assert!(done, "{why}");
                        assert_eq!((kept.key(), kept.next_key(), *service.adds.borrow()), (&new(), None, 1), "{why}");
                        runs += 1;
                    }
                }
            }
        }
    }
    assert_eq!(runs, 576);
}

#[test]
fn a_new_key_that_the_service_refuses_for_good_is_given_up_while_the_old_one_is_taken() {
    let mut enrolment = client();
    assert_eq!(code(Abandon::new(&mut enrolment)), "transaction_missing");
    let mut rotation = begun(&mut enrolment);
    assert_eq!(asked(&mut rotation), "POST client-secret key-1");
    assert_eq!(code(rotation.receive(answer(400, r#"{"title":"the key is refused"}"#), NOW)), "api_error");
    assert_eq!(code(Rotation::begin(&mut enrolment, key("key-3", THIRD))), "transaction_used", "until it is given up");

    // An old key that opens nothing any more, or a list nobody answered, gives nothing up.
    let mut abandon = Abandon::new(&mut enrolment).unwrap();
    assert_eq!(code(abandon.accept_stored()), "transaction_used");
    for (wrong, expected) in
        [(invalid_client(), "token_error"), (silence(), "network_error"), (answer(200, "{}"), "api_response_malformed")]
    {
        assert_eq!(sent(&mut abandon, NOW).key.unwrap().reference(), "key-1");
        assert_eq!(code(abandon.receive(wrong, NOW)), expected);
    }
    assert_eq!(enrolment.next_key(), Some(&new()));

    for registered in [false, true] {
        let mut enrolment = enrolment.clone();
        let mut abandon = Abandon::new(&mut enrolment).unwrap();
        let order = sent(&mut abandon, NOW);
        assert_eq!((order.request.method, order.request.url.rsplit('/').next()), ("GET", Some("client-secret")));
        abandon.receive(if registered { list(&[&new()]) } else { list(&[]) }, NOW).unwrap();
        assert_eq!(code(abandon.receive(list(&[]), NOW)), "transaction_used");
        let text = record(&mut abandon);
        assert!(!text.contains("key-2"));
        abandon.accept_stored().unwrap();
        let Next::Done(abandoned) = abandon.step(NOW).unwrap() else { panic!("done was expected") };
        assert_eq!((abandoned.key, abandoned.registered), (new(), registered));
        assert_eq!(code(abandon.step(NOW)), "transaction_used");
        assert_eq!(Enrolment::parse(&Environment::test(), &text).unwrap(), enrolment);
        assert_eq!(enrolment.key().reference(), "key-1");
        assert!(Rotation::begin(&mut enrolment, key("key-3", THIRD)).is_ok());
    }
}
