//! Selvbetjening's machines, made of lines, and what they alone ask for: calls with a token.

use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

use super::outcome::{Live, Out};
use super::selvbetjening::{error, push_client, push_time};
use super::text::{push_line, push_request};
use super::{Lines, refused, some, whole};
use crate::flow::machine::{Input, Machine, Moment};
use crate::flow::step::Step;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::secret::Secret;
use crate::ground::text::{decimal, number};
use crate::provider::selvbetjening::wait::Turn;
use crate::provider::selvbetjening::{
    Abandon, Abandoned, CurrentClient, Draft, Drafting, Enrolment, Environment, Key, Pacing, PublicKey, Rotated, Rotation, SecretBody,
    Update, Wait,
};

/// What the key of a client is called where it has one alone.
const CLIENT: &str = "client";

/// Environment; then what the machine takes.
pub(super) fn make(operation: &str, mut lines: Lines<'_>) -> Result<Live> {
    let environment = Environment::from_name(lines.next())?;
    match operation {
        "selvbetjening_update" => Ok(Box::new(Told(Update::of(&environment, CLIENT)))),
        // API key; `1` for the older form; seconds for the confirmation; the key's name and its public JWK; the draft.
        "selvbetjening_draft" => {
            let [api_key, older, within, name, jwk] = lines.take();
            let draft = Draft::from_json(lines.0, PublicKey::parse(jwk)?)?;
            let drafting = Enrolment::begin(&environment, &Secret::new(api_key), draft, name)?;
            let drafting = drafting.within(Duration::from_secs(whole(within).into()))?;
            Ok(Box::new(Told(if older.is_empty() { drafting } else { drafting.older()? })))
        }
        // `object` where the request holds the JWK itself; a pacing; the new key's name and public JWK, nothing for the one that is on
        // its way; the record.
        "selvbetjening_rotate" => {
            let body = lines.next();
            let pacing = pacing(Pacing::USABLE, &mut lines)?;
            let [name, jwk] = lines.take();
            let enrolment = Enrolment::parse(&environment, lines.0)?;
            let rotation = if name.is_empty() {
                Rotation::resume(enrolment)?
            } else {
                Rotation::begin(enrolment, Key::new(name, PublicKey::parse(jwk)?)?)?
            };
            let body = if body == "object" { SecretBody::Object } else { SecretBody::Text };
            Ok(Box::new(Told(rotation.with_pacing(pacing).body(body))))
        }
        // The record.
        "selvbetjening_abandon" => Ok(Box::new(Told(Abandon::new(Enrolment::parse(&environment, lines.0)?)?))),
        // `1` for approval, a pacing; or three lines of nothing, and where a wait stands after its pause.
        "selvbetjening_wait" => {
            let approval = !lines.next().is_empty();
            let pacing = pacing(if approval { Pacing::APPROVAL } else { Pacing::USABLE }, &mut lines)?;
            let wait = match some(lines.0) {
                Some(text) => Wait::again(&environment, CLIENT, text)?,
                None => Wait::of(&environment, CLIENT, approval, pacing),
            };
            Ok(Box::new(Asking(Some(wait))))
        }
        _ => refused("a known machine"),
    }
}

/// A machine whose outcome is a text: made as such, which is shorter than a step of one kind turned into another.
struct Told<M>(M);

macro_rules! told {
    ($($machine:ty: $advance:expr,)*) => {
        $(impl Machine for Told<$machine> {
            type Output = String;

            fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<String>> {
                let advance: fn(&mut $machine, Input, u64) -> Result<Step<String>> = $advance;
                advance(&mut self.0, input, moment.now)
            }
        })*
    };
}

told! {
    Update: |machine, input, _| machine.step(input, told),
    Drafting: |machine, input, now| machine.step(input, now, told),
    Rotation<Enrolment>: |machine, input, now| machine.step(input, now, told),
    Abandon<Enrolment>: |machine, input, _| machine.step(input, told),
}

fn told<T: Out>(outcome: T) -> String {
    let mut text = String::new();
    outcome.push(&mut text);
    text
}

/// The first pause, the longest, the limit in nanoseconds; nothing for the usual.
fn pacing(usual: Pacing, lines: &mut Lines<'_>) -> Result<Pacing> {
    let time = |line: &str| Duration::from_nanos(number(line).unwrap_or(u64::MAX));
    usual.or(lines.take::<3>().map(|line| some(line).map(time)))
}

impl Out for CurrentClient {
    fn push(&self, text: &mut String) {
        push_client(text, self);
    }
}

/// The record was stored.
impl Out for Enrolment {
    fn push(&self, _: &mut String) {}
}

/// When the key ends in a line, `1` where the answer to its registration had been lost, then its name.
impl Out for Rotated {
    fn push(&self, text: &mut String) {
        push_time(text, self.expires_at);
        text.push_str("\n");
        push_line(text, if self.recovered { "1" } else { "" });
        text.push_str(self.key.reference());
    }
}

/// `1` where the service lists the key, then its name.
impl Out for Abandoned {
    fn push(&self, text: &mut String) {
        push_line(text, if self.registered { "1" } else { "" });
        text.push_str(self.key.reference());
    }
}

/// A wait that is over at its pause: nanoseconds, how often was asked, nanoseconds since it began, where it stands after the pause, each
/// in a line, then the client where there was one. Where it found what it waits for, four lines of nothing are before the client.
struct Asking(Option<Wait>);

impl Machine for Asking {
    type Output = String;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<String>> {
        let Some(wait) = &mut self.0 else { return Err(Error::new(&codes::TRANSACTION_USED).at(Phase::Api)) };
        let mut text = String::new();
        match wait.turn(input, moment.now)? {
            Turn::Sleep(_) => {
                if let Some(pause) = wait.pause() {
                    let nanoseconds =
                        |time: Duration| time.as_secs().saturating_mul(1_000_000_000).saturating_add(time.subsec_nanos().into());
                    for number in [nanoseconds(pause.duration), pause.attempts.into(), nanoseconds(pause.elapsed)] {
                        push_line(&mut text, &decimal(number));
                    }
                    push_line(&mut text, &wait.serialize());
                    if let Some(client) = &pause.client {
                        push_client(&mut text, client);
                    }
                }
            }
            Turn::Call(call) => return Ok(Step::Call(call)),
            Turn::Found(client) => {
                text.push_str("\n\n\n\n");
                push_client(&mut text, &client);
            }
        }
        self.0 = None;
        Ok(Step::Done(text))
    }
}

pub(super) fn push_step(text: &mut String, step: Step<String>) {
    if let Step::Call(call) = step {
        push_line(text, "call");
        push_line(text, &call.key);
        push_request(text, &call.request);
    }
}

/// What came of a call: an error as [`error`] takes it.
pub(super) fn taken(name: &str, mut lines: Lines<'_>) -> Option<Input> {
    (name == "refused").then(|| Input::Refused(error(&mut lines)))
}
