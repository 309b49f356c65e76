//! What the npm package's wasm exports: one function, text in and text out.
//!
//! A message is lines: an operation, its values, and where noted the rest of the text. An answer that starts
//! with `!` is an error. Nothing long-lived crosses, nothing has to be freed, no object of the host is trusted.

// wasm-bindgen asks for `pub` on what it exports.
#![allow(unreachable_pub)]

#[cfg(samtykke_entry = "acmidm")]
mod acmidm;
#[cfg(any(samtykke_entry = "adfs", samtykke_operation = "adfs"))]
mod adfs;
#[cfg(samtykke_operation = "altinn")]
mod altinn;
#[cfg(not(any(samtykke_entry = "browser", samtykke_entry = "full", samtykke_entry = "exchange")))]
mod apis;
mod browser;
#[cfg(not(samtykke_entry = "browser"))]
mod exchanges;
#[cfg(not(samtykke_entry = "browser"))]
mod full;
#[cfg(samtykke_entry = "halland")]
mod halland;
#[cfg(samtykke_entry = "helseid")]
mod helseid;
#[cfg(samtykke_entry = "helseid")]
mod helseid_machines;
#[cfg(not(samtykke_entry = "browser"))]
mod jose;
#[cfg(not(samtykke_entry = "browser"))]
mod judges;
#[cfg(not(samtykke_entry = "browser"))]
mod lookups;
#[cfg(samtykke_entry = "maskinporten")]
mod maskinporten;
#[cfg(samtykke_entry = "norskgjeld")]
mod norskgjeld;
#[cfg(not(samtykke_entry = "browser"))]
mod outcome;
#[cfg(not(samtykke_entry = "browser"))]
mod party;
#[cfg(samtykke_entry = "exchange")]
mod public;
#[cfg(not(samtykke_entry = "browser"))]
mod run;
#[cfg(samtykke_entry = "selvbetjening")]
mod selvbetjening;
#[cfg(samtykke_entry = "selvbetjening")]
mod selvbetjening_machines;
#[cfg(any(samtykke_entry = "full", samtykke_machine = "session", samtykke_machine = "helseid_session"))]
mod sharing;
#[cfg(not(samtykke_entry = "browser"))]
mod text;

/// Picks the operation of a name: all of them in the generic client's wasm, in a provider's those that pkg/build.mjs links into it.
#[cfg(not(samtykke_entry = "browser"))]
macro_rules! operations {
    ($operation:expr, { $($name:literal => $run:expr,)* }, $otherwise:expr) => {
        match $operation {
            $(
                #[cfg(any(samtykke_entry = "full", samtykke_operation = $name))]
                $name => $run,
            )*
            _ => $otherwise,
        }
    };
}
#[cfg(not(samtykke_entry = "browser"))]
use operations;

use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::ground::error::{Error, Result, codes};
#[cfg(not(samtykke_entry = "browser"))]
use crate::ground::text::{decimal, number};
use crate::ground::text::{push, take};

#[global_allocator]
static ALLOCATOR: mini_alloc::MiniAlloc = mini_alloc::MiniAlloc::INIT;

/// No code path panics; were one to, the host sees a trap and no text of ours.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Runs one operation. `random` holds 96 octets for `begin` and is empty for all others.
/// Gives the answer's address, plus its length times 2^32.
#[wasm_bindgen]
pub fn call(input: &str, random: &[u8]) -> f64 {
    let mut text = Vec::new();
    let done = run(Lines(input), random, &mut text);
    if let Err(error) = done {
        text.clear();
        failure(&error, &mut text);
    }
    // Address and length in one number, exactly: nothing is freed, so there is nothing to hand over.
    let answer = text.leak();
    answer.as_ptr().addr() as f64 + answer.len() as f64 * TWO_TO_THE_32
}

/// One letter each for what every page has to carry; words for the others'.
fn run(mut lines: Lines<'_>, random: &[u8], text: &mut Vec<u8>) -> Result<()> {
    match lines.next() {
        // So that a provider can be made wherever there is a wasm.
        "C" => browser::client(&mut lines).map(|_| ()),
        #[cfg(any(samtykke_entry = "browser", samtykke_entry = "full", samtykke_operation = "B"))]
        "B" => browser::begin(lines, random, text),
        #[cfg(any(samtykke_entry = "browser", samtykke_entry = "full", samtykke_operation = "F"))]
        "F" => browser::finish(lines, text),
        #[cfg(not(samtykke_entry = "browser"))]
        operation => {
            let mut answer = alloc::string::String::with_capacity(1024);
            let done = full::call(operation, lines, &mut answer);
            *text = answer.into_bytes();
            done
        }
        #[cfg(samtykke_entry = "browser")]
        _ => Err(Error::new(&codes::INVALID_PARAMETER)),
    }
}

const TWO_TO_THE_32: f64 = 4_294_967_296.0;

/// The lines of a message, taken one by one; what is left is the rest.
#[derive(Clone)]
struct Lines<'a>(&'a str);

impl<'a> Lines<'a> {
    #[inline(never)]
    fn next(&mut self) -> &'a str {
        let [line] = self.take();
        line
    }

    /// The next so many lines at once.
    fn take<const COUNT: usize>(&mut self) -> [&'a str; COUNT] {
        let mut lines = [""; COUNT];
        take(&mut self.0, &mut lines, b'\n');
        lines
    }

    fn more(&self) -> bool {
        !self.0.is_empty()
    }
}

/// Code, phase, action, expected, actual, the OAuth error's three, then what only the full package has.
fn failure(error: &Error, text: &mut Vec<u8>) {
    push(text, b"!");
    push_line(text, error.code());
    push_line(text, error.phase().as_str());
    push_line(text, error.action().as_str());
    let [expected, actual] = error.expected_and_actual();
    push_line(text, expected.unwrap_or_default());
    push_line(text, actual.unwrap_or_default());
    let oauth = error.oauth();
    push_line(text, oauth.map(|oauth| &*oauth.error).unwrap_or_default());
    push_line(text, oauth.and_then(|oauth| oauth.description.as_deref()).unwrap_or_default());
    #[cfg(not(samtykke_entry = "browser"))]
    {
        push_line(text, oauth.and_then(|oauth| oauth.uri.as_deref()).unwrap_or_default());
        push_line(text, if error.retryable() { "1" } else { "" });
        push_line(text, error.hint());
    }
    #[cfg(not(samtykke_entry = "browser"))]
    for value in [
        error.status().map(|status| decimal(u64::from(status))).as_deref(),
        error.retry_after().map(|seconds| decimal(u64::from(seconds))).as_deref(),
        error.provider_code(),
        error.trace_id(),
    ] {
        push_line(text, value.unwrap_or_default());
    }
}

/// Appends a value and a line end; a line end inside the value becomes a space.
fn push_line(text: &mut Vec<u8>, value: impl AsRef<[u8]>) {
    push_octets(text, value.as_ref());
}

#[inline(never)]
fn push_octets(text: &mut Vec<u8>, line: &[u8]) {
    for octet in line {
        push(text, &[if *octet == b'\n' { b' ' } else { *octet }]);
    }
    push(text, b"\n");
}

/// Nothing for an empty line.
fn some(line: &str) -> Option<&str> {
    (!line.is_empty()).then_some(line)
}

/// A number; 0, which is none, for what cannot be one.
#[cfg(not(samtykke_entry = "browser"))]
fn whole(line: &str) -> u32 {
    number(line).and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

fn refused<T>(expected: &'static str) -> Result<T> {
    Err(Error::new(&codes::INVALID_PARAMETER).expected(expected))
}
