//! Selvbetjening's machines, made of lines, and what they alone ask for: calls with a token, and what the caller wants.

use alloc::boxed::Box;
use alloc::string::String;

use super::Lines;
use super::outcome::{Live, Out, Outcome};
use super::selvbetjening::{error, push_client};
use super::text::{push_line, push_request};
use crate::flow::machine::Input;
use crate::flow::step::Step;
use crate::ground::error::Result;
use crate::ground::secret::Secret;
use crate::ground::text::decimal;
use crate::provider::selvbetjening::{CurrentClient, Environment, Key, PublicKey, Registered, Registration, SecretBody, Updating};

/// Environment; then, for a key, `object` where its request holds the JWK itself, `1` where it may be registered already, the JWK.
/// The keys are called `old` and `new`.
pub(super) fn make(operation: &str, mut lines: Lines<'_>) -> Result<Live> {
    let environment = Environment::from_name(lines.next())?;
    match operation {
        "selvbetjening_update" => Ok(Box::new(Outcome(Updating::new(&environment, "old")))),
        _ => {
            let [body, resumed] = lines.take();
            let public = PublicKey::parse(lines.0)?;
            let mut registration = Registration::new(&environment, Key::new("old", public.clone())?, Key::new("new", public)?);
            if body == "object" {
                registration = registration.body(SecretBody::Object);
            }
            Ok(Box::new(Outcome(if resumed.is_empty() { registration } else { registration.resumed() })))
        }
    }
}

impl Out for CurrentClient {
    fn push(&self, text: &mut String) {
        push_client(text, self);
    }
}

/// When the key ends in a line, then `1` where the answer had been lost.
impl Out for Registered {
    fn push(&self, text: &mut String) {
        push_line(text, &self.expires_at.and_then(|seconds| u64::try_from(seconds).ok()).map(decimal).unwrap_or_default());
        text.push_str(if self.recovered { "1" } else { "" });
    }
}

pub(super) fn push_step(text: &mut String, step: Step<String>) {
    match step {
        Step::Call(call) => {
            push_line(text, "call");
            push_line(text, &call.key);
            push_request(text, &call.request);
        }
        Step::Ask(value) => {
            push_line(text, "ask");
            text.push_str(value.expose());
        }
        _ => {}
    }
}

/// What came of them: an error as [`error`] takes it, or the caller's answer as octets.
pub(super) fn taken(name: &str, mut lines: Lines<'_>, octets: &[u8]) -> Option<Input> {
    Some(match name {
        "refused" => Input::Refused(error(&mut lines)),
        "answered" => Input::Answered(Secret::new(core::str::from_utf8(octets).unwrap_or_default())),
        _ => return None,
    })
}
