//! Machines that live in the wasm between steps: made from lines, driven by lines and octets.
//!
//! Nothing is freed by hand and nothing replayed: a run lives as long as the instance it was made in (pkg/src/core/run.ts).
//! A step answers with lines: the newest DPoP nonce (a blank after it: what was sent stays good), the step's name, then what the
//! step needs. `!` names an error.

use alloc::string::String;
use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(not(samtykke_entry = "exchange"))]
use super::exchanges::make;
use super::outcome::Live;
#[cfg(samtykke_entry = "exchange")]
use super::public::make;
use super::text::{push_line, push_request};
use super::{Lines, TWO_TO_THE_32, failure, some};
use crate::flow::machine::{Failure, Input, Moment, Spends};
use crate::flow::step::{KeyRole, Step};
use crate::ground::error::{Error, codes};
use crate::ground::http::Response;
use crate::ground::secret::Secret;
use crate::ground::text::{base64url, number};
use crate::jose::alg::Hash;

/// A machine on its way.
#[wasm_bindgen]
pub struct Run {
    live: Option<Live>,
    text: String,
}

#[wasm_bindgen]
impl Run {
    /// Makes a machine of an operation's lines (its name, the time, then what the operation takes) and takes its first step.
    pub fn start(input: &str, random: &[u8]) -> Run {
        let mut run = Run { live: None, text: String::with_capacity(1024) };
        let mut lines = Lines(input);
        let [operation, now] = lines.take();
        match make(operation, lines, number(now).unwrap_or_default(), random) {
            Ok(live) => {
                run.live = Some(live);
                run.advance(Input::Start, now, random);
            }
            Err(error) => run.fail(&error),
        }
        run
    }

    /// Address and length of the last step's text, as one number. It stands there until the next step.
    pub fn text(&self) -> f64 {
        self.text.as_ptr().addr() as f64 + self.text.len() as f64 * TWO_TO_THE_32
    }

    /// Takes what came of the last step: its name, the time, then lines; a body, a signature or a digest as octets.
    pub fn step(&mut self, input: &str, octets: &[u8], random: &[u8]) {
        let mut lines = Lines(input);
        let [name, now] = lines.take();
        self.text.clear();
        match taken(name, lines, octets) {
            Some(input) => self.advance(input, now, random),
            None => self.fail(&Error::new(&codes::INVALID_PARAMETER).expected("a known input")),
        }
    }
}

impl Run {
    fn advance(&mut self, input: Input, now: &str, random: &[u8]) {
        let Some(live) = &mut self.live else { return self.fail(&Error::new(&codes::TRANSACTION_USED)) };
        let mut octets = [0; 32];
        for (to, from) in octets.iter_mut().zip(random) {
            *to = *from;
        }
        let step = live.advance(input, &Moment { now: number(now).unwrap_or_default(), random: &octets });
        self.text.push_str(live.nonce().unwrap_or_default());
        self.text.push_str(if live.keeps() { " \n" } else { "\n" });
        match step {
            Ok(step) => push_step(&mut self.text, step, live.spends()),
            Err(error) => self.push_failure(&error),
        }
    }

    fn fail(&mut self, error: &Error) {
        self.text.push_str("\n");
        self.push_failure(error);
    }

    fn push_failure(&mut self, error: &Error) {
        let mut text = Vec::new();
        failure(error, &mut text);
        self.text.push_str(core::str::from_utf8(&text).unwrap_or_default());
    }
}

fn push_step(text: &mut String, step: Step<String>, spends: Option<Spends<'_>>) {
    match step {
        Step::Send(request) => {
            push_line(text, "send");
            let (when, name) = match spends {
                Some(Spends::Sent(name)) => ("s", name),
                Some(Spends::Answered(name)) => ("a", name),
                None => ("", ""),
            };
            text.push_str(when);
            push_line(text, name);
            push_request(text, &request);
        }
        Step::Sign(request) => {
            push_line(text, "sign");
            push_line(
                text,
                match request.key {
                    KeyRole::Client => "client",
                    KeyRole::Dpop => "dpop",
                    KeyRole::Grant => "grant",
                    KeyRole::Object => "object",
                },
            );
            text.push_str(&request.input);
        }
        Step::Verify(request) => {
            push_line(text, "verify");
            push_line(text, request.alg.name);
            push_line(text, &request.key.required_json());
            push_line(text, &base64url(&request.signature));
            text.push_str(&request.input);
        }
        Step::Find(request) => {
            push_line(text, "find");
            push_line(text, request.alg.name);
            push_line(text, request.kid.as_deref().unwrap_or_default());
            push_line(text, &base64url(&request.signature));
            text.push_str(&request.input);
        }
        Step::Digest(hash, value) => {
            push_line(text, "digest");
            push_line(
                text,
                match hash {
                    Hash::Sha256 => "SHA-256",
                    Hash::Sha384 => "SHA-384",
                    Hash::Sha512 => "SHA-512",
                },
            );
            text.push_str(value.expose());
        }
        Step::Decrypt(request) => {
            push_line(text, "decrypt");
            push_line(text, &request.header);
            text.push_str(request.token.expose());
        }
        Step::Store(token) => {
            push_line(text, "store");
            text.push_str(token.expose());
        }
        #[cfg(any(samtykke_entry = "maskinporten", samtykke_entry = "selvbetjening"))]
        Step::Ask(json) => {
            push_line(text, "ask");
            text.push_str(json.expose());
        }
        #[cfg(any(samtykke_entry = "maskinporten", samtykke_entry = "norskgjeld"))]
        Step::Token(request) => {
            push_line(text, "token");
            push_line(text, request.scope.as_deref().unwrap_or_default());
            text.push_str(request.refused.as_ref().map_or("", Secret::expose));
        }
        #[cfg(any(samtykke_entry = "maskinporten", samtykke_entry = "norskgjeld", samtykke_entry = "selvbetjening"))]
        Step::Sleep(milliseconds) => {
            push_line(text, "sleep");
            text.push_str(&crate::ground::text::decimal(u64::from(milliseconds)));
        }
        Step::Done(outcome) => {
            push_line(text, "done");
            text.push_str(&outcome);
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "session", samtykke_machine = "helseid_session"))]
        step @ (Step::Load(_) | Step::Lock(_) | Step::Keep(_) | Step::Unlock | Step::Adopt(_)) => super::sharing::push_step(text, step),
        #[cfg(samtykke_entry = "selvbetjening")]
        step => super::selvbetjening_machines::push_step(text, step),
        // No machine in here keeps anything.
        #[cfg(not(samtykke_entry = "selvbetjening"))]
        _ => {}
    }
}

/// What a shell says of a step. A response: status, media type, `Retry-After`, `DPoP-Nonce`, `WWW-Authenticate`,
/// `Cache-Control`.
fn taken(name: &str, mut lines: Lines<'_>, octets: &[u8]) -> Option<Input> {
    let status = |line| number(line).and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
    Some(match name {
        "response" => {
            let [line, content_type, retry_after, nonce, challenge, caching] = lines.take();
            // Octets that are not UTF-8 are neither JSON nor a form: they count as none, and the status says the rest.
            let mut response = Response::new(status(line), some(content_type), core::str::from_utf8(octets).unwrap_or_default());
            response.retry_after = some(retry_after).map(String::from);
            response.dpop_nonce = some(nonce).map(String::from);
            response.www_authenticate = some(challenge).map(String::from);
            response.cache_control = some(caching).map(String::from);
            Input::Response(response)
        }
        "signature" => Input::Signature(octets.to_vec()),
        "verdict" => Input::Verdict(lines.next() == "1"),
        "digest" => Input::Digest(octets.to_vec()),
        // Octets that are no text are no token either.
        "plaintext" => Input::Plaintext(Secret::new(core::str::from_utf8(octets).unwrap_or_default())),
        "stored" => Input::Stored,
        // Octets, as a token of several lines is none; those that are no text are none either.
        #[cfg(any(samtykke_entry = "maskinporten", samtykke_entry = "norskgjeld"))]
        "token" => Input::Token(Secret::new(core::str::from_utf8(octets).unwrap_or_default())),
        #[cfg(any(samtykke_entry = "maskinporten", samtykke_entry = "norskgjeld", samtykke_entry = "selvbetjening"))]
        "answered" => Input::Answered(Secret::new(core::str::from_utf8(octets).unwrap_or_default())),
        #[cfg(any(samtykke_entry = "maskinporten", samtykke_entry = "norskgjeld", samtykke_entry = "selvbetjening"))]
        "slept" => Input::Slept,
        "failed" => {
            let [why, line] = lines.take();
            Input::Failed(Failure::from_name(why, status(line))?)
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "session", samtykke_machine = "helseid_session"))]
        "loaded" | "locked" | "held" | "unlocked" | "adopted" => super::sharing::taken(name, lines, octets)?,
        #[cfg(samtykke_entry = "selvbetjening")]
        name => super::selvbetjening_machines::taken(name, lines)?,
        #[cfg(not(samtykke_entry = "selvbetjening"))]
        _ => return None,
    })
}
