//! Who may use a scope: the rows that the self-service API keeps of it.
//!
//! docs.digdir.no `oidc_api_admin_maskinporten` (scopes and access). States that are not known here are kept as they are.
//! Refuses a row without scope, state or consumer.

use alloc::string::String;
use alloc::vec::Vec;

use super::record::Record;
use super::record::records;
use super::wire::wrong;
use crate::ground::error::Result;

/// An organisation's access to a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ScopeAccess {
    /// The scope's name.
    pub scope: String,
    /// Whether access was granted.
    pub state: AccessState,
    /// Who has it.
    pub consumer: String,
    /// Whose scope it is.
    pub owner: Option<String>,
    /// When it changed last, in seconds since 1970.
    pub last_updated: Option<i64>,
}

/// Where an access stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum AccessState {
    /// Asked for.
    Requested,
    /// Granted.
    Approved,
    /// Withdrawn or refused.
    Denied,
    /// A state yet unknown.
    Other(String),
}

impl ScopeAccess {
    fn read(record: &Record) -> Result<Self> {
        let text = |name| record.text(name).ok_or_else(|| wrong("scope, state, consumer_orgno"));
        let state = text("state")?;
        Ok(Self {
            scope: text("scope")?,
            state: match state.as_str() {
                "REQUESTED" => AccessState::Requested,
                "APPROVED" => AccessState::Approved,
                "DENIED" => AccessState::Denied,
                _ => AccessState::Other(state),
            },
            consumer: text("consumer_orgno")?,
            owner: record.text("owner_orgno"),
            last_updated: record.time("last_updated"),
        })
    }
}

pub(super) fn accesses(json: &str) -> Result<Vec<ScopeAccess>> {
    records(json)?.iter().map(ScopeAccess::read).collect()
}

pub(super) fn access(json: &str) -> Result<ScopeAccess> {
    ScopeAccess::read(&Record::parse(json)?)
}
