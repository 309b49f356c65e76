//! Steps that a program does, and not its shell: storing, calls by one of several keys, what is to become of settings.
//!
//! Selvbetjening's machines ask for them all, other machines have a token stored. Refuses to answer for a program that was not asked.

use super::Transport;
use super::asked::{Asked, Storing};
use super::client::Client;
use super::keys::Keys;
use super::send;
use crate::flow::machine::{Failure, Input, Machine};
use crate::flow::step::CallRequest;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::provider::selvbetjening::{ClientSettings, Environment};
use crate::{Secret, Tokens};

impl Transport {
    /// As [`drive`](Self::drive); what is to be stored goes to `store`.
    pub(super) async fn drive_storing<M: Machine>(
        &self,
        machine: &mut M,
        keys: &Keys<'_>,
        store: Option<Storing<'_>>,
    ) -> Result<M::Output> {
        let program = async |asked| match (asked, store) {
            // Not the caller's to end: what it replaces is spent.
            (Asked::Store(text), Some(store)) => {
                let stored = send::limited(self, false, store(text)).await;
                Ok(stored.and_then(|stored| stored.map_err(|_| Failure::Store)).map_or_else(Input::Failed, |()| Input::Stored))
            }
            (Asked::Store(_), None) => Ok(Input::Stored),
            // Whose token goes with a call, and what a caller wants, no driver knows.
            _ => Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token)),
        };
        self.drive_with(machine, keys, &program).await
    }
}

impl Client {
    /// Carries a machine of Selvbetjening's to its end: `store` keeps each record in the place of the one before, `tokens` gives a token
    /// for the key of a name, `change` makes the settings that an [`Update`](crate::provider::selvbetjening::Update) writes.
    ///
    /// # Errors
    /// Those of the machine, of `store`, of `change`; those of `tokens` and of the network are the machine's to judge.
    pub async fn carry_out<M: Machine>(
        &self,
        environment: &Environment,
        machine: &mut M,
        store: impl AsyncFn(&str) -> Result<()>,
        tokens: impl AsyncFn(&str) -> Result<Tokens>,
        change: impl Fn(&mut ClientSettings) -> Result<()>,
    ) -> Result<M::Output> {
        let call = async |wanted: CallRequest| {
            let tokens = tokens(&wanted.key).await?;
            self.send_to(&tokens, &[environment.api()], wanted.request).await
        };
        let transport = self.transport();
        transport
            .drive_with(machine, &self.keys(), &async |asked| {
                Ok(match asked {
                    Asked::Store(record) => send::limited(&transport, false, store(record.expose()))
                        .await
                        .map_or_else(|failure| Ok(Input::Failed(failure)), |stored| stored.map(|()| Input::Stored))?,
                    Asked::Call(wanted) => call(wanted).await.map_or_else(Input::Refused, Input::Response),
                    Asked::Answer(json) => {
                        let mut settings = ClientSettings::parse(json.expose())?;
                        change(&mut settings)?;
                        Input::Answered(Secret::new(settings.json()?))
                    }
                })
            })
            .await
    }
}
