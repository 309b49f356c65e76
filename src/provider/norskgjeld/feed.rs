//! The feed of consent events, and a cursor that loses nothing (api-docs `reference/consent/consent-feed.md`).
//!
//! Sequence numbers rise with gaps and are not in time order; a read includes its start; events stay seven days.
//! Refuses to move the cursor by anything but the numbers of events that were handed out.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::Environment;
use super::api::{Api, TRACE_ID, first, handed_on, last, page};
use super::event::Event;
use super::known::Known;
use crate::flow::machine::{Input, Machine, Moment};
use crate::flow::step::Step;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{Request, Response};
use crate::ground::secret::Secret;
use crate::ground::text::{cut, decimal, number};
use crate::provider::call::{Calling, Turn};

/// Events after which a batch is full, those that came twice included; a longer feed is read on from the batch's cursor.
const MAX_EVENTS: usize = 10_000;

/// What a reading brought.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Batch {
    /// New events, each once.
    pub events: Vec<Event>,
    /// Store this when the events are handled; the next reading starts after it.
    pub cursor: u64,
    /// Events may have been dropped since the cursor (older than seven days): ask every stored consent for its status.
    pub lost: bool,
}

impl Batch {
    /// Adds what the next page of the same reading brought.
    pub fn extend(&mut self, page: Self) {
        self.events.extend(page.events);
        self.cursor = page.cursor;
        self.lost |= page.lost;
    }
}

/// Where a reading stands.
#[derive(Debug)]
struct FeedReader {
    batch: Batch,
    /// Ids of the batch's events.
    known: Known,
    /// Events read, those that came twice included.
    read: usize,
    limit: u32,
    last: u64,
    at: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    First,
    Last,
    Page,
    End,
}

/// One page of a reading: what it brought, and how to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The page's new events, and where the reading stands.
    pub batch: Batch,
    /// What [`FeedCall::resume`] takes for the next page; none where the batch is whole.
    pub next: Option<String>,
}

/// One page of the feed as a machine: the first asks for the ends of the feed too. A reading is a chain of them with a text between.
///
/// ```
/// use samtykke::flow::machine::{Input, Machine, Moment};
/// use samtykke::provider::norskgjeld::{Api, Environment, FeedCall};
/// use samtykke::{Response, Secret, Step};
/// # fn http(request: samtykke::Request) -> Response {
/// #     let body = if request.url.ends_with("/firstSequenceNr") { r#"{"firstSequenceNr":1}"# } else { r#"{"lastSequenceNr":0}"# };
/// #     Response::new(200, Some("application/json"), body)
/// # }
/// let environment = Environment::preprod();
/// let mut call = FeedCall::new(&Api::tokenless(&environment), 0, 500);
/// let mut input = Input::Start;
/// let page = loop {
///     input = match call.advance(input, &Moment { now: 1_700_000_000, random: &[7; 32] })? {
///         Step::Token(_) => Input::Token(Secret::new("x.y")),
///         Step::Send(request) => Input::Response(http(request)),
///         Step::Sleep(_) => Input::Slept, // when the time is over
///         Step::Done(page) => break page,
///         _ => unreachable!("no other step"),
///     };
/// };
/// assert_eq!((page.batch.events.len(), page.next), (0, None));
/// # Ok::<(), samtykke::Error>(())
/// ```
pub struct FeedCall {
    environment: Environment,
    token: Option<Secret>,
    trace_id: Option<String>,
    reader: FeedReader,
    calling: Calling,
}

impl core::fmt::Debug for FeedCall {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FeedCall").field("reader", &self.reader).finish_non_exhaustive()
    }
}

impl FeedCall {
    /// The first page after `cursor`, the highest number handled so far (0 for none), with pages of `limit` events. It goes with the
    /// API's token, and asks for one where the API has none.
    pub fn new(api: &Api<'_>, cursor: u64, limit: u32) -> Self {
        Self::of(api, FeedReader::new(cursor, limit))
    }

    /// The next page of a reading.
    ///
    /// # Errors
    /// `invalid_parameter` for a text that is not of a [`Reading`].
    pub fn resume(api: &Api<'_>, next: &str) -> Result<Self> {
        let reader = FeedReader::resume(next);
        reader
            .map(|reader| Self::of(api, reader))
            .ok_or_else(|| Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected("what the last page of the feed says of the next"))
    }

    fn of(api: &Api<'_>, reader: FeedReader) -> Self {
        let mut calling = Calling::new(reader.request(api), None);
        calling.trace = Some(TRACE_ID);
        let Api { environment, token, trace_id } = *api;
        Self { environment: environment.clone(), token: token.cloned(), trace_id: trace_id.map(String::from), reader, calling }
    }

    /// How often each of its requests is repeated at most: [`RETRIES`](crate::provider::call::RETRIES) unless told.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.calling.retries = retries;
        self
    }

    fn api(&self) -> Api<'_> {
        Api { environment: &self.environment, token: self.token.as_ref(), trace_id: self.trace_id.as_deref() }
    }
}

impl Machine for FeedCall {
    type Output = Reading;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<Reading>> {
        let response = match self.calling.advance(input, moment)? {
            Turn::Asked(asked) => return Ok(asked.step()),
            Turn::Answer(response) => response,
        };
        let paged = self.reader.at == Stage::Page;
        if let Err(error) = self.reader.take(&response) {
            return Ok(self.calling.refused(error, moment)?.step());
        }
        if !paged && self.reader.at != Stage::End {
            let request = self.reader.request(&self.api());
            self.calling.next(request, None);
            return Ok(self.calling.begin().step());
        }
        Ok(Step::Done(Reading { next: self.reader.record(), batch: self.reader.batch.clone() }))
    }
}

impl FeedReader {
    fn new(cursor: u64, limit: u32) -> Self {
        let batch = Batch { events: Vec::new(), cursor, lost: false };
        Self { batch, known: Known::default(), read: 0, limit: limit.max(1), last: 0, at: Stage::First }
    }

    fn request(&self, api: &Api<'_>) -> Request {
        match self.at {
            Stage::First => api.first_sequence_number().request,
            Stage::Last => api.last_sequence_number().request,
            Stage::Page | Stage::End => api.events(self.batch.cursor.saturating_add(1), self.limit).request,
        }
    }

    /// Where a reading that is not over stands: last number, limit, how many events were read, whether some were lost, cursor, and
    /// the ids of those that came.
    fn record(&self) -> Option<String> {
        if self.at == Stage::End {
            return None;
        }
        let mut text = String::new();
        for number in [self.last, u64::from(self.limit), self.read as u64, u64::from(self.batch.lost), self.batch.cursor] {
            text.push_str(&decimal(number));
            text.push(' ');
        }
        text.push_str(self.known.as_str());
        Some(text)
    }

    fn resume(record: &str) -> Option<Self> {
        let mut rest = record;
        let mut next = || {
            let (word, after) = cut(rest, b' ');
            rest = after?;
            number(word)
        };
        let (last, limit, read, lost, cursor) = (next()?, next()?, next()?, next()? == 1, next()?);
        let batch = Batch { events: Vec::new(), cursor, lost };
        let (limit, read) = (u32::try_from(limit).ok()?, usize::try_from(read).ok()?);
        Some(Self { batch, known: Known::read(rest), read, limit: limit.max(1), last, at: Stage::Page })
    }

    fn take(&mut self, response: &Response) -> Result<()> {
        self.turn(response).map_err(|error| handed_on(error, response, true))
    }

    fn turn(&mut self, response: &Response) -> Result<()> {
        match self.at {
            Stage::First => {
                let first = first(response)?;
                // A first reading starts where the feed starts; nothing was lost.
                self.batch.lost = self.batch.cursor > 0 && self.batch.cursor.saturating_add(1) < first;
                self.batch.cursor = self.batch.cursor.max(first.saturating_sub(1));
                self.at = Stage::Last;
            }
            Stage::Last => {
                self.last = last(response)?;
                self.at = if self.batch.cursor < self.last { Stage::Page } else { Stage::End };
            }
            Stage::Page => {
                let page = page(response)?;
                let highest = page.highest();
                self.read = self.read.saturating_add(page.events.len());
                let mut new = BTreeMap::new();
                for event in page.events {
                    let entry = Known::entry(&event.event_id);
                    if let Some(place) = self.known.place(&entry)
                        && new.insert(entry, place).is_none()
                    {
                        self.batch.events.push(event);
                    }
                }
                self.known.add(&new);
                let moved = highest.is_some_and(|highest| highest > self.batch.cursor);
                self.batch.cursor = self.batch.cursor.max(highest.unwrap_or(0));
                // An empty page, or one that does not move the cursor, would be read for ever.
                let more = moved && self.batch.cursor < self.last && self.read < MAX_EVENTS;
                self.at = if more { Stage::Page } else { Stage::End };
            }
            Stage::End => return Err(Error::new(&codes::TRANSACTION_USED).at(Phase::Api)),
        }
        Ok(())
    }
}
