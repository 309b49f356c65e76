//! A source of tokens for the threads of one process, over the crate's `TokenCache`: the clock and the waiting, which it has not.
//!
//! Lifetimes of RFC 6749 section 5.1, `Retry-After` of RFC 9110 section 10.2.3, a refused token of RFC 6750 section 3.1.
//! Refuses to wait longer than a caller's patience, and to ask a server that is to be left alone.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use samtykke::Tokens;
use samtykke::protocol::token_cache::{Decision, Fault, TokenCache};

/// Why no token came: what to say, whether the server has trouble or refused, and how long it wants to be left alone.
#[derive(Clone)]
pub(crate) struct Failure {
    pub(crate) text: String,
    pub(crate) fault: Fault,
    pub(crate) retry_after: Option<u64>,
}

/// Questions after the first that are put again in trouble.
const RETRIES: u32 = 2;

#[derive(Default)]
struct State {
    cache: TokenCache,
    /// How often in a row no token came, and why: what those get who do not ask themselves.
    failed: Option<(u32, Failure)>,
}

/// Tokens of one client, for one target. For several targets keep `failed` for each name.
pub(crate) struct Source<A> {
    name: String,
    ask: A,
    start: Instant,
    patience: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

impl<A: Fn() -> Result<Tokens, Failure> + Sync> Source<A> {
    /// `name` is a target's ([`Target::name`](samtykke::protocol::token_cache::Target::name)); `ask` asks once, with a new assertion.
    pub(crate) fn new(name: String, ask: A) -> Self {
        let state = Mutex::new(State::default());
        Self { name, ask, start: Instant::now(), patience: Duration::from_secs(30), state, changed: Condvar::new() }
    }

    /// A token that is good for a while: the one there is, or a new one. Whoever comes meanwhile waits for the same answer.
    pub(crate) fn get(&self) -> Result<Tokens, Failure> {
        let deadline = self.now().saturating_add(millis(self.patience));
        // A thread that panicked left the cache whole: each of its methods ends what it began.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let now = self.now();
            let until = match state.cache.decide(&self.name, now) {
                Decision::Fresh(tokens) => return Ok(tokens.clone()),
                Decision::Ask => {
                    drop(state);
                    let answer = (self.ask)();
                    state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                    self.note(&mut state, answer);
                    self.changed.notify_all();
                    continue;
                }
                Decision::Wait { until } => until,
            };
            // While somebody asks the cache knows no failure; a pause after the last try, or a refusal, is nothing to wait for.
            if let Some((times, failure)) = &state.failed
                && (*times > RETRIES || failure.fault == Fault::Refused || until >= deadline)
            {
                return Err(failure.clone());
            }
            if now >= deadline {
                return Err(Failure { text: "no token in time".into(), fault: Fault::Trouble, retry_after: None });
            }
            let wait = Duration::from_millis(until.min(deadline).saturating_sub(now).max(1));
            state = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Another token in place of one that an API refused; the same again when that happened within half a minute.
    pub(crate) fn renew(&self, refused: &Tokens) -> Result<Tokens, Failure> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let again = state.cache.refuse(&self.name, refused.access_token.expose(), self.now());
        drop(state);
        if again { self.get() } else { Ok(refused.clone()) }
    }

    fn note(&self, state: &mut State, answer: Result<Tokens, Failure>) {
        let mut random = [0; 2];
        // Without chance all processes ask at once, which is a pity and no fault.
        getrandom::fill(&mut random).unwrap_or_default();
        let (now, random) = (self.now(), u16::from_ne_bytes(random));
        match answer {
            Ok(tokens) => {
                state.cache.keep(&self.name, tokens, now, random);
                state.failed = None;
            }
            Err(failure) => {
                state.cache.fail(&self.name, failure.fault, failure.retry_after, now, random);
                let times = state.failed.as_ref().map_or(0, |(times, _)| *times);
                state.failed = Some((times.saturating_add(1), failure));
            }
        }
    }

    fn now(&self) -> u64 {
        millis(self.start.elapsed())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
