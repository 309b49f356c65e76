//! What a run ends with, as text.

use alloc::boxed::Box;
use alloc::string::String;

use crate::flow::device::{Device, Polled};
use crate::flow::exchange::Exchange;
use crate::flow::judge::{Judge, Reader};
use crate::flow::keys::KeySet;
use crate::flow::machine::{Input, Machine, Moment};
use crate::flow::step::Step;
use crate::ground::error::Result;
use crate::ground::http::Response;
use crate::ground::json::Writer;
use crate::ground::text::decimal;
use crate::protocol::answers::metadata::Metadata;
use crate::protocol::answers::resource_metadata::ResourceMetadata;
use crate::protocol::authorization::request::Login;
use crate::protocol::authorization::response::AuthorizationCode;
use crate::protocol::id_token::claims::Claims;
use crate::protocol::introspection::Introspection;
use crate::protocol::token::Tokens;

/// A machine whose outcome is a text.
pub(super) type Live = Box<dyn Machine<Output = String>>;

/// An exchange whose outcome is a text; the shell finds keys and makes the digests that are not in here.
pub(super) fn live<T: Out + 'static>(exchange: Exchange<T>) -> Live {
    Box::new(texted(exchange))
}

/// As [`live`], of a type.
pub(super) fn texted<T: Out + 'static>(exchange: Exchange<T>) -> Exchange<String> {
    exchange.digests_outside().map_judge(Texted)
}

/// Judges as another does, and writes the outcome down.
struct Texted<T>(Box<dyn Judge<T>>);

impl<T: Out> Judge<String> for Texted<T> {
    fn reader(&mut self) -> &mut dyn Reader {
        self.0.reader()
    }

    fn finish(&mut self, claims: Option<Claims>, now: u64) -> Result<String> {
        let mut text = String::with_capacity(1024);
        self.0.finish(claims, now)?.push(&mut text);
        Ok(text)
    }
}

/// A machine of another kind, its outcome written down.
pub(super) struct Outcome<M>(pub(super) M);

impl<M: Machine<Output: Out>> Machine for Outcome<M> {
    type Output = String;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<String>> {
        Ok(self.0.advance(input, moment)?.undone().unwrap_or_else(|outcome| {
            let mut text = String::with_capacity(1024);
            outcome.push(&mut text);
            Step::Done(text)
        }))
    }
}

/// An outcome as the package reads it.
pub(super) trait Out {
    fn push(&self, text: &mut String);
}

/// The shell has it: its head alone came here.
impl Out for Response {
    fn push(&self, _: &mut String) {}
}

impl Out for () {
    fn push(&self, _: &mut String) {}
}

impl Out for Tokens {
    fn push(&self, text: &mut String) {
        text.push_str(&self.members());
    }
}

impl Out for AuthorizationCode {
    fn push(&self, text: &mut String) {
        text.push_str(self.text().expose());
    }
}

impl Out for Claims {
    fn push(&self, text: &mut String) {
        text.push_str(self.json());
    }
}

impl Out for Metadata {
    fn push(&self, text: &mut String) {
        text.push_str(self.json());
    }
}

impl Out for ResourceMetadata {
    fn push(&self, text: &mut String) {
        text.push_str(self.json());
    }
}

/// When it was asked for and for how long it is used, a line each, then the set.
impl Out for KeySet {
    fn push(&self, text: &mut String) {
        for number in [self.times.fetched, u64::from(self.times.life)] {
            text.push_str(&decimal(number));
            text.push_str("\n");
        }
        text.push_str(&self.jwks);
    }
}

/// Whether the token is active in a line, then the members.
impl Out for Introspection {
    fn push(&self, text: &mut String) {
        text.push_str(if self.active() { "1\n" } else { "\n" });
        text.push_str(self.members().json());
    }
}

/// Where to send the browser in a line, then the transaction.
impl Out for Login {
    fn push(&self, text: &mut String) {
        text.push_str(&self.url);
        text.push_str("\n");
        text.push_str(self.transaction.text().expose());
    }
}

impl Out for Device {
    fn push(&self, text: &mut String) {
        let mut json = Writer::new();
        json.string("deviceCode", self.device_code.expose())
            .string("userCode", &self.user_code)
            .string("verificationUri", &self.verification_uri)
            .some("verificationUriComplete", self.verification_uri_complete.as_deref())
            .raw("expiresIn", &decimal(u64::from(self.expires_in)))
            .raw("interval", &decimal(u64::from(self.interval)))
            .string("requestedScope", &self.requested_scope);
        text.push_str(&json.take());
    }
}

/// `pending`, `slow_down` and the seconds to wait at least, or the tokens.
impl Out for Polled {
    fn push(&self, text: &mut String) {
        match self {
            Self::Pending => text.push_str("pending"),
            Self::SlowDown(seconds) => {
                text.push_str("slow_down ");
                text.push_str(&decimal(u64::from(*seconds)));
            }
            Self::Tokens(tokens) => tokens.push(text),
        }
    }
}
