//! Tokens kept until shortly before they end: who may ask for a new one, who waits, and how long a server is left alone.
//!
//! Lifetimes of RFC 6749 section 5.1, `Retry-After` of RFC 9110 section 10.2.3, a refused token of RFC 6750 section 3.1.
//! Refuses a token past its end, a second question while one is on its way, and a question to a server still to be left alone.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Action, Error};
use crate::protocol::token::Tokens;

/// Milliseconds by the caller's clock, from any start.
pub type Millis = u64;

/// No pause is longer, whatever a server asks for.
const LONGEST: Millis = 600_000;
/// A token that an API refused is replaced at most once in this time.
const BETWEEN_REFUSALS: Millis = 30_000;

/// What a token is for. Two callers with equal targets share one token; whatever differs, down to the person, keeps them apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target<'a> {
    /// The server that issues it.
    pub issuer: &'a str,
    /// Who asks.
    pub client_id: &'a str,
    /// The key that signs for the client or that the token is bound to: its thumbprint or id.
    pub key: &'a str,
    /// Scope tokens between spaces, in any order.
    pub scope: &'a str,
    /// Services by URI (RFC 8707), in any order.
    pub resource: &'a [&'a str],
    /// Services by name (RFC 8693 section 2.1), in any order.
    pub audience: &'a [&'a str],
    /// On whose behalf: an organisation.
    pub organisation: &'a str,
    /// On whose behalf: a person.
    pub subject: &'a str,
    /// Whatever else is asked for, by name.
    pub more: &'a [(&'a str, &'a str)],
}

impl Target<'_> {
    /// The text under which the token is kept. It names the person: keep it in memory, and hash it for a store.
    ///
    /// ```
    /// use samtykke::protocol::token_cache::Target;
    /// let one = Target { issuer: "https://op.example", client_id: "c", scope: "b a", ..Target::default() };
    /// assert_eq!(one.name(), Target { scope: "a b a", ..one }.name());
    /// assert_ne!(one.name(), Target { subject: "b", ..one }.name());
    /// ```
    pub fn name(&self) -> String {
        let mut name = String::new();
        for (tag, value) in [('i', self.issuer), ('c', self.client_id), ('k', self.key), ('o', self.organisation), ('u', self.subject)] {
            line(&mut name, tag, value);
        }
        set(&mut name, 's', self.scope.split(' ').collect());
        set(&mut name, 'r', self.resource.to_vec());
        set(&mut name, 'a', self.audience.to_vec());
        let mut more = self.more.to_vec();
        more.sort_unstable();
        for (member, value) in more {
            line(&mut name, 'n', member);
            line(&mut name, 'v', value);
        }
        name
    }
}

/// One line; a line end inside is written as another text, so that no value can pass for two.
fn line(name: &mut String, tag: char, value: &str) {
    if value.is_empty() {
        return;
    }
    name.push(tag);
    for letter in value.chars() {
        match letter {
            '\\' => name.push_str("\\\\"),
            '\n' => name.push_str("\\n"),
            _ => name.push(letter),
        }
    }
    name.push('\n');
}

fn set(name: &mut String, tag: char, mut values: Vec<&str>) {
    values.sort_unstable();
    values.dedup();
    for value in values {
        line(name, tag, value);
    }
}

/// How many milliseconds before its end a token is replaced: the margin, or half of a life too short for that, and up to a
/// fifth more by chance, so that many processes do not ask at once.
///
/// ```
/// use samtykke::protocol::token_cache::early;
/// assert_eq!(early(3_600_000, 60_000, 0), 60_000);
/// assert_eq!(early(30_000, 120_000, 0), 15_000);
/// ```
pub fn early(life: Millis, margin: Millis, random: u16) -> Millis {
    let early = margin.min(life / 2);
    early.saturating_add(share(early / 5, random))
}

/// Why no token came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The server or the way to it has trouble: no answer, 429, 5xx, an answer that is none.
    Trouble,
    /// The server understood and refused: asking again soon is of no use.
    Refused,
}

impl Fault {
    /// What an error of a token request means, for [`TokenCache::fail`]: whether it may be asked again soon, with a new
    /// assertion. [`Error::retryable`] says less: only whether the very same request may be sent again.
    ///
    /// ```
    /// use samtykke::{Response, Tokens};
    /// use samtykke::protocol::token_cache::Fault;
    /// let of = |status, body| Fault::of(&Tokens::judge(&Response::new(status, Some("application/json"), body), &Default::default()).unwrap_err());
    /// assert_eq!(of(503, ""), Fault::Trouble);
    /// assert_eq!(of(400, r#"{"error":"invalid_client"}"#), Fault::Refused);
    /// ```
    pub fn of(error: &Error) -> Self {
        let busy = error.status().is_some_and(|status| status == 429 || status >= 500);
        let waits = error.oauth().is_some_and(|oauth| oauth.is("temporarily_unavailable") || oauth.is("server_error"));
        if busy || waits || error.action() == Action::TryLater { Self::Trouble } else { Self::Refused }
    }
}

/// How long to leave a server alone after so many failures in a row: doubling from half a second (four seconds for a refusal)
/// to a minute, the upper half by chance; `retry_after`, in seconds, where that is longer; never more than ten minutes.
///
/// ```
/// use samtykke::protocol::token_cache::{Fault, pause};
/// assert_eq!(pause(Fault::Trouble, 1, None, 0), 250);
/// assert_eq!(pause(Fault::Trouble, 1, Some(7), 0), 7_000);
/// assert_eq!(pause(Fault::Refused, 1, None, 0), 2_000);
/// ```
pub fn pause(fault: Fault, failures: u32, retry_after: Option<u64>, random: u16) -> Millis {
    let first: Millis = if fault == Fault::Trouble { 500 } else { 4_000 };
    let longest = first.saturating_mul(1 << failures.saturating_sub(1).min(7)).min(60_000);
    let half = longest / 2;
    half.saturating_add(share(half, random)).max(retry_after.unwrap_or(0).saturating_mul(1_000)).min(LONGEST)
}

/// The share of a whole that a random number of 16 bits stands for.
fn share(whole: Millis, random: u16) -> Millis {
    whole.saturating_mul(random.into()) >> 16
}

/// How a cache works. The numbers are milliseconds, but for `most`.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long before its end a token is replaced.
    pub margin: Millis,
    /// How long a question may be on its way before somebody else may ask.
    pub lease: Millis,
    /// How long a token lives whose server does not say.
    pub unknown_life: Millis,
    /// How many tokens are kept.
    pub most: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self { margin: 60_000, lease: 12_000, unknown_life: 60_000, most: 10_000 }
    }
}

/// What to do now.
#[derive(Debug)]
pub enum Decision<'a> {
    /// Use this token.
    Fresh(&'a Tokens),
    /// You ask: end it with [`TokenCache::keep`] or [`TokenCache::fail`].
    Ask,
    /// Somebody asks, or the server is to be left alone. Decide again then, or when that question has ended.
    Wait {
        /// When to decide again at the latest.
        until: Millis,
    },
}

#[derive(Default)]
struct Entry {
    tokens: Option<Tokens>,
    got: Millis,
    replace: Millis,
    ends: Millis,
    asked: Option<Millis>,
    resume: Option<Millis>,
    failures: u32,
    refused: Option<Millis>,
}

/// Tokens by target, for one process; callers take turns with it (a mutex, an actor). It has no clock and asks nobody.
///
/// ```
/// use samtykke::protocol::token_cache::{Decision, Target, TokenCache};
/// # let answer = samtykke::Response::new(200, Some("application/json"), r#"{"access_token":"t","token_type":"Bearer","expires_in":120}"#);
/// # let tokens = samtykke::Tokens::judge(&answer, &Default::default())?;
/// let mut cache = TokenCache::default();
/// let name = Target { issuer: "https://op.example", client_id: "client-1", scope: "read", ..Target::default() }.name();
/// assert!(matches!(cache.decide(&name, 0), Decision::Ask));
/// assert!(matches!(cache.decide(&name, 1), Decision::Wait { until: 12_000 }));
/// cache.keep(&name, tokens, 400, 0); // when the answer is there
/// assert!(matches!(cache.decide(&name, 500), Decision::Fresh(_)));
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Default)]
pub struct TokenCache {
    policy: Policy,
    entries: BTreeMap<String, Entry>,
}

impl core::fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("TokenCache(…)")
    }
}

impl TokenCache {
    /// An empty cache.
    pub fn new(policy: Policy) -> Self {
        Self { policy, entries: BTreeMap::new() }
    }

    /// What the caller of this moment does. After [`Decision::Ask`] others wait, for `lease` at most.
    pub fn decide(&mut self, name: &str, now: Millis) -> Decision<'_> {
        let lease = self.policy.lease;
        let entry = self.entry(name, now);
        // A clock that went back makes everything look young, so what was noted later than now counts for nothing.
        let valid = entry.tokens.is_some() && entry.got <= now && now < entry.ends;
        let until = |time: Option<Millis>, most: Millis| time.filter(|&time| now < time && time <= now.saturating_add(most));
        let wait = until(entry.asked, lease).max(until(entry.resume, LONGEST));
        match (&entry.tokens, wait) {
            (Some(tokens), wait) if valid && (now < entry.replace || wait.is_some()) => Decision::Fresh(tokens),
            (_, Some(until)) => Decision::Wait { until },
            _ => {
                entry.asked = Some(now.saturating_add(lease));
                Decision::Ask
            }
        }
    }

    /// Keeps the tokens that an answer brought. One without any life is for those who wait for it, and replaced at once.
    pub fn keep(&mut self, name: &str, tokens: Tokens, now: Millis, random: u16) {
        let life = tokens.expires_in.map_or(self.policy.unknown_life, |seconds| Millis::from(seconds).saturating_mul(1_000));
        let ends = now.saturating_add(life);
        let replace = ends.saturating_sub(early(life, self.policy.margin, random));
        let entry = self.entry(name, now);
        *entry = Entry { tokens: Some(tokens), got: now, replace, ends, refused: entry.refused, ..Entry::default() };
    }

    /// Notes that no token came; answers how many milliseconds the server is left alone.
    pub fn fail(&mut self, name: &str, fault: Fault, retry_after: Option<u64>, now: Millis, random: u16) -> Millis {
        let entry = self.entry(name, now);
        entry.failures = entry.failures.saturating_add(1);
        let pause = pause(fault, entry.failures, retry_after, random);
        entry.asked = None;
        entry.resume = Some(now.saturating_add(pause));
        pause
    }

    /// Drops a token that an API refused (RFC 6750 section 3.1), and answers whether to call the API once more with what
    /// [`decide`](Self::decide) gives. A second one refused within half a minute stays: then the API's trouble is another.
    pub fn refuse(&mut self, name: &str, access_token: &str, now: Millis) -> bool {
        let Some(entry) = self.entries.get_mut(name) else { return true };
        let kept = entry
            .tokens
            .as_ref()
            .is_some_and(|tokens| crate::ground::text::equal(tokens.access_token.expose().as_bytes(), access_token.as_bytes()));
        if !kept {
            return true;
        }
        if entry.refused.is_some_and(|time| time <= now && now < time.saturating_add(BETWEEN_REFUSALS)) {
            return false;
        }
        entry.refused = Some(now);
        entry.tokens = None;
        true
    }

    /// The entry of a name. A new one finds room: what has ended goes, and if that is nothing, what ends first.
    fn entry(&mut self, name: &str, now: Millis) -> &mut Entry {
        let most = self.policy.most.max(1);
        if self.entries.len() >= most && !self.entries.contains_key(name) {
            let busy = |entry: &Entry| entry.asked.max(entry.resume).is_some_and(|time| now < time);
            self.entries.retain(|_, entry| now < entry.ends || busy(entry));
            let first = self.entries.iter().min_by_key(|(_, entry)| (busy(entry), entry.ends)).map(|(name, _)| name.clone());
            if let Some(first) = first.filter(|_| self.entries.len() >= most) {
                self.entries.remove(&first);
            }
        }
        self.entries.entry(name.into()).or_default()
    }
}
