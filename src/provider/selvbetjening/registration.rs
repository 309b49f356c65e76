//! A new key registered with the old one, once, whatever becomes of the answer.
//!
//! `POST` and `GET /v1/client-secret`; RFC 7638. Where an answer is lost, the service's list tells by the thumbprint; the old key may
//! have ended with the registration, and then only the new one can tell. Refuses to register a key a second time unlooked for.

use alloc::vec::Vec;

use super::Environment;
use super::api::Api;
use super::calls::{invalid_client, unclear, used_error};
use super::key::{ClientSecret, Key, SecretBody, find_secret};
use crate::ground::error::{Error, Result};
use crate::ground::http::{Request, Response};
use crate::provider::call::Call;

/// A registration, the first part of a [`Rotation`](super::Rotation). After it the new key is to be proven, and only then the old one may go.
#[derive(Debug)]
pub(super) struct Registration {
    environment: Environment,
    old: Key,
    key: Key,
    pub(super) body: SecretBody,
    /// Whether the key may have been registered by a request whose answer is not known.
    unsure: bool,
    added: u32,
    pub(super) expires_at: Option<i64>,
    pub(super) recovered: bool,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Looks for the key with itself.
    LookAsNew,
    LookAsOld,
    Add,
    Adding,
    Registered,
    Over,
}

impl Registration {
    /// Registers `key` with the token of `old`; `resumed` where it may be registered already, so that it is looked for first.
    pub(super) fn new(environment: &Environment, old: &Key, key: &Key, resumed: bool) -> Self {
        let (environment, old, key, body) = (environment.clone(), old.clone(), key.clone(), SecretBody::default());
        let at = if resumed { At::LookAsNew } else { At::Add };
        Self { environment, old, key, body, unsure: resumed, added: 0, expires_at: None, recovered: false, at }
    }

    fn list(&self) -> Call<Vec<ClientSecret>> {
        Api::new(&self.environment).secrets()
    }

    fn add(&self) -> Call<Option<i64>> {
        Api::new(&self.environment).add_secret(self.key.public(), self.body)
    }

    /// The call that is due, and whose; nothing once the key is registered.
    pub(super) fn next(&mut self) -> Result<Option<(Request, Key)>> {
        Ok(match self.at {
            At::LookAsNew => Some((self.list().request, self.key.clone())),
            At::LookAsOld => Some((self.list().request, self.old.clone())),
            At::Add => {
                self.at = At::Adding;
                self.added = self.added.saturating_add(1);
                Some((self.add().request, self.old.clone()))
            }
            At::Registered => None,
            At::Adding | At::Over => return Err(used_error()),
        })
    }

    /// Takes what came of it.
    pub(super) fn take(&mut self, answer: Result<Response>) -> Result<()> {
        let at = core::mem::replace(&mut self.at, At::Over);
        self.at = match at {
            At::LookAsNew | At::LookAsOld | At::Adding => self.judge(at, answer)?,
            other => {
                self.at = other;
                return Err(used_error());
            }
        };
        Ok(())
    }

    /// What the list says: the new key is in it, or not.
    fn looked(&mut self, list: &[ClientSecret], otherwise: At) -> At {
        let Some(found) = find_secret(list, self.key.public()) else { return otherwise };
        self.expires_at = found.expires_at;
        self.recovered = true;
        At::Registered
    }

    /// What follows from an answer to a look or to the registration.
    fn judge(&mut self, at: At, answer: Result<Response>) -> Result<At> {
        let ended = |error: &Error, this: &Self| this.unsure && invalid_client(error);
        match at {
            At::LookAsNew => match answer.and_then(|response| self.list().finish(&response)) {
                Ok(list) => Ok(self.looked(&list, At::LookAsOld)),
                Err(error) if invalid_client(&error) => Ok(At::LookAsOld),
                Err(error) => Err(error),
            },
            At::LookAsOld => match answer.and_then(|response| self.list().finish(&response)) {
                Ok(list) => Ok(self.looked(&list, At::Add)),
                Err(error) if ended(&error, self) => Ok(self.taken_over()),
                Err(error) => Err(error),
            },
            _ => match answer.and_then(|response| self.add().finish(&response)) {
                Ok(expires_at) => {
                    self.expires_at = expires_at;
                    Ok(At::Registered)
                }
                Err(error) if self.added == 1 && unclear(&error) => {
                    self.unsure = true;
                    Ok(At::LookAsOld)
                }
                Err(error) if ended(&error, self) => Ok(self.taken_over()),
                Err(error) => Err(error),
            },
        }
    }

    /// The old key is not known any more, and the new one may be registered: then only the new one can tell.
    fn taken_over(&mut self) -> At {
        self.recovered = true;
        At::Registered
    }
}
