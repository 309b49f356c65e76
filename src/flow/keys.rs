//! A server's key set as it is kept: how long it is used, which of its keys a token gets, and when it is fetched anew.
//!
//! OIDC Core section 10.1.1 (rotation), RFC 9111 section 5.2.2.1 (`max-age`).
//! Refuses to fetch a set for each made-up key id: those of one set cause a fetch at once, and then none until a pause is over.

use alloc::string::String;

use crate::flow::discovery::{Discovery, Document};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{Request, Response};
use crate::ground::text::{Parts, number};
use crate::jose::{Jwk, jwks};
use crate::protocol::endpoint::Local;

/// Seconds between two fetches of a key set that unknown key ids cause, unless the caller says otherwise.
pub(crate) const COOLDOWN: u64 = 60;
/// Seconds for which a set is used whose server says nothing.
const LIFE: u32 = 600;
/// Seconds for which it is used at least, and at most: a key that the server took back would be trusted as long.
const LIVES: core::ops::RangeInclusive<u32> = 60..=86_400;

/// When a key set was fetched, how long it is used, and why it was fetched last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JwksTimes {
    /// When it was fetched, in seconds since 1970; 0 where nobody said, and then it is used as long as it is given.
    pub fetched: u64,
    /// Seconds for which it is used.
    pub life: u32,
    /// When an unknown key id last caused a fetch, whatever came of it, in seconds since 1970.
    pub unknown: Option<u64>,
}

impl JwksTimes {
    /// Times that were kept, of a set that is used for ten minutes.
    pub fn new(fetched: u64, unknown: Option<u64>) -> Self {
        Self { fetched, life: LIFE, unknown }
    }

    /// The same for a set that is used so many seconds.
    #[must_use]
    pub fn life(mut self, seconds: u32) -> Self {
        self.life = seconds;
        self
    }

    /// Whether the set is used without asking anew; one from the future is not.
    pub fn is_fresh(&self, now: u64) -> bool {
        self.fetched == 0 || now.checked_sub(self.fetched).is_some_and(|age| age < u64::from(self.life))
    }

    /// Whether an unknown key id caused a fetch so lately that another one is none of the server's; a time to come says nothing.
    fn is_recent(&self, now: u64, cooldown: u64) -> bool {
        self.unknown.and_then(|at| now.checked_sub(at)).is_some_and(|age| age < cooldown)
    }
}

/// Seconds for which a set is used: as many as were said, a minute to a day; ten minutes where nothing was.
pub(crate) fn life(said: Option<u64>) -> u32 {
    said.map_or(LIFE, |seconds| u32::try_from(seconds).unwrap_or(u32::MAX).clamp(*LIVES.start(), *LIVES.end()))
}

/// Seconds for which the server of an answer lets it be used (`Cache-Control`).
fn max_age(response: &Response) -> Option<u64> {
    let age = |directive: &str| {
        let (name, value) = directive.trim().split_at_checked("max-age=".len())?;
        number(value).filter(|_| name.eq_ignore_ascii_case("max-age="))
    };
    Parts(Some(response.cache_control.as_deref().unwrap_or_default()), b',').find_map(age)
}

/// What a token's key comes from.
pub(crate) enum Choice {
    Key(Jwk),
    /// The set fetched anew; with the times that are kept meanwhile.
    Fetch(Option<JwksTimes>),
}

/// The key for a token from a kept set, or that the set is to be fetched. `fetch`: the pause between fetches that unknown key ids
/// cause; without, none is fetched.
pub(crate) fn choose(
    kept: Option<(&str, Option<JwksTimes>)>,
    fetch: Option<u64>,
    now: u64,
    select: impl Fn(&str) -> Result<Jwk>,
) -> Result<Choice> {
    let Some((set, times)) = kept else { return if fetch.is_some() { Ok(Choice::Fetch(None)) } else { Err(unkeyed_error()) } };
    let Some(cooldown) = fetch else { return select(set).map(Choice::Key) };
    if !times.is_none_or(|times| times.is_fresh(now)) {
        return Ok(Choice::Fetch(times));
    }
    match select(set) {
        // A server that changed its keys names one that is not in the old set.
        Err(error) if error.code() == codes::KEY_NOT_FOUND.code() && !times.is_some_and(|times| times.is_recent(now, cooldown)) => {
            let times = times.unwrap_or_else(|| JwksTimes::new(0, None));
            Ok(Choice::Fetch(Some(JwksTimes { unknown: Some(now), ..times })))
        }
        Err(error) if error.code() == codes::KEY_NOT_FOUND.code() => Err(error.with_hint(
            "The keys were fetched for another unknown key id a moment ago, so not again: start again when the cooldown is over.",
        )),
        key => key.map(Choice::Key),
    }
}

pub(crate) fn unkeyed_error() -> Error {
    Error::new(&codes::INVALID_CONFIGURATION)
        .at(Phase::Token)
        .expected("the provider's jwks_uri, or its key set: its signatures are verified")
}

/// A key set that was fetched.
pub struct KeySet {
    /// Its JSON text, every key of it public.
    pub jwks: String,
    /// When, and how long it is used.
    pub times: JwksTimes,
}

impl core::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("KeySet").field("times", &self.times).finish_non_exhaustive()
    }
}

impl KeySet {
    /// Judges the answer to a request for a key set, which was asked for at this time.
    pub(crate) fn judge(response: &Response, asked: u64) -> Result<Self> {
        let times = JwksTimes::new(asked, None).life(life(max_age(response)));
        Ok(Self { jwks: jwks::judge(response)?, times })
    }
}

/// Where a key set is, until it is asked for.
struct Source(Option<Request>);

impl Document<KeySet> for Source {
    fn next(&mut self) -> Result<Option<Request>> {
        Ok(self.0.take())
    }

    fn judge(&self, response: &Response, asked: u64) -> Result<KeySet> {
        KeySet::judge(response, asked)
    }

    fn phase(&self) -> Phase {
        Phase::Token
    }
}

impl Discovery<KeySet> {
    /// Fetches a server's key set.
    ///
    /// # Errors
    /// `invalid_configuration` unless the address is https on a public host; then those of [`jwks::judge`].
    pub fn keys<'l>(jwks_uri: &str, development: impl Into<Local<'l>>) -> Result<Self> {
        Ok(Self::of(Source(Some(jwks::request(jwks_uri, development)?))))
    }
}
