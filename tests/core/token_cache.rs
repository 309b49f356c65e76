//! The token cache: names, early replacement, who asks and who waits, pauses, refused tokens, clocks that jump.

use samtykke::protocol::token::Expectation;
use samtykke::protocol::token_cache::{Decision, Fault, Policy, Target, TokenCache, early, pause};
use samtykke::{Response, Tokens};

const NAME: &str = "target";

fn tokens(text: &str, expires_in: &str) -> Tokens {
    let body = format!(r#"{{"access_token":"{text}","token_type":"Bearer"{expires_in}}}"#);
    Tokens::judge(&Response::new(200, Some("application/json"), &body), &Expectation::default()).unwrap()
}

fn living(text: &str, seconds: u32) -> Tokens {
    tokens(text, &format!(r#","expires_in":{seconds}"#))
}

/// `f` and the token, `a` to ask, `w` and when to decide again.
fn decided(cache: &mut TokenCache, now: u64) -> String {
    match cache.decide(NAME, now) {
        Decision::Fresh(tokens) => format!("f {}", tokens.access_token.expose()),
        Decision::Ask => "a".into(),
        Decision::Wait { until } => format!("w {until}"),
    }
}

#[test]
fn times_are_those_of_the_shared_table() {
    let mut rows = 0;
    for row in include_str!("../tokens/clock.txt").lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = row.split('|').collect();
        let number = |at: usize| columns[at].parse::<u64>().unwrap();
        match columns[0] {
            "early" => assert_eq!(early(number(1), number(2), u16::try_from(number(3)).unwrap()), number(4), "{row}"),
            _ => {
                let fault = if columns[1] == "trouble" { Fault::Trouble } else { Fault::Refused };
                let retry_after = columns[3].parse().ok();
                let random = u16::try_from(number(4)).unwrap();
                assert_eq!(pause(fault, u32::try_from(number(2)).unwrap(), retry_after, random), number(5), "{row}");
            }
        }
        rows += 1;
    }
    assert!(rows > 20);
}

#[test]
fn names_keep_apart_what_differs_and_join_what_does_not() {
    let base = Target { issuer: "https://op.example/", client_id: "c", scope: "a b", ..Target::default() };
    let same = [Target { scope: "b a", ..base }, Target { scope: " b  a a ", ..base }];
    for one in same {
        assert_eq!(one.name(), base.name());
    }
    let others = [
        base,
        Target { issuer: "https://op.example", ..base },
        Target { client_id: "d", ..base },
        Target { key: "k1", ..base },
        Target { scope: "a", ..base },
        Target { scope: "a b\nua", ..base },
        Target { scope: "a b\\nua", ..base },
        Target { resource: &["x"], ..base },
        Target { resource: &["x", "y"], ..base },
        Target { resource: &["x\nry"], ..base },
        Target { audience: &["x"], ..base },
        Target { organisation: "x", ..base },
        Target { subject: "x", ..base },
        Target { subject: "a", ..base },
        Target { more: &[("x", "y")], ..base },
        Target { more: &[("y", "x")], ..base },
    ];
    let names: std::collections::BTreeSet<String> = others.iter().map(Target::name).collect();
    assert_eq!(names.len(), others.len());
    assert_eq!(Target { resource: &["y", "x"], ..base }.name(), Target { resource: &["x", "y"], ..base }.name());
    assert_eq!(Target { more: &[("b", "1"), ("a", "2")], ..base }.name(), Target { more: &[("a", "2"), ("b", "1")], ..base }.name());
}

#[test]
fn one_asks_and_the_others_wait_until_the_lease_ends() {
    let mut cache = TokenCache::default();
    assert_eq!(decided(&mut cache, 1_000), "a");
    assert_eq!(decided(&mut cache, 1_001), "w 13000");
    assert_eq!(decided(&mut cache, 12_999), "w 13000");
    // Whoever asked has gone: the next one asks.
    assert_eq!(decided(&mut cache, 13_000), "a");
    assert_eq!(decided(&mut cache, 13_001), "w 25000");
    cache.keep(NAME, living("t1", 120), 14_000, 0);
    assert_eq!(decided(&mut cache, 14_000), "f t1");
}

#[test]
fn a_token_is_replaced_early_by_one_while_the_others_still_use_it() {
    let mut cache = TokenCache::default();
    cache.keep(NAME, living("t1", 120), 0, 0);
    assert_eq!(decided(&mut cache, 59_999), "f t1");
    assert_eq!(decided(&mut cache, 60_000), "a");
    assert_eq!(decided(&mut cache, 60_001), "f t1");
    cache.fail(NAME, Fault::Trouble, Some(30), 61_000, 0);
    assert_eq!(decided(&mut cache, 90_999), "f t1");
    assert_eq!(decided(&mut cache, 91_000), "a");
    cache.fail(NAME, Fault::Trouble, Some(60), 92_000, 0);
    // Past its end it is nobody's, whatever the provider's state.
    assert_eq!(decided(&mut cache, 119_999), "f t1");
    assert_eq!(decided(&mut cache, 120_000), "w 152000");
}

#[test]
fn failures_grow_the_pause_and_a_token_ends_it() {
    let mut cache = TokenCache::default();
    assert_eq!(decided(&mut cache, 0), "a");
    assert_eq!(cache.fail(NAME, Fault::Trouble, None, 0, 0), 250);
    assert_eq!(decided(&mut cache, 249), "w 250");
    assert_eq!(decided(&mut cache, 250), "a");
    assert_eq!(cache.fail(NAME, Fault::Trouble, None, 250, 0), 500);
    assert_eq!(decided(&mut cache, 750), "a");
    cache.keep(NAME, living("t1", 0), 800, 0);
    assert_eq!(cache.fail(NAME, Fault::Refused, None, 800, 0), 2_000);
}

#[test]
fn odd_lifetimes_never_keep_a_token_too_long() {
    let mut cache = TokenCache::default();
    cache.keep(NAME, living("none", 0), 5, 0);
    assert_eq!(decided(&mut cache, 5), "a");
    cache.keep(NAME, tokens("unsaid", ""), 5, 0);
    assert_eq!(decided(&mut cache, 30_004), "f unsaid");
    assert_eq!(decided(&mut cache, 30_005), "a");
    cache.keep(NAME, living("short", 30), 0, u16::MAX);
    assert_eq!(decided(&mut cache, 12_000), "f short");
    assert_eq!(decided(&mut cache, 15_000), "a");
}

#[test]
fn a_refused_token_goes_once_in_half_a_minute() {
    let mut cache = TokenCache::default();
    cache.keep(NAME, living("t1", 3600), 0, 0);
    assert!(cache.refuse(NAME, "t0", 10), "an older one has been replaced already");
    assert_eq!(decided(&mut cache, 10), "f t1");
    assert!(cache.refuse(NAME, "t1", 10));
    assert_eq!(decided(&mut cache, 10), "a");
    cache.keep(NAME, living("t2", 3600), 20, 0);
    assert!(!cache.refuse(NAME, "t2", 30_009), "the API's trouble is another");
    assert_eq!(decided(&mut cache, 30_009), "f t2");
    assert!(cache.refuse(NAME, "t2", 30_010));
    assert_eq!(decided(&mut cache, 30_010), "a");
}

#[test]
fn a_clock_that_goes_back_makes_nobody_wait_and_no_token_younger() {
    let mut cache = TokenCache::default();
    cache.keep(NAME, living("t1", 3600), 100_000_000, 0);
    assert_eq!(decided(&mut cache, 40_000_000), "a");
    let mut cache = TokenCache::default();
    assert_eq!(decided(&mut cache, 100_000_000), "a");
    assert_eq!(decided(&mut cache, 40_000_000), "a");
    cache.fail(NAME, Fault::Trouble, Some(600), 100_000_000, 0);
    assert_eq!(decided(&mut cache, 40_000_000), "a");
}

#[test]
fn no_more_entries_than_allowed_and_the_ended_go_first() {
    let mut cache = TokenCache::new(Policy { most: 2, ..Policy::default() });
    cache.keep("long", living("long", 3600), 0, 0);
    cache.keep("short", living("short", 100), 0, 0);
    assert!(matches!(cache.decide("third", 1_000), Decision::Ask));
    assert!(matches!(cache.decide("long", 1_000), Decision::Fresh(_)));
    assert!(matches!(cache.decide("short", 1_000), Decision::Ask), "the one that ends first made room");
    cache.keep("fourth", living("fourth", 3600), 1_000, 0);
    cache.fail("fifth", Fault::Trouble, None, 1_000, 0);
    let held =
        ["long", "short", "third", "fourth", "fifth"].iter().filter(|name| !matches!(cache.decide(name, 1_001), Decision::Ask)).count();
    assert!(held <= 2, "{held}");
    assert_eq!(format!("{cache:?}"), "TokenCache(…)");
}

#[test]
fn trouble_is_told_from_a_refusal() {
    let of = |status: u16, kind: &str, body: &str| {
        Fault::of(&Tokens::judge(&Response::new(status, Some(kind), body), &Expectation::default()).unwrap_err())
    };
    for (status, body) in [
        (429, r#"{"error":"invalid_request"}"#),
        (500, ""),
        (503, "<html>"),
        (400, r#"{"error":"temporarily_unavailable"}"#),
        (400, r#"{"error":"server_error"}"#),
        (200, r#"{"access_token":"#),
    ] {
        assert_eq!(of(status, "application/json", body), Fault::Trouble, "{status} {body}");
    }
    assert_eq!(of(200, "text/html", "<html>"), Fault::Trouble);
    for (status, body) in [(400, r#"{"error":"invalid_grant"}"#), (401, r#"{"error":"invalid_client"}"#), (403, r#"{"error":"x"}"#)] {
        assert_eq!(of(status, "application/json", body), Fault::Refused, "{status} {body}");
    }
}
