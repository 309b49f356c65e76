//! One question for a token, from the look into the store to the answer that is kept: in a task of its own.
//!
//! The package's `pkg/src/tokens/source.ts` decides alike. Refuses to ask past the deadline of whoever began it.

use alloc::string::String;
use core::time::Duration;

use crate::ground::error::{Error, Result};
use crate::ground::text::base64url;
use crate::protocol::token::Tokens;
use crate::protocol::token_cache::{Fault, Millis, pause};
use crate::shell::native::driver::{random, within};
use crate::shell::native::tokens::entry::Entry;
use crate::shell::native::tokens::state::{Gate, Source, late};
use crate::shell::native::tokens::wanted::Wanted;

/// What a flight finds.
enum Found {
    Tokens(Tokens),
    /// The server is to be left alone.
    Alone,
    Nothing,
}

/// Sixteen bits by chance; none where the system gives none, which the question itself will say.
fn chance() -> u16 {
    random::<2>().map_or(0, |octets| u16::from_ne_bytes(*octets))
}

/// Gets a token.
pub(crate) async fn fly(source: &Source, name: &str, wanted: Wanted, deadline: Millis) -> Result<Tokens> {
    let hash = base64url(&crate::ground::sha256::digest(name.as_bytes()));
    let flight = Flight { source, name, hash, deadline };
    let (mut looks, mut held) = (0u32, None);
    loop {
        if flight.is_held_back() {
            held = None;
            if let Err(error) = flight.rest().await {
                return flight.entry(|entry, now| entry.valid(now)).ok_or(error);
            }
        }
        let there = source.shared.read(&flight.hash).await;
        match flight.adopt(there.flatten().as_ref()) {
            Found::Tokens(tokens) => return Ok(tokens),
            Found::Alone => continue,
            Found::Nothing => {}
        }
        let lock = source.shared.lock(&flight.hash).await;
        if let Some(None) = lock {
            let now = source.driver.ticks();
            if let Some(tokens) = flight.entry(|entry, now| entry.valid(now)) {
                return Ok(tokens);
            }
            if now >= deadline {
                return Err(late());
            }
            // Two leases without a word: a store that gives no lock is done without, like one that does not answer.
            let lease = Millis::try_from(source.shared.lease().as_millis()).unwrap_or(Millis::MAX);
            if now < held.get_or_insert(now).saturating_add(lease.saturating_mul(2)) {
                let wait = 20u64.saturating_mul(1 << looks.min(4)).min(250).saturating_add(u64::from(chance() >> 10));
                source.driver.sleep(Duration::from_millis(wait)).await;
                looks = looks.saturating_add(1);
                continue;
            }
        }
        let lock = lock.flatten();
        let fence = lock.as_ref().map(|lock| lock.fence.clone());
        // Between the look and the lock another may have been here.
        match flight.adopt(lock.and_then(|lock| lock.kept).as_ref()) {
            Found::Nothing => {}
            found => {
                source.shared.unlock(&flight.hash, fence.as_ref()).await;
                if let Found::Tokens(tokens) = found {
                    return Ok(tokens);
                }
                continue;
            }
        }
        let asked = source.driver.ticks();
        if asked >= deadline {
            source.shared.unlock(&flight.hash, fence.as_ref()).await;
            return Err(late());
        }
        let outcome = flight.ask(wanted.clone(), asked).await;
        let record = flight.entry(|entry, now| entry.record(&source.credential, now));
        source.shared.write(&flight.hash, fence.as_ref(), record).await;
        if let Some(tokens) = outcome {
            return Ok(tokens);
        }
    }
}

struct Flight<'a> {
    source: &'a Source,
    name: &'a str,
    hash: String,
    deadline: Millis,
}

impl Flight<'_> {
    fn entry<T>(&self, with: impl FnOnce(&mut Entry, Millis) -> T) -> T {
        let now = self.source.driver.ticks();
        with(self.source.state().entry(self.name, self.source.settings.most), now)
    }

    fn adopt(&self, kept: Option<&crate::shell::native::store::Kept>) -> Found {
        self.entry(|entry, now| {
            entry.adopt(kept, &self.source.credential, now);
            match entry.fresh(now) {
                Some(tokens) => Found::Tokens(tokens),
                None if entry.alone(now) => Found::Alone,
                None => Found::Nothing,
            }
        })
    }

    /// Why nothing may be asked now, until when, and after how many failures.
    fn held_back(&self) -> Option<(u32, Millis, Error)> {
        let now = self.source.driver.ticks();
        let mut state = self.source.state();
        let entry = state.entry(self.name, self.source.settings.most);
        if entry.alone(now) {
            return Some((entry.failures, entry.resume, entry.error.clone()?));
        }
        let gate = state.gate.as_ref().filter(|gate| now < gate.until && gate.name != self.name)?;
        Some((gate.failures, gate.until, gate.error.clone()))
    }

    fn is_held_back(&self) -> bool {
        self.held_back().is_some()
    }

    /// Leaves the server alone as long as it is to be.
    async fn rest(&self) -> Result<()> {
        while let Some((failures, resume, error)) = self.held_back() {
            let now = self.source.driver.ticks();
            let valid = self.entry(|entry, now| entry.valid(now)).is_some();
            // With a token that is still good nobody waits for this.
            if failures > self.source.settings.retries || valid || Fault::of(&error) == Fault::Refused || resume >= self.deadline {
                return Err(error);
            }
            // In steps, since a gate may open sooner.
            let wait = resume.saturating_sub(now).clamp(1, 150);
            self.source.driver.sleep(Duration::from_millis(wait)).await;
        }
        Ok(())
    }

    /// Puts the question; nothing where no token came, which is noted.
    async fn ask(&self, wanted: Wanted, asked: Millis) -> Option<Tokens> {
        let source = self.source;
        let settings = &source.settings;
        if let Some(gate) = &mut source.state().gate {
            // While the server has trouble, the others wait for what this question brings.
            gate.until = asked.saturating_add(settings.question);
            gate.name = self.name.into();
        }
        let most = settings.question.min(self.deadline.saturating_sub(asked).max(1));
        let mut patience = source.driver.sleep(Duration::from_millis(most));
        let outcome = within(&mut patience, (source.ask)(wanted)).await.unwrap_or_else(|| Err(late()));
        match outcome {
            Ok(tokens) => {
                source.state().gate = None;
                self.entry(|entry, _| entry.keep(tokens.clone(), asked, settings.margin, chance(), settings.unknown_life));
                Some(tokens)
            }
            Err(error) => {
                self.note_failure(error);
                None
            }
        }
    }

    fn note_failure(&self, error: Error) {
        let fault = Fault::of(&error);
        let retry_after = error.retry_after_at(self.source.driver.now()).map(u64::from);
        let (failures, until) = self.entry(|entry, now| {
            entry.failures = entry.failures.saturating_add(1);
            let wait = pause(fault, entry.failures, retry_after, chance());
            entry.fail(error.clone(), wait, now);
            (entry.failures, entry.resume)
        });
        // A 500 or a broken answer may be one target's; no answer, 429 and 503 are everybody's.
        let everybody = fault == Fault::Trouble && matches!(error.status(), None | Some(429 | 503));
        self.source.state().gate = everybody.then(|| Gate { until, failures, error, name: self.name.into() });
    }
}
