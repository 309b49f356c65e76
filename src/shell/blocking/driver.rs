//! The loop that carries out a machine's steps, and the trait by which it sends.
//!
//! Refuses to decide anything: what is sent, and what an answer is worth, is the machine's.

use std::time::{SystemTime, UNIX_EPOCH};

use zeroize::Zeroizing;

use super::keys::Keys;
use crate::flow::machine::{Failure, Input, Machine, Moment};
use crate::flow::step::Step;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{Request, Response};
use crate::shell::spent::Spent;

/// Sends a request and waits for its answer.
///
/// It sends each request once, as it is: it follows no redirect, repeats nothing, keeps no cookie, undoes no coding of the body, reads
/// no more than [`MAX_BODY`](crate::http::MAX_BODY) octets, and gives up in time.
pub trait Http: Send + Sync {
    /// The answer, whatever its status.
    ///
    /// # Errors
    /// Why there is none, or not the whole of it.
    fn send(&self, request: &Request) -> core::result::Result<Response, Failure>;
}

/// Carries a machine to its end. A refresh token that it has stored goes to nobody here: [`Client::refresh_to`](super::Client) has a
/// place for it.
///
/// # Errors
/// Those of the machine; `signing_failed`; `invalid_configuration` for a key that is missing.
pub fn drive<M: Machine>(machine: &mut M, http: &dyn Http, keys: &Keys) -> Result<M::Output> {
    drive_once(machine, http, keys, None, &Spent::default())
}

/// Where a refresh token that came is put.
pub(super) type Store<'a> = &'a dyn Fn(crate::Secret) -> Result<()>;

pub(super) fn drive_once<M: Machine>(
    machine: &mut M,
    http: &dyn Http,
    keys: &Keys,
    store: Option<Store<'_>>,
    spent: &Spent,
) -> Result<M::Output> {
    let mut claim = spent.claim();
    let mut input = Input::Start;
    loop {
        let random = random::<32>()?;
        input = match machine.advance(input, &Moment { now: now(), random: &random })? {
            Step::Send(request) => {
                // The same code or refresh token goes out a second time only where this very machine answers a challenge.
                if claim.before(machine.spends(), now()) {
                    let answer = http.send(&request);
                    let status = match &answer {
                        Ok(response) => response.status,
                        Err(Failure::Cut(status) | Failure::TooLarge(status)) => *status,
                        Err(_) => 0,
                    };
                    claim.after(machine.spends(), status, now());
                    answer.map_or_else(Input::Failed, Input::Response)
                } else {
                    Input::Failed(Failure::Used)
                }
            }
            Step::Sign(request) => Input::Signature(keys.sign(&request)?),
            Step::Verify(request) => Input::Verdict(keys.verify(&request)?),
            Step::Digest(hash, value) => Input::Digest(hash.digest(value.expose().as_bytes())),
            Step::Store(token) => match store {
                Some(store) => store(token).map_or(Input::Failed(Failure::Store), |()| Input::Stored),
                None => Input::Stored,
            },
            Step::Done(outcome) => {
                if machine.keeps() {
                    claim.release();
                }
                return Ok(outcome);
            }
            // No machine that is driven here asks for more.
            _ => return Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token)),
        };
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Random octets of the system's.
pub(super) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut octets = Zeroizing::new([0; N]);
    let none = |_| Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Runtime).expected("randomness from the system");
    getrandom::fill(&mut *octets).map_err(none)?;
    Ok(octets)
}
