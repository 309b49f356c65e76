//! What a draft began with, kept until the client is confirmed.

use alloc::string::String;

use super::draft::Draft;
use super::refusal;
use crate::ground::error::Result;
use crate::ground::json::{Value, Writer};

/// What a draft began with, and how far its confirmation is.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Begun {
    /// Its JSON, without the key.
    pub(super) draft: String,
    pub(super) redirect_uri: String,
    pub(super) older: bool,
    /// Seconds in which a confirmation has to come.
    pub(super) within: u64,
    /// Set by the answer to the draft: seconds since 1970.
    pub(super) until: Option<u64>,
    pub(super) confirmed: bool,
}

impl Begun {
    pub(super) fn new(draft: &Draft, within: u64) -> Result<Self> {
        let Some(redirect_uri) = &draft.confirmation_redirect_uri else {
            return Err(refusal("postClientConfirmationRedirectUri: where the portal sends the person afterwards"));
        };
        let json = draft.json()?;
        let mut plain = Writer::new();
        for member in Value::parse(&json).as_ref().map_or(&[][..], Value::members) {
            if member.name != "publicJwk" {
                plain.raw(&member.name, member.raw);
            }
        }
        Ok(Self { draft: plain.take(), redirect_uri: redirect_uri.clone(), older: false, within, until: None, confirmed: false })
    }
}
