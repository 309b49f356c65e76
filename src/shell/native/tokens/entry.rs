//! What a source remembers of one target: a token with its times, and what went wrong. All by this process's clock.
//!
//! The package's `pkg/src/tokens/entry.ts` decides alike. Refuses a token past its end, and a record that is no newer.

use alloc::string::String;
use core::time::Duration;

use tokio::sync::watch;

use crate::ground::error::{Error, Result};
use crate::ground::secret::Secret;
use crate::protocol::token::Tokens;
use crate::protocol::token_cache::{Fault, Millis, early};
use crate::protocol::token_record::TokenRecord;
use crate::shell::native::store::Kept;

/// A token that an API refused is replaced at most once in this time.
const BETWEEN_REFUSALS: Millis = 30_000;
/// How long a failure is remembered beyond its pause, so that the next one's is longer.
const REMEMBERED: Millis = 60_000;

#[derive(Default)]
pub(crate) struct Entry {
    tokens: Option<Tokens>,
    replace: Millis,
    ends: Millis,
    /// The access token that an API refused, until another one comes.
    bad: Option<Secret>,
    refused: Option<Millis>,
    pub(crate) failures: u32,
    pub(crate) resume: Millis,
    pub(crate) error: Option<Error>,
    pub(crate) flight: Option<watch::Receiver<Option<Result<Tokens>>>>,
}

impl Entry {
    /// A token that need not be replaced.
    pub(crate) fn fresh(&self, now: Millis) -> Option<Tokens> {
        self.tokens.clone().filter(|_| now < self.replace)
    }

    /// A token that may be used.
    pub(crate) fn valid(&self, now: Millis) -> Option<Tokens> {
        self.tokens.clone().filter(|_| now < self.ends)
    }

    pub(crate) fn ends(&self) -> Millis {
        self.ends.max(self.resume)
    }

    /// Whether the server is to be left alone.
    pub(crate) fn alone(&self, now: Millis) -> bool {
        now < self.resume
    }

    /// Whether it holds this token.
    pub(crate) fn has(&self, tokens: &Tokens) -> bool {
        self.tokens.as_ref().is_some_and(|own| own.access_token == tokens.access_token)
    }

    fn hold(&mut self, tokens: Tokens, replace: Millis, ends: Millis) {
        (self.tokens, self.replace, self.ends, self.bad) = (Some(tokens), replace, ends, None);
    }

    fn note_failure(&mut self, failures: u32, resume: Millis, error: Option<Error>) {
        (self.failures, self.resume, self.error) = (failures, resume, error);
    }

    /// Takes the answer to a question that was asked then.
    pub(crate) fn keep(&mut self, tokens: Tokens, asked: Millis, margin: Millis, random: u16, unknown_life: Millis) {
        let life = tokens.expires_in.map_or(unknown_life, |seconds| Millis::from(seconds).saturating_mul(1_000));
        let ends = asked.saturating_add(life);
        self.hold(tokens, ends.saturating_sub(early(life, margin, random)), ends);
        self.note_failure(0, 0, None);
    }

    /// Notes that no token came, and how long the server is left alone.
    pub(crate) fn fail(&mut self, error: Error, pause: Millis, now: Millis) {
        self.note_failure(self.failures, now.saturating_add(pause), Some(error));
    }

    /// Drops a token that an API refused; `false` when the last time is too near, so that the API's trouble must be another.
    pub(crate) fn refuse(&mut self, now: Millis) -> bool {
        if self.refused.is_some_and(|time| now < time.saturating_add(BETWEEN_REFUSALS)) {
            return false;
        }
        self.refused = Some(now);
        self.bad = self.tokens.take().map(|tokens| tokens.access_token);
        (self.replace, self.ends) = (0, 0);
        true
    }

    /// Takes what a store keeps, where it is newer.
    pub(crate) fn adopt(&mut self, kept: Option<&Kept>, credential: &str, now: Millis) {
        let Some((record, left)) = kept.and_then(|kept| Some((TokenRecord::read(kept.text.expose())?, millis(kept.left)))) else { return };
        let until = |what_is_left: Millis| now.saturating_add(left.saturating_sub(what_is_left));
        if let Some(refused) = record.refused {
            let then = now.saturating_sub(refused.saturating_sub(left));
            self.refused = Some(self.refused.map_or(then, |own| own.max(then)));
        }
        let own = self.tokens.as_ref().map(|tokens| &tokens.access_token);
        let other = record.tokens.filter(|there| Some(&there.access_token) != self.bad.as_ref() && Some(&there.access_token) != own);
        let came = other.is_some();
        let ends = until(record.tail);
        if let Some(there) = other
            && now < ends
            && (self.valid(now).is_none() || self.ends < ends)
        {
            self.hold(there, until(record.replace), ends);
        }
        // What was refused to another credential is no reason for this one to keep still.
        let ours = record.by.as_deref().is_none_or(|by| by == credential);
        match record.resume {
            Some(resume) if ours => self.note_failure(record.failures, until(resume), record.error),
            _ if came => self.note_failure(0, 0, None),
            _ => {}
        }
    }

    /// What a store is to keep, and for how long; nothing to keep is no time.
    pub(crate) fn record(&self, credential: &str, now: Millis) -> (Secret, Duration) {
        let token = if self.tokens.is_some() { self.ends.saturating_sub(now) } else { 0 };
        let rest = self.resume.saturating_sub(now);
        let life = if self.failures > 0 { token.max(rest.saturating_add(REMEMBERED)) } else { token };
        let mut record = TokenRecord { failures: self.failures, ..TokenRecord::default() };
        if token > 0 {
            record.tail = life.saturating_sub(token);
            record.replace = record.tail.saturating_add(self.ends.saturating_sub(self.replace));
            record.tokens = self.tokens.clone();
        }
        record.refused = self
            .refused
            .filter(|time| now < time.saturating_add(BETWEEN_REFUSALS))
            .map(|time| life.saturating_add(now.saturating_sub(time)));
        if self.failures > 0 {
            record.resume = Some(life.saturating_sub(rest));
            record.error = self.error.clone();
            let refused = self.error.as_ref().is_some_and(|error| Fault::of(error) == Fault::Refused);
            record.by = refused.then(|| String::from(credential));
        }
        (record.text(), Duration::from_millis(life))
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
