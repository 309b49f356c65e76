//! What reading hostile JSON takes: memory counted by the allocator, and time by its growth.
//!
//! A program of its own, with one test at a time: the allocator counts for the whole process.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::arithmetic_side_effects, missing_docs)]

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use samtykke::flow::discovery::Discovery;
use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::jose::{Algorithm, Compact, Encryption, Jwk, der, jwks};
use samtykke::protocol::authorization::transaction::ResponseMode;
use samtykke::protocol::challenge::Challenge;
use samtykke::protocol::id_token::claims::Claims;
use samtykke::protocol::introspection::Introspection;
use samtykke::protocol::metadata::{Metadata, Policy};
use samtykke::protocol::profile::STANDARD;
use samtykke::protocol::token::{TokenType, Tokens};
use samtykke::protocol::userinfo::{self, Subject};
use samtykke::provider::acmidm::Ping;
use samtykke::signer::p256::P256Key;
use samtykke::signer::pkcs12;
use samtykke::{AuthorizationCode, AuthorizationRequest, Callback, Exchange, Profile, Registration, Request, Response, Transaction};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Held by the one test that runs.
static ALONE: Mutex<()> = Mutex::new(());

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

/// What this thread has been given of a processor, where Linux tells it: time by which other programs hold it up is none of its own.
fn processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn time_of(work: impl FnOnce()) -> Duration {
    let (start, before) = (Instant::now(), processor());
    work();
    let wall = start.elapsed();
    before.zip(processor()).map_or(wall, |(before, after)| after.saturating_sub(before))
}

/// Whether each doubling of the length takes at most two and a half times as long, over three of them, as one alone may be where the
/// text no longer fits into a cache. Other programs on the machine only add, so the shortest of some runs counts, and a growth that
/// is none shows in one of some rounds; a square, sixty-four times, shows in none.
fn is_linear(judge: Judge, part: &str, whole: &str) -> bool {
    // Many times each, as Linux counts in steps of milliseconds.
    let run = |body: &str, times: u32| time_of(|| (0..times).for_each(|_| judge(body))) / times;
    let (mut short, mut long) = (Duration::MAX, Duration::MAX);
    (0..20).any(|_| {
        short = short.min(run(part, 16));
        long = long.min(run(whole, 2));
        // What is refused early takes no time to speak of.
        long <= Duration::from_micros(500) || long <= short.mul_f64(2.5 * 2.5 * 2.5)
    })
}

#[test]
fn one_mebibyte_takes_little_memory_and_its_time_grows_with_its_length() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
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
            let linear = kind != "claims" || is_linear(judge, &of(head, &piece, MIB / 8), &body);
            assert!(linear, "{kind}: {name} takes more than its length");
        }
    }
    println!("most: {} MiB for {}", worst.0 / MIB, worst.1);
}

/// A text of a size: `head`, one piece again and again, `tail`.
fn text_of(head: &str, piece: &str, tail: &str, size: usize) -> String {
    [head, &piece.repeat((size - head.len() - tail.len()) / piece.len()), tail].concat()
}

const REDIRECT: &str = "https://rp.example/cb";

fn client() -> Registration {
    let mut profile = Profile::new("https://op.example", "https://op.example/a", "https://op.example/t");
    profile.endpoints.jwks_uri = Some("https://op.example/jwks".into());
    profile.requests.encryption = Some(Encryption::new(&["RSA-OAEP-256"], &["A256GCM"]).unwrap());
    Registration::new(profile, "client-1", REDIRECT).unwrap()
}

fn back(callback: Callback<'_>, mode: ResponseMode) {
    let client = client();
    let login = client.begin(AuthorizationRequest::new("read").response_mode(mode), &[7; 96], 1_700_000_000).unwrap();
    drop(login.transaction.finish(&client, callback, 1_700_000_000));
}

fn verified(token: &str) {
    let mut exchange = Exchange::<Claims>::id_token(&client(), token);
    drop(exchange.advance(Input::Start, &Moment { now: 1_700_000_000, random: &[7; 32] }));
}

fn called(url: &str) {
    let tokens = Tokens::bare("a.b", TokenType::Bearer);
    let request = Request { method: "GET", url: url.into(), headers: Vec::new(), body: None, repeatable: true };
    drop(Exchange::resource(&client(), &tokens, &["https://rs.example"], request));
}

/// Every reader of a text that is no JSON: what stands before and after the pieces, and these.
#[allow(clippy::type_complexity, reason = "a table")]
fn readers() -> Vec<(&'static str, Judge, &'static str, &'static str, &'static [&'static str])> {
    const FORM: &[&str] = &["&a", "&a=b", "%41", "&=", "&%41=%41", "&state=x", "+"];
    const JWT: &[&str] = &["A", ".", "e30.", "eyJhbGciOiJSUzI1NiJ9."];
    const PEM: &[&str] = &["A", "\n", "\\\\", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "-----BEGIN ", "\n\\n"];
    const KEY: (&str, &str) = ("-----BEGIN PRIVATE KEY-----\n", "\n-----END PRIVATE KEY-----");
    vec![
        ("callback", |url| back(Callback::Url(url), ResponseMode::Query), "https://rp.example/cb?code=a", "", FORM),
        ("fragment", |url| back(Callback::Url(url), ResponseMode::Fragment), "https://rp.example/cb#code=a", "", FORM),
        (
            "form_post",
            |body| back(Callback::FormPost { content_type: "application/x-www-form-urlencoded", body }, ResponseMode::FormPost),
            "code=a",
            "",
            FORM,
        ),
        ("transaction", |text| drop(Transaction::restore(text)), "", "", &["a ", " ", "%41", "a"]),
        ("code", |text| drop(AuthorizationCode::restore(text)), "", "", &["a ", " ", "%41", "a"]),
        ("JWS", |token| drop(Compact::parse(token)), "", "", JWT),
        ("id_token", verified, "eyJhbGciOiJSUzI1NiJ9.", ".AAAA", JWT),
        ("JWE", verified, "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIn0.AAAA.AAAA.", ".AAAA", JWT),
        ("challenge", |header| drop(Challenge::parse(header)), "", "", &["a,", ",", "a b,", "Bearer a=\"b\",", "a=b,", "\\\"", " ", "a"]),
        ("challenge, quoted", |header| drop(Challenge::parse(header)), "Bearer a=\"", "\"", &["\\\\", "a", "\u{e5}"]),
        ("certificates", |pem| drop(der::certificates(pem)), "", "", PEM),
        ("public key", |pem| drop(der::public_key(pem)), "-----BEGIN PUBLIC KEY-----\n", "\n-----END PUBLIC KEY-----", PEM),
        ("private key", |pem| drop(P256Key::from_pem(pem)), KEY.0, KEY.1, PEM),
        ("certificate", |text| drop(der::certificate(text.as_bytes())), "", "", &["0\u{0}", "0\u{1}\u{5}", "a"]),
        ("PKCS#12", |text| drop(pkcs12::read(text.as_bytes(), "secret")), "", "", &["0\u{0}", "0\u{1}\u{5}", "a"]),
        ("API's address", called, "https://rs.example/", "", &["a/", "|", "%41", "{}", "../", "?a=b", "\u{e5}", "#"]),
        ("issuer", |url| drop(Discovery::new(url, Policy::default())), "https://op.example/", "", &["a/", ".", "?", "%41"]),
        ("host", |url| drop(Discovery::new(url, Policy::default())), "https://", "/", &["a.", "[", ":", "1.", "xn--", "@"]),
        ("scope", |scope| drop(client().begin(AuthorizationRequest::new(scope), &[7; 96], 0)), "", "", &["a ", " ", "a"]),
    ]
}

#[test]
fn one_mebibyte_of_any_text_takes_little_memory_and_time_by_its_length() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut worst = (0, String::new());
    for (kind, judge, head, tail, pieces) in readers() {
        for piece in pieces {
            let body = text_of(head, piece, tail, MIB);
            let memory = taken(judge, &body);
            assert!(memory <= MOST, "{kind}: {piece:?}: {memory} octets");
            if memory > worst.0 {
                worst = (memory, format!("{kind}: {piece:?}"));
            }
            assert!(is_linear(judge, &text_of(head, piece, tail, MIB / 8), &body), "{kind}: {piece:?} takes more than its length");
        }
    }
    println!("most: {} MiB for {}", worst.0 / MIB, worst.1);
}

/// Scopes of a ping are compared each with each, as far as any client has some.
#[test]
fn a_ping_of_many_scopes_takes_time_by_their_number() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = |count: usize| {
        let scopes = (0..count).map(|at| format!("\"s{at}\"")).collect::<Vec<_>>().join(",");
        Response::new(200, Some("application/json"), &format!(r#"{{"clientId":"c","scopes":[{scopes}]}}"#))
    };
    assert_eq!(Ping::judge(&answer(60_000)).unwrap().scopes.len(), 60_000);
    let linear = (0..20).any(|_| {
        let time = |count| {
            let answer = answer(count);
            time_of(|| drop(Ping::judge(&answer)))
        };
        time(60_000) <= time(7_500).mul_f64(2.5 * 2.5 * 2.5)
    });
    assert!(linear);
}

/// A whole set is one key's `key_ops`: the look for doubles must not grow with its square.
#[test]
fn lists_in_a_key_are_short() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let key = |count: usize| {
        let names = (0..count).map(|at| format!("\"{at}\"")).collect::<Vec<_>>().join(",");
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","key_ops":["verify",{names}]}}"#)
    };
    assert!(Jwk::parse(&key(15)).is_ok());
    assert_eq!(Jwk::parse(&key(16)).unwrap_err().code(), "key_refused");
    let set = format!("{{\"keys\":[{}]}}", key(40_000));
    let time = time_of(|| drop(jwks::select(&set, Algorithm::from_name("EdDSA").unwrap(), None)));
    assert!(time < Duration::from_secs(1));
}
