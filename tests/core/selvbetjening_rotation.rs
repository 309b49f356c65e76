//! A key replaced in two phases: every answer lost, every step a program can end at, and never a key that is gone.

use std::cell::RefCell;
use std::sync::LazyLock;
use std::time::Duration;

use samtykke::flow::machine::{Failure, Input};
use samtykke::flow::step::CallRequest;
use samtykke::provider::selvbetjening::{Abandon, Api, ClientSecret, Enrolment, Environment, Key, Pacing, Rotated, Rotation, SecretBody};
use samtykke::{Response, Result, Step};

use crate::selvbetjening_process::{ENDS, NEW, Steps, answer, client, code, invalid_client, key, list, record, sent, silence, steps};

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

/// A key as the service lists it, which ends soon after 1970.
fn listed(key: &Key) -> ClientSecret {
    let list = format!(r#"[{{"jwkThumbprint":"{}","expiration":"1970-01-01T00:00:07Z"}}]"#, key.public().thumbprint());
    Api::new(&Environment::test()).secrets().finish(&Response::new(200, None, &list)).unwrap().remove(0)
}

type Rotating<'e> = Steps<Rotation<&'e mut Enrolment>>;

/// Method, last part of the path, and whose key goes with it.
fn asked(rotation: &Rotating<'_>) -> String {
    let (request, key) = sent(rotation);
    format!("{} {} {key}", request.method, request.url.rsplit('/').next().unwrap())
}

fn stored(rotation: &mut Rotating<'_>) -> String {
    let text = record(rotation);
    rotation.stored().unwrap();
    text
}

/// A rotation whose new key is stored.
fn begun(enrolment: &mut Enrolment) -> Rotating<'_> {
    let mut rotation = steps(Rotation::begin(enrolment, new()).unwrap());
    stored(&mut rotation);
    rotation
}

fn resumed(enrolment: &mut Enrolment) -> Rotating<'_> {
    steps(Rotation::resume(enrolment).unwrap())
}

/// From the proof on: asked with the new key, stored, done.
fn proves(mut rotation: Rotating<'_>, recovered: bool) -> Rotated {
    assert_eq!(asked(&rotation), "GET client key-2");
    rotation.receive(usable(), NOW).unwrap();
    let last = stored(&mut rotation);
    assert!(last.contains("key-2") && !last.contains("key-1") && !last.contains("next"));
    let done = rotation.done();
    assert_eq!((done.key.reference(), done.retired.reference(), done.recovered), ("key-2", "key-1", recovered));
    done
}

#[test]
fn the_old_key_goes_when_the_new_one_is_proven_and_stored_and_not_before() {
    let mut enrolment = client();
    let mut rotation = steps(Rotation::begin(&mut enrolment, new()).unwrap());
    assert_eq!(code(rotation.receive(added(), NOW)), "transaction_used");
    let first = stored(&mut rotation);
    assert_eq!(code(rotation.stored()), "transaction_used");
    let half = Enrolment::parse(&Environment::test(), &first).unwrap();
    assert_eq!((half.key().reference(), half.next_key()), ("key-1", Some(&new())));
    assert_eq!(asked(&rotation), "POST client-secret key-1");
    rotation.receive(added(), NOW).unwrap();
    // HelseID does not know the new key yet.
    assert_eq!(asked(&rotation), "GET client key-2");
    rotation.receive(invalid_client(), NOW).unwrap();
    assert!(matches!(rotation.step(), Step::Sleep(1000)));
    assert_eq!(rotation.machine.proof().unwrap().pause().unwrap().attempts, 1);
    assert_eq!(code(rotation.stored()), "transaction_used", "not proven");
    let later = NOW + Duration::from_secs(1);
    rotation.give(Input::Slept, later).unwrap();
    assert_eq!(asked(&rotation), "GET client key-2");
    rotation.receive(usable(), later).unwrap();
    let last = stored(&mut rotation);
    let done = rotation.done();
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
    rotation.receive(added(), NOW).unwrap();
    rotation.receive(usable(), NOW).unwrap();
    record(&rotation);
    assert_eq!(code(rotation.give(Input::Failed(Failure::Store), NOW)), "store_failed");
    rotation.is_over();
    assert_eq!((enrolment.key().reference(), enrolment.next_key()), ("key-1", Some(&new())));
    let mut enrolment = client();
    let mut rotation = steps(Rotation::begin(&mut enrolment, new()).unwrap());
    record(&rotation);
    assert_eq!(code(rotation.give(Input::Failed(Failure::Store), NOW)), "store_failed");
    rotation.is_over();
    assert_eq!(enrolment, client(), "nor a new key that was not stored");
}

#[test]
fn a_record_that_a_machine_stores_takes_up_what_others_stored_meanwhile() {
    let mut enrolment = client();
    let mut rotation = steps(Rotation::begin(enrolment.clone(), new()).unwrap());
    assert!(enrolment.learn_key(&[listed(enrolment.key())]), "meanwhile");
    let read = |text: &str| Enrolment::parse(&Environment::test(), text).unwrap();
    let first = read(&record(&rotation)).over(&enrolment);
    assert_eq!((first.key_expires_at(), first.next_key()), (Some(7), Some(&new())));
    rotation.stored().unwrap();
    rotation.receive(added(), NOW).unwrap();
    rotation.receive(usable(), NOW).unwrap();
    // When the old key ends is nothing to the new one.
    let last = read(&record(&rotation)).over(&first);
    assert_eq!((last.key(), last.key_expires_at(), last.next_key()), (&new(), Some(1_767_186_793), None));
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
        rotation.receive(lost, NOW).unwrap();
        assert_eq!(asked(&rotation), "GET client-secret key-1");
        rotation.receive(list(&[&key("key-1", crate::selvbetjening_process::OLD), &new()]), NOW).unwrap();
        assert_eq!(proves(rotation, true).expires_at, Some(1_767_186_793));
    }
}

#[test]
fn a_registration_that_was_never_carried_out_is_made_again_once() {
    let mut enrolment = client();
    let mut rotation = steps(Rotation::begin(&mut enrolment, new()).unwrap().body(SecretBody::Object));
    stored(&mut rotation);
    rotation.receive(silence(), NOW).unwrap();
    rotation.receive(list(&[&key("key-1", crate::selvbetjening_process::OLD)]), NOW).unwrap();
    assert_eq!(sent(&rotation).0.body.as_ref().unwrap().expose(), new().public().json(), "the same key");
    rotation.receive(added(), NOW).unwrap();
    proves(rotation, false);

    let mut enrolment = client();
    let mut rotation = begun(&mut enrolment);
    for _ in 0..2 {
        assert_eq!(asked(&rotation), "POST client-secret key-1");
        if rotation.receive(silence(), NOW).is_err() {
            break;
        }
        rotation.receive(list(&[]), NOW).unwrap();
    }
    rotation.is_over(); // twice is enough
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
        assert_eq!(code(rotation.receive(given, NOW)), expected);
        rotation.is_over();
        let mut rotation = resumed(&mut enrolment);
        // The old key may have ended with the registration, so the new one is asked first.
        assert_eq!(asked(&rotation), "GET client-secret key-2");
        rotation.receive(invalid_client(), NOW).unwrap();
        assert_eq!(asked(&rotation), "GET client-secret key-1");
        rotation.receive(list(&[]), NOW).unwrap();
        assert_eq!(asked(&rotation), "POST client-secret key-1");
        rotation.receive(added(), NOW).unwrap();
        proves(rotation, false);
    }
    // Each look can fail, too.
    for at in [0, 1] {
        let mut enrolment = client();
        begun(&mut enrolment);
        let mut rotation = resumed(&mut enrolment);
        for _ in 0..at {
            rotation.receive(invalid_client(), NOW).unwrap();
        }
        assert_eq!(code(rotation.receive(silence(), NOW)), "network_error");
        assert_eq!(enrolment.next_key(), Some(&new()));
    }
}

#[test]
fn a_new_key_that_helseid_does_not_take_leaves_the_old_one_in_place() {
    let second = Duration::from_secs(1);
    let mut enrolment = client();
    let pacing = Pacing::new(second, second, second * 2).unwrap();
    let mut rotation = steps(Rotation::begin(&mut enrolment, new()).unwrap().with_pacing(pacing));
    stored(&mut rotation);
    rotation.receive(added(), NOW).unwrap();
    let mut now = NOW;
    let error = loop {
        if let Err(error) = rotation.receive(invalid_client(), now) {
            break error;
        }
        now += second;
        rotation.give(Input::Slept, now).unwrap();
    };
    assert_eq!(error.code(), "timeout");
    assert_eq!((enrolment.key().reference(), enrolment.next_key()), ("key-1", Some(&new())));
    for refused in [answer(403, ""), silence(), answer(200, "{}")] {
        let mut rotation = resumed(&mut enrolment);
        rotation.receive(list(&[&new()]), NOW).unwrap();
        assert!(rotation.receive(refused, NOW).is_err());
        assert_eq!(enrolment.key().reference(), "key-1");
    }
}

#[test]
fn a_service_that_retires_the_old_key_at_once_leaves_it_to_the_new_one_to_tell() {
    // The answer lost, the old key gone: within one run, and in the next.
    let mut enrolment = client();
    let mut rotation = begun(&mut enrolment);
    rotation.receive(silence(), NOW).unwrap();
    assert_eq!(asked(&rotation), "GET client-secret key-1");
    rotation.receive(invalid_client(), NOW).unwrap();
    proves(rotation, true);
    let mut enrolment = client();
    begun(&mut enrolment);
    let mut rotation = resumed(&mut enrolment);
    rotation.receive(list(&[&new()]), NOW).unwrap();
    proves(rotation, true);
    // The new key not known yet either: it is waited for.
    let mut enrolment = client();
    begun(&mut enrolment);
    let mut rotation = resumed(&mut enrolment);
    for _ in 0..2 {
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
    fn send(&self, order: &CallRequest, fate: Fate) -> Result<Response> {
        if matches!(fate, Fate::Dropped | Fate::Killed) {
            return silence();
        }
        let given = if !self.keys.borrow().iter().any(|key| key.reference() == order.key) {
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
    let rotation = match enrolment.next_key() {
        Some(_) => Rotation::resume(&mut enrolment).unwrap(),
        None => Rotation::begin(&mut enrolment, new()).unwrap(),
    };
    let (mut rotation, mut event) = (steps(rotation), 0);
    loop {
        let fate = if event == at { fate } else { Fate::Fine };
        let killed = matches!(fate, Fate::Killed | Fate::KilledAfter);
        event += 1;
        match rotation.step() {
            Step::Store(text) => {
                if fate == Fate::Killed {
                    return false;
                }
                store.replace(text.expose().into());
                kept = read();
                safe(&kept);
                if killed {
                    return false;
                }
                rotation.stored().unwrap();
            }
            Step::Call(order) => {
                let given = service.send(order, fate);
                safe(&kept);
                if killed || rotation.receive(given, NOW).is_err() {
                    return false;
                }
            }
            Step::Done(done) => {
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
    assert_eq!(asked(&rotation), "POST client-secret key-1");
    assert_eq!(code(rotation.receive(answer(400, r#"{"title":"the key is refused"}"#), NOW)), "api_error");
    assert_eq!(code(Rotation::begin(&mut enrolment, key("key-3", THIRD))), "transaction_used", "until it is given up");

    // An old key that opens nothing any more, or a list nobody answered, gives nothing up.
    for (wrong, expected) in
        [(invalid_client(), "token_error"), (silence(), "network_error"), (answer(200, "{}"), "api_response_malformed")]
    {
        let mut abandon = steps(Abandon::new(&mut enrolment).unwrap());
        assert_eq!(code(abandon.stored()), "transaction_used");
        assert_eq!(sent(&abandon).1, "key-1");
        assert_eq!(code(abandon.receive(wrong, NOW)), expected);
        abandon.is_over();
    }
    assert_eq!(enrolment.next_key(), Some(&new()));

    for registered in [false, true] {
        let mut enrolment = enrolment.clone();
        let mut abandon = steps(Abandon::new(&mut enrolment).unwrap());
        let (request, _) = sent(&abandon);
        assert_eq!((request.method, request.url.rsplit('/').next()), ("GET", Some("client-secret")));
        let answer = || if registered { list(&[&new()]) } else { list(&[]) };
        abandon.receive(answer(), NOW).unwrap();
        assert_eq!(code(abandon.receive(list(&[]), NOW)), "transaction_used");
        assert_eq!(code(abandon.give(Input::Failed(Failure::Store), NOW)), "store_failed");
        abandon.is_over();
        assert_eq!(enrolment.next_key(), Some(&new()), "until that is stored");
        let mut abandon = steps(Abandon::new(&mut enrolment).unwrap());
        abandon.receive(answer(), NOW).unwrap();
        let text = record(&abandon);
        assert!(!text.contains("key-2"));
        abandon.stored().unwrap();
        let abandoned = abandon.done();
        assert_eq!((abandoned.key, abandoned.registered), (new(), registered));
        assert_eq!(Enrolment::parse(&Environment::test(), &text).unwrap(), enrolment);
        assert_eq!(enrolment.key().reference(), "key-1");
        assert!(Rotation::begin(&mut enrolment, key("key-3", THIRD)).is_ok());
    }
}
