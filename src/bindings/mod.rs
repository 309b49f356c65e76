//! What the npm package's wasm exports: one function, text in and text out.
//!
//! A message is lines: an operation, its values, and where noted the rest of the text. An answer that starts
//! with `!` is an error. Nothing long-lived crosses, nothing has to be freed, no object of the host is trusted.

// wasm-bindgen asks for `pub` on what it exports.
#![allow(unreachable_pub)]

mod browser;
#[cfg(feature = "bindings-full")]
mod full;
#[cfg(feature = "bindings-full")]
mod jose;
#[cfg(feature = "bindings-full")]
mod judges;

use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(feature = "bindings-full")]
use crate::encoding::decimal;
use crate::encoding::take;
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
pub fn call(input: &str, random: &[u8]) -> Vec<u8> {
    let mut lines = Lines(input);
    let operation = lines.next();
    let mut text = Vec::new();
    let done = match operation {
        "environment" => browser::environment(lines, &mut text),
        "check" => browser::client(&mut lines).map(|_| ()),
        "begin" => browser::begin(lines, random, &mut text),
        "finish" => browser::finish(lines, &mut text),
        "error" => browser::host_error(lines.next()),
        #[cfg(feature = "bindings-full")]
        operation => {
            let mut answer = alloc::string::String::with_capacity(1024);
            let done = full::call(operation, lines, &mut answer);
            text = answer.into_bytes();
            done
        }
        #[cfg(not(feature = "bindings-full"))]
        _ => Err(Error::new(&codes::INVALID_PARAMETER)),
    };
    if let Err(error) = done {
        text.clear();
        failure(&error, &mut text);
    }
    text
}

/// The lines of a message, taken one by one; what is left is the rest.
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
    text.push(b'!');
    for value in [error.code(), error.phase().as_str(), error.action().as_str()] {
        push_line(text, value);
    }
    push_line(text, error.expected_value().unwrap_or_default());
    push_line(text, error.actual_value().unwrap_or_default());
    let oauth = error.oauth();
    push_line(text, oauth.map_or("", |oauth| &oauth.error));
    push_line(text, oauth.and_then(|oauth| oauth.description.as_deref()).unwrap_or_default());
    push_line(text, oauth.and_then(|oauth| oauth.uri.as_deref()).unwrap_or_default());
    #[cfg(feature = "bindings-full")]
    for value in [
        error.retryable().then_some("1"),
        Some(error.hint()),
        Some(error.doc()),
        error.status().map(|status| decimal(u64::from(status))).as_deref(),
        error.retry_after().map(|seconds| decimal(u64::from(seconds))).as_deref(),
        error.provider_code(),
        error.trace_id(),
    ] {
        push_line(text, value.unwrap_or_default());
    }
}

/// Appends a value and a line end; a line end inside the value becomes a space.
#[inline(never)]
fn push_line(text: &mut Vec<u8>, value: &str) {
    text.extend(value.bytes().map(|octet| if octet == b'\n' { b' ' } else { octet }));
    text.push(b'\n');
}

/// Nothing for an empty line.
fn some(line: &str) -> Option<&str> {
    (!line.is_empty()).then_some(line)
}

fn refused<T>(expected: &'static str) -> Result<T> {
    Err(Error::new(&codes::INVALID_PARAMETER).expected(expected))
}
