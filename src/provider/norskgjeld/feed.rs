//! The feed of consent events, and a cursor that loses nothing (api-docs `reference/consent/consent-feed.md`).
//!
//! Sequence numbers rise with gaps and are not in time order; a read includes its start; events stay seven days.
//! Refuses to move the cursor by anything but the numbers of events that were handed out.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::api::Api;
use super::event::Event;
use crate::flow::step::Step;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::Response;

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

/// Reads the feed from a cursor to its end, step by step, without I/O.
///
/// ```
/// use samtykke::{Response, Secret, Step};
/// use samtykke::provider::norskgjeld::{Api, Environment, FeedReader};
/// # fn http(request: samtykke::Request) -> Response {
/// #     let body = if request.url.ends_with("/firstSequenceNr") { r#"{"firstSequenceNr":1}"# } else { r#"{"lastSequenceNr":0}"# };
/// #     Response::new(200, Some("application/json"), body)
/// # }
/// let (environment, token) = (Environment::preprod(), Secret::new("x.y"));
/// let api = Api::new(&environment, &token);
/// let mut reader = FeedReader::new(0, 500);
/// let batch = loop {
///     match reader.step(&api)? {
///         Step::Send(request) => reader.receive(&api, &http(request))?,
///         Step::Done(batch) => break batch,
///         _ => unreachable!("no other step"),
///     }
/// };
/// assert_eq!((batch.events.len(), batch.cursor, batch.lost), (0, 0, false));
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Debug)]
pub struct FeedReader {
    batch: Batch,
    /// Ids of the batch's events. Ordered, so that no choice of ids makes looking one up slow.
    known: BTreeSet<String>,
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

impl FeedReader {
    /// Starts after `cursor`, the highest number handled so far (0 for none), with pages of `limit` events.
    pub fn new(cursor: u64, limit: u32) -> Self {
        let batch = Batch { events: Vec::new(), cursor, lost: false };
        Self { batch, known: BTreeSet::new(), read: 0, limit: limit.max(1), last: 0, at: Stage::First }
    }

    /// The next request, or the batch.
    ///
    /// # Errors
    /// None today; the signature leaves room for a reader that refuses.
    pub fn step(&mut self, api: &Api<'_>) -> Result<Step<Batch>> {
        Ok(match self.at {
            Stage::First => Step::Send(api.first_sequence_number().request),
            Stage::Last => Step::Send(api.last_sequence_number().request),
            Stage::Page => Step::Send(api.events(self.batch.cursor.saturating_add(1), self.limit).request),
            Stage::End => Step::Done(self.batch.clone()),
        })
    }

    /// Takes the response to the last request.
    ///
    /// # Errors
    /// Those of the call; the cursor has not moved past anything that was not read.
    pub fn receive(&mut self, api: &Api<'_>, response: &Response) -> Result<()> {
        match self.at {
            Stage::First => {
                let first = api.first_sequence_number().finish(response)?;
                // A first reading starts where the feed starts; nothing was lost.
                self.batch.lost = self.batch.cursor > 0 && self.batch.cursor.saturating_add(1) < first;
                self.batch.cursor = self.batch.cursor.max(first.saturating_sub(1));
                self.at = Stage::Last;
            }
            Stage::Last => {
                self.last = api.last_sequence_number().finish(response)?;
                self.at = if self.batch.cursor < self.last { Stage::Page } else { Stage::End };
            }
            Stage::Page => {
                let page = api.events(0, self.limit).finish(response)?;
                let highest = page.highest();
                self.read = self.read.saturating_add(page.events.len());
                for event in page.events {
                    if self.known.insert(event.event_id.clone()) {
                        self.batch.events.push(event);
                    }
                }
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
