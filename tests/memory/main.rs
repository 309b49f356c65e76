//! What reading hostile JSON takes: memory counted by the allocator, and time by its growth.
//!
//! A program of its own, with one test at a time: the allocator counts for the whole process.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::arithmetic_side_effects, missing_docs)]

use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use samtykke::Response;
use samtykke::jose::{Algorithm, Jwk, jwks};
use samtykke::protocol::id_token::claims::Claims;
use samtykke::protocol::introspection::Introspection;
use samtykke::protocol::metadata::{Metadata, Policy};
use samtykke::protocol::profile::STANDARD;
use samtykke::protocol::token::Tokens;
use samtykke::protocol::userinfo::{self, Subject};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;
/// What reading one document of 1 MiB may take, beside the document itself.
const MOST: usize = 24 * MIB;

/// A document of a size whose member `x` is an array of one piece again and again.
fn of(head: &str, piece: &str, size: usize) -> String {
    let mut text = format!("{{{head}\"x\":[");
    while text.len() + piece.len() + 3 <= size {
        text.push_str(piece);
        text.push(',');
    }
    text.pop();
    text.push_str("]}");
    text
}

/// Pieces that take the most for what they weigh: nothing but structure, the smallest members, escapes, depth.
fn pieces() -> Vec<(&'static str, String)> {
    let members = |count: usize| format!("{{{}}}", (0..count).map(|at| format!("\"{at:x}\":1")).collect::<Vec<_>>().join(","));
    vec![
        ("empty objects", "{}".into()),
        ("empty arrays", "[]".into()),
        ("numbers", "1".into()),
        ("empty texts", "\"\"".into()),
        ("objects of one", "{\"\":0}".into()),
        ("objects of two", "{\"\":0,\"a\":0}".into()),
        ("objects of five", members(5)),
        ("objects of 256", members(256)),
        ("arrays of one", "[0]".into()),
        ("arrays of five", "[0,0,0,0,0]".into()),
        ("escapes", "\"\\n\"".into()),
        ("escaped names", "{\"\\n\":0}".into()),
        ("long escapes", format!("\"{}\"", "\\u0041".repeat(1000))),
        ("deep arrays", format!("{}{}", "[".repeat(29), "]".repeat(29))),
        ("deep objects", format!("{}0{}", "{\"\":".repeat(29), "}".repeat(29))),
        ("white space", format!("[{}]", " ".repeat(1000))),
        ("long numbers", "1".repeat(1000)),
        ("key_ops", format!("{{\"key_ops\":[{}]}}", vec!["\"a\""; 100].join(","))),
    ]
}

type Judge = fn(&str);

/// Every reader of JSON that a server's answer reaches, and what a document for it must hold.
fn judges() -> Vec<(&'static str, &'static str, Judge)> {
    fn answer(body: &str) -> Response {
        Response::new(200, Some("application/json"), body)
    }
    vec![
        ("claims", "", |body| drop(Claims::from_stored(body))),
        ("token", r#""access_token":"a","token_type":"Bearer","#, |body| drop(Tokens::judge(&answer(body), &Default::default()))),
        ("introspection", r#""active":true,"#, |body| drop(Introspection::judge(&answer(body)))),
        ("userinfo", r#""sub":"s","#, |body| drop(userinfo::judge(&answer(body), Subject::Unchecked))),
        (
            "metadata",
            r#""issuer":"https://a.example","authorization_endpoint":"https://a.example/a","token_endpoint":"https://a.example/t","#,
            |body| {
                if let Ok(found) = Metadata::judge(&answer(body), "https://a.example", &Policy::default()) {
                    drop(found.profile(&STANDARD, false));
                }
            },
        ),
        ("jwks", r#""keys":[],"#, |body| {
            if jwks::judge(&answer(body)).is_ok() {
                drop(jwks::select(body, Algorithm::from_name("ES256").unwrap(), None));
            }
        }),
        ("jwk", r#""kty":"RSA","#, |body| drop(Jwk::parse(body))),
        ("error", r#""error":"invalid_grant","#, |body| {
            drop(Tokens::judge(&Response::new(400, Some("application/json"), body), &Default::default()));
        }),
    ]
}

fn taken(judge: Judge, body: &str) -> usize {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    judge(body);
    MEMORY.peak_usage().saturating_sub(before)
}

/// Whether twice the length takes at most two and a half times as long. Other programs on the machine only add, so the shortest of
/// some runs counts, and a growth that is none shows in one of some rounds; a square shows in none.
fn is_linear(judge: Judge, half: &str, whole: &str) -> bool {
    let run = |body: &str| {
        let start = Instant::now();
        judge(body);
        start.elapsed()
    };
    let (mut short, mut long) = (Duration::MAX, Duration::MAX);
    (0..20).any(|_| {
        short = short.min(run(half));
        long = long.min(run(whole));
        // What is refused early takes no time to speak of.
        long <= Duration::from_micros(500) || long <= short.mul_f64(2.5)
    })
}

#[test]
fn one_mebibyte_takes_little_memory_and_its_time_grows_with_its_length() {
    let mut worst = (0, String::new());
    for (kind, head, judge) in judges() {
        for (name, piece) in pieces() {
            let body = of(head, &piece, MIB);
            let memory = taken(judge, &body);
            assert!(memory <= MOST, "{kind}: {name}: {memory} octets");
            if memory > worst.0 {
                worst = (memory, format!("{kind}: {name}"));
            }
            // The others read by this very reader, once; tests/package/memory.test.mjs measures them in the package's optimised build.
            let linear = kind != "claims" || is_linear(judge, &of(head, &piece, MIB / 2), &body);
            assert!(linear, "{kind}: {name} takes more than its length");
        }
    }
    println!("most: {} MiB for {}", worst.0 / MIB, worst.1);
}

/// A whole set is one key's `key_ops`: the look for doubles must not grow with its square.
#[test]
fn lists_in_a_key_are_short() {
    let key = |count: usize| {
        let names = (0..count).map(|at| format!("\"{at}\"")).collect::<Vec<_>>().join(",");
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","key_ops":["verify",{names}]}}"#)
    };
    assert!(Jwk::parse(&key(15)).is_ok());
    assert_eq!(Jwk::parse(&key(16)).unwrap_err().code(), "key_refused");
    let start = Instant::now();
    let set = format!("{{\"keys\":[{}]}}", key(40_000));
    let _ = jwks::select(&set, Algorithm::from_name("EdDSA").unwrap(), None);
    assert!(start.elapsed() < Duration::from_secs(1));
}
