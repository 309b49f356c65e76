//! Events of the feed, as one answer holds them (api-docs `reference/consent/consent-feed.md`).
//!
//! Created and archived events carry their details in members of their own.
//! Refuses an answer in which one event is not as documented.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::json::Value;

/// What happened to a consent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum EventType {
    /// `SAMTYKKE_OPPRETTET`
    Created,
    /// `SAMTYKKE_ARKIVERT`: withdrawn, expired or used.
    Archived,
    /// A type the documentation does not name.
    Other(String),
}

/// An event. Key on [`consent_id`](Self::consent_id), the outer one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Event {
    /// Its number in the feed.
    pub sequence_number: u64,
    /// Its id; an event can be handed out twice, so keep ids that were handled.
    pub event_id: String,
    /// The consent.
    pub consent_id: String,
    /// ISO 8601; order by this, not by number.
    pub timestamp: String,
    /// What happened.
    pub event_type: EventType,
    /// The client, when named.
    pub client_id: Option<String>,
    /// The granted base scope, of a created event.
    pub scope: Option<String>,
    /// Your own id of the consent, when it was registered with one.
    pub external_consent_id: Option<String>,
}

/// One answer of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventPage {
    /// Its events, in the order of the answer.
    pub events: Vec<Event>,
}

impl EventPage {
    /// The highest number on the page; the documented `endSequenceNr` is ambiguous and not used.
    pub fn highest(&self) -> Option<u64> {
        self.events.iter().map(|event| event.sequence_number).max()
    }

    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        let events = value.get("result")?.as_array()?;
        Some(Self { events: events.iter().map(Event::read).collect::<Option<_>>()? })
    }
}

impl Event {
    fn read(value: &Value<'_>) -> Option<Self> {
        let text = |name: &str| value.text(name).map(String::from);
        // Created and archived events carry their details in members of their own.
        let inner = |name: &str| {
            let details = ["samtykkeOpprettetEvent", "samtykkeArkivertEvent"].into_iter().filter_map(|member| value.get(member));
            details.filter_map(|details| details.get(name)?.as_str()).next().map(String::from)
        };
        let event_type = match text("eventType")? {
            created if created == "SAMTYKKE_OPPRETTET" => EventType::Created,
            archived if archived == "SAMTYKKE_ARKIVERT" => EventType::Archived,
            other => EventType::Other(other),
        };
        Some(Self {
            sequence_number: value.get("sequenceNr")?.as_integer()?.try_into().ok()?,
            event_id: text("eventId")?,
            consent_id: text("consentId")?,
            timestamp: text("timestamp")?,
            event_type,
            client_id: inner("clientId"),
            scope: inner("scope"),
            external_consent_id: inner("externalConsentId"),
        })
    }
}
