//! A safe change of a client's keys: read, write the whole set, read again.
//!
//! docs.digdir.no `oidc_api_admin_maskinporten`: the last writer wins there, and nothing tells the one before.
//! Refuses to call a change done when the set that is read afterwards is another.

use alloc::string::String;

use super::api::SelfService;
use super::keys::Change;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{Request, Response};

/// What to change.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Edit {
    /// Adds a public key, JSON with `kid`.
    Add(String),
    /// Posts the key of this id again, for another year.
    Renew(String),
    /// Removes the key of this id.
    Remove(String),
}

/// How far a change of a client's keys is.
#[derive(Debug)]
pub(super) struct KeyEdit {
    client: String,
    edit: Edit,
    at: Stage,
}

#[derive(Debug)]
enum Stage {
    Read,
    Write(Change),
    Confirm(Change),
    End(String),
}

impl KeyEdit {
    /// A change of this client's keys.
    pub(super) fn new(client_id: &str, edit: Edit) -> Self {
        Self { client: client_id.into(), edit, at: Stage::Read }
    }

    /// The request, and the scope that its token needs.
    pub(super) fn request(&self, api: &SelfService<'_>) -> Result<(Request, Option<&'static str>)> {
        Ok(match &self.at {
            Stage::Write(change) => {
                let call = api.write_keys(&self.client, change)?;
                (call.request.clone(), call.scope())
            }
            _ => {
                let call = api.keys(&self.client)?;
                (call.request.clone(), call.scope())
            }
        })
    }

    /// The key set as it is now, where all is done.
    pub(super) fn outcome(&self) -> Option<&str> {
        match &self.at {
            Stage::End(set) => Some(set),
            _ => None,
        }
    }

    /// Takes the response to the last request.
    ///
    /// # Errors
    /// Those of the call; `registration_conflict` when someone else changed the keys meanwhile, or the id is taken;
    /// `key_refused`, `not_found`.
    pub(super) fn receive(&mut self, api: &SelfService<'_>, response: &Response) -> Result<()> {
        self.at = match &self.at {
            Stage::Read => {
                let set = api.keys(&self.client)?.finish(response)?;
                Stage::Write(match &self.edit {
                    Edit::Add(key) => Change::add(&set, key)?,
                    Edit::Renew(kid) => Change::renew(&set, kid)?,
                    Edit::Remove(kid) => Change::remove(&set, kid)?,
                })
            }
            Stage::Write(change) => {
                api.write_keys(&self.client, change)?.finish(response)?;
                Stage::Confirm(change.clone())
            }
            Stage::Confirm(change) => {
                let set = api.keys(&self.client)?.finish(response)?;
                change.confirm(&set)?;
                Stage::End(set)
            }
            Stage::End(_) => return Err(Error::new(&codes::TRANSACTION_USED).at(Phase::Api)),
        };
        Ok(())
    }
}
