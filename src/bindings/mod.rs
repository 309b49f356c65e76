//! What the npm package's wasm exports: one function, text in and text out.
//!
//! A message is lines: an operation, its values, and where noted the rest of the text. An answer starts with `+`
//! (done) or `!` (an error). Nothing long-lived crosses, nothing has to be freed, no object of the host is trusted.

// wasm-bindgen asks for `pub` on what it exports.
#![allow(unreachable_pub)]

mod browser;
#[cfg(feature = "bindings-full")]
mod full;

use alloc::string::String;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::encoding::{cut, decimal};
use crate::error::{Error, Result, codes};

#[global_allocator]
static ALLOCATOR: mini_alloc::MiniAlloc = mini_alloc::MiniAlloc::INIT;

/// No code path panics; were one to, the host sees a trap and no text of ours.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Runs one operation. `random` holds 96 octets for `begin` and is empty for all others.
#[wasm_bindgen]
pub fn call(input: &str, random: &[u8]) -> String {
    let mut lines = Lines(input);
    // Room for most answers: growing copies, and nothing is ever freed.
    let mut text = String::with_capacity(1024);
    text.push('+');
    let done = match lines.next() {
        "environment" => browser::environment(lines, &mut text),
        "check" => browser::client(&mut lines).map(|_| ()),
        "begin" => browser::begin(lines, random, &mut text),
        "finish" => browser::finish(lines, &mut text),
        "error" => browser::host_error(lines.next()),
        #[cfg(feature = "bindings-full")]
        operation => full::call(operation, lines, &mut text),
        #[cfg(not(feature = "bindings-full"))]
        _ => Err(Error::new(&codes::INVALID_PARAMETER)),
    };
    match done {
        Ok(()) => text,
        Err(error) => failure(&error),
    }
}

/// The lines of a message, taken one by one; what is left is the rest.
struct Lines<'a>(&'a str);

impl<'a> Lines<'a> {
    #[inline(never)]
    fn next(&mut self) -> &'a str {
        let (line, rest) = cut(self.0, b'\n');
        self.0 = rest.unwrap_or_default();
        line
    }

    fn more(&self) -> bool {
        !self.0.is_empty()
    }
}

fn failure(error: &Error) -> String {
    let mut text = String::with_capacity(512);
    text.push('!');
    let oauth = error.oauth();
    for value in [
        Some(error.code()),
        Some(error.phase().as_str()),
        Some(error.action().as_str()),
        error.retryable().then_some("1"),
        Some(error.hint()),
        Some(error.doc()),
        error.expected_value(),
        error.actual_value(),
        oauth.map(|oauth| &*oauth.error),
        oauth.and_then(|oauth| oauth.description.as_deref()),
        oauth.and_then(|oauth| oauth.uri.as_deref()),
        error.status().map(|status| decimal(u64::from(status))).as_deref(),
        error.retry_after().map(|seconds| decimal(u64::from(seconds))).as_deref(),
        error.provider_code(),
        error.trace_id(),
    ] {
        push_line(&mut text, value.unwrap_or_default());
    }
    text
}

/// Appends a value and a line end; a line end inside the value becomes a space.
#[inline(never)]
fn push_line(text: &mut String, value: &str) {
    let mut rest = Some(value);
    while let Some(value) = rest {
        let (line, after) = cut(value, b'\n');
        text.push_str(line);
        text.push_str(if after.is_some() { " " } else { "\n" });
        rest = after;
    }
}

/// Nothing for an empty line.
fn some(line: &str) -> Option<&str> {
    (!line.is_empty()).then_some(line)
}

fn refused<T>(expected: &'static str) -> Result<T> {
    Err(Error::new(&codes::INVALID_PARAMETER).expected(expected))
}
